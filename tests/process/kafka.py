"""A Kafka cluster for tests: librdkafka's mock in a helper process, or the real one that TOCSIN_TEST_KAFKA names."""
import json
import os
import subprocess
import tempfile
import unittest
import uuid

from support import QUICK_RULES, Node, binary, environment, folder, tocsin, write

# The mock answers an empty fetch only after the whole wait.
MOCK_PROPERTIES = {"fetch.wait.max.ms": "10", "session.timeout.ms": "6000", "heartbeat.interval.ms": "1000"}


def secured(how):
    """(properties, other keys) of the section kafka for the broker that TOCSIN_TEST_KAFKA_TLS or _SASL names; docs/testing.md."""
    said = lambda name, otherwise="": os.environ.get(f"TOCSIN_TEST_KAFKA_{name}", otherwise)
    properties = {"security.protocol": "SSL" if how == "TLS" else said("SASL_PROTOCOL", "SASL_PLAINTEXT")}
    if said("CA"):
        properties["ssl.ca.location"] = said("CA")
    if how == "SASL":
        properties |= {"sasl.mechanism": said("SASL_MECHANISM", "SCRAM-SHA-256"), "sasl.username": said("USER")}
    return properties, {"password_file": json.dumps(said("PASSWORD_FILE"))} if how == "SASL" else {}


class Cluster:
    """Brokers, and topics of our own: `name` gives what a topic is called there."""

    def __init__(self, test, real, how=None, brokers=1, **topics):
        self.count = brokers  # of the mock
        self.test, self.real, self.how, self.partitions = test, real, how, topics
        self.run = uuid.uuid4().hex[:8]
        self.process = None
        self.properties, self.keys, self.inside = {}, {}, []  # `inside`: how to start who speaks to the mock itself
        if real:
            self.brokers = os.environ["TOCSIN_TEST_KAFKA" + (f"_{how}" if how else "")]
            if how:
                self.properties, self.keys = secured(how)
            return
        self.host()

    def host(self, *through):
        """Starts the mock, by the command `through` if there is one."""
        self.properties = dict(MOCK_PROPERTIES)
        self.process = subprocess.Popen([*through, binary("TOCSIN_TEST_KAFKA_MOCK"), "--brokers", str(self.count), *(f"{self.name(t)}:{n}" for t, n in self.partitions.items())],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment())
        self.test.addCleanup(self.end)
        self.brokers = self.process.stdout.readline().strip()

    def end(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def name(self, topic):
        return f"{topic}-{self.run}"

    def say(self, line):
        """An order to the mock."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        self.test.assertEqual(answer, "ok", line)

    def section(self, properties=None, **more):
        """The section kafka of a configuration; `properties` go before its own, None takes one away."""
        together = {k: v for k, v in {**self.properties, **(properties or {})}.items() if v is not None}
        keys = {"brokers": json.dumps(self.brokers), "properties": json.dumps(together), **self.keys, **more}
        if self.real:
            keys.update(create_topics="true", partitions=str(next(iter(self.partitions.values()))))
        return "kafka:\n" + "".join(f"  {k}: {v}\n" for k, v in keys.items())

    def produce(self, topic, text, *arguments, **more):
        with tempfile.TemporaryDirectory(prefix="tocsin-test-") as own:
            config = write(os.path.join(own, "kafka.yaml"), self.section(**more))
            return tocsin("produce", "-c", config, "--topic", self.name(topic), "-i", "-", *arguments, text=text)

    def send(self, topic, text, *arguments):
        done = self.produce(topic, text, *arguments)
        self.test.assertEqual(done.returncode, 0, done.stderr)

    def open_producer(self, topic, arguments=(), **more):
        """A `tocsin produce` that goes on until its standard input ends; `arguments`: of its command line."""
        config = write(os.path.join(folder(self.test), "kafka.yaml"), self.section(**more))
        return subprocess.Popen([binary("TOCSIN_BINARY"), "produce", "-c", config, "--topic", self.name(topic), "-i", "-", *arguments],
                                stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment())

    def read(self, topic):
        done = subprocess.run([*self.inside, binary("TOCSIN_TEST_KAFKA_MOCK"), "--read", self.brokers, self.name(topic)], capture_output=True,
                              text=True, timeout=60, env=environment(), check=False)
        self.test.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def write(self, topic, *records):
        """Records as they are: pairs of key and bytes."""
        lines = "".join(f"{key} {value.hex()}\n" for key, value in records)
        subprocess.run([*self.inside, binary("TOCSIN_TEST_KAFKA_MOCK"), "--write", self.brokers, self.name(topic)], input=lines, text=True, check=True,
                       timeout=60, env=environment())

    def source(self, topic="inputs", **more):
        keys = {"name": "feed", "kind": "kafka", "topics": f"[{self.name(topic)}]", "group": f"tocsin-{self.run}", **more}
        return "  - {" + ", ".join(f"{k}: {v}" for k, v in keys.items()) + "}"

    def node(self, source=None, more=QUICK_RULES, kafka=None, **options):
        return Node(self.test, source if source is not None else self.source(), more=self.section(**(kafka or {})) + more, **options)


class kafka_test_case:
    """Mixed into tests that run on the mock and on a real broker."""
    real, how = False, None

    def setUp(self):
        variable = "TOCSIN_TEST_KAFKA" + (f"_{self.how}" if self.how else "")
        if self.real and not os.environ.get(variable):
            raise unittest.SkipTest(f"{variable} names no broker")

    def cluster(self, **topics):
        return Cluster(self, self.real, self.how, **topics)


def quiet(node, source="feed"):
    """Waits until the log is read to its end."""
    def done():
        values = [v for name, v in metric_lags(node).items()]
        return node.source(source)["state"] == "reading" and values and sum(values) == 0
    node.wait(done, "the log is read to its end")


def metric_lags(node):
    text = node.get("/metrics")[2]
    return {line.split(" ")[0]: float(line.split(" ")[1]) for line in text.splitlines() if line.startswith("tocsin_kafka_lag_records{")}

