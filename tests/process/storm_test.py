"""Receivers that fail in every way, and kill -9 at random: nothing is lost, and nothing is said twice under another id."""
import unittest

from storm import MOODS, Storm
from support import main


class storm(unittest.TestCase):
    def test_nothing_is_lost_and_nothing_is_said_anew(self):
        weather = Storm(self, hosts=100, kills=12)
        weather.run(within=60)
        seen = weather.check()
        self.assertGreaterEqual(seen["notifications"], 600)
        self.assertGreaterEqual(seen["kills"], 12, seen)
        self.assertGreaterEqual(set(seen["answers"]), {"200", *MOODS}, "the weather must be bad")
        self.assertGreater(seen["reloads after 410"], 0)


if __name__ == "__main__":
    main()
