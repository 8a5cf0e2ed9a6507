"""Kafka in: what is read, what is kept of it, and what happens when the brokers or we go away."""
import datetime
import json
import os
import random
import sqlite3
import threading
import unittest

from kafka import kafka_test_case, metric_lags, quiet
from support import QUICK_RULES, folder, heartbeat, main, tocsin, wait_for, write

PARTITIONS = 4
WATCHFUL = QUICK_RULES.replace("lost_after: 1h", "lost_after: 3s")


class Sender:
    """Sends a heartbeat of each host every half second until the test ends."""

    def __init__(self, test, kafka, hosts):
        self.sent, self.dead, self.times = 0, set(), {}
        self.over = threading.Event()
        self.process = kafka.open_producer("inputs")
        self.thread = threading.Thread(target=self.run, args=(hosts,))
        self.thread.start()
        test.addCleanup(self.end)

    def run(self, hosts):
        while not self.over.wait(0.5):
            for h in range(1, hosts + 1):
                if h not in self.dead:
                    self.process.stdin.write(heartbeat(f"10.0.0.{h}", 10 + self.sent, cc=7))
            self.process.stdin.flush()
            self.sent += 1
            self.times[self.sent] = datetime.datetime.utcnow().isoformat() + "Z"

    def end(self):
        self.over.set()
        self.thread.join()
        self.process.kill()
        self.process.stdin.close()
        self.process.wait()


def fleet(hosts, up, clients=7):
    return "".join(heartbeat(f"10.0.0.{h}", up, cc=clients) for h in range(1, hosts + 1))


class reading_case(kafka_test_case):
    def test_records_become_daemons_and_incidents(self):
        kafka = self.cluster(inputs=PARTITIONS)
        kafka.send("inputs", fleet(20, 10, clients=97))
        node = kafka.node(kafka.source(partitions=PARTITIONS), arguments=["--emit", "incidents"]).start()
        node.wait(lambda: len(node.incidents()) == 20, lambda: f"20 incidents, not {len(node.incidents())}")
        quiet(node)
        self.assertEqual(len(metric_lags(node)), PARTITIONS)
        self.assertEqual(len({r["partition"] for r in kafka.read("inputs")}), PARTITIONS, "keys are spread")
        node.wait(lambda: sum(v for k, v in self.committed(node).items()) == 20, lambda: f"committed: {self.committed(node)}")
        self.assertEqual(node.stop(), 0, node.log())

    @staticmethod
    def committed(node):
        lines = node.get("/metrics")[2].splitlines()
        return {line.split(" ")[0]: float(line.split(" ")[1]) for line in lines if line.startswith("tocsin_kafka_committed{")}

    def test_a_poisoned_record_is_set_aside_with_its_place_and_nothing_else_is_lost(self):
        kafka = self.cluster(inputs=1)
        kafka.send("inputs", heartbeat("10.0.0.1", 10, cc=3))
        kafka.send("inputs", '{"k": "x", "subject": 7}\n', "--key-field", "k")
        kafka.send("inputs", heartbeat("10.0.0.2", 10, cc=4))
        node = kafka.node().start()
        node.wait(lambda: node.json("/api/v1/daemons")["known"] == 2, "both daemons")
        node.wait(lambda: node.metric("tocsin_decode_errors_total") == 1, "one error")
        self.assertIn(f"{kafka.name('inputs')}/0@1: ", node.log())
        node.stop()
        with sqlite3.connect(f"{node.data_dir}/tocsin.db") as db:
            rows = db.execute("SELECT position, text, bytes FROM quarantine").fetchall()
        self.assertEqual([(r[0], r[2]) for r in rows], [(1, b'{"k": "x", "subject": 7}')])

    def test_another_number_of_partitions_is_refused(self):
        kafka = self.cluster(inputs=PARTITIONS)
        kafka.send("inputs", heartbeat("10.0.0.1", 10))
        node = kafka.node(kafka.source(partitions=PARTITIONS + 1))
        node.spawn()
        self.assertEqual(node.process.wait(60), 1, node.log())
        self.assertIn(f"has {PARTITIONS} partitions, {PARTITIONS + 1} are configured", node.log())

    def test_samples(self):
        kafka = self.cluster(samples=2)
        lines = "".join(f'{{"at":{1_700_000_000 + i},"channel":"etch{i % 4}.pressure","value":{i % 7}}}\n' for i in range(2000))
        kafka.send("samples", lines, "--format", "samples", "--timestamp", "record")
        node = kafka.node(kafka.source("samples", format="samples")).start()
        node.wait(lambda: node.metric("tocsin_samples_total") == 2000, "samples")
        self.assertEqual(node.metric("tocsin_equipment"), 4)
        self.assertEqual(node.metric("tocsin_samples_late_total"), 0)
        quiet(node)


