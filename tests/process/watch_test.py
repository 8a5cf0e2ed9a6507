"""A fault of a sensor as people meet it: an incident, a notification, its evidence; in a replay and live."""
import json
import random
import time
import unittest

from receivers import Hook
from support import Node, folder, json_lines, main, tocsin, write

WATCH = """
groups: {wait: 2s, close_after: 5s}
equipment:
  windows:
    - {kind: tumbling, size: 1m}
  watch:
    samples: {learn: 1000}
    groups:
      - {name: chamber, channels: ["ch1.*"], every: 500ms, learn: 50, method: components}
"""
BEGIN = 1_700_000_000


def readings(rows, broken, begin=BEGIN, every=0.1):
    """Two units with three channels; the pressure of etch2 is too high in `broken` rows."""
    chance = random.Random(3)
    for i in range(rows):
        for unit in ("etch1", "etch2"):
            together = chance.gauss(0, 1)
            for channel in ("pressure", "flow", "power"):
                value = 100 + 0.7 * together + chance.gauss(0, 0.7) + (6 if (unit, channel) == ("etch2", "pressure") and i in broken else 0)
                yield {"at": round(begin + i * every, 3), "channel": f"{unit}.ch1.{channel}", "value": round(value, 4)}


def text(of):
    return "".join(json.dumps(r) + "\n" for r in of)


class watch_replay(unittest.TestCase):
    def replay(self, emit, *more, config=WATCH, rows=4500):
        place = folder(self)
        done = tocsin("replay", "--format", "samples", "--input", write(place + "/in.jsonl", text(readings(rows, range(3500, 3800)))),
                      "--config", write(place + "/t.yaml", config), "--emit", emit, *more)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return json_lines(done.stdout)

    def test_one_fault_is_one_incident_with_its_first_channel_as_cause(self):
        opened = [i for i in self.replay("incidents") if i["state"] == "opened"]
        self.assertEqual([i["cause"]["subject"] for i in opened], ["equipment/etch2/ch1.pressure"])
        self.assertEqual(opened[0]["cause"]["kind"], "sensor_anomaly")
        self.assertGreater(opened[0]["cause"]["probability"], 0.9)
        self.assertIn("its level has shifted", opened[0]["title"])
        self.assertIn("equipment/etch2/chamber", opened[0]["members"])

    def test_it_ends_and_says_so(self):
        told = self.replay("notifications")
        self.assertEqual([n["reason"] for n in told], ["opened", "closed"])

    def test_actors_say_what_machines_say(self):
        plain = self.replay("incidents")
        for shards in ("1", "3"):
            self.assertEqual(self.replay("incidents", "--through", "actors", "--shards", shards), plain)

    def test_a_fault_that_was_named_is_known(self):
        named = WATCH + '    signatures:\n      - {name: leak, group: chamber, pattern: "ch1.pressure 1.0"}\n'
        group = [s for s in self.replay("symptoms", config=named) if s["kind"] == "group_anomaly" and s["state"] == "raised"]
        self.assertEqual([s["subject"] for s in group], ["equipment/etch2/chamber"])
        self.assertEqual(group[0]["evidence"]["known_fault"], "leak")
        self.assertTrue(group[0]["evidence"]["pattern"].startswith("ch1.pressure 0.9") or group[0]["evidence"]["pattern"].startswith("ch1.pressure 1."))

    def test_without_the_watch_nothing_is_said(self):
        self.assertEqual(self.replay("incidents", config="equipment: {watch: {samples: {enabled: false}}}\n"), [])

    def test_what_does_not_fit_is_refused_with_place_and_remedy(self):
        bad = """equipment:
  watch:
    points: {enabled: true, window: 7s}
    groups:
      - {name: a}
      - {name: a}
    signatures:
      - {name: leak, group: b, pattern: "much"}
"""
        done = tocsin("check-config", write(folder(self) + "/t.yaml", bad))
        self.assertEqual(done.returncode, 1)
        for word in ("none of equipment.windows is 7s long", "t.yaml:6:16: error", "is given twice", "there is no group b", "'much' is not a channel and a number"):
            self.assertIn(word, done.stdout)


class watch_live(unittest.TestCase):
    def test_a_fault_reaches_the_receiver_and_survives_a_kill(self):
        hook = Hook(self)
        node = Node(self, '  - {name: feed, kind: samples, address: "127.0.0.1:0"}', more=WATCH + "receivers:\n" + hook.settings()).start()
        now = time.time()
        with node.connect() as feed:
            feed.sendall(text(readings(4000, range(3500, 4000), begin=now - 420)).encode())
        node.wait(lambda: node.incidents("open"), "the incident is open")
        incident = node.incidents("open")[0]
        self.assertEqual(incident["cause"]["subject"], "equipment/etch2/ch1.pressure")
        hook.seen(1)
        self.assertEqual(node.metric("tocsin_symptoms_raised_total", '{kind="sensor_anomaly"}'), 1)
        explained = node.json(f"/api/v1/incidents/{incident['id']}/explain")
        self.assertTrue(any(r.get("symptom") == "sensor_anomaly" for r in explained["journal"]["records"]), explained["journal"])
        node.durable(node.metric("tocsin_records_total"))
        node.kill()
        node.start()
        node.wait(lambda: node.incidents("open"), "the incident is still open")
        self.assertEqual(node.incidents("open")[0]["id"], incident["id"])
        self.assertEqual(node.stop(), 0)
        self.assertEqual(len(hook.taken()), 1, "told once")


if __name__ == "__main__":
    main()
