"""Prints what AT-SPI tells of one program's windows, one line each."""

import sys

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi  # noqa: E402


def read(node):
    if node is None:
        return
    name, role = node.get_name(), node.get_role_name()
    keys = node.get_state_set().contains(Atspi.StateType.FOCUSED)
    if name:
        print(f"{role} “{name}”" + (" (keys)" if keys else ""))
    for place in range(node.get_child_count()):
        read(node.get_child_at_index(place))


Atspi.init()
desktop = Atspi.get_desktop(0)
for place in range(desktop.get_child_count()):
    program = desktop.get_child_at_index(place)
    if program is not None and program.get_name() == sys.argv[1]:
        for window in range(program.get_child_count()):
            read(program.get_child_at_index(window))
