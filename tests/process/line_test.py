"""A simulated line of equipment: as a source of a running node, and printed."""
import unittest

from support import Node, json_lines, main, tocsin

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
        node.wait(lambda: {("etch1", "pressure"), ("cvd1", "gas_flow")} <= self.whole_windows(node.out()), "a whole second of both")
        units = node.json("/api/v1/equipment")["equipment"]
        source = node.source("line")
        self.assertEqual(node.stop(), 0)
        return units, source, node.out()

    @staticmethod
    def whole_windows(said):
        """Channels with a window of all the readings of a second."""
        return {(w["equipment"], w["channel"]) for w in said if "window" in w and w["complete"] and w["count"] == 100}

    def test_it_is_watched_like_any_equipment_and_its_fault_is_seen_where_it_is(self):
        units, source, said = self.watch()
        self.assertEqual([u["equipment"] for u in units], ["cvd1", "etch1", "implant1"])
        self.assertEqual((source["kind"], source["state"], source["errors"]), ("line", "reading", 0))
        anomalies = [s for s in said if "detector" in s]
        self.assertEqual({(a["equipment"], a["channel"]) for a in anomalies}, {("cvd1", "gas_flow")})
        self.assertGreater(anomalies[0]["value"], 150 + 30 * 0.6)
        again = [s for s in self.watch()[2] if "detector" in s]
        self.assertEqual(again[0]["value"], anomalies[0]["value"], "the same seed, the same reading")


class printed_line(unittest.TestCase):
    def printed(self, *more, code=0):
        done = tocsin("simulate", "--units", "2", "--channels", "3", "--until", "10m", *more)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def test_its_readings_can_be_replayed_and_the_fault_is_found(self):
        spike = ["--fault", "spike etch1.pressure 20 sd at 5m", "--fault", "stuck cvd1.rf_power at 8m for 1m"]
        text = self.printed(*spike).stdout
        readings = json_lines(text)
        self.assertEqual((len(readings), readings[0]["at"], readings[0]["channel"]), (600 * 6, "2026-01-01T00:00:00Z", "etch1.pressure"))
        self.assertEqual(len({r["value"] for r in readings if r["channel"] == "cvd1.rf_power" and "00:08:00Z" <= r["at"][11:] < "00:09:00Z"}), 1)
        self.assertEqual(self.printed(*spike).stdout, text)
        self.assertNotEqual(self.printed(*spike, "--seed", "2").stdout, text)
        said = json_lines(tocsin("replay", "-i", "-", "-f", "samples", "--emit", "anomalies", text=text).stdout)
        self.assertIn(("2026-01-01T00:05:00Z", "etch1", "pressure"), [(s["at"], s["equipment"], s["channel"]) for s in said])

    def test_nonsense_is_named(self):
        self.assertIn("no kind of fault", self.printed("--fault", "quake etch1.pressure at 1m", code=2).stderr)
        self.assertIn("no unit 'etch9'", self.printed("--fault", "stuck etch9.pressure at 1m for 1m", code=2).stderr)
        self.assertIn("--interval", self.printed("--interval", "soon", code=2).stderr)
        self.assertEqual(tocsin("simulate", "--fault", "stuck etch1.pressure at 1m for 1m").returncode, 2)


if __name__ == "__main__":
    main()
