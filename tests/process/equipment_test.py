"""Sensor readings through the command line: windows and anomalies, by machines and by actors."""
import json
import time
import unittest

from support import Node, folder, json_lines, main, tocsin, write

CONFIG = """
equipment:
  windows:
    - {kind: tumbling, size: 10s}
  detectors:
    ewma_z: {learn: 30}
"""


def readings():
    lines = []
    for i in range(60):
        for tool in ("etch1", "etch2", "cvd1"):
            value = 100 + (i * 7 % 5) + (50 if (tool, i) == ("etch2", 33) else 0)
            lines.append(json.dumps({"at": 1_700_000_000 + i, "channel": f"{tool}.pressure", "value": value}))
    return "\n".join(lines) + "\n"


class equipment_replay(unittest.TestCase):
    def replay(self, text, *more, config=CONFIG):
        place = folder(self)
        return tocsin("replay", "--format", "samples", "--input", write(place + "/in.jsonl", text),
                      "--config", write(place + "/t.yaml", config), *more)

    def test_windows_and_the_one_odd_reading(self):
        done = self.replay(readings(), "--emit", "equipment")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        said = json_lines(done.stdout)
        windows = [s for s in said if "window" in s]
        self.assertEqual(len(windows), 3 * 6)
        self.assertEqual({(w["count"], w["complete"], w["corrected"]) for w in windows}, {(10, True, False)})
        odd = [s for s in said if "detector" in s]
        self.assertEqual({(s["equipment"], s["channel"], s["value"]) for s in odd}, {("etch2", "pressure", 150 + (33 * 7 % 5))})
        self.assertEqual({s["detector"] for s in odd}, {"ewma_z", "modified_z"})

    def test_actors_say_the_same_in_any_number_of_shards(self):
        plain = sorted(self.replay(readings(), "--emit", "equipment").stdout.splitlines())
        for more in (["--shards", "1"], ["--shards", "3", "--workers", "2", "--block-bytes", "700"]):
            done = self.replay(readings(), "--emit", "equipment", "--through", "actors", *more)
            self.assertEqual((done.returncode, sorted(done.stdout.splitlines())), (0, plain))

    def test_what_is_no_reading_is_named_and_the_rest_goes_on(self):
        bad = ['{"at": "2026-11-21T14:00:00Z", "channel": "a.b"}', '{"channel": "a.b", "value": 1}', '{"at": 5, "value": 1}',
               '{"at": 5, "channel": "ab", "value": 1e999}', '{"at": -5, "channel": "a.b", "value": 1}', 'garbage',
               '{"at": 5, "channel": ".b", "value": 1}', '{"at": "yesterday", "channel": "a.b", "value": 1}', '[1]',
               '{"at": 1e300, "channel": "a.b", "value": 1}', '{"at": 5, "channel": "' + "x" * 80 + '.b", "value": 1}']
        done = self.replay("\n".join(bad) + "\n" + readings(), "--emit", "windows", "--strict")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(len(done.stdout.splitlines()), 3 * 6)
        errors = done.stderr.splitlines()
        self.assertEqual(len(errors), len(bad) + 1)
        for number, (error, word) in enumerate(zip(errors, ["no value", "no time", "no channel", "", "after 1970", "no JSON", "no equipment", "", "not a JSON object",
                                                            "after 1970", "longer"]), 1):
            self.assertIn(f"in.jsonl:{number}: ", error)
            self.assertIn(word, error)
        self.assertIn(f"{len(bad)} pieces of input could not be used", errors[-1])

    def test_json_of_any_shape_is_read(self):
        text = '{ "value" : 3, "note": {"x": [1, 2]}, "channel": "etch\\u0031.p", "at": "2026-11-21T14:00:00.5Z" }'
        done = self.replay(text, "--emit", "windows")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual([(w["equipment"], w["mean"]) for w in json_lines(done.stdout)], [("etch1", 3)])

    def test_windows_that_do_not_fit_are_found(self):
        done = tocsin("check-config", write(folder(self) + "/t.yaml", "equipment: {windows: [{kind: sliding, size: 1m, slide: 7s}]}\n"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("size is no multiple of slide", done.stdout)


FEED = """  - {name: feed, kind: samples, address: "127.0.0.1:0"}"""
LIVE = """
equipment:
  windows:
    - {kind: tumbling, size: 1s}
"""


class equipment_live(unittest.TestCase):
    def setUp(self):
        self.node = Node(self, FEED, more=LIVE, arguments=["--emit", "equipment"]).start()

    def send(self, readings_of_it):
        with self.node.connect() as feed:
            feed.sendall(("\n".join(json.dumps(r) for r in readings_of_it) + "\n").encode())

    def test_readings_come_by_tcp_and_are_seen_everywhere(self):
        begin = int(time.time()) - 120
        self.send({"at": begin + i, "channel": f"etch{n}.p", "value": 100 + i % 5 + (70 if (n, i) == (2, 55) else 0)} for i in range(60) for n in range(5))
        self.node.wait(lambda: self.node.metric("tocsin_samples_total") == 300, "taken")
        self.assertEqual((self.node.metric("tocsin_equipment"), self.node.metric("tocsin_equipment_channels")), (5, 5))
        all_of_it = self.node.json("/api/v1/equipment")["equipment"]
        self.assertEqual([(e["equipment"], e["samples"], e["anomalies"]) for e in all_of_it],
                         [(f"etch{n}", 60, int(n == 2)) for n in range(5)])
        one = self.node.json("/api/v1/equipment/etch2")
        self.assertEqual([(c["channel"], c["last_value"], c["samples"]) for c in one["channels"]], [("p", 104, 60)])
        self.assertEqual(self.node.get("/api/v1/equipment/etch9")[0], 404)
        self.assertEqual(self.node.stop(), 0)
        said = self.node.out()
        self.assertEqual({s["value"] for s in said if "detector" in s}, {170})
        windows = [s for s in said if "window" in s]
        self.assertEqual(len(windows), 300)
        self.assertEqual({(w["count"], w["corrected"]) for w in windows}, {(1, False)})

    def test_windows_end_when_nothing_comes_any_more(self):
        self.send([{"at": time.time() - 60, "channel": "etch1.p", "value": 5}])
        self.node.wait(lambda: self.node.metric("tocsin_windows_total") == 1, "the clock ends it")

    def test_what_is_wrong_is_counted_and_a_clock_ahead_moves_nobody(self):
        now = time.time()
        self.send([{"at": now + 3600, "channel": "etch1.p", "value": 5}, {"at": now - 60, "channel": "etch1.p"}, {"at": now - 60, "channel": "etch1.p", "value": 5}])
        self.node.wait(lambda: self.node.metric("tocsin_samples_total") == 1, "the good one is taken")
        self.assertEqual(self.node.metric("tocsin_samples_refused_total"), 1)
        self.assertIn("samples_of_the_future", self.node.log())
        self.node.wait(lambda: "no value: field 'value' is missing" in self.node.log(), "named")


if __name__ == "__main__":
    main()
