"""A simulated line of equipment as a source of a running node."""
import unittest

from support import Node, main

LINE = """  - name: line
    kind: line
    seed: 3
    line: {units: 3, channels: 2, interval: 10ms, faults: ["step cvd1.gas_flow 40 sd at 1s for 1h"]}"""
QUIET = """
equipment:
  windows:
    - {kind: tumbling, size: 1s}
  detectors:
    ewma_z: {learn: 30, limit: 20}
    modified_z: {limit: 30}
"""


class simulated_line(unittest.TestCase):
    def watch(self):
        """What a node says of the line until its fault was seen: anomalies and windows."""
        node = Node(self, LINE, more=QUIET, arguments=["--emit", "equipment"]).start()
        node.wait(lambda: (node.metric("tocsin_samples_total") or 0) >= 6 * 150, "a second and a half of readings")
        node.wait(lambda: any("detector" in said for said in node.out()), "the fault is seen")
        units = node.json("/api/v1/equipment")["equipment"]
        source = node.source("line")
        self.assertEqual(node.stop(), 0)
        return units, source, node.out()

    def test_it_is_watched_like_any_equipment_and_its_fault_is_seen_where_it_is(self):
        units, source, said = self.watch()
        self.assertEqual([u["equipment"] for u in units], ["cvd1", "etch1", "implant1"])
        self.assertEqual((source["kind"], source["state"], source["errors"]), ("line", "reading", 0))
        anomalies = [s for s in said if "detector" in s]
        self.assertEqual({(a["equipment"], a["channel"]) for a in anomalies}, {("cvd1", "gas_flow")})
        self.assertGreater(anomalies[0]["value"], 150 + 30 * 0.6)
        whole = [w for w in said if "window" in w and w["complete"] and w["count"] == 100]
        self.assertTrue({("etch1", "pressure"), ("cvd1", "gas_flow")} <= {(w["equipment"], w["channel"]) for w in whole})
        again = [s for s in self.watch()[2] if "detector" in s]
        self.assertEqual(again[0]["value"], anomalies[0]["value"], "the same seed, the same reading")


if __name__ == "__main__":
    main()
