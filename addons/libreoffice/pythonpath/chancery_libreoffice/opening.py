"""Telling a menu that a person opens from one that the office suite prepares.

When LibreOffice makes the menus of a window, on GTK it opens every one of them
unseen and leaves it again; with assistive technology it fills them as well. All
of that happens in one go, before the suite is at rest again. Nothing may be
asked of the agent then: starting LibreOffice connects nobody. Whatever happens
to the menu later is a person who opens it.

With a pointer the menu above opens first (*updated*) and this one some events
later (*activated*), so that the answer is there by then. With the keyboard both
come in one go.
"""


class Opening:
    """What is known about one menu."""

    def __init__(self) -> None:
        self._is_at_rest = False
        self._is_asked = False

    def at_rest(self) -> None:
        """The suite has nothing else to do since it made the menu."""
        self._is_at_rest = True

    def updated(self) -> bool:
        """The menu above opens, or the suite prepares: whether to ask the agent."""
        self._is_asked = self._is_at_rest
        return self._is_asked

    def activated(self) -> bool:
        """This menu opens, or the suite prepares: whether to ask the agent now."""
        is_wanted = self._is_at_rest and not self._is_asked
        self._is_asked = False
        return is_wanted

    @property
    def is_real(self) -> bool:
        """Whether a person sees the menu."""
        return self._is_at_rest
