"""The agent's local API, as far as this extension uses it."""

from __future__ import annotations

import contextlib
import sys
from typing import Dict, Optional

from . import snapshot, trouble
from .exchange import Deadline, exchange

#: Longer than the agent takes for anything that waits for nobody.
SOON = 3.0
#: The agent waits 30 s for a silent sign-in and a server's answer.
SILENTLY = 45.0
#: The agent waits 120 s for a person.
WITH_A_PERSON = 150.0

NEVER, IF_NEEDED, FORCE = "never", "if-needed", "force"


@contextlib.contextmanager
def _line(deadline: Deadline):
    """An open line to the agent: the door to the operating system's way there."""
    try:
        if sys.platform == "win32":
            from .pipe_line import PipeLine as Line
        else:
            from .unix_line import UnixLine as Line
        line = Line(deadline)
    except OSError as error:
        raise trouble.Trouble(trouble.NO_ANSWER) from error
    with contextlib.closing(line):
        yield line


class Agent:
    """Calls on the running agent. ``NotRunning`` where there is none, and
    ``Trouble`` where it refuses or cannot be understood."""

    def _call(
        self,
        method: str,
        path: str,
        seconds: float,
        body: Optional[Dict] = None,
        server: Optional[str] = None,
    ) -> object:
        deadline = Deadline(seconds)
        with _line(deadline) as line:
            return exchange(line, method, path, deadline, body, server)

    def look(self) -> snapshot.Snapshot:
        """The state and the list."""
        deadline = Deadline(SOON)
        with _line(deadline) as line:
            servers = exchange(line, "GET", "/agent/v1/servers", deadline)
            status = exchange(line, "GET", "/agent/v1/status", deadline)
        return snapshot.read(status, servers)

    def sign_in(self, interaction: str, server: Optional[str] = None) -> None:
        """Signs in to the active server, or to the one of that id. What may be
        done for it: ``NEVER`` asks nobody, ``IF_NEEDED`` asks the person where
        there is no silent way, ``FORCE`` does so although they just declined."""
        seconds = SILENTLY if interaction == NEVER else WITH_A_PERSON
        self._call("POST", "/agent/v1/sign-in", seconds, {"interaction": interaction}, server)

    def switch(self, server: str) -> None:
        """Makes the server of that id the active one, if that takes nobody."""
        self._call("POST", "/agent/v1/switch", SILENTLY, {"address": server})

    def disconnect(self) -> None:
        """Ends the session for every application."""
        self._call("POST", "/agent/v1/disconnect", SILENTLY)

    def users(self) -> Dict[int, str]:
        """Who has a connection to the agent: each process with its program, as
        the operating system tells it."""
        told = self._call("GET", "/agent/v1/uses", SOON)
        uses = told.get("uses") if isinstance(told, dict) else None
        users = {}
        for use in uses if isinstance(uses, list) else ():
            if isinstance(use, dict) and isinstance(use.get("pid"), int) and use.get("connections"):
                users[use["pid"]] = str(use.get("program") or "")
        return users
