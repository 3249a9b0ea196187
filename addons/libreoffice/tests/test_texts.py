"""The texts, and what stands behind them."""

import json
import os
import re
import tempfile
import unittest

from tests import TEXTS

from chancery_libreoffice import menu, trouble
from chancery_libreoffice.texts import Texts


class TextsTest(unittest.TestCase):
    def test_every_text_that_is_used_is_there(self):
        texts = Texts(TEXTS)
        own = [value for name, value in vars(trouble).items() if name.isupper() and "-" in value]
        own.append(trouble.BROKEN)
        self.assertGreater(len(own), 5)
        for code in own:
            self.assertIn("trouble." + code, texts)
        with open(menu.__file__, encoding="utf-8") as source:
            used = re.findall(r'texts\["([a-z.-]+)"\]', source.read())
        self.assertGreater(len(used), 5)
        for key in used:
            self.assertIn(key, texts)

    def test_another_language_wins_and_english_stands_behind_it(self):
        with tempfile.TemporaryDirectory() as place:
            for language, texts in {
                "en": {"a": "one", "b": "two", "c": "three"},
                "pt": {"a": "um", "b": "dois"},
                "pt-BR": {"a": "um!"},
            }.items():
                with open(os.path.join(place, language + ".json"), "w", encoding="utf-8") as file:
                    json.dump(texts, file)
            with open(os.path.join(place, "xx.json"), "w", encoding="utf-8") as file:
                file.write("[broken")
            got = Texts(place, "pt-BR")
            self.assertEqual([got["a"], got["b"], got["c"]], ["um!", "dois", "three"])
            for language in ["xx", "../../etc/passwd", "", "de"]:
                self.assertEqual(Texts(place, language)["a"], "one")
