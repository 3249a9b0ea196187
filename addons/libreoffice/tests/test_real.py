"""A real agent and real servers.

Whoever runs this has connected a home to two servers, the second of them
active, has no keyring there, and has ended the agent: ``cargo xtask test``
does (``crates/testkit/tests/product/libreoffice.rs``).
"""

import http.client
import json
import os
import queue
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path
from unittest import mock

from tests import TEXTS

from chancery_libreoffice import agent, connection, menu, place, trouble
from chancery_libreoffice.agent import Agent
from chancery_libreoffice.connection import Connection
from chancery_libreoffice.snapshot import Snapshot
from chancery_libreoffice.texts import Texts

PASSWORD = os.environ.get("CHANCERY_TEST_PASSWORD")
PATIENCE = 30


def is_stopped(pid: int) -> bool:
    """Whether every thread of that process stands still."""
    states = []
    for thread in Path(f"/proc/{pid}/task").glob("*/stat"):
        # What follows the name in brackets, which may have anything in it.
        states.append(thread.read_text().rpartition(")")[2].split()[0])
    return all(state == "T" for state in states)


class Line(http.client.HTTPConnection):
    """HTTP over the agent's socket, by other means than the extension's."""

    def __init__(self):
        super().__init__("chancery", timeout=PATIENCE)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(place.socket_path(os.environ, os.getuid()))

    def call(self, method, path, body=None):
        try:
            self.request(method, path, body=body and json.dumps(body))
            answer = self.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            self.close()


class Window:
    """A window, as far as the agent can tell: it reads the prompts."""

    def __init__(self):
        self._line = Line()
        self._line.request("GET", "/agent/v1/prompts?kind=window")
        self._answer = self._line.getresponse()
        assert self._answer.status == 200

    def prompt(self):
        return json.loads(self._answer.readline())

    def answer(self, prompt):
        body = {"prompt": prompt["number"], "user": "admin", "password": PASSWORD}
        status, told = Line().call("POST", "/agent/v1/sign-in", body)
        assert status == 200, told
        over = self.prompt()
        assert over["over"] and over["number"] == prompt["number"], over

    def close(self):
        self._answer.close()
        self._line.close()


def late_window(place):
    """A program that becomes a window some time after it was started."""
    path = os.path.join(place, "late-window")
    own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    with open(path, "w", encoding="utf-8") as file:
        file.write(
            f"#!{sys.executable}\nimport sys, threading\nsys.path.insert(0, {own!r})\n"
            "from tests.test_real import Line, Window\n"
            "assert sys.argv[1:] == ['--hidden'], sys.argv\n"
            "kept = Line()\nkept.request('GET', '/agent/v1/watch')\nkept.getresponse()\n"
            "threading.Event().wait(0.4)\n"
            "window = Window()\nwindow.answer(window.prompt())\n"
        )
    os.chmod(path, 0o700)
    return path


