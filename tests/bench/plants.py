"""Nodes that share an input through the mock of Kafka, for the parts of the benchmark that need a cluster."""
import os
import sys
import unittest

import tools

sys.path.append(os.path.join(tools.ROOT, "tests", "process"))
MOCK = os.path.join(tools.ROOT, "build", "release", "tests", "kafka_mock", "tocsin-test-kafka")


def prepare(options):
    """Before what this module imports of the tests is used."""
    os.environ["TOCSIN_BINARY"] = tools.binary(options)
    os.environ.setdefault("TOCSIN_TEST_KAFKA_MOCK", MOCK)


def calm():
    """Rules under which nobody falls silent when a file of heartbeats is over: reading is measured, not ten thousand incidents."""
    import fab
    return fab.RULES.replace("lost_after: 6s", "lost_after: 1h")


def with_plant(work, names="abc", partitions=6, secure=False, **more):
    """work(plant) of fresh brokers and nodes that are not started yet; `secure`: mutual TLS to the brokers and between the nodes."""
    import fab
    from kafka import Cluster
    from kafka_tls import TlsCluster

    class usual(fab.Plant):
        options = {"snapshot": "30s"}  # of the nodes: the product's own, where tests take a tenth of a second
    holder = unittest.TestCase()
    topics = {"inputs": partitions, "cluster": 1, "snapshots": partitions}
    try:
        kafka = TlsCluster(holder, **topics) if secure else Cluster(holder, False, **topics)
        tls = kafka.authority.files if secure else lambda name: None
        return work(usual(holder, kafka, names, tls=tls, pause=0.1, **more))  # times are the logs', looking costs the processors
    except AssertionError as e:
        raise tools.wrong(str(e)[:4000]) from e
    finally:
        holder.doCleanups()


def produce(plant, lines):
    """A file into the input, compressed: the mock keeps 5 MiB of a partition."""
    config = os.path.join(tools.WORK, "cluster-produce.yaml")
    with open(config, "w", encoding="utf-8") as f:
        f.write(plant.section() + "  compression: zstd\n")
    tools.must_run([os.environ["TOCSIN_BINARY"], "produce", "-c", config, "--topic", plant.kafka.name("inputs"), "-i", lines])
