"""Kafka out: incidents, symptoms, results of equipment, and what a node hears for others to judge: heartbeats and readings."""
import json
import os
import re
import time
import unittest

from kafka import kafka_test_case, quiet
from support import QUICK_RULES, SOURCE, heartbeat, main, read

FEED = "  - {name: feed, kind: jsonl, address: \"127.0.0.1:0\"}"
SENSORS = '  - {name: sensors, kind: samples, address: "127.0.0.1:0", samples: {at: t, at_unit: ns, equipment: tool, channel: sensor, value: v}}'
WATCHFUL = QUICK_RULES.replace("lost_after: 1h", "lost_after: 3s")


def values(records):
    return [json.loads(r["value"]) for r in records]


class writing_case(kafka_test_case):
    def test_incidents_and_symptoms_as_they_are_printed(self):
        kafka = self.cluster(incidents=2, symptoms=2)
        topics = {t: kafka.name(t) for t in ("incidents", "symptoms")}
        node = kafka.node(FEED, kafka=topics, arguments=["--emit", "incidents"]).start()
        feed = node.connect()
        feed.sendall("".join(heartbeat(f"10.0.0.{h}", 10, cc=97) for h in range(1, 21)).encode())
        node.wait(lambda: len(node.incidents()) == 20, "incidents")
        label = '{topic="%s"}'
        node.wait(lambda: node.metric("tocsin_kafka_written_total", label % topics["incidents"]) == 20, "the brokers have them")
        written = kafka.read("incidents")
        self.assertEqual(sorted(r["value"] for r in written), sorted(read(node.out_path).splitlines()))
        self.assertTrue(all(json.loads(r["value"])["cause"]["subject"] == r["key"] for r in written))
        self.assertIn("clients_critical", {s["kind"] for s in values(kafka.read("symptoms"))})
        self.assertEqual(node.metric("tocsin_kafka_connected"), 1)
        self.assertEqual(node.stop(), 0)
        node.start()
        node.stop()
        ids = [(v["id"], v["revision"]) for v in values(kafka.read("incidents"))]
        self.assertLessEqual(len(ids), 40)
        self.assertEqual(len(set(ids)), 20, "what comes again is the same")

    def test_windows_and_anomalies(self):
        kafka = self.cluster(windows=1, anomalies=1)
        node = kafka.node("  - {name: sensors, kind: samples, address: \"127.0.0.1:0\"}",
                          kafka={t: kafka.name(t) for t in ("windows", "anomalies")}).start()
        feed = node.connect("sensors")
        feed.sendall("".join(f'{{"at":{1_700_000_000 + i},"channel":"etch1.pressure","value":{1000 if i == 500 else i % 7}}}\n'
                             for i in range(1200)).encode())
        node.wait(lambda: node.metric("tocsin_windows_total") >= 3, "windows")
        node.wait(lambda: node.metric("tocsin_kafka_queued_records") == 0, "delivered")
        self.assertGreaterEqual(len(kafka.read("windows")), 3)
        self.assertEqual({(r["key"], json.loads(r["value"])["value"]) for r in kafka.read("anomalies")} & {("etch1", 1000)}, {("etch1", 1000)})
        node.stop()

    def bridge(self, encoding):
        kafka = self.cluster(inputs=4)
        hearing = kafka.node(FEED, kafka={"inputs": kafka.name("inputs"), "inputs_encoding": encoding}).start()
        judging = kafka.node(kafka.source(encoding=encoding), more=WATCHFUL).start()
        feed = hearing.connect()
        feed.sendall("".join(heartbeat(f"10.0.0.{h}", 10, cc=97, ver="8.7.0") for h in range(1, 9)).encode())
        judging.wait(lambda: len([i for i in judging.incidents() if i["cause"]["kind"] == "clients_critical"]) == 8, "judged over there")
        daemon = judging.json("/api/v1/daemons/10.0.0.1/7500")
        self.assertEqual((daemon["version"], daemon["clients"], daemon["uptime_s"]), ("8.7.0", 97, 10))
        self.assertEqual({r["key"] for r in kafka.read("inputs") if r["key"].startswith("rvd/")}, {f"rvd/10.0.0.{h}" for h in range(1, 9)})
        self.assertEqual(hearing.stop(), 0)
        # Nobody hears any more, and says so: that is no death.
        noticed = judging.metric("tocsin_uptime_seconds")
        judging.wait(lambda: judging.metric("tocsin_uptime_seconds") > noticed + 6, "blind for twice lost_after")
        self.assertEqual({d["state"] for d in judging.json("/api/v1/daemons")["daemons"]}, {"unknown"})
        self.assertEqual([i for i in judging.incidents() if i["cause"]["kind"] == "heartbeat_lost"], [])
        quiet(judging)

    def test_who_is_killed_does_not_see_and_nobody_dies_of_it(self):
        kafka = self.cluster(inputs=2)
        hearing = kafka.node(FEED, kafka={"inputs": kafka.name("inputs")}).start()
        judging = kafka.node(kafka.source(), more=QUICK_RULES.replace("lost_after: 1h", "lost_after: 30s")).start()
        hearing.connect().sendall("".join(heartbeat(f"10.0.0.{h}", 10) for h in range(1, 9)).encode())
        judging.wait(lambda: len(judging.json("/api/v1/daemons")["daemons"]) == 8, "heard over there")
        hearing.kill()
        judging.wait(lambda: [i["cause"]["kind"] for i in judging.incidents()] == ["sight_lost"], lambda: f"one of sight, not {judging.incidents()}", 40)
        self.assertEqual({d["state"] for d in judging.json("/api/v1/daemons")["daemons"]}, {"unknown"})
        self.assertEqual(len(judging.incidents()[0]["members"]), 8)
        hearing.start()
        judging.wait(lambda: [i["state"] for i in judging.incidents()] == ["closed"], "it sees again")

    def test_what_one_node_hears_another_judges(self):
        self.bridge("json")

    def test_the_same_as_messagepack(self):
        self.bridge("msgpack")


    def a_recipe(self, begin):
        """Lines of four tools as the house writes them, 1 kHz, with events among the readings; one tool's name has a dot."""
        lines = []
        for i in range(1000):
            at = begin * 10**9 + i * 10**6 + 7
            for tool in ("etch1", "etch2", "cvd1", "fab2.etch"):
                lines.append({"t": at, "tool": tool, "sensor": "ch1.rf", "v": (i % 7) / 3})
                if i % 250 == 0:
                    lines.append({"t": at, "event": "process", "tool": tool, "module": "ch1", "recipe": "R1", "step": str(i)})
        lines.append({"t": begin * 10**9 + 10**9, "event": "state", "tool": "etch2", "state": "UDT"})
        return lines

    def test_readings_that_one_node_hears_another_judges(self):
        kafka = self.cluster(readings=4)
        hearing = kafka.node(SENSORS, kafka={"readings": kafka.name("readings")}).start()
        judging = kafka.node(kafka.source("readings", format="samples")).start()
        sent = self.a_recipe(int(time.time()) - 120)
        hearing.connect("sensors").sendall("".join(json.dumps(line) + "\n" for line in sent).encode())
        judging.wait(lambda: (judging.metric("tocsin_samples_total"), judging.metric("tocsin_equipment_events_total")) == (4000, 17), "read over there")
        for unit in ("etch1", "etch2", "cvd1", "fab2.etch"):
            here, there = (n.json(f"/api/v1/equipment/{unit}") for n in (hearing, judging))
            self.assertEqual(there, here, "both judge the same")
            self.assertEqual([(c["channel"], c["last_value"], c["samples"]) for c in there["channels"]], [("ch1.rf", (999 % 7) / 3, 1000)])
        self.assertEqual(judging.json("/api/v1/equipment/etch2")["e10"], "unscheduled_down")
        self.assertEqual(judging.source("feed")["errors"], 0)
        self.in_the_topic(kafka.read("readings"), sent)
        self.assertEqual(hearing.metric("tocsin_kafka_dropped_total", f'{{topic="{kafka.name("readings")}"}}'), 0)
        self.assertEqual((hearing.stop(), judging.stop()), (0, 0))

    def in_the_topic(self, records, sent):
        """Each unit has its partition, its order, and every digit; and its values are many lines each, but bounded."""
        self.assertLess(len(records), len(sent) / 4)
        self.assertLessEqual(max(len(r["value"]) for r in records), 65536)
        for unit in ("etch1", "etch2", "cvd1", "fab2.etch"):
            of_unit = [r for r in records if r["key"] == unit]
            self.assertEqual(len({r["partition"] for r in of_unit}), 1)
            lines = [json.loads(line) for r in of_unit for line in r["value"].splitlines()]
            self.assertEqual([l.get("step") or l.get("state") or l.get("value", l.get("channels", {}).get("ch1.rf")) for l in lines],
                             [s.get("step") or s.get("state", "").replace("UDT", "unscheduled_down") or s["v"] for s in sent if s["tool"] == unit])
            self.assertTrue(all(l["at"].endswith("000007Z") for l in lines if "event" not in l))
            for r in of_unit:
                first = json.loads(r["value"].splitlines()[0])["at"]
                self.assertEqual(time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(r["timestamp"] / 1000)), first[:19])

    def test_a_simulated_line_is_bridged_as_well(self):
        kafka = self.cluster(readings=2)
        line = "  - {name: line, kind: line, line: {units: 2, channels: 2, interval: 10ms}}"
        hearing = kafka.node(line, kafka={"readings": kafka.name("readings")}).start()
        judging = kafka.node(kafka.source("readings", format="samples")).start()
        judging.wait(lambda: (judging.metric("tocsin_samples_total") or 0) >= 100, "read over there")
        self.assertEqual([e["equipment"] for e in judging.json("/api/v1/equipment")["equipment"]], ["cvd1", "etch1"])
        self.assertEqual((hearing.stop(), judging.stop()), (0, 0))


