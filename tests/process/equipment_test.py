"""Sensor readings through the command line: windows and anomalies, by machines and by actors."""
import json
import unittest

from support import folder, json_lines, main, tocsin, write

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


if __name__ == "__main__":
    main()