class restart_case(kafka_test_case):
    def test_kill_and_restart_loses_nothing_and_says_nothing_twice(self):
        kafka = self.cluster(inputs=PARTITIONS)
        node = kafka.node(kafka.source(member="one"), snapshot="200ms")
        rounds, hosts = 4, 40
        for i in range(rounds):
            kafka.send("inputs", fleet(hosts, 10 * (i + 1), clients=97))
            node.start()
            at_least = 1 if i < rounds - 1 else hosts * rounds
            node.wait(lambda: node.source("feed")["records"] >= at_least or i == rounds - 1, "some were read")
            if i < rounds - 1:
                node.kill()
        quiet(node)
        daemons = node.json("/api/v1/daemons")["daemons"]
        self.assertEqual({d["subject"].split("/")[1]: d["heartbeats"] for d in daemons},
                         {f"10.0.0.{h}": rounds for h in range(1, hosts + 1)}, "every record once")
        self.assertEqual(len(node.incidents()), hosts)
        node.stop()
        with sqlite3.connect(f"{node.data_dir}/tocsin.db") as db:
            ids = [row[0] for row in db.execute("SELECT incident FROM outbox WHERE body LIKE '%\"reason\":\"opened\"%'")]
        self.assertEqual(len(ids), len(set(ids)), "no notification with a second id")

    def test_what_came_while_we_were_away_is_judged_by_its_own_time(self):
        kafka = self.cluster(inputs=PARTITIONS)
        kafka.send("inputs", fleet(8, 10))
        sender = Sender(self, kafka, hosts=8)
        node = kafka.node(kafka.source(member="one"), more=WATCHFUL).start()
        node.wait(lambda: node.json("/api/v1/daemons")["known"] == 8, "heard")
        node.kill()
        away = sender.sent
        sender.dead = {8}  # one of them falls silent while nobody looks
        wait_for(lambda: sender.sent > away + 12, "six seconds of heartbeats")
        node.start()
        lost = node.wait(lambda: [i for i in node.incidents() if i["cause"]["kind"] == "heartbeat_lost"], "the dead one is found")
        node.wait(lambda: node.metric("tocsin_watermark_age_seconds") < 1, "caught up")
        self.assertEqual({i["cause"]["subject"] for i in lost}, {"rvd/10.0.0.8/7500"}, "and no other")
        self.assertEqual(len(node.incidents()), 1)
        since = lost[0]["since"]
        self.assertLess(since, sender.times[away + 12], "by the time of the log")


