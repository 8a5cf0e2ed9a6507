"""A fab whose daemons beat into Kafka, nodes that share the input, and a receiver that all of them tell."""
import collections
import datetime
import json
import os
import threading

from cluster import Member
from receivers import Hook
from support import free_ports, heartbeat, wait_for

PARTITIONS = 6
BEAT = 0.5  # seconds between heartbeats of a daemon
UP = 987654321  # in whose place the up time goes
# A daemon is lost after twelve of them: the machine may be slow, the product may not.
RULES = """
rules:
  heartbeat: {mode: fixed, period: 1s, lost_after: 6s}
  clients: {limit: 100}
groups: {wait: 0s, close_after: 0s, sight_grace: 0s, config_drift: false}
"""


def host(n):
    return f"10.0.{n // 250}.{n % 250 + 1}"


def data_loss(who, service="7500"):
    return json.dumps({"subject": "_RV.ERROR.SYSTEM.DATALOSS.INBOUND.PTP",
                       "message": {"hostaddr": who, "service": service, "network": "", "lost": 7, "host": "10.78.0.1"}}) + "\n"


class Fleet:
    """Daemons that beat into the input until the test ends, or until they are told otherwise."""

    def __init__(self, test, kafka, size, every, first=0, arguments=(), **producer):
        self.first, self.size, self.every, self.dead, self.full = first, size, every, set(), set()
        self.beats, self.over, self.lock = 0, threading.Event(), threading.Lock()
        self.halves = {}  # of a daemon's heartbeat, before and behind its up time: a large fleet must not keep those waiting who look at the nodes
        self.process = kafka.open_producer("inputs", arguments, **{"linger": "1ms", **producer})
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        test.addCleanup(self.end)

    def run(self):
        while not self.over.wait(self.every):
            up = str(10 + self.beats)
            self.say("".join(up.join(self.halves_of(n)) for n in range(self.first, self.first + self.size) if n not in self.dead))
            self.beats += 1

    def halves_of(self, n):
        of = n, n in self.full
        if of not in self.halves:
            self.halves[of] = heartbeat(host(n), UP, cc=97 if of[1] else 7).split(str(UP))
        return self.halves[of]

    def say(self, lines):
        with self.lock:
            self.process.stdin.write(lines)
            self.process.stdin.flush()

    def beat(self, times):
        """Waits until everybody has beaten so often."""
        until = self.beats + times
        wait_for(lambda: self.beats >= until, f"{times} heartbeats", within=self.every * times * 4 + 10)

    def end(self):
        if self.over.is_set():
            return
        self.over.set()
        self.thread.join()
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()


