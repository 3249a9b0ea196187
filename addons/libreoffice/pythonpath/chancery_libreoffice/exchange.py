"""HTTP/1.1 with the agent: bounded in time and in length.

The reading is the standard library's; what carries the bytes comes from
outside (a *line*: ``send``, ``receive``, ``close``), so that a socket and a
pipe are read alike.
"""

from __future__ import annotations

import http.client
import io
import json
import time
from typing import Dict, Optional

from . import trouble

#: No answer of the agent's own routes is longer than that.
LONGEST_ANSWER = 1024 * 1024
#: The fixed ``Host`` of the local API.
HOST = "chancery"
#: What this extension calls itself, for the person's lists and the policy.
APPLICATION = "LibreOffice"


class Deadline:
    """A moment until which something has to be done."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds until then; ``TimeoutError`` when there are none."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError()
        return left


class _Reading(io.RawIOBase):
    """A line's incoming bytes, as the standard library wants to read them."""

    def __init__(self, line, deadline: Deadline) -> None:
        super().__init__()
        self._line = line
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        return self._line.receive(buffer, self._deadline)


class _Carrier:
    """A line, as the standard library wants a socket to be."""

    def __init__(self, line, deadline: Deadline) -> None:
        self._line = line
        self._deadline = deadline

    def sendall(self, data) -> None:
        self._line.send(bytes(data), self._deadline)

    def makefile(self, *_) -> io.BufferedReader:
        return io.BufferedReader(_Reading(self._line, self._deadline))

    def close(self) -> None:
        """The line outlives the answer: whoever opened it closes it."""


def exchange(
    line,
    method: str,
    path: str,
    deadline: Deadline,
    body: Optional[Dict] = None,
    server: Optional[str] = None,
) -> object:
    """One call on an open line: its JSON, or ``Trouble`` with the agent's own
    words where it refuses."""
    headers = {"Host": HOST, "Chancery-Application": APPLICATION, "Accept": "application/json"}
    data = None
    if server is not None:
        headers["Chancery-Server"] = server
    if body is not None:
        data = json.dumps(body).encode("utf-8")
        headers["Content-Type"] = "application/json"
    call = http.client.HTTPConnection(HOST)
    call.sock = _Carrier(line, deadline)
    try:
        call.request(method, path, body=data, headers=headers)
        answer = call.getresponse()
        told = answer.read(LONGEST_ANSWER + 1)
    except (TimeoutError, OSError) as error:
        raise trouble.Trouble(trouble.NO_ANSWER) from error
    except (http.client.HTTPException, ValueError) as error:
        raise trouble.Trouble(trouble.STRANGE_ANSWER) from error
    # Too long, or cut off before its end.
    if len(told) > LONGEST_ANSWER or answer.length:
        raise trouble.Trouble(trouble.STRANGE_ANSWER)
    return _understood(answer.status, told)


def _understood(status: int, told: bytes) -> object:
    try:
        said = json.loads(told.decode("utf-8"))
    # Nested deeper than anybody means is an error of its own kind.
    except (ValueError, RecursionError) as error:
        raise trouble.Trouble(trouble.STRANGE_ANSWER) from error
    if 200 <= status < 300:
        return said
    refusal = said.get("error") if isinstance(said, dict) else None
    refusal = refusal if isinstance(refusal, dict) else {}
    code, message, reason = (refusal.get(name) for name in ("code", "message", "reason"))
    if not isinstance(code, str) or not isinstance(message, str):
        raise trouble.Trouble(trouble.STRANGE_ANSWER)
    raise trouble.Trouble(code, message, reason if isinstance(reason, str) else "")
