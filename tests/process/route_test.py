"""tocsin route as people use it: the tree, the routes taken, and a test of the configuration that can fail."""
import json
import os
import unittest

from support import folder, main, tocsin, write

CONFIG = """
receivers:
  - {name: ops, kind: webhook, webhook: {url: "http://hook.example.com/"}}
  - {name: night, kind: webhook, webhook: {url: "http://hook.example.com/"}}
inventory: {daemons: [{host: 10.0.0.1, labels: {area: litho}}]}
route:
  receiver: ops
  routes:
    - receiver: night
      matchers: ['severity="critical"', 'area="litho"']
      mute_time_intervals: [office]
      continue: true
      group_by: [service]
      escalation: [{after: 15m, receiver: ops}]
    - {matchers: ["severity=critical"], repeat_interval: 1h}
time_intervals:
  - name: office
    time_intervals: [{weekdays: ["monday:friday"], times: [{start_time: "09:00", end_time: "17:00"}], location: Europe/Berlin}]
"""
LITHO = ["severity=critical", "subject=rvd/10.0.0.1/7500"]
OFFICE, WEEKEND = "2026-11-20T10:00:00Z", "2026-11-21T10:00:00Z"


class route(unittest.TestCase):
    def setUp(self):
        self.config = write(os.path.join(folder(self), "c.yaml"), CONFIG)

    def run_test(self, *words):
        return tocsin("route", "test", "-c", self.config, *words)

    def test_the_tree(self):
        lines = tocsin("route", "show", "-c", self.config).stdout.splitlines()
        self.assertEqual([line.split("  wait")[0] for line in lines], [
            "root -> ops", "  root/0 -> night  {severity=\"critical\", area=\"litho\"}  continue  by service",
            "  root/1 -> ops  {severity=\"critical\"}"])
        tree = json.loads(tocsin("route", "show", "-c", self.config, "-o", "json").stdout)
        self.assertEqual([r["repeat_interval"] for r in tree["routes"]], ["4h", "1h"])

    def test_a_subject_gives_the_labels_of_the_inventory(self):
        said = json.loads(self.run_test(*LITHO, "--at", WEEKEND, "-o", "json").stdout)
        self.assertEqual(said["labels"], {"area": "litho", "host": "10.0.0.1", "service": "7500", "severity": "critical",
                                          "subject": "rvd/10.0.0.1/7500"})
        self.assertEqual([r["id"] for r in said["routes"]], ["root/0", "root/1"])
        self.assertEqual(said["routes"][0]["group"], {"service": "7500"})
        self.assertEqual(said["receivers"], ["night", "ops"])

    def test_a_calendar_mutes_until_it_ends(self):
        done = self.run_test(*LITHO, "--at", OFFICE)
        self.assertIn("root/0 -> night: muted by office until 2026-11-20T16:00:00Z\n", done.stdout)
        self.assertIn("after 15m without an acknowledgement: ops", done.stdout)

    def test_receivers_are_verified(self):
        for words, wanted, code in ((LITHO, "ops,night", 0), (LITHO, "ops", 1), ([*LITHO, "--at", OFFICE], "ops", 0),
                                    ([*LITHO, "--at", WEEKEND], "ops", 1), (["severity=info"], "ops", 1), (["severity=info"], "", 0),
                                    (["severity=warning"], "ops", 0)):
            with self.subTest(words=words, wanted=wanted):
                done = self.run_test(*words, "--verify-receivers", wanted)
                self.assertEqual(done.returncode, code, done.stdout + done.stderr)
                self.assertEqual("expected" in done.stderr, code == 1)

    def test_typing_mistakes_are_said(self):
        self.assertIn("did you mean 'severity'?", self.run_test("severty=critical").stderr)
        self.assertIn("no condition is called 'lost'", self.run_test("alertname=lost").stderr)
        for words in (["severity"], ["=x"], ["a b=c"], ["host=a", "host=b"], ["--at", "noon"], ["-o", "xml"]):
            with self.subTest(words):
                self.assertEqual(self.run_test(*words).returncode, 2)
        self.assertEqual(tocsin("route", "show", "-c", "nowhere.yaml").returncode, 2)
        self.assertEqual(tocsin("route").returncode, 2)


if __name__ == "__main__":
    main()
