"""Names that somebody else wrote, fit to stand in a menu.

A server's name comes from a person, a policy, or the server itself. It may be
empty, endless, in any script, or made to look like something else.
"""

from __future__ import annotations

import unicodedata

#: Nobody reads a longer name in a menu, and none makes the menu wider.
LONGEST_NAME = 60
#: The same for a whole sentence.
LONGEST_SENTENCE = 120
#: The same for a message in a window of its own.
LONGEST_MESSAGE = 1000
#: More marks than that on one letter are there to draw over other lines.
MOST_MARKS = 4

#: FIRST STRONG ISOLATE, POP DIRECTIONAL ISOLATE, LEFT-TO-RIGHT MARK (UAX #9).
_ISOLATE, _POP, _LEFT_TO_RIGHT = "\u2068", "\u2069", "\u200e"
_TURNING = ("R", "AL", "AN")
#: What the office suite takes for the mark before a menu's key. Doubled it is
#: a tilde on one system and an underscore on the other, so its twin is shown.
#: ``&`` is no such mark in this suite and stays.
_MNEMONIC, _TILDE_OPERATOR = "~", "\u223c"


def plain(text: object, longest: int) -> str:
    """``text`` on one line, without what is not seen, cut to ``longest``
    characters; empty where nothing is left or it is no text."""
    if not isinstance(text, str):
        return ""
    # However much there is, no more is looked at than could be shown.
    kept = []
    marks = 0
    for letter in text[: longest * 16]:
        category = unicodedata.category(letter)
        if category in ("Mn", "Me"):
            marks += 1
            if marks > MOST_MARKS:
                continue
        else:
            marks = 0
        if category in ("Cc", "Zl", "Zp", "Zs"):
            kept.append(" ")
        elif category == "Cs":
            # Half a character, which JSON can carry and UTF-16 cannot.
            kept.append("\ufffd")
        elif category != "Cf":
            kept.append(_TILDE_OPERATOR if letter == _MNEMONIC else letter)
    line = " ".join("".join(kept).split())
    if len(line) > longest:
        line = line[: longest - 1].rstrip() + "…"
    return line


def isolated(text: str) -> str:
    """``text`` so that its direction turns nothing around it; as it is where
    every letter runs from left to right."""
    if any(unicodedata.bidirectional(letter) in _TURNING for letter in text):
        return _ISOLATE + text + _POP
    return text


def name(text: object) -> str:
    """A name for a menu; empty where nothing of it can be shown."""
    return isolated(plain(text, LONGEST_NAME))


def sentence(text: object, names: tuple = ()) -> str:
    """A sentence of the agent, which is English, for a menu. The ``names`` in it
    are isolated in their places, and one that comes first does not turn all of
    it (some systems look into an isolate for the direction of the whole)."""
    line = plain(text, LONGEST_SENTENCE)
    for one in names:
        shown = plain(one, LONGEST_SENTENCE)
        if shown and isolated(shown) != shown:
            line = line.replace(shown, isolated(shown), 1)
    kinds = (unicodedata.bidirectional(letter) for letter in line)
    first = next((kind for kind in kinds if kind in ("L", *_TURNING)), "L")
    return line if first == "L" else _LEFT_TO_RIGHT + line
