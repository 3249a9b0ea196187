"""What the menu “Connect” shows, from what the agent told. Nothing is done here."""

from __future__ import annotations

from collections import Counter
from typing import List, NamedTuple, Optional, Union
from urllib.parse import quote, unquote

from . import labels
from .snapshot import Server, Snapshot
from .trouble import Trouble

#: What every command of this extension begins with.
PROTOCOL = "vnd.chancery.libreoffice:"
CHOOSE = PROTOCOL + "choose"
SIGN_IN = PROTOCOL + "sign-in"
DISCONNECT = PROTOCOL + "disconnect"
OPEN = PROTOCOL + "open"
_SWITCH = PROTOCOL + "switch?server="

#: States in which somebody is not signed in and could be.
_SIGNED_OUT = ("deferred", "needs-user", "disconnected")
#: States in which there is nothing to disconnect from.
_APART = ("disconnected", "no-server", "starting")

LINE, SERVER, CHOICE, SEPARATOR = "line", "server", "choice", "separator"


class Item(NamedTuple):
    """One line of the menu."""

    kind: str
    text: str = ""
    command: str = ""
    checked: bool = False

    @property
    def enabled(self) -> bool:
        """Whether it can be chosen."""
        return bool(self.command)


def items(told: Union[Snapshot, Trouble, None], texts) -> List[Item]:
    """The menu, from the newest answer, from why there is none, or from nothing
    yet. The order and the words are the same in every application."""
    choices = [Item(CHOICE, texts["choice.choose"], CHOOSE)]
    if isinstance(told, Snapshot):
        line = labels.sentence(told.sentence, (told.server, told.person))
        servers = _servers(told, texts)
        if told.state in _SIGNED_OUT:
            choices.append(Item(CHOICE, texts["choice.sign-in"], SIGN_IN))
        if told.state not in _APART:
            choices.append(Item(CHOICE, texts["choice.disconnect"], DISCONNECT))
    elif isinstance(told, Trouble):
        line, servers = labels.sentence(told.said(texts)), []
    else:
        line, servers = texts["state.starting"], []
    separator = Item(SEPARATOR)
    return [
        Item(LINE, line or texts["state.starting"]),
        *servers,
        separator,
        *choices,
        separator,
        Item(CHOICE, texts["choice.open"], OPEN),
    ]


def _servers(told: Snapshot, texts) -> List[Item]:
    names = [
        labels.name(server.name) or labels.name(server.address) or texts["server.nameless"]
        for server in told.servers
    ]
    often = Counter(names)
    return [
        Item(
            SERVER,
            name if often[name] == 1 else _told_apart(name, server, texts),
            switch_to(server.id),
            server.active,
        )
        for name, server in zip(names, told.servers)
    ]


def _told_apart(name: str, server: Server, texts) -> str:
    """Two servers of one name differ by their addresses."""
    address = labels.name(server.address.split("://", 1)[-1])
    return texts["server.with-address"].format(name=name, address=address or server.id)


def switch_to(server: str) -> str:
    """The command that makes the server of that id the active one."""
    return _SWITCH + quote(server, safe="")


def switched_to(command: str) -> Optional[str]:
    """The id in such a command; ``None`` in any other."""
    if not command.startswith(_SWITCH):
        return None
    return unquote(command[len(_SWITCH) :]) or None
