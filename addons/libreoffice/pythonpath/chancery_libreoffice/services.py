"""The two services that LibreOffice asks for: the menu and the commands.

LibreOffice loads this module when a window opens, so it loads nothing itself:
everything else comes with the first person who opens the menu. What goes wrong
in it stays in it: LibreOffice ends when something comes out of a menu.
"""

import functools
import sys
import traceback

import unohelper
from com.sun.star.awt import XCallback, XMenuListener
from com.sun.star.frame import XDispatch, XDispatchProvider, XPopupMenuController
from com.sun.star.lang import XInitialization, XServiceInfo

from .opening import Opening

PROTOCOL = "vnd.chancery.libreoffice:"
MENU, COMMANDS = "chancery.libreoffice.ConnectMenu", "chancery.libreoffice.Commands"
#: Somebody else's answer is waited for so long before a menu is shown. The
#: agent is on this machine and answers in a fraction of that.
PATIENCE = 0.25


def _office():
    """The rest of the extension, from the first use on."""
    from . import office

    return office


def guarded(method):
    """The method, with nothing that comes out of it; what goes wrong is written
    where LibreOffice writes."""

    @functools.wraps(method)
    def without_trouble(*arguments):
        try:
            return method(*arguments)
        except Exception:
            traceback.print_exc(file=sys.stderr)
            return None

    return without_trouble


class AtRest(unohelper.Base, XCallback):
    """LibreOffice calls it once it has nothing else to do."""

    def __init__(self, opening):
        self._opening = opening

    def notify(self, data):
        self._opening.at_rest()


class ConnectMenu(unohelper.Base, XPopupMenuController, XMenuListener, XInitialization, XServiceInfo):
    """What is in the menu “Connect” of one window."""

    def __init__(self, context, *_):
        self._context = context
        self._menu = None
        self._commands = {}
        self._opening = Opening()

    def initialize(self, arguments):
        """Nothing that LibreOffice tells is needed."""

    # XPopupMenuController

    @guarded
    def setPopupMenu(self, menu):
        """LibreOffice made the menu. One that is empty could not be opened."""
        if self._menu is None and menu is not None:
            self._menu = menu
            menu.insertItem(1, "…", 0, 0)
            menu.enableItem(1, False)
            menu.addMenuListener(self)
            services = self._context.ServiceManager
            later = services.createInstanceWithContext("com.sun.star.awt.AsyncCallback", self._context)
            later.addCallback(AtRest(self._opening), None)

    @guarded
    def updatePopupMenu(self):
        """The menu above opens, or LibreOffice prepares."""
        if self._opening.updated():
            _office().look()

    # XMenuListener

    @guarded
    def itemActivated(self, event):
        """This menu opens, or LibreOffice prepares."""
        if self._opening.activated():
            _office().look()
        if self._opening.is_real and self._menu is not None:
            self._commands = _office().fill(self._context, self._menu, PATIENCE)

    def itemDeactivated(self, event):
        """What is in the menu stays until it opens again."""

    @guarded
    def itemSelected(self, event):
        """A person chose one of its lines."""
        command = self._commands.get(event.MenuId)
        if command:
            _office().choose(self._context, command)

    def itemHighlighted(self, event):
        """Nothing is shown for it."""

    def disposing(self, event):
        """The window is gone."""
        self._menu = None

    # XServiceInfo

    def getImplementationName(self):
        return MENU

    def supportsService(self, name):
        return name in self.getSupportedServiceNames()

    def getSupportedServiceNames(self):
        return ("com.sun.star.frame.PopupMenuController",)


class Commands(unohelper.Base, XDispatchProvider, XDispatch, XInitialization, XServiceInfo):
    """The commands, for keys, toolbars, and whoever else dispatches them."""

    def __init__(self, context, *_):
        self._context = context

    def initialize(self, arguments):
        """Nothing that LibreOffice tells is needed."""

    @guarded
    def queryDispatch(self, url, target, flags):
        return self if url.Complete.startswith(PROTOCOL) else None

    def queryDispatches(self, requests):
        return tuple(
            self.queryDispatch(one.FeatureURL, one.FrameName, one.SearchFlags) for one in requests
        )

    @guarded
    def dispatch(self, url, arguments):
        """Carries it out for the person, not for a link in a document."""
        referers = [one.Value for one in arguments if one.Name == "Referer"]
        if all(referer in ("", "private:user") for referer in referers):
            _office().choose(self._context, url.Complete)

    def addStatusListener(self, listener, url):
        """Every command can always be chosen."""

    def removeStatusListener(self, listener, url):
        """There is none."""

    # XServiceInfo

    def getImplementationName(self):
        return COMMANDS

    def supportsService(self, name):
        return name in self.getSupportedServiceNames()

    def getSupportedServiceNames(self):
        return ("com.sun.star.frame.ProtocolHandler",)
