"""Where LibreOffice begins. It compiles this file anew at every start, so there
is no more in it than the way to what Python keeps compiled.

Whatever is wrong with the rest must not come out of here: LibreOffice would
open no window any more.
"""

import sys
import traceback

import unohelper
from com.sun.star.frame import XDispatchProvider, XPopupMenuController
from com.sun.star.lang import XInitialization


class Nothing(unohelper.Base, XPopupMenuController, XDispatchProvider, XInitialization):
    """In place of a service that cannot be loaded: its menu stays grey."""

    def __init__(self, context, *_):
        """Nothing is kept."""

    def initialize(self, arguments):
        """Nothing is needed."""

    def setPopupMenu(self, menu):
        """It stays empty."""

    def updatePopupMenu(self):
        """It stays empty."""

    def queryDispatch(self, url, target, flags):
        return None

    def queryDispatches(self, requests):
        return tuple(None for _ in requests)


try:
    from chancery_libreoffice.services import Commands, ConnectMenu
except Exception:
    traceback.print_exc(file=sys.stderr)
    ConnectMenu = Commands = Nothing

g_ImplementationHelper = unohelper.ImplementationHelper()
g_ImplementationHelper.addImplementation(
    ConnectMenu,
    "chancery.libreoffice.ConnectMenu",
    ("com.sun.star.frame.PopupMenuController",),
)
g_ImplementationHelper.addImplementation(
    Commands,
    "chancery.libreoffice.Commands",
    ("com.sun.star.frame.ProtocolHandler",),
)
