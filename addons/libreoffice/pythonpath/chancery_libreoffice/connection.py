"""What the menu shows last, and what its choices do. All of it waits for
somebody else, so all of it happens on threads of its own."""

from __future__ import annotations

import os
import threading
import time
from typing import Callable, Optional, Set, Union

from . import menu, trouble
from .snapshot import Snapshot

#: What the menu shows: an answer, why there is none, or nothing yet.
Told = Union[Snapshot, trouble.Trouble, None]

#: A window that was just started is there by then, or does not come.
_WINDOW = 8.0
#: Who declines sooner than that was not asked.
_A_PERSON_TAKES = 0.7
#: Asked that often whether it is.
_AGAIN = 0.05


class Declined(Exception):
    """The person was asked in a window, and said no."""


class Connection:
    """The agent, as this office suite sees it. One for the whole process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: Told = None
        self._looking: Optional[threading.Event] = None
        self._under_way: Set[str] = set()

    @property
    def _agent(self):
        # Loaded on those threads: it takes longer than a menu may.
        from .agent import Agent

        return Agent()

    @property
    def _programs(self):
        from . import programs

        return programs

    @property
    def told(self) -> Told:
        """The newest there is, without waiting."""
        return self._told

    def look(self) -> None:
        """Begins to ask the agent anew; starts it where none runs."""
        with self._lock:
            if self._looking is not None:
                return
            done = self._looking = threading.Event()
        _thread("chancery-look", lambda: self._look(done))

    def wait(self, seconds: float) -> Told:
        """The newest there is; when it is just being asked for, that is waited
        for, so long at most."""
        looking = self._looking
        if looking is not None:
            looking.wait(seconds)
        return self._told

    def choose(self, command: str, fail: Callable[[trouble.Trouble], None]) -> None:
        """Begins what a choice of the menu stands for. ``fail`` is told on that
        thread what a person has to know. What is under way is not begun twice."""
        with self._lock:
            if command in self._under_way:
                return
            self._under_way.add(command)
        _thread("chancery-choice", lambda: self._choose(command, fail))

    def _look(self, done: threading.Event) -> None:
        try:
            told: Told = self._with_agent(lambda: self._agent.look())
        except trouble.Trouble as error:
            told = error
        except Exception:  # whatever it is, the menu says so and goes on
            told = trouble.Trouble(trouble.BROKEN)
        with self._lock:
            self._told = told
            self._looking = None
        done.set()

    def _choose(self, command: str, fail: Callable[[trouble.Trouble], None]) -> None:
        failed = None
        try:
            self._carry_out(command)
        except Declined:
            pass  # they know
        except trouble.Trouble as error:
            failed = error
        except Exception:  # as above; nobody waits for a window in vain
            failed = trouble.Trouble(trouble.BROKEN)
        finally:
            with self._lock:
                self._under_way.discard(command)
        if command not in (menu.CHOOSE, menu.OPEN):
            # So that the menu has what became of it when it opens next.
            self.look()
        if failed is not None:
            fail(failed)

    def _carry_out(self, command: str) -> None:
        server = menu.switched_to(command)
        if server is not None:
            self._switch(server)
        elif command == menu.SIGN_IN:
            self._sign_in()
        elif command == menu.DISCONNECT:
            self._with_agent(lambda: self._agent.disconnect())
        elif command == menu.CHOOSE:
            self._programs.start_window("--show", "login")
        elif command == menu.OPEN:
            self._programs.start_window("--show", "window")

    def _switch(self, server: str) -> None:
        told = self._with_agent(lambda: self._agent.look())
        # The agent would take a web address too; whoever made the command up
        # does not choose where this machine connects to.
        if all(known.id != server for known in told.servers):
            raise trouble.Trouble(trouble.NOT_LISTED)
        active = told.active
        if active is not None and active.id == server:
            # It is chosen already; what can be missing is the session.
            if told.state != "connected":
                self._sign_in()
            return
        try:
            self._agent.switch(server)
        except trouble.Trouble as error:
            if error.code != trouble.NEEDS_USER:
                raise
            self._ask(server)
            self._agent.switch(server)

    def _sign_in(self) -> None:
        try:
            self._with_agent(lambda: self._agent.sign_in("never"))
        except trouble.Trouble as error:
            if error.code != trouble.NEEDS_USER:
                raise
            self._ask(None)

    def _ask(self, server: Optional[str]) -> None:
        """Signs in by asking the person, with a window that does so."""
        until = time.monotonic() + _WINDOW
        window = self._window(until)
        interaction = "if-needed"
        while True:
            began = time.monotonic()
            try:
                return self._agent.sign_in(interaction, server)
            except trouble.Trouble as error:
                now = time.monotonic()
                if error.code != trouble.NEEDS_USER or error.reason in trouble.NO_PASSWORD_HELPS:
                    raise
                if now - began > _A_PERSON_TAKES:
                    # Whoever was asked by a window and said no knows that.
                    raise (Declined() if self._has_window() else error)
                if interaction != "if-needed":
                    # Whatever was started has not said yet that it asks.
                    is_coming = window is not None and window.poll() is None
                    if not is_coming or now > until:
                        raise trouble.Trouble(trouble.NOBODY_ASKS) from error
                    threading.Event().wait(_AGAIN)
            # The person declined a moment ago and now wants to all the same.
            interaction = "force"

    def _has_window(self) -> bool:
        names = map(os.path.basename, self._agent.users().values())
        return any(name in ("chancery-desktop", "chancery-desktop.exe") for name in names)

    def _window(self, until: float):
        """Makes sure that a window is there, as far as that can be done: the
        process of one that is being started. A terminal may ask just as well."""
        try:
            window = self._programs.start_window("--hidden")
            # One that was there already is asked by the new one, which ends.
            while time.monotonic() < until and window.poll() is None:
                if window.pid in self._agent.users():
                    break
                threading.Event().wait(_AGAIN)
        except trouble.Trouble:
            return None
        return window

    def _with_agent(self, call):
        try:
            return call()
        except trouble.NotRunning:
            self._programs.start_agent()
        try:
            return call()
        except trouble.NotRunning:
            raise trouble.Trouble(trouble.NOT_STARTED) from None


def _thread(name: str, work: Callable[[], None]) -> None:
    # Never keeps the office suite from ending.
    threading.Thread(target=work, name=name, daemon=True).start()