class Plant:
    """The cluster of Kafka, nodes by name, a receiver, and a fleet; `check` says what must be true in every one of them."""

    receiver = {"more": ", flood: {start: 0}"}
    options = {}  # of the nodes
    vantages = ()  # names of those who write the input, where they are told apart

    def __init__(self, test, kafka, names="abc", size=30, rules=RULES, session=None, beat=BEAT, fetch_wait=10, tls=lambda name: None, producer=None,
                 snapshot_every="1s", pause=Member.pause):
        self.test, self.kafka, self.rules, self.every = test, kafka, rules, beat
        self.fetch_wait, self.tls = fetch_wait, tls  # milliseconds, None: the product's own; `tls` gives that of a node
        self.snapshot_every, self.pause = snapshot_every, pause  # `pause`: seconds between two looks at a node
        self.partitions, self.producer = kafka.partitions["inputs"], producer or {}  # `producer`: keys of the fleet's section kafka
        self.session = session or ("6000" if kafka.real else "3000")  # milliseconds; brokers allow six seconds at least
        self.hook = Hook(test)
        *ports, self.spare = free_ports(len(names) + 1)
        self.ports = dict(zip(names, ports))
        self.nodes = {name: self.member(name) for name in names}
        self.fleet, self.size = None, size
        self.also = set()  # kinds of incidents that are no daemon's own
        self.full, self.dead, self.silenced = set(), set(), set()  # what was brought about: numbers of daemons

    def section(self):
        more = {"session.timeout.ms": self.session, "heartbeat.interval.ms": "500", "fetch.wait.max.ms": self.fetch_wait and str(self.fetch_wait)}
        return self.kafka.section(properties=more)

    def member(self, name, inputs="inputs", log="cluster", partitions=None, port=None):
        k = self.kafka
        keys = f"  log: {k.name(log)}\n  snapshots: {k.name('snapshots')}\n  snapshot_every: {self.snapshot_every}\n"
        more = self.rules + self.section() + "receivers:\n" + self.hook.settings(**self.receiver)
        apart = {"vantages": f"[{', '.join(self.vantages)}]"} if self.vantages else {}
        source = k.source(inputs, name="inputs", partitions=partitions or self.partitions, member=name, **apart)
        made = Member(self.test, name, port or self.ports[name], self.ports.values(), self.tls(name), sources=source, more=more, keys=keys, **self.options)
        made.pause = self.pause
        return made

    def start(self, names=None):
        for name in names or self.nodes:
            self.nodes[name].start()
        self.fleet = Fleet(self.test, self.kafka, self.size, self.every, **self.producer)
        self.settled()
        return self

    # -- who has what

    def living(self):
        return [n for n in self.nodes.values() if n.process and n.process.poll() is None]

    def owners(self, node):
        """Owner by number of the partitions that are watched."""
        return {p["partition"]: p["owner"] for p in node.json("/api/v1/cluster")["partitions"] if p["state"] == "watching"}

    def settled(self, nodes=None, within=60):
        """Waits until `nodes` have all partitions, each some, and everybody says the same."""
        nodes = nodes or self.living()
        names = {n.name for n in nodes}

        def done():
            said = [self.owners(n) for n in nodes]
            return all(len(s) == self.partitions and set(s.values()) == names for s in said) and all(s == said[0] for s in said) and said[0]
        return nodes[0].wait(done, lambda: f"{names} share the partitions: {[n.json('/api/v1/cluster') for n in nodes]}", within)

    def leader(self):
        one = self.living()[0]
        return one.wait(lambda: self.nodes.get(one.json("/api/v1/cluster")["leader"]), "somebody leads")

    def some_of(self, owner, count):
        """Numbers of daemons whose partition is `owner`'s, and which nothing was done to; it may not have heard of them yet."""
        def found():
            known = {d["host"] for d in owner.json("/api/v1/daemons?local=true&limit=10000")["daemons"]}
            some = [n for n in range(self.size) if host(n) in known and n not in self.full | self.dead][:count]
            return len(some) == count and some
        return owner.wait(found, f"{owner.name} knows {count} daemons that are well")

    # -- what is brought about, and what must be said

    def fill(self, *numbers):
        self.full |= set(numbers)
        self.fleet.full |= set(numbers)

    def die(self, *numbers):
        self.dead |= set(numbers)
        self.fleet.dead |= set(numbers)

    def expected(self, silenced=True):
        of = lambda kind, numbers: [(kind, f"rvd/{host(n)}/7500") for n in numbers if silenced or n not in self.silenced]
        return sorted(of("clients_critical", self.full) + of("heartbeat_lost", self.dead))

    def said_by(self, node):
        """Kinds and subjects of all incidents; that a whole input could not be read is none of a daemon's."""
        all_of = [(i["cause"]["kind"], i["cause"]["subject"]) for i in node.json("/api/v1/incidents?limit=10000")["incidents"]]
        return sorted(i for i in all_of if i[0] not in self.also)

    def told(self):
        """Ids by (kind, subject, state) of what the receiver was sent."""
        ids = collections.defaultdict(set)
        for headers, body, _ in list(self.hook.requests):
            for alert in body["alerts"]:
                if alert["labels"]["alertname"] not in self.also:
                    ids[alert["labels"]["alertname"], alert["labels"]["subject"], alert["status"]].add(headers["Idempotency-Key"])
        return ids

    def check(self, nodes=None, within=30):
        """Every node knows what was brought about and nothing else; of each somebody was told, under one id."""
        for n in nodes or self.living():
            n.wait(lambda n=n: self.said_by(n) == self.expected(),
                   lambda n=n: f"{n.name} says what happened: {self.expected()}, not {self.said_by(n)}", within)
        wanted = self.expected(silenced=False)
        wait_for(lambda: len(self.told()) >= len(wanted), lambda: f"{wanted} told, not {dict(self.told())}", within)
        told = self.told()
        self.test.assertEqual(sorted((kind, subject) for kind, subject, _ in told), wanted, told)
        self.test.assertEqual({k: v for k, v in told.items() if len(v) > 1}, {}, "told under two ids")

    def incident_of(self, node, number):
        return next(i["id"] for i in node.incidents() if i["cause"]["subject"] == f"rvd/{host(number)}/7500")


def when(line):
    """Seconds of a line of the log."""
    return datetime.datetime.fromisoformat(line.split(" ")[0].replace("Z", "+00:00")).timestamp()


def keep_logs(nodes):
    """For whoever looks for what went wrong: into the folder that TOCSIN_TEST_LOGS names."""
    if where := os.environ.get("TOCSIN_TEST_LOGS"):
        os.makedirs(where, exist_ok=True)
        for n in nodes:
            if not os.path.exists(n.log_path):
                continue
            with open(os.path.join(where, f"{n.test.id()}.{n.name}.log"), "w", encoding="utf-8") as file:
                file.write(n.log())