def eventually(ask):
    """Asks until there is an answer."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        answer = ask()
        if answer:
            return answer
        threading.Event().wait(0.01)
    raise AssertionError("waited in vain")


@unittest.skipUnless(PASSWORD, "needs a home with real servers; see above")
class Real(unittest.TestCase):
    def setUp(self):
        self.connection = Connection()
        self.failed = queue.Queue()

    def state(self, wanted, active=None):
        def ask():
            told = Agent().look()
            is_there = told.active and told.active.id == active if active else True
            return told if told.state == wanted and is_there else None

        return eventually(ask)

    def choose(self, command):
        self.connection.choose(command, self.failed.put)

    def shown(self):
        self.connection.look()
        told = self.connection.wait(PATIENCE)
        return [item.text for item in menu.items(told, Texts(TEXTS)) if item.enabled]

    def test_a_day_in_the_office(self):
        with self.assertRaises(trouble.NotRunning):
            Agent().look()
        # Nothing was asked for yet, and nothing runs.
        self.assertIsNone(self.connection.told)
        self.connection.look()
        told = self.connection.wait(PATIENCE)
        self.assertIsInstance(told, Snapshot)
        self.assertEqual((told.state, len(told.servers)), ("deferred", 2))
        one, other = (server.id for server in told.servers)
        self.assertEqual(told.active.id, other)

        # However slow this machine is, nobody declines but where it is said.
        patient = mock.patch.object(connection, "_A_PERSON_TAKES", PATIENCE)
        patient.start()
        self.addCleanup(patient.stop)
        with self.subTest("nobody is there who could ask"):
            self.choose(menu.SIGN_IN)
            self.assertEqual(self.failed.get(timeout=PATIENCE).code, trouble.NOBODY_ASKS)
        with self.subTest("the person declines"):
            window = Window()
            named = mock.patch.object(agent.Agent, "users", lambda _: {1: "/usr/bin/chancery-desktop"})
            with mock.patch.object(connection, "_A_PERSON_TAKES", -1):
                # In a window of Chancery's own they know without being told.
                with named:
                    self.choose(menu.SIGN_IN)
                    number = window.prompt()["number"]
                    status, _ = Line().call("DELETE", f"/agent/v1/prompts/{number}")
                    self.assertEqual(status, 200)
                    eventually(lambda: not self.connection._under_way)
                self.assertTrue(self.failed.empty())
                # Elsewhere not. (For ten seconds the answer is the same.)
                self.choose(menu.SIGN_IN)
                failed = self.failed.get(timeout=PATIENCE)
            self.assertEqual(failed.code, trouble.NEEDS_USER)
            self.assertIn("declined", failed.said(Texts(TEXTS)))
            window.close()
        with self.subTest("the window asks, once, although they just declined"):
            window = Window()
            self.choose(menu.SIGN_IN)
            self.choose(menu.SIGN_IN)
            prompt = window.prompt()
            self.assertEqual((prompt["application"], prompt["server"]["id"]), ("LibreOffice", other))
            # The window may hear of it before the menu's own watch does.
            eventually(lambda: "Sign in" not in self.shown())
            window.answer(prompt)
            self.state("connected", other)
        with self.subTest("a switch asks for the other server, and back for nothing"):
            self.choose(menu.switch_to(one))
            prompt = window.prompt()
            self.assertEqual(prompt["server"]["id"], one)
            window.answer(prompt)
            self.state("connected", one)
            self.choose(menu.switch_to(other))
            self.state("connected", other)
            # Chosen again, it stays as it is.
            self.choose(menu.switch_to(other))
        with self.subTest("disconnected, and in again by choosing the server"):
            self.choose(menu.DISCONNECT)
            self.state("disconnected", other)
            eventually(lambda: "Sign in" in self.shown() and "Disconnect" not in self.shown())
            self.choose(menu.switch_to(other))
            window.answer(window.prompt())
            self.state("connected", other)
        with self.subTest("a server that is not there"):
            for elsewhere in ["nowhere", "http://127.0.0.1:1", told.servers[0].address]:
                self.choose(menu.switch_to(elsewhere))
                self.assertEqual(self.failed.get(timeout=PATIENCE).code, trouble.NOT_LISTED)
            self.state("connected", other)
        with self.subTest("an agent that hangs keeps no menu from opening"):
            _, hello = Line().call("GET", "/agent/v1/hello")
            os.kill(hello["pid"], signal.SIGSTOP)
            try:
                # The signal is on its way: some thread may answer until it is there.
                eventually(lambda: is_stopped(hello["pid"]))
                with mock.patch.object(agent, "SOON", 2.0):
                    began = time.monotonic()
                    self.connection.look()
                    told = self.connection.wait(0.1)
                    self.assertLess(time.monotonic() - began, 1.8)
                    self.assertIsInstance(told, Snapshot)
                    self.assertEqual(self.connection.wait(PATIENCE).code, trouble.NO_ANSWER)
            finally:
                os.kill(hello["pid"], signal.SIGCONT)
            self.assertIn("Disconnect", self.shown())
        window.close()
        with self.subTest("a window that is only being started is waited for"):
            self.choose(menu.DISCONNECT)
            self.state("disconnected", other)
            with tempfile.TemporaryDirectory() as home, mock.patch.dict(os.environ):
                os.environ["CHANCERY_DESKTOP"] = late_window(home)
                self.choose(menu.SIGN_IN)
                self.state("connected", other)
        self.assertTrue(self.failed.empty())

        with self.subTest("the person stops this program"):
            _, told = Line().call("GET", "/agent/v1/uses")
            own = next(use for use in told["uses"] if use["pid"] == os.getpid())
            self.assertEqual(own["application"], "LibreOffice")
            chancery = os.environ["CHANCERY_PROGRAM"]
            subprocess.run([chancery, "uses", "stop", own["id"]], check=True, stdout=subprocess.DEVNULL)
            self.assertEqual(self.shown(), ["Choose from the list…", "Open Chancery"])
            self.assertEqual(self.connection.told.code, "CHANCERY_STOPPED")


class Programs(unittest.TestCase):
    """What is started; the program itself is another part's."""

    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.addCleanup(self.place.cleanup)
        self.kept = dict(os.environ)
        self.addCleanup(lambda: (os.environ.clear(), os.environ.update(self.kept)))

    def program(self, name, script):
        path = os.path.join(self.place.name, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n" + script)
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
        return path

    def test_the_window_is_told_what_to_show_and_is_nothing_of_ours(self):
        words = os.path.join(self.place.name, "words")
        # Whole at once, so that nobody reads half of it.
        script = f'echo "$*|$PWD|$PYTHONHOME" > {words}.new && mv {words}.new {words}\n'
        os.environ["CHANCERY_DESKTOP"] = self.program("window", script)
        os.environ["PYTHONHOME"] = "/office"
        for command, expected in [(menu.CHOOSE, "--show login"), (menu.OPEN, "--show window")]:
            Connection().choose(command, self.fail)
            eventually(lambda: os.path.exists(words))
            with open(words, encoding="utf-8") as file:
                self.assertEqual(file.read(), expected + "|/|\n")
            os.remove(words)

    def test_programs_that_are_missing_are_told(self):
        failed = queue.Queue()
        for named in [os.path.join(self.place.name, "nothing"), "half/a/path"]:
            os.environ.update(CHANCERY_DESKTOP=named, CHANCERY_PROGRAM=named, CHANCERY_HOME=self.place.name)
            connection = Connection()
            connection.choose(menu.CHOOSE, failed.put)
            self.assertEqual(failed.get(timeout=PATIENCE).code, trouble.NO_WINDOW)
            connection.choose(menu.SIGN_IN, failed.put)
            self.assertEqual(failed.get(timeout=PATIENCE).code, trouble.NO_PROGRAM)
            # It looks anew by itself, and there is only this environment for it.
            self.assertEqual(connection.wait(PATIENCE).code, trouble.NO_PROGRAM)

    def test_an_agent_that_does_not_start_is_told(self):
        os.environ["CHANCERY_HOME"] = self.place.name
        failed = queue.Queue()
        # Written before anything runs: a file that somebody writes cannot be run.
        programs = [self.program("fails", "exit 10\n"), self.program("lies", "exit 0\n")]
        for os.environ["CHANCERY_PROGRAM"] in programs:
            connection = Connection()
            connection.choose(menu.DISCONNECT, failed.put)
            self.assertEqual(failed.get(timeout=PATIENCE).code, trouble.NOT_STARTED)
            self.assertEqual(connection.wait(PATIENCE).code, trouble.NOT_STARTED)

    def test_the_window_beside_the_program_is_the_first_choice(self):
        from chancery_libreoffice import programs

        for name in ["CHANCERY_PROGRAM", "CHANCERY_DESKTOP"]:
            os.environ.pop(name, None)
        os.environ["PATH"] = self.place.name + os.pathsep + "relative"
        own = self.program("chancery", "")
        beside = self.program("chancery-desktop", "")
        self.assertEqual((programs._chancery(), programs._desktop()), (own, beside))
