"""Kafka under mutual TLS: read, written and shared by nodes; who shows a wrong certificate is told so, and loses nothing."""
import unittest

from cluster import all_at_once
from fab import PARTITIONS, Plant, keep_logs
from kafka import quiet
from kafka_tls import TlsCluster
from kafka_test import fleet
from support import main, read, write

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


class refused(unittest.TestCase):
    def test_who_has_no_certificate_or_a_strangers_is_told_so_and_reads_on_with_the_right_one(self):
        kafka = TlsCluster(self, inputs=4)
        kafka.send("inputs", fleet(20, 10, clients=97))
        wrong = {"none": {"ssl.certificate.location": None, "ssl.key.location": None}, "strangers": kafka.client(kafka.stranger)}
        sources = {who: kafka.source(blind_after="1s", group=f"{who}-{kafka.run}") for who in wrong}
        nodes = {who: kafka.node(sources[who], kafka={"properties": how}) for who, how in wrong.items()}
        for node in nodes.values():
            node.spawn()
        said = self.of_produce(kafka, wrong)
        for who, node in nodes.items():
            for text in (NOT_OURS, kafka.brokers, "1 records did not reach the brokers"):
                self.assertIn(text, said[who])
            node.awaited()
            lost = node.wait(lambda: node.source("feed")["state"] == "lost" and node.source("feed"), "the source is lost")
            for text in (NOT_OURS, kafka.brokers):
                self.assertIn(text, lost["detail"])
                self.assertIn(text, node.log())
            self.assertEqual(node.json("/api/v1/daemons")["known"], 0)
            self.assertEqual(node.stop(), 0, node.log())
            right = kafka.node(sources[who])
            write(node.config, read(right.config).replace(right.data_dir, node.data_dir))
            node.spawn()
        for node in nodes.values():
            node.awaited(node.log().rindex(" stopped"))
            node.wait(lambda: {i["cause"]["subject"] for i in node.incidents() if i["cause"]["kind"] == "clients_critical"} ==
                      {f"rvd/10.0.0.{h}/7500" for h in range(1, 21)}, "all that was sent")
            quiet(node)
            self.assertEqual({d["heartbeats"] for d in node.json("/api/v1/daemons")["daemons"]}, {1}, "each once")

    def of_produce(self, kafka, wrong):
        """What `tocsin produce` says with each of them."""
        said, names = {}, list(wrong)

        def work(i):
            done = kafka.produce("inputs", fleet(1, 20), "--timeout", "1", properties=wrong[names[i]])
            said[names[i]] = f"exit {done.returncode}: {done.stderr}"
        all_at_once(len(names), work)
        for text in said.values():
            self.assertIn("exit 1: ", text)
        return said


class broker_of_a_stranger(unittest.TestCase):
    def test_is_not_trusted_and_read_on_from_when_it_is_ours_again(self):
        kafka = TlsCluster(self, inputs=4)
        kafka.send("inputs", fleet(20, 10))
        node = kafka.node(kafka.source(blind_after="1s")).start()
        node.wait(lambda: node.json("/api/v1/daemons")["known"] == 20, "heard")
        kafka.open(kafka.stranger)
        lost = lambda said: said["state"] == "lost" and NOT_THEIRS in said["detail"] and kafka.brokers in said["detail"]
        node.wait(lambda: lost(node.source("feed")), lambda: f"the source is lost, and why: {node.source('feed')}")
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
