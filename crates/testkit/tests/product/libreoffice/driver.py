"""Drives a running LibreOffice: one JSON object a line comes, one goes back.

Run by the Python that LibreOffice's own library belongs to.
"""

import json
import sys
import time

import uno
from com.sun.star.accessibility import AccessibleRole, AccessibleStateType
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException
from com.sun.star.lang import DisposedException

PATIENCE = 60


def eventually(what, ask):
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.005)
    raise AssertionError("waited in vain: " + what)


class Office:
    def __init__(self, pipe):
        own = uno.getComponentContext()
        resolver = own.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", own)

        def resolved():
            try:
                return resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
            except NoConnectException:
                return None

        self.context = eventually("the office suite answers", resolved)
        self.desktop = self.service("com.sun.star.frame.Desktop")

    def service(self, name):
        return self.context.ServiceManager.createInstanceWithContext(name, self.context)

    def frame(self):
        frames = self.desktop.getFrames()
        return frames.getByIndex(0) if frames.getCount() else None

    def ready(self):
        """A document's window is there and can be used."""

        def is_ready():
            frame = self.frame()
            window = frame and frame.getController() and frame.getContainerWindow()
            return bool(window and window.isVisible() and frame.isActive())

        eventually("a window is ready", is_ready)
        return self.frame().getTitle()

    def menu_bar(self):
        return found(self.frame().getContainerWindow().getAccessibleContext(), AccessibleRole.MENU_BAR)

    def top(self):
        return [one.getAccessibleName() for one in children(self.menu_bar())]

    def menu(self):
        """The real menu, as it stands in the window, as a screen reader sees it."""
        menu = self.menu_bar()
        for name in ["Chancery", "Connect"]:
            menu = next(one for one in children(menu) if one.getAccessibleName() == name)
        return [described(one) for one in children(menu)]

    def dispatch(self, url, referer=None):
        parsed = uno.createUnoStruct("com.sun.star.util.URL")
        parsed.Complete = url
        _, parsed = self.service("com.sun.star.util.URLTransformer").parseStrict(parsed)
        dispatch = self.frame().queryDispatch(parsed, "_self", 0)
        arguments = () if referer is None else (PropertyValue(Name="Referer", Value=referer),)
        if dispatch is not None:
            dispatch.dispatch(parsed, arguments)
        return dispatch is not None

    def start_center(self):
        """Closes the document; the Start Center stays, with the same menu."""
        self.dispatch(".uno:CloseDoc")
        modules = self.service("com.sun.star.frame.ModuleManager")

        def is_there():
            frame = self.frame()
            module = frame and frame.getController() and modules.identify(frame)
            return module == "com.sun.star.frame.StartModule"

        eventually("the Start Center is there", is_there)

    def terminate(self):
        try:
            return self.desktop.terminate()
        except DisposedException:
            return True


def children(one):
    return [one.getAccessibleChild(n).getAccessibleContext() for n in range(one.getAccessibleChildCount())]


def found(one, role, depth=0):
    if one.getAccessibleRole() == role:
        return one
    if depth < 5:
        for child in children(one)[:30]:
            there = found(child, role, depth + 1)
            if there is not None:
                return there
    return None


def described(one):
    states = one.getAccessibleStateSet()
    role = one.getAccessibleRole()
    if role == AccessibleRole.SEPARATOR:
        return "—"
    text = one.getAccessibleName()
    if not states.contains(AccessibleStateType.ENABLED):
        return f"({text})"
    if role == AccessibleRole.RADIO_MENU_ITEM:
        return ("● " if states.contains(AccessibleStateType.CHECKED) else "○ ") + text
    return text


office = Office(sys.argv[1])
print(json.dumps({"told": office.ready()}), flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    try:
        told = {"told": getattr(office, asked["do"])(*asked.get("with", []))}
    except Exception as error:  # the test says what it had expected
        told = {"failed": repr(error)}
    print(json.dumps(told), flush=True)
