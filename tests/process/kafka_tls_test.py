"""Kafka under mutual TLS: read, written and shared by nodes; who shows a wrong certificate is told so, and loses nothing."""
import unittest

from fab import PARTITIONS, Plant, keep_logs
from kafka import quiet
from kafka_tls import TlsCluster
from kafka_test import fleet
from support import main, read, write

NO_CERTIFICATE = {"ssl.certificate.location": None, "ssl.key.location": None}
NOT_OURS = "the broker does not take our certificate: give kafka.properties ssl.certificate.location"
NOT_THEIRS = "the broker's certificate is of no authority in ssl.ca.location"


class tls(unittest.TestCase):
    def test_in_and_out(self):
        kafka = TlsCluster(self, inputs=4, incidents=1)
        kafka.send("inputs", fleet(20, 10, clients=97))
        node = kafka.node(kafka={"incidents": kafka.name("incidents")}).start()
        node.wait(lambda: len(node.incidents()) == 20, "incidents")
        node.wait(lambda: node.metric("tocsin_kafka_written_total", '{topic="%s"}' % kafka.name("incidents")) == 20, "written")
        self.assertEqual(len(kafka.read("incidents")), 20, "and they are there")


class refusals_case:
    """Nobody gets in with `properties`; once the certificate is put right, what was sent before is read."""

    def test_is_refused_says_why_and_reads_on_with_the_right_one(self):
        kafka = TlsCluster(self, inputs=4)
        kafka.send("inputs", fleet(20, 10, clients=97))
        wrong = self.properties(kafka)
        done = kafka.produce("inputs", fleet(1, 20), "--timeout", "1", properties=wrong)
        self.assertEqual(done.returncode, 1, done.stderr)
        for text in (NOT_OURS, kafka.brokers, "1 records did not reach the brokers"):
            self.assertIn(text, done.stderr)
        source = kafka.source(blind_after="1s")
        node = kafka.node(source, kafka={"properties": wrong}).start()
        lost = node.wait(lambda: node.source("feed")["state"] == "lost" and node.source("feed"), "the source is lost")
        for text in (NOT_OURS, kafka.brokers):
            self.assertIn(text, lost["detail"])
            self.assertIn(text, node.log())
        self.assertEqual(node.json("/api/v1/daemons")["known"], 0)
        self.assertEqual(node.stop(), 0, node.log())
        right = kafka.node(source)
        write(node.config, read(right.config).replace(right.data_dir, node.data_dir))
        node.start()
        node.wait(lambda: {i["cause"]["subject"] for i in node.incidents() if i["cause"]["kind"] == "clients_critical"} ==
                  {f"rvd/10.0.0.{h}/7500" for h in range(1, 21)}, "all that was sent")
        quiet(node)
        self.assertEqual({d["heartbeats"] for d in node.json("/api/v1/daemons")["daemons"]}, {1}, "each once")


class no_certificate(refusals_case, unittest.TestCase):
    def properties(self, kafka):
        return NO_CERTIFICATE


class certificate_of_a_stranger(refusals_case, unittest.TestCase):
    def properties(self, kafka):
        return kafka.client(kafka.stranger)


class broker_of_a_stranger(unittest.TestCase):
    def test_is_not_trusted_and_read_on_from_when_it_is_ours_again(self):
        kafka = TlsCluster(self, inputs=4)
        kafka.send("inputs", fleet(20, 10))
        node = kafka.node(kafka.source(blind_after="1s")).start()
        node.wait(lambda: node.json("/api/v1/daemons")["known"] == 20, "heard")
        kafka.open(kafka.stranger)
        done = kafka.produce("inputs", fleet(1, 20), "--timeout", "1")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(NOT_THEIRS, done.stderr)
        lost = node.wait(lambda: node.source("feed")["state"] == "lost" and node.source("feed"), "the source is lost")
        for text in (NOT_THEIRS, kafka.brokers):
            self.assertIn(text, lost["detail"])
        meanwhile = [(f"rvd/10.0.0.{h}", fleet(h, 20).splitlines()[-1].encode()) for h in range(1, 21)]
        kafka.write("inputs", *meanwhile)  # by somebody to whom the brokers are known
        kafka.open()
        node.wait(lambda: {d["heartbeats"] for d in node.json("/api/v1/daemons")["daemons"]} == {2}, "read on: each of both once")
        node.wait(lambda: node.source("feed")["state"] == "reading" and node.source("feed")["detail"] == kafka.brokers, "and says so")


class cluster(unittest.TestCase):
    def test_three_nodes_one_is_killed(self):
        kafka = TlsCluster(self, inputs=PARTITIONS, cluster=1, snapshots=PARTITIONS)
        p = Plant(self, kafka, tls=kafka.authority.files)
        self.addCleanup(lambda: keep_logs(p.nodes.values()))
        p.start()
        p.fleet.beat(2)
        leader = p.leader()
        victim = next(n for n in p.nodes.values() if n is not leader)
        before, during, after = p.some_of(victim, 3)
        p.fill(before)
        p.check()  # at the nodes that do not own it, too
        victim.kill()
        p.die(during)
        p.fill(after)
        p.settled()
        p.check()


if __name__ == "__main__":
    main()
