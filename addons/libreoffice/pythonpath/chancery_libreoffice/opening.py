"""Telling a menu that a person opens from one that the office suite prepares.

When a window opens, LibreOffice on GTK activates every menu once, each inside
the one above, and leaves them all before it goes on. With assistive technology
it also fills them beforehand. None of that is a person, and nothing may be
asked of the agent then. A person opens “Chancery” first (the suite tells that
“Connect” is to be brought up to date) and “Connect” some events later; so what
counts is looked at once the suite has nothing else to do.
"""


class Opening:
    """What happened to one menu since it was last looked at."""

    def __init__(self) -> None:
        self._made = False
        self._updated = 0
        self._activated = False
        self._is_open = False
        self._is_awaited = False

    def made(self) -> bool:
        """The suite made the menu. Like the other events: whether to look soon."""
        self._made = True
        return self._await()

    def updated(self) -> bool:
        """The menu above is opening, or the suite prepares."""
        self._updated += 1
        return self._await()

    def activated(self) -> bool:
        """The menu itself is opening, or the suite prepares."""
        self._activated = True
        self._is_open = True
        return self._await()

    def deactivated(self) -> None:
        """The menu was left."""
        self._is_open = False

    def looked(self) -> bool:
        """The suite has nothing else to do: whether a person is opening the menu."""
        is_above_opening = not self._activated and int(self._made) + self._updated == 1
        is_real = self._is_open or is_above_opening
        self._made, self._updated, self._activated = False, 0, False
        self._is_awaited = False
        return is_real

    def _await(self) -> bool:
        is_first = not self._is_awaited
        self._is_awaited = True
        return is_first
