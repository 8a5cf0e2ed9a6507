"""Kafka out: incidents, symptoms, results of equipment, and what a node hears for others to judge."""
import json
import os
import re
import unittest

from kafka import kafka_test_case, quiet
from support import QUICK_RULES, SOURCE, heartbeat, main, read

FEED = "  - {name: feed, kind: jsonl, address: \"127.0.0.1:0\"}"
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

    def test_what_one_node_hears_another_judges(self):
        self.bridge("json")

    def test_the_same_as_messagepack(self):
        self.bridge("msgpack")


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


if __name__ == "__main__":
    main()
