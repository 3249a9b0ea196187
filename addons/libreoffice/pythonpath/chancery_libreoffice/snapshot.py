"""The state of the connection and the known servers, as the agent told them."""

from __future__ import annotations

from typing import NamedTuple, Optional, Tuple

from . import trouble

#: More servers than that are left to the list in the window.
MOST_SERVERS = 25
#: The agent makes ids; none of its own is longer.
LONGEST_ID = 200


class Server(NamedTuple):
    """One entry of the Connect list."""

    id: str
    name: str
    address: str
    active: bool


class Snapshot(NamedTuple):
    """What a menu shows. Names and sentence are as they came: see ``labels``."""

    state: str
    sentence: str
    server: str
    person: str
    servers: Tuple[Server, ...]

    @property
    def active(self) -> Optional[Server]:
        """The active server, if one is chosen."""
        return next((server for server in self.servers if server.active), None)


def read(status: object, servers: object) -> Snapshot:
    """Reads ``GET /agent/v1/status`` and ``GET /agent/v1/servers``. Fields that
    are not known are left alone; what cannot be an answer is ``Trouble``."""
    if not isinstance(status, dict) or not isinstance(servers, dict):
        raise trouble.Trouble(trouble.STRANGE_ANSWER)
    state, listed = status.get("state"), servers.get("servers")
    if not isinstance(state, str) or not isinstance(listed, list):
        raise trouble.Trouble(trouble.STRANGE_ANSWER)
    # Sentence and mark come from one answer, so that they agree although the
    # list was read a moment before.
    active = _field(status.get("server"), "id")
    known = [server for server in (_server(entry, active) for entry in listed) if server]
    # The active one is shown wherever it stands.
    shown = known[:MOST_SERVERS]
    shown += [server for server in known[MOST_SERVERS:] if server.active][:1]
    return Snapshot(
        state=state,
        sentence=_text(status.get("sentence")),
        server=_field(status.get("server"), "name"),
        person=_field(status.get("user"), "name"),
        servers=tuple(shown),
    )


def _server(entry: object, active: str) -> Optional[Server]:
    identity = _field(entry, "id")
    if not identity or len(identity) > LONGEST_ID:
        return None
    return Server(
        id=identity,
        name=_field(entry, "name"),
        address=_field(entry, "address"),
        active=identity == active,
    )


def _field(value: object, name: str) -> str:
    return _text(value.get(name)) if isinstance(value, dict) else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
