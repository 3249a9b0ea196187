"""What people read. The texts stand in ``texts/LANGUAGE.json``, one file a language."""

from __future__ import annotations

import json
import os
from typing import Dict

#: Used where there is no file for the person's language, or no text in it.
FALLBACK = "en"


class Texts:
    """The texts of one language, with the English ones behind them."""

    def __init__(self, directory: str, language: str = FALLBACK) -> None:
        self._texts: Dict[str, str] = _read(directory, FALLBACK)
        for name in _nearest(language):
            self._texts.update(_read(directory, name))

    def __getitem__(self, key: str) -> str:
        return self._texts.get(key, key)

    def __contains__(self, key: str) -> bool:
        return key in self._texts


def _nearest(language: str):
    """``pt-BR`` is looked for as ``pt`` and then as ``pt-BR``, which wins."""
    parts = [part for part in language.split("-") if part.isalnum()]
    return ["-".join(parts[: count + 1]) for count in range(len(parts))]


def _read(directory: str, language: str) -> Dict[str, str]:
    try:
        with open(os.path.join(directory, language + ".json"), encoding="utf-8") as file:
            texts = json.load(file)
    except (OSError, ValueError):
        return {}
    return texts if isinstance(texts, dict) else {}
