"""The menu, from what the agent told."""

import unittest

from tests import TEXTS

from chancery_libreoffice import menu, snapshot
from chancery_libreoffice.texts import Texts
from chancery_libreoffice.trouble import NO_PROGRAM, Trouble

WORDS = Texts(TEXTS)
CHOOSE, SIGN_IN = WORDS["choice.choose"], WORDS["choice.sign-in"]
DISCONNECT, OPEN = WORDS["choice.disconnect"], WORDS["choice.open"]


def entry(identity, name, active=False, address="https://work.example.com"):
    return {"id": identity, "name": name, "address": address, "active": active}


def told(state, *servers, sentence="So it is."):
    status = {"state": state, "sentence": sentence}
    active = [server for server in servers if server["active"]]
    if active:
        status["server"] = active[0]
    return snapshot.read(status, {"servers": list(servers)})


def shown(one):
    """As a person sees it: ● the active one, ○ another, (…) what cannot be chosen."""
    if one.kind == menu.SEPARATOR:
        return "—"
    if one.kind == menu.SERVER:
        return ("● " if one.checked else "○ ") + one.text
    return one.text if one.enabled else f"({one.text})"


def lines(what):
    return [shown(one) for one in menu.items(what, WORDS)]


class Menu(unittest.TestCase):
    def test_connected(self):
        servers = [entry("work", "Work", True), entry("old", "Old matters")]
        self.assertEqual(
            lines(told("connected", *servers, sentence="Connected to Work as Ada.")),
            [
                "(Connected to Work as Ada.)",
                "● Work",
                "○ Old matters",
                "—",
                CHOOSE,
                DISCONNECT,
                "—",
                OPEN,
            ],
        )

    def test_what_can_be_chosen_in_each_state(self):
        expected = {
            "starting": [],
            "no-server": [],
            "disconnected": [SIGN_IN],
            "deferred": [SIGN_IN, DISCONNECT],
            "signing-in": [DISCONNECT],
            "connected": [DISCONNECT],
            "offline": [DISCONNECT],
            "needs-user": [SIGN_IN, DISCONNECT],
            # A newer agent may know more.
            "something-new": [DISCONNECT],
        }
        for state, choices in expected.items():
            found = lines(told(state, entry("work", "Work", True)))
            self.assertEqual(found[3:-2], [CHOOSE, *choices], state)

    def test_before_the_first_answer_and_without_one(self):
        rest = ["—", CHOOSE, "—", OPEN]
        self.assertEqual(lines(None), ["(Starting.)", *rest])
        self.assertEqual(lines(Trouble(NO_PROGRAM))[1:], rest)
        self.assertEqual(lines(Trouble("CHANCERY_STOPPED", "You stopped\nit."))[0], "(You stopped it.)")

    def test_names_that_are_none_the_same_or_hostile_do_not_break_it(self):
        servers = [
            entry("a", "\u202e\r\n", address="https://a.example.com"),
            entry("b", "Same", address="https://b.example.com:8443"),
            entry("c", "Same", address="https://c.example.com"),
            entry("d", "", address=""),
            entry("e", "~S & Co~", True),
            entry("f", "x" * 100_000),
        ]
        found = lines(told("connected", *servers))
        self.assertEqual(
            found[1:6],
            [
                "○ https://a.example.com",
                "○ Same (b.example.com:8443)",
                "○ Same (c.example.com)",
                "○ " + WORDS["server.nameless"],
                "● \u223cS & Co\u223c",
            ],
        )
        self.assertLess(len(found[6]), 70)

    def test_a_command_carries_any_id_and_nothing_else(self):
        for identity in ["work", "a b?server=c&d#e%2f/..", "üñ😀", "~", "'\""]:
            command = menu.switch_to(identity)
            self.assertTrue(command.isascii() and command.isprintable() and " " not in command)
            self.assertEqual(menu.switched_to(command), identity)
        self.assertIsNone(menu.switched_to(menu.SIGN_IN))
        self.assertIsNone(menu.switched_to("vnd.chancery.libreoffice:switch?server="))

    def test_of_many_servers_so_many_are_shown_and_always_the_active_one(self):
        many = [entry(str(number), f"Server {number}", number == 400) for number in range(500)]
        found = [one for one in menu.items(told("connected", *many), WORDS) if one.kind == menu.SERVER]
        self.assertEqual(len(found), snapshot.MOST_SERVERS + 1)
        self.assertEqual([one.text for one in found if one.checked], ["Server 400"])

    def test_the_mark_agrees_with_the_sentence_when_a_switch_comes_between_the_answers(self):
        before = [entry("a", "A", True), entry("b", "B")]
        status = {"state": "connected", "sentence": "Connected to B.", "server": entry("b", "B", True)}
        read = snapshot.read(status, {"servers": before})
        self.assertEqual(lines(read)[:3], ["(Connected to B.)", "○ A", "● B"])

    def test_answers_that_are_none_are_told_and_strange_entries_left_out(self):
        wrong = [None, [], 7, {}, {"state": 7}, {"state": "connected", "servers": {}}]
        for status in wrong:
            with self.assertRaises(Trouble):
                snapshot.read(status, {})
        odd = [None, 7, [], {}, {"id": 7}, {"id": ""}, {"id": "x" * 1_000}, entry("ok", "Fine")]
        read = snapshot.read({"state": "connected"}, {"servers": odd})
        self.assertEqual([server.id for server in read.servers], ["ok"])
        self.assertEqual(lines(read)[:2], ["(Starting.)", "○ Fine"])
