"""Names that somebody else wrote."""

import random
import unicodedata
import unittest

from tests import TEXTS  # noqa: F401  (also finds the package)

from chancery_libreoffice import labels


class Labels(unittest.TestCase):
    def test_a_name_that_is_one_stays_as_it_is(self):
        for name in ["work.example.com", "Nordkai & Söhne", "a_b", "日本", "R2 😀"]:
            self.assertEqual(labels.name(name), name)

    def test_a_name_is_one_line_without_what_is_not_seen(self):
        self.assertEqual(labels.name(" a\r\n\tb\u0000\u2028c "), "a b c")
        self.assertEqual(labels.name("Ma\u202eli\u200d\u2066"), "Mali")
        self.assertEqual(labels.name("\u200b\u2069 \t"), "")
        self.assertEqual(labels.name("\x1b[31mred"), "[31mred")

    def test_no_name_underlines_a_letter_or_eats_one(self):
        self.assertEqual(labels.name("~Connect~~"), "\u223cConnect\u223c\u223c")
        self.assertNotIn("~", labels.sentence("Connected to ~x~.", ("~x~",)))

    def test_a_name_is_no_longer_than_somebody_reads(self):
        cut = labels.name("é" * 10_000)
        self.assertEqual(len(cut), labels.LONGEST_NAME)
        self.assertTrue(cut.endswith("…"))
        self.assertEqual(len(labels.sentence("word " * 10_000)), labels.LONGEST_SENTENCE)
        marks = labels.name("a" + "\u0301" * 500 + "b")
        self.assertEqual(marks, "a" + "\u0301" * labels.MOST_MARKS + "b")

    def test_a_name_from_right_to_left_turns_nothing_around_it(self):
        arabic = "محمد (Q3 2026)"
        self.assertEqual(labels.name(arabic), "\u2068" + arabic + "\u2069")
        self.assertEqual(
            labels.sentence(f"Connected to {arabic} as שרה.", (arabic, "שרה")),
            f"Connected to \u2068{arabic}\u2069 as \u2068שרה\u2069.",
        )
        # Nor all of an English sentence that it begins.
        self.assertEqual(
            labels.sentence(f"{arabic} is chosen.", (arabic,)),
            f"\u200e\u2068{arabic}\u2069 is chosen.",
        )
        long = labels.name("م" * 500)
        self.assertTrue(long.startswith("\u2068") and long.endswith("\u2069"))

    def test_half_a_character_can_be_told_to_the_office_suite(self):
        # JSON carries it, and UTF-16 cannot.
        labels.name("a\ud83d").encode("utf-16-le")

    def test_what_is_no_text_is_no_name(self):
        for value in [None, 7, ["a"], {"a": 1}, b"bytes"]:
            self.assertEqual(labels.name(value), "")

    def test_whatever_comes_a_label_is_one_short_balanced_line(self):
        chance = random.Random(20261126)
        spans = [(0, 0x20), (0x20, 0x7F), (0x590, 0x6FF), (0x2000, 0x2070), (0xD800, 0x10FFFF)]
        for _ in range(2_000):
            length = chance.randrange(0, 200)
            text = "".join(chr(chance.randint(*chance.choice(spans))) for _ in range(length))
            for label in (labels.name(text), labels.sentence(text, (text[:7], text[9:12]))):
                label.encode("utf-16-le")
                self.assertLessEqual(len(label), labels.LONGEST_SENTENCE + 5)
                self.assertNotIn("~", label)
                self.assertEqual(label.count("\u2068"), label.count("\u2069"))
                inner = label.lstrip("\u200e").replace("\u2068", "").replace("\u2069", "")
                kinds = {unicodedata.category(letter) for letter in inner}
                self.assertFalse(kinds & {"Cc", "Cf", "Cs", "Zl", "Zp"}, repr(text))
