"""What went wrong, in words for a person and in a code for a program."""

from __future__ import annotations

#: Codes of the agent that something follows from (``chancery_proto::error``).
NEEDS_USER = "CHANCERY_NEEDS_USER"
#: Reasons with it for which a password does not help.
NO_PASSWORD_HELPS = ("keyring-locked", "version-refused", "certificate")

#: Codes of this extension's own; each has a text ``trouble.…``.
NO_PROGRAM = "no-program"
NO_WINDOW = "no-window"
NOBODY_ASKS = "nobody-asks"
NOT_STARTED = "not-started"
NO_ANSWER = "no-answer"
STRANGE_ANSWER = "strange-answer"
NOT_OURS = "not-ours"
NO_PLACE = "no-place"
NOT_LISTED = "not-listed"
BROKEN = "broken"


class Trouble(Exception):
    """Something that a person has to be told."""

    def __init__(self, code: str, sentence: str = "", reason: str = "") -> None:
        super().__init__(code)
        #: The agent's code, or one of this module's.
        self.code = code
        #: The agent's own sentence, as it came; empty for one of this module's.
        self.sentence = sentence
        #: The agent's reason, where it gives one.
        self.reason = reason

    def said(self, texts) -> str:
        """What a person reads."""
        return self.sentence or texts["trouble." + self.code]


class NotRunning(Exception):
    """No agent listens; one can be started."""
