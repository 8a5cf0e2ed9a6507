"""Equipment events through the command line and live: states, downtimes, patterns, joins, CSV and packs, quality of the source."""
import json
import time
import unittest

from support import Node, folder, json_lines, main, tocsin, write

T0 = 1_700_000_000
CONFIG = """
equipment:
  windows: [{kind: tumbling, size: 10s}]
  quantiles: [0.5, 0.9]
  alarms: {critical: ["RF*"], ignored: [door]}
  downtime: {silence: {least: 30s}}
  states:
    - {channel: "*/power", name: rf, levels: [{name: "off", from: 0}, {name: "on", from: 50}], deadband: 5}
  joins:
    - {name: room, left: "*/event:measurement", right: facility/temperature, within: 1m}
  patterns:
    - {name: neglected, kind: absence, of: ["alarm_set:RF*", "alarm_cleared:RF*"], within: 20s, severity: critical, text: "nobody looks after it"}
  quality: {window: 10s, timely: 1h}
"""


def lines(*records):
    return "".join(json.dumps(r) + "\n" for r in records)


def event(second, kind, tool="etch1", **more):
    return {"at": T0 + second, "event": kind, "equipment": tool, **more}


def reading(second, value, channel="etch1.power"):
    return {"at": T0 + second, "channel": channel, "value": value}


def a_shift():
    """Two tools at 1 Hz; one has an alarm that nobody clears, goes down, and says nothing for a while."""
    records = [event(0, "state", state="PRD"), event(0, "state", "etch2", state="PRD"),
               event(1, "process", module="ch1", recipe="R1", step=2, lot="L7", wafer=3)]
    for s in range(240):
        if s < 100 or s >= 180:
            records.append(reading(s, 80 if s % 60 >= 30 else 1))
        records.append(reading(s, 3, "etch2.power"))
        if s % 20 == 0:
            records.append(reading(s, 20 + s / 20, "facility.temperature"))
        if s == 45:
            records.append(event(s, "measurement", name="cd", value=7.5, lot="L7"))
        if s == 60:
            records += [event(s, "alarm_set", name="door"), event(s, "alarm_set", name="RF12", text="reflected power")]
        if s == 70:
            records.append(event(s, "state", state="unscheduled downtime"))
        if s == 90:
            records += [event(s, "state", state="PRD"), event(s, "alarm_cleared", name="RF12")]
    return lines(*records)


