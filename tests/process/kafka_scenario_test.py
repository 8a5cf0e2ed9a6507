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
        fewer = {key: drill.told[key][1:] for key in ("incidents", "notifications")}
        self.assertEqual(len(drill.of_nodes(fewer)), 3, "were the story another, every node would be seen to know more")
        self.assertEqual(len(drill.of_receiver(fewer)), 1, "and the receiver to have got more")


if __name__ == "__main__":
    main()