class kills_case(kafka_test_case):
    def test_killed_at_random_under_load_every_record_is_there_once(self):
        kafka = self.cluster(inputs=PARTITIONS)
        node = kafka.node(kafka.source(member="one"), snapshot="200ms", arguments=["--emit", "incidents"])
        random.seed(7)
        hosts, rounds, kills = 100, 60, 3
        producer = kafka.open_producer("inputs")
        self.addCleanup(producer.stdin.close)
        for i in range(rounds):
            producer.stdin.write(fleet(hosts, 10 * (i + 1), clients=97))
            producer.stdin.flush()
            if i % (rounds // kills) != 0:
                continue
            node.start()
            before = node.source("feed")["records"]
            node.wait(lambda: node.source("feed")["records"] > before, "some are read")
            threading.Event().wait(random.random() / 20)  # anywhere in what it does then
            node.kill()
        producer.stdin.close()
        self.assertEqual(producer.wait(60), 0)
        node.start()
        quiet(node)
        self.assertGreaterEqual(node.kills, kills)
        page = node.json("/api/v1/daemons?limit=1000")["daemons"]
        self.assertEqual({d["subject"]: d["heartbeats"] for d in page}, {f"rvd/10.0.0.{h}/7500": rounds for h in range(1, hosts + 1)})
        self.assertEqual(len({i["id"] for i in node.incidents()}), hosts)
        # What is printed is said again when the state is folded, with the same id; nothing has two.
        ids = {(i["cause"]["subject"], i["id"]) for i in node.out() if i["state"] == "opened"}
        self.assertEqual(len(ids), hosts)


class outage(kafka_test_case, unittest.TestCase):
    """Only on the mock: nobody switches a real broker off here."""

    def watched(self, blind_after):
        kafka = self.cluster(inputs=PARTITIONS)
        sender = Sender(self, kafka, hosts=8)
        node = kafka.node(kafka.source(blind_after=blind_after), more=WATCHFUL).start()
        node.wait(lambda: node.json("/api/v1/daemons")["known"] == 8 and node.source("feed")["state"] == "reading", "heard")
        return kafka, sender, node

    def states(self, node):
        return {d["state"] for d in node.json("/api/v1/daemons")["daemons"]}

    def beats(self, node):
        return min(d["heartbeats"] for d in node.json("/api/v1/daemons")["daemons"])

    def test_a_short_one_is_not_seen_at_all(self):
        kafka, _, node = self.watched("1m")
        kafka.say("down 0")
        node.wait(lambda: node.metric("tocsin_watermark_age_seconds") > 5, "time stands still, for longer than a heartbeat may be late")
        self.assertEqual(node.source("feed")["state"], "reading")
        kafka.say("up 0")
        heard = self.beats(node)
        node.wait(lambda: self.beats(node) > heard + 12, "what was sent meanwhile, and more")
        node.wait(lambda: node.metric("tocsin_watermark_age_seconds") < 1, "time goes on")
        self.assertEqual(node.incidents(), [], node.log())

    def test_a_long_one_is_blindness_and_no_loss(self):
        kafka, _, node = self.watched("1s")
        kafka.say("down 0")
        node.wait(lambda: node.source("feed")["state"] == "lost", "we say that we are blind")
        self.assertEqual(node.metric("tocsin_source_up", '{source="feed",kind="kafka"}'), 0)
        noticed = node.metric("tocsin_uptime_seconds")
        node.wait(lambda: node.metric("tocsin_uptime_seconds") > noticed + 6, "blind for twice lost_after")
        self.assertNotIn("lost", self.states(node))
        kafka.say("up 0")
        node.wait(lambda: node.source("feed")["state"] == "reading", "we see again")
        heard = self.beats(node)
        node.wait(lambda: self.beats(node) > heard + 4, "and hear")
        self.assertEqual(self.states(node), {"alive"})
        self.assertEqual([i["title"] for i in node.incidents() if i["cause"]["kind"] == "heartbeat_lost"], [])


class configuration(unittest.TestCase):
    def check(self, properties):
        text = f"kafka: {{brokers: 'k:1', properties: {{{properties}}}}}\nsources: [{{name: a, kind: kafka, topics: [t]}}]\n"
        return tocsin("check-config", write(os.path.join(folder(self), "t.yaml"), text))

    def test_properties_are_checked_by_the_library(self):
        self.assertEqual(self.check("security.protocol: SSL").returncode, 0)
        for properties, said in (("securty.protocol: SSL", "'securty.protocol': No such configuration property"),
                                 ("security.protocol: SLS", "security.protocol"),
                                 ("enable.auto.commit: false", "is set by tocsin itself; remove it")):
            done = self.check(properties)
            self.assertEqual(done.returncode, 1)
            self.assertIn(said, done.stdout)


class reading(reading_case, unittest.TestCase):
    pass


class reading_on_a_broker(reading_case, unittest.TestCase):
    real = True


class secured_case(kafka_test_case):
    real = True

    def test_in_and_out(self):
        kafka = self.cluster(inputs=PARTITIONS)
        kafka.send("inputs", fleet(20, 10, clients=97))
        node = kafka.node(kafka={"incidents": kafka.name("incidents")}).start()
        node.wait(lambda: len(node.incidents()) == 20, "incidents")
        node.wait(lambda: node.metric("tocsin_kafka_written_total", '{topic="%s"}' % kafka.name("incidents")) == 20, "written")


class tls_of_a_broker(secured_case, unittest.TestCase):
    how = "TLS"


class sasl_of_a_broker(secured_case, unittest.TestCase):
    how = "SASL"


class restart(restart_case, unittest.TestCase):
    pass


class restart_on_a_broker(restart_case, unittest.TestCase):
    real = True


class kills(kills_case, unittest.TestCase):
    pass


class kills_on_a_broker(kills_case, unittest.TestCase):
    real = True


class produce_command(kafka_test_case, unittest.TestCase):
    def test_lines_without_a_key_are_named_and_the_rest_is_sent(self):
        kafka = self.cluster(inputs=1)
        done = kafka.produce("inputs", heartbeat("10.0.0.1", 1) + "no json\n" + heartbeat("10.0.0.2", 1))
        self.assertEqual(done.returncode, 1)
        self.assertIn("-:2: no JSON", done.stderr)
        self.assertIn("1 lines have no key and were not sent", done.stderr)
        self.assertRegex(done.stderr, r"2 records, .* records/s")
        self.assertEqual([r["key"] for r in kafka.read("inputs")], ["rvd/10.0.0.1", "rvd/10.0.0.2"])

    def test_key_of_a_named_field(self):
        kafka = self.cluster(inputs=1)
        kafka.send("inputs", '{"a":{"b":"k1"}}\n{"a":{"b":7}}\n', "--key-field", "a.b")
        self.assertEqual([r["key"] for r in kafka.read("inputs")], ["k1", "7"])

    def test_that_a_connection_was_lost_goes_into_every_partition(self):
        kafka = self.cluster(inputs=3)
        lost = json.dumps({"subject": "_RV.WARN.SYSTEM.RVD.DISCONNECTED", "message": {"ADV_NAME": "RVD.DISCONNECTED"}}) + "\n"
        kafka.send("inputs", heartbeat("10.0.0.1", 1) + lost)
        found = kafka.read("inputs")
        self.assertEqual(sorted(r["partition"] for r in found if r["key"] == "vantage"), [0, 1, 2])
        self.assertEqual(len(found), 4)

    def test_nobody_there(self):
        done = tocsin("produce", "--brokers", "127.0.0.1:1", "--topic", "t", "-i", "-", "--timeout", "1", text=heartbeat("10.0.0.1", 1))
        self.assertEqual(done.returncode, 1)
        self.assertIn("1 records did not reach the brokers", done.stderr)

    def test_wrong_usage(self):
        for arguments, said in ((["--partitioner", "crc32"], "partitioner"), ([], "no brokers")):
            done = tocsin("produce", "--topic", "t", "-i", "-", *arguments, text="")
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(said, done.stderr + done.stdout)


if __name__ == "__main__":
    main()