class events_replay(unittest.TestCase):
    def replay(self, text, *more, config=CONFIG, name="in.jsonl"):
        place = folder(self)
        return tocsin("replay", "--format", "samples", "--input", write(place + "/" + name, text), "--config", write(place + "/t.yaml", config), *more)

    def said(self, what, text=None):
        done = self.replay(text or a_shift(), "--emit", what)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return json_lines(done.stdout)

    def second(self, at):
        return int(time.mktime(time.strptime(at[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone) - T0

    def test_states_of_unit_and_channels_are_a_sparse_stream(self):
        states = [(s["equipment"], s["state"], s["from"], s["to"], s["lasted_s"]) for s in self.said("states")]
        self.assertIn(("etch1", "e10", "productive", "unscheduled_down", 70), states)
        self.assertIn(("etch1", "e10", "unscheduled_down", "productive", 20), states)
        self.assertIn(("etch1", "rf", "off", "on", 30), states)
        self.assertEqual([s for s in states if s[0] == "etch2"], [("etch2", "e10", None, "productive", 0), ("etch2", "rf", None, "off", 0)])

    def test_downtimes_have_start_end_duration_and_class(self):
        over = [d for d in self.said("downtimes") if d["end"]]
        self.assertEqual([(d["equipment"], d["downtime"], d["e10"], d["duration_s"], self.second(d["start"])) for d in over],
                         [("etch1", "state", "unscheduled_down", 20, 70), ("etch1", "silence", "unscheduled_down", 81, 99)])

    def test_symptoms_are_raised_and_cleared_once(self):
        said = [(s["kind"], s["state"], s["severity"], self.second(s["at"])) for s in self.said("symptoms") if s["subject"] == "equipment/etch1"]
        self.assertEqual(sorted(said, key=lambda s: (s[0], s[3])), [
            ("equipment_alarm", "raised", "critical", 60), ("equipment_alarm", "cleared", "critical", 90),
            ("equipment_down", "raised", "warning", 70), ("equipment_down", "cleared", "warning", 90),
            ("equipment_down", "raised", "warning", 129), ("equipment_down", "cleared", "warning", 180),
            ("event_pattern", "raised", "critical", 80), ("event_pattern", "cleared", "critical", 90)])

    def test_measurements_get_the_temperature_of_the_room(self):
        self.assertEqual([(j["equipment"], j["name"], j["value"], j["right_value"], j["age_s"]) for j in self.said("joins")], [("etch1", "cd", 7.5, 22, 5)])

    def test_windows_have_their_quantiles(self):
        window = next(w for w in self.said("windows") if w["channel"] == "temperature")
        self.assertEqual((window["p50"], window["p90"]), (20, 20))
        plain = self.replay(a_shift(), "--emit", "windows", config="")
        self.assertNotIn("p50", plain.stdout)

    def test_actors_say_the_same_in_any_number_of_shards(self):
        for what in ("equipment", "symptoms"):
            plain = sorted(self.replay(a_shift(), "--emit", what).stdout.splitlines())
            for more in (["--shards", "1"], ["--shards", "3", "--workers", "2", "--block-bytes", "500"]):
                done = self.replay(a_shift(), "--emit", what, "--through", "actors", *more)
                self.assertEqual((done.returncode, sorted(done.stdout.splitlines())), (0, plain))

    def test_quality_falls_with_input_that_cannot_be_used(self):
        text = "".join(lines(reading(s, s % 7)) + ("junk\n" if 30 <= s < 60 else "") for s in range(100))
        done = self.replay(text, "--emit", "quality", "--block-bytes", "300")
        scores = {self.second(q["at"]): q for q in json_lines(done.stdout)}
        self.assertEqual(scores[20]["score"], 1)
        self.assertLess(scores[60]["validity"], 0.7)
        self.assertTrue(scores[60]["low"])

    def test_readings_of_a_source_that_is_low_can_be_left_out(self):
        text = lines(*(reading(s, s % 7) for s in range(60) for _ in range(3 if 20 <= s < 40 else 1)))
        config = "equipment: {windows: [{kind: tumbling, size: 10s}], quality: {window: 10s, filter: true}}\n"
        counts = [w["count"] for w in json_lines(self.replay(text, "--emit", "windows", config=config).stdout)]
        self.assertEqual(counts, [10, 10, 30, 10])  # low from 30 on, good again with the window that ends at 50
        self.assertEqual(sum(w["count"] for w in json_lines(self.replay(text, "--emit", "windows", config="").stdout)), 100)

    def test_csv_says_the_same_as_json(self):
        table = "time,etch1.power,etch2.power\n" + "".join(f"{T0 + s},{s % 5},{s % 7}\n" for s in range(60))
        text = lines(*({"at": T0 + s, "channels": {"etch1.power": s % 5, "etch2.power": s % 7}} for s in range(60)))
        self.assertEqual(self.replay(table, "--emit", "equipment", name="in.csv").stdout, self.replay(text, "--emit", "equipment").stdout)
        packed = lines(*({"at": T0, "channel": f"etch{n}.power", "values": [s % (3 + 2 * n) for s in range(60)], "period": "1s"} for n in (1, 2)))
        self.assertEqual(sorted(self.replay(packed, "--emit", "states").stdout.splitlines()), sorted(self.replay(text, "--emit", "states").stdout.splitlines()))

    def test_ragged_rows_and_bad_events_are_named_and_the_rest_goes_on(self):
        done = self.replay(f"time,etch1.p,etch1.q\n{T0},1,2\n{T0 + 1},1\n{T0 + 2},1,2,3\n{T0 + 3},nan,2\n", "--emit", "windows", "--strict", name="in.csv")
        self.assertEqual(done.returncode, 1)
        self.assertEqual({w["channel"]: w["count"] for w in json_lines(done.stdout)}, {"p": 1, "q": 2})
        for number, (error, word) in enumerate(zip(done.stderr.splitlines(), ["2 cells where the header has 3", "4 cells", "column 'etch1.p'"]), 3):
            self.assertIn(f"in.csv:{number}: ", error)
            self.assertIn(word, error)
        done = self.replay(lines({"event": "state", "equipment": "e"}, {"at": T0, "event": "state"}, event(0, "state", state="melting")), "--emit", "states")
        self.assertEqual([s["to"] for s in json_lines(done.stdout)], ["unknown"])
        self.assertIn("in.jsonl:1: the event has no time", done.stderr)
        self.assertIn("in.jsonl:2: the event names no equipment", done.stderr)

    def test_rules_that_cannot_work_are_found(self):
        for text, word in (("joins: [{name: a, left: b, right: c}]", ".right is no channel"),
                           ("patterns: [{name: a, kind: sequence, of: [x]}]", "names too few"),
                           ("patterns: [{name: a, of: [x, y]}, {name: a, of: [x, y]}]", "given twice"),
                           ("states: [{channel: a, name: b, levels: [{name: x, from: 2}, {name: y, from: 1}]}]", "do not rise"),
                           ("quantiles: [1.5]", "is no share"), ("quality: {least: 0.9, clear: 0.5}", "clear is below least")):
            done = tocsin("check-config", write(folder(self) + "/t.yaml", "equipment: {" + text + "}\n"))
            self.assertEqual(done.returncode, 1, text)
            self.assertIn(word, done.stdout)


class events_live(unittest.TestCase):
    def setUp(self):
        self.node = Node(self, '  - {name: feed, kind: samples, address: "127.0.0.1:0"}', more=CONFIG, arguments=["--emit", "equipment"]).start()

    def send(self, *records):
        with self.node.connect() as feed:
            feed.sendall("".join(r if isinstance(r, str) else json.dumps(r) + "\n" for r in records).encode())

    def test_a_unit_is_seen_as_it_is(self):
        now = time.time() - 60
        self.send({"at": now, "event": "state", "equipment": "etch1", "state": "PRD"}, {"at": now + 10, "event": "state", "equipment": "etch1", "state": "UDT"},
                  {"at": now + 20, "event": "state", "equipment": "etch1", "state": "PRD"}, {"at": now + 30, "event": "state", "equipment": "etch1", "state": "SDT"},
                  {"at": now + 21, "event": "alarm_set", "equipment": "etch1", "name": "E7", "text": "pump"},
                  {"at": now + 22, "event": "process", "equipment": "etch1", "module": "ch1", "recipe": "R1", "step": "2", "lot": "L1", "wafer": 4},
                  {"at": now + 23, "event": "task", "equipment": "etch1", "module": "ch1", "task": "blocked", "text": "no wafer"},
                  {"at": now + 31, "channel": "etch1.ch1.p", "value": 4})
        self.node.wait(lambda: self.node.metric("tocsin_equipment_events_total") == 7, "taken")
        self.node.wait(lambda: self.node.metric("tocsin_samples_total") == 1, "taken")
        unit = self.node.json("/api/v1/equipment/etch1")
        self.assertEqual((unit["e10"], unit["failures"], unit["downtimes"]), ("scheduled_down", 1, 2))
        self.assertAlmostEqual(unit["mtbf_s"], 20, 3)
        self.assertAlmostEqual(unit["mttr_s"], 10, 3)
        self.assertAlmostEqual(unit["seconds_in"]["productive"], 20, 3)
        self.assertEqual([(a["id"], a["text"]) for a in unit["alarms"]], [("E7", "pump")])
        self.assertEqual([(t["module"], t["task"], t["text"]) for t in unit["tasks"]], [("ch1", "blocked", "no wafer")])
        self.assertEqual([(c["module"], c["recipe"], c["wafer"]) for c in unit["contexts"]], [("", "", ""), ("ch1", "R1", "4")])
        self.assertEqual([d["downtime"] for d in unit["down"]], ["state"])
        self.node.wait(lambda: [s for s in self.node.out() if s.get("downtime") == "state" and s["end"]], "said")

    def test_what_cannot_be_read_is_kept_with_its_bytes_and_the_reason(self):
        import sqlite3
        self.send('{"event":"state","equipment":"e"}\n', {"at": time.time(), "event": "state"}, {"at": time.time() - 5, "channel": "e.p", "value": 1})
        self.node.wait(lambda: self.node.source("feed")["errors"] == 2, "counted")
        self.node.wait(lambda: self.node.metric("tocsin_decode_errors_total") == 2, "counted")
        self.assertEqual(self.node.stop(), 0)
        rows = sqlite3.connect(self.node.data_dir + "/tocsin.db").execute("select * from quarantine").fetchall()
        self.assertEqual(len(rows), 2)
        text = " ".join(str(value) for row in rows for value in row)
        self.assertIn("the event has no time", text)
        self.assertIn('{"event":"state","equipment":"e"}', text)

    def test_what_does_not_come_in_time_is_found_by_the_clock_alone(self):
        self.send({"at": time.time() - 60, "event": "alarm_set", "equipment": "etch1", "name": "RF1"})
        self.node.wait(lambda: self.node.metric("tocsin_symptoms_raised_total", '{kind="event_pattern"}') == 1, "the pattern is found")
        self.assertEqual(self.node.json("/api/v1/equipment/etch1")["patterns"], ["neglected"])
        self.assertEqual([i["cause"]["subject"] for i in self.node.incidents("open")], ["equipment/etch1"], "one incident of the unit")
        self.send({"at": time.time() - 5, "event": "alarm_cleared", "equipment": "etch1", "name": "RF1"})
        self.node.wait(lambda: self.node.json("/api/v1/equipment/etch1")["patterns"] == [], "it is over")

    def test_the_quality_of_the_source_is_shown(self):
        begin = int(time.time()) - 300
        self.send(*({"at": begin + s, "channel": f"etch{n}.p", "value": (s * 7 + n) % 5} for s in range(200) for n in range(3)))
        self.node.wait(lambda: (self.node.source("feed")["quality"] or {}).get("at"), "measured")
        self.assertIsNotNone(self.node.metric("tocsin_source_quality", '{source="feed"}'))
        self.node.wait(lambda: self.node.source("feed")["quality"]["completeness"] < 1, "silence is not complete")


class csv_live(unittest.TestCase):
    def test_a_file_with_a_column_for_each_channel_is_a_source(self):
        place = folder(self)
        begin = int(time.time()) - 100
        path = write(place + "/line.csv", "time,etch1.p,etch2.p\n" + "".join(f"{begin + s},{s},{s % 3}\n" for s in range(50)) + f"{begin + 50},1\n")
        node = Node(self, f"  - {{name: feed, kind: samples, path: {path}}}", more=CONFIG).start()
        node.wait(lambda: node.metric("tocsin_samples_total") == 100, "taken")
        self.assertEqual([(e["equipment"], e["samples"]) for e in node.json("/api/v1/equipment")["equipment"]], [("etch1", 50), ("etch2", 50)])
        node.wait(lambda: "2 cells where the header has 3" in node.log(), "named")


if __name__ == "__main__":
    main()