class steering(kafka_test_case, unittest.TestCase):
    def test_another_topic_for_readings_needs_a_restart(self):
        kafka = self.cluster(readings=1, others=1)
        node = kafka.node(SENSORS, kafka={"readings": kafka.name("readings")}).start()
        node.configure(kafka.section(readings=kafka.name("others")) + QUICK_RULES)
        node.reload()
        node.wait(lambda: "needs_restart=kafka\n" in node.log(), "named")


class metrics(kafka_test_case, unittest.TestCase):
    def test_all_that_are_documented_are_there(self):
        kafka = self.cluster(inputs=1, incidents=1)
        node = kafka.node(kafka={"incidents": kafka.name("incidents")}).start()
        quiet(node)
        found = dict(re.findall(r"^# TYPE (tocsin_kafka_\w+) (\w+)$", node.get("/metrics")[2], re.M))
        documented = re.findall(r"^\| `(tocsin_kafka_\w+)` \| (\w+)", read(os.path.join(SOURCE, "docs", "metrics.md")), re.M)
        self.assertEqual(found, dict(documented))


class writing(writing_case, unittest.TestCase):
    pass


class writing_on_a_broker(writing_case, unittest.TestCase):
    real = True


class brokers_away(kafka_test_case, unittest.TestCase):
    """Only on the mock: nobody switches a real broker off here."""

    def test_incidents_reach_the_topic_after_the_outage_and_a_kill(self):
        kafka = self.cluster(incidents=1)
        node = kafka.node(FEED, kafka={"incidents": kafka.name("incidents")}, snapshot="100ms").start()
        node.connect().sendall(heartbeat("10.0.0.1", 10, cc=97).encode())
        node.wait(lambda: len(kafka.read("incidents")) == 1, "the first")
        kafka.say("down 0")
        node.wait(lambda: node.metric("tocsin_kafka_connected") == 0, "seen")
        node.connect().sendall(heartbeat("10.0.0.2", 10, cc=97).encode())
        node.wait(lambda: len(node.incidents()) == 2 and node.metric("tocsin_kafka_queued_records") == 1, "the second waits")
        before = node.metric("tocsin_snapshots_total")
        node.connect().sendall(heartbeat("10.0.0.1", 20, cc=97).encode())
        node.wait(lambda: node.metric("tocsin_snapshots_total") > before, "the state is kept")
        node.kill()
        kafka.say("up 0")
        node.start()
        node.wait(lambda: {v["cause"]["subject"] for v in values(kafka.read("incidents"))} ==
                  {"rvd/10.0.0.1/7500", "rvd/10.0.0.2/7500"}, "both are written")
        ids = {(v["id"], v["revision"]) for v in values(kafka.read("incidents"))}
        self.assertEqual(len(ids), 2)

    def test_who_began_without_them_says_in_every_partition_that_it_sees(self):
        kafka = self.cluster(inputs=4)
        kafka.say("down 0")
        node = kafka.node(FEED, kafka={"inputs": kafka.name("inputs")}).start()
        node.connect().sendall(heartbeat("10.0.0.1", 10).encode())
        node.wait(lambda: node.metric("tocsin_kafka_queued_records") >= 2, "its words wait")
        kafka.say("up 0")
        told = lambda with_promise: {r["partition"] for r in kafka.read("inputs") if "CONNECTED" in r["value"] and ("rli" in r["value"]) == with_promise}
        for with_promise in (False, True):
            node.wait(lambda w=with_promise: told(w) == {0, 1, 2, 3}, lambda w=with_promise: f"all partitions have it, not {told(w)}", 40)

    def test_readings_without_room_are_counted_and_judged_all_the_same(self):
        kafka = self.cluster(readings=1)
        label = f'{{topic="{kafka.name("readings")}"}}'
        node = kafka.node(SENSORS, kafka={"readings": kafka.name("readings"), "queue": "1000"}).start()
        kafka.say("down 0")
        node.wait(lambda: node.metric("tocsin_kafka_connected") == 0, "seen")
        now = time.time_ns() - 60 * 10**9
        node.connect("sensors").sendall("".join(json.dumps({"t": now, "tool": f"t{i}", "sensor": "x", "v": i}) + "\n" for i in range(2000)).encode())
        node.wait(lambda: node.metric("tocsin_samples_total") == 2000, "judged")
        queued, dropped = node.metric("tocsin_kafka_queued_records"), node.metric("tocsin_kafka_dropped_total", label)
        self.assertEqual((queued, queued + dropped), (900, 2000), "a tenth is kept for incidents")
        self.assertGreater(node.metric("tocsin_kafka_queued_bytes"), 900 * 60)
        kafka.say("up 0")
        node.wait(lambda: node.metric("tocsin_kafka_written_total", label) == 900, "the brokers have the others")
        self.assertEqual(node.metric("tocsin_kafka_queued_bytes"), 0)


if __name__ == "__main__":
    main()
