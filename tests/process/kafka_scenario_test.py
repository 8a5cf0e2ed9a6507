"""A scenario of tests/scenarios with real processes: three nodes on the mock, sixty times as fast as life. All of them: part scenarios of the bench."""
import unittest

from drill import Drill
from fab import keep_logs
from support import main


class short_day(unittest.TestCase):
    def test_real_nodes_say_what_the_scenario_expects(self):
        drill = Drill(self, "short_day", 60)
        self.addCleanup(lambda: keep_logs(drill.nodes.values()))
        self.assertEqual(drill.play(), [])


if __name__ == "__main__":
    main()
