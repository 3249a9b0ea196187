"""A person who opens the menu, and LibreOffice that prepares it."""

import unittest

from tests import TEXTS  # noqa: F401

from chancery_libreoffice.opening import Opening


class OpeningTest(unittest.TestCase):
    def test_while_libreoffice_prepares_nothing_is_asked(self):
        opening = Opening()
        events = [opening.activated, opening.updated, opening.activated, opening.updated]
        self.assertEqual([event() for event in events], [False] * 4)
        self.assertFalse(opening.is_real)

    def test_a_person_is_asked_for_once_an_opening(self):
        opening = Opening()
        opening.activated()
        opening.at_rest()
        for _ in range(3):
            self.assertEqual((opening.updated(), opening.activated()), (True, False))
        # Where the suite does not say that the menu above opens.
        self.assertTrue(opening.activated())
        self.assertTrue(opening.is_real)

    def test_what_was_prepared_before_does_not_count_for_the_first_opening(self):
        opening = Opening()
        opening.updated()
        opening.at_rest()
        self.assertTrue(opening.activated())
