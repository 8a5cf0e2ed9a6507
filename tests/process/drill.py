"""A scenario file played to real nodes: in a drill, at many times the pace of life, through Kafka to a receiver."""
import datetime
import json
import os
import subprocess
import threading
import time

from fab import PARTITIONS, Plant
from kafka import Cluster
from support import SOURCE, binary, environment, folder, wait_for, write

SCENARIOS = os.path.join(SOURCE, "tests", "scenarios")
START = "2026-01-01T00:00:00Z"  # of every scenario
LEAD = 10    # seconds for the nodes to start and share the partitions, at the usual pace
BEYOND = 30  # seconds that the fleet goes on beating when the scenario is over: nobody must fall silent while it is judged
SESSION, BACK = 9, 25  # seconds: a killed node's partitions are others' after the first; it is back and has its own before the second


def described(path):
    done = subprocess.run([binary("TOCSIN_TEST_STORY"), "--describe", path], capture_output=True, text=True, check=False, timeout=30)
    if done.returncode:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


class skipped(Exception):
    """It cannot be played to a cluster."""


class Drill(Plant):
    """Three nodes with one clock, a fleet that does as the scenario says, and a receiver; `play` says what is not as expected."""
    LONG_AGO = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)

    def __init__(self, test, name, speed, kills=False, lead=LEAD):
        self.path, self.speed, self.kills = os.path.join(SCENARIOS, name + ".scenario"), speed, kills
        self.of = described(self.path)
        self.vantages = self.of["vantages"] if len(self.of["vantages"]) > 1 else ()
        self.begins = time.time() + lead
        begins = (self.LONG_AGO + datetime.timedelta(seconds=self.begins)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.clock = f"{START}@{begins}x{speed}"
        said = dict(self.of["configuration"])
        self.receiver = {"name": "default", "more": ", flood: {start: 0}" + "".join(f", {k}: {json.dumps(v)}" for k, v in said.pop("receiver", {}).items())}
        self.options = {"arguments": ("--clock", self.clock), "snapshot": "5s"}
        self.over = threading.Event()
        kafka = Cluster(test, False, inputs=PARTITIONS, cluster=1, snapshots=PARTITIONS)
        super().__init__(test, kafka, rules="".join(f"{k}: {json.dumps(v)}\n" for k, v in said.items()))

    def feed(self):
        """The scenario with a later end, into the input; each vantage point by itself."""
        own = folder(self.test)
        with open(self.path, encoding="utf-8") as file:
            lines = [f"until {self.of['until'] + BEYOND * self.speed:g}s\n" if line.split()[:1] == ["until"] else line for line in file]
        longer = write(os.path.join(own, "longer.scenario"), "".join(lines))
        config = write(os.path.join(own, "kafka.yaml"), self.kafka.section(linger="1ms"))
        tocsin = binary("TOCSIN_BINARY")
        started = []
        for who in self.vantages or (None,):
            apart = ["--vantage", who] if who else []
            plant = subprocess.Popen([tocsin, "simulate", "--scenario", longer, "--clock", self.clock, *apart], stdout=subprocess.PIPE, env=environment())
            bridge = subprocess.Popen([tocsin, "produce", "-c", config, "--topic", self.kafka.name("inputs"), "-i", "-", *apart],
                                      stdin=plant.stdout, stderr=subprocess.DEVNULL, env=environment())
            plant.stdout.close()
            started += [plant, bridge]
        for one in started:
            self.test.addCleanup(lambda one=one: (one.kill(), one.wait()))
        return started

    def when(self, of_scenario):
        """Unix seconds of a moment of the scenario."""
        return self.begins + of_scenario / self.speed

    def wait_until(self, moment, processes):
        while (left := moment - time.time()) > 0:
            for p in processes:
                self.test.assertIsNone(p.poll(), "the fleet beats, and its bridge works")
            for n in self.living():
                self.test.assertIsNone(n.process.poll(), n.name)
            self.over.wait(min(left, 0.5))

    def play(self):
        """Texts: what was expected and is not so."""
        processes = self.feed()
        for n in self.nodes.values():
            n.start()
        self.settled(within=max(5, self.when(self.of["first"]) - time.time()))
        if self.kills:
            self.interrupt(processes)
        self.wait_until(self.when(self.of["until"]) + 1, processes)
        self.test.assertEqual(len(self.living()), len(self.nodes))
        self.told = self.judged()
        return self.told["unmet"] + self.of_nodes(self.told) + self.of_receiver(self.told)

    def quiet(self):
        """Seconds of the scenario in which nothing happens and nothing is awaited, for as long as it takes to kill a node; None: there are none."""
        busy = sorted(self.of["busy"])
        length, begin = max((b - a, a) for a, b in zip(busy, busy[1:]))
        return begin + 2 * self.speed if length >= (BACK + 4) * self.speed else None

    def interrupt(self, processes):
        """kill -9 of the leader when nothing else happens, and it comes back."""
        quiet = self.quiet()
        if quiet is None:
            raise skipped(f"nowhere are {BACK + 4} s of quiet at {self.speed} times the pace")
        self.wait_until(self.when(quiet), processes)
        victim = self.leader()
        victim.kill()
        self.wait_until(self.when(quiet) + SESSION, processes)
        self.settled()
        victim.start()
        self.settled()
        if time.time() > self.when(quiet) + BACK:
            raise skipped(f"the machine is too slow: killed and back took longer than {BACK} s, and what is expected may be late")

    def judged(self):
        """What the log of the cluster says, held against the scenario by the checker that all drivers share."""
        def whole():
            done = subprocess.run([binary("TOCSIN_TEST_STORY"), "--judge", self.path, self.kafka.brokers, self.kafka.name("cluster"), str(self.speed)],
                                  capture_output=True, text=True, check=False, timeout=60)
            if done.returncode > 1:
                raise AssertionError(done.stderr)
            said = json.loads(done.stdout)
            return said if said["time"] > self.of["until"] else None
        return wait_for(whole, "the log says all of it", within=20)

    # -- the same from outside

    def of_nodes(self, told):
        """Every node knows the incidents of the story, and no others."""
        end = (datetime.datetime(2026, 1, 1) + datetime.timedelta(seconds=self.of["until"])).isoformat()
        story = {i["id"]: i for i in told["incidents"]}
        out = []
        for n in self.nodes.values():
            known = {i["id"]: i for i in n.json("/api/v1/incidents?limit=10000")["incidents"]}
            out += [f"{n.name} does not know {id} {story[id]['cause']}" for id in story.keys() - known.keys()]
            for id, one in known.items():
                if one["at"] > end:
                    continue  # it is of later
                if id not in story:
                    out.append(f"{n.name} knows {one}, of which the log says nothing")
                elif any(one[key] != story[id][key] for key in ("revision", "state", "severity", "cause", "members", "since", "at")):
                    out.append(f"{n.name} knows {one}, the log says {story[id]}")
        return out

    def of_receiver(self, told):
        """The receiver got each notification of the story, each under its one id."""
        ids = {n["id"] for n in told["notifications"] if n["in_time"]}
        later = {n["id"] for n in told["notifications"]} - ids
        try:
            wait_for(lambda: ids <= set(self.hook.taken()), "all are told", within=10)
        except AssertionError:
            pass  # it is said below, with what came
        got = self.hook.taken()
        out = [f"never told: {id}" for id in sorted(ids - set(got))] + [f"told, but not in the log: {id}" for id in sorted(set(got) - ids - later)]
        if not self.kills:  # who is killed between sending and saying so has it sent again, under the same id
            out += [f"told {got.count(id)} times: {id}" for id in sorted(ids) if got.count(id) > 1]
        return out
