"""What has to know LibreOffice: its menus, its windows, its main thread.

Loaded when a person opens the menu for the first time, and not before.
"""

from __future__ import annotations

import os

import unohelper
from com.sun.star.awt import XCallback
from com.sun.star.awt.MenuItemStyle import RADIOCHECK
from com.sun.star.awt.MessageBoxButtons import BUTTONS_OK
from com.sun.star.awt.MessageBoxType import WARNINGBOX
from com.sun.star.beans import PropertyValue

from . import labels, menu
from .connection import Connection
from .services import guarded
from .texts import FALLBACK, Texts
from .trouble import Trouble

_TEXTS = os.path.join(os.path.dirname(__file__), "..", "..", "texts")
_APPEND = 1000

_connection = Connection()
_texts: dict = {}


def look() -> None:
    """A person is about to open the menu."""
    _connection.look()


def choose(context, command: str) -> None:
    """A person chose that. Returns at once."""
    _connection.choose(command, lambda trouble: _tell(context, trouble))


def fill(context, popup, patience: float) -> dict:
    """Fills the menu; what its lines stand for, by their numbers."""
    items = menu.items(_connection.wait(patience), texts(context))
    popup.clear()
    commands = {}
    for number, item in enumerate(items, start=1):
        if item.kind == menu.SEPARATOR:
            popup.insertSeparator(_APPEND)
            continue
        style = RADIOCHECK if item.kind == menu.SERVER else 0
        popup.insertItem(number, item.text, style, _APPEND)
        popup.enableItem(number, item.enabled)
        if item.checked:
            popup.checkItem(number, True)
        if item.command:
            popup.setCommand(number, item.command)
            commands[number] = item.command
    return commands


def texts(context) -> Texts:
    """The texts in the language of the office suite."""
    if not _texts:
        _texts["own"] = Texts(_TEXTS, _language(context))
    return _texts["own"]


def _language(context) -> str:
    if os.listdir(_TEXTS) == [FALLBACK + ".json"]:
        return FALLBACK
    services = context.ServiceManager
    provider = services.createInstanceWithContext(
        "com.sun.star.configuration.ConfigurationProvider", context
    )
    where = PropertyValue(Name="nodepath", Value="/org.openoffice.Setup/L10N")
    access = provider.createInstanceWithArguments(
        "com.sun.star.configuration.ConfigurationAccess", (where,)
    )
    return access.getByName("ooLocale") or FALLBACK


def _tell(context, trouble: Trouble) -> None:
    """Says on the main thread what went wrong."""
    services = context.ServiceManager
    later = services.createInstanceWithContext("com.sun.star.awt.AsyncCallback", context)
    later.addCallback(_Later(lambda: _say(context, trouble)), None)


def _say(context, trouble: Trouble) -> None:
    services = context.ServiceManager
    desktop = services.createInstanceWithContext("com.sun.star.frame.Desktop", context)
    frame = desktop.getActiveFrame() or desktop.getCurrentFrame()
    if frame is None:
        return
    toolkit = services.createInstanceWithContext("com.sun.star.awt.Toolkit", context)
    own = texts(context)
    box = toolkit.createMessageBox(
        frame.getContainerWindow(),
        WARNINGBOX,
        BUTTONS_OK,
        own["trouble.title"],
        labels.plain(trouble.said(own), labels.LONGEST_MESSAGE),
    )
    box.execute()
    box.dispose()


class _Later(unohelper.Base, XCallback):
    """Something that LibreOffice does on its main thread when it can."""

    def __init__(self, work) -> None:
        self._work = work

    @guarded
    def notify(self, data) -> None:
        """It can."""
        self._work()
