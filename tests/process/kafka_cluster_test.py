"""Nodes that share the input through Kafka: killed, stopped, restarted and cut off, they tell what happened, once, and nothing else."""
import json
import os
import random
import re
import signal
import time
import unittest

from cluster import cluster_metrics, documented_metrics
from fab import PARTITIONS, Plant, host, keep_logs
from kafka import kafka_test_case
from support import heartbeat, main, read, tocsin, wait_for, write

KILLS = int(os.environ.get("TOCSIN_TEST_KILLS", "3"))


class plant_case(kafka_test_case):
    def plant(self, brokers=1, **options):
        kafka = self.cluster(brokers=brokers, inputs=PARTITIONS, cluster=1, snapshots=PARTITIONS, wide=2)
        plant = Plant(self, kafka, **options)
        self.addCleanup(lambda: keep_logs(plant.nodes.values()))
        return plant

    def refused(self, node, *texts):
        node.spawn()
        code = wait_for(lambda: node.process.poll() is not None and [node.process.returncode], lambda: f"refused\n{node.log()}", 40)[0]
        self.assertNotEqual(code, 0, node.log())
        for text in texts:
            self.assertIn(text, node.log())


class cluster_case(plant_case):
    """What a person sees and orders at any of the nodes."""

    def test_any_node_answers_and_obeys_for_all(self):
        p = self.plant().start()
        p.fleet.beat(2)
        hosts = {host(n) for n in range(p.size)}
        for n in p.nodes.values():
            n.wait(lambda n=n: set(n.hosts()) == hosts, lambda n=n: f"{n.name} answers for all daemons, not {n.hosts()}")
            page = n.json("/api/v1/daemons")
            self.assertEqual((page["total"], page["silent_nodes"]), (p.size, []))
            self.assertEqual(set(n.hosts().values()), set("abc"), "each has some")
        leader = p.leader().name
        owners = p.owners(p.nodes["a"])
        for n in p.nodes.values():
            shown = self.show(n)
            self.assertIn(f"{leader} leads", shown)
            rows = dict(re.findall(r"^(\d+) +(\w+) +\d+ +watching ", shown, re.M))
            self.assertEqual({int(k): v for k, v in rows.items()}, owners, shown)
            self.assertEqual(cluster_metrics(n), documented_metrics())
            self.assertIn(f"{leader} leads", n.get("/")[2], "on the status page, too")
        p.fill(1, 2)
        p.check()
        self.order(p)
        ids = [headers["Idempotency-Key"] for headers, _, _ in p.hook.requests]
        self.assertEqual(len(ids), len(set(ids)), "the leader alone tells")

    def show(self, node):
        done = tocsin("cluster", "show", "--node", f"http://127.0.0.1:{node.port}")
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def order(self, p):
        """An order at one node holds at all of them, whoever leads."""
        leader = p.leader()
        other, third = [n for n in p.nodes.values() if n is not leader]
        alarm, incident = f"clients_critical rvd/{host(1)}/7500", p.incident_of(other, 1)
        done = other.command("incidents", "acknowledge", incident, "--who", "ann", "--comment", "on my way")
        self.assertEqual(done.returncode, 0, done.stderr)
        state = lambda n: next(((a["state"], a["acknowledged_by"]) for a in n.json("/api/v1/alarms")["alarms"] if a["alarm"] == alarm), None)
        self.assertEqual(state(other), ("acknowledged", "ann"), "whoever was ordered knows it when he answers")
        for n in p.nodes.values():
            n.wait(lambda n=n: state(n) == ("acknowledged", "ann"), lambda n=n: f"{n.name} knows: {state(n)}")
        done = third.command("silences", "add", f"host={host(5)}", "--who", "ann", "--comment", "move", "--for", "1h")
        self.assertEqual(done.returncode, 0, done.stderr)
        for n in p.nodes.values():
            n.wait(lambda n=n: [s for s in n.json("/api/v1/silences")["silences"] if s["state"] == "active"], f"{n.name} knows of the silence")
        before = len(p.hook.requests)
        p.silenced.add(5)
        p.fill(5, 6)
        p.check()
        self.assertEqual(len(p.hook.requests), before + 1, "of the silenced one nobody is told")


class cluster_equipment_case(plant_case):
    def test_an_alarm_of_equipment_that_one_node_hears_is_an_incident_of_all(self):
        p = self.plant(names="ab")
        a, b = p.nodes["a"], p.nodes["b"]
        write(b.config, read(b.config).replace("sources:\n", 'sources:\n  - {name: tools, kind: samples, address: "127.0.0.1:0"}\n'))
        p.start()
        with b.connect("tools") as feed:
            feed.sendall((json.dumps({"at": time.time() - 5, "event": "alarm_set", "equipment": "etch1", "name": "E7", "text": "pump"}) + "\n").encode())
        about = lambda n: [(i["id"], i["state"]) for i in n.incidents() if i["cause"]["subject"] == "equipment/etch1"]
        for n in (a, b):
            n.wait(lambda n=n: about(n), f"{n.name} knows of it")
        self.assertEqual(about(a), about(b))
        self.assertEqual(a.json("/api/v1/equipment/etch1")["node"], "b")
        b.wait(lambda: any("etch1" in str(request) for request in p.hook.requests), "somebody is told")
        with b.connect("tools") as feed:
            feed.sendall((json.dumps({"at": time.time() - 1, "event": "alarm_cleared", "equipment": "etch1", "name": "E7"}) + "\n").encode())
        for n in (a, b):
            n.wait(lambda n=n: [state for _, state in about(n)] == ["closed"], f"{n.name} knows that it is over")


class cluster_kills_case(plant_case):
    def test_killed_one_after_the_other_under_load_nothing_is_lost_false_or_told_twice(self):
        p = self.plant(size=max(30, 12 * KILLS)).start()
        p.fleet.beat(2)
        dice = random.Random(7)
        for i in range(KILLS):
            victim = p.leader() if i % 2 == 0 else dice.choice([n for n in p.nodes.values() if n is not p.leader()])
            before, during, after = p.some_of(victim, 3)
            p.fill(before)  # perhaps said, perhaps not yet
            victim.kill()
            p.die(during)
            p.fill(after)
            p.settled()
            p.check()
            victim.start()
            p.settled()
            p.check()
        for n in p.nodes.values():
            self.assertEqual(n.metric("tocsin_notifications_waiting"), 0, n.name)


class cluster_pause_case(plant_case):
    def test_a_node_that_stood_still_learns_that_others_have_its_partitions(self):
        p = self.plant().start()
        p.fleet.beat(2)
        for victim in (p.leader(), next(n for n in p.nodes.values() if n is not p.leader())):
            before, during = p.some_of(victim, 2)
            others = [n for n in p.nodes.values() if n is not victim]
            victim.process.send_signal(signal.SIGSTOP)
            try:
                p.fill(before)
                p.die(during)
                p.settled(others)
                p.check(nodes=others)
            finally:
                victim.process.send_signal(signal.SIGCONT)
            p.settled()
            p.check()


class cluster_restart_case(plant_case):
    def test_restarted_one_after_the_other_partitions_are_handed_over(self):
        p = self.plant().start()
        p.fleet.beat(8)  # some snapshots
        begun = {n.name: len(n.log()) for n in p.nodes.values()}
        for i, n in enumerate(p.nodes.values()):
            p.fill(i)
            self.assertEqual(n.stop(), 0, n.log())
            n.start()
            p.settled()
            p.check()
        taken = [line for n in p.nodes.values() for line in n.log()[begun[n.name]:].splitlines() if " partition_claimed " in line]
        self.assertGreaterEqual(len(taken), PARTITIONS)
        for line in taken:
            start, covered = (int(re.search(rf"{key}=(-?\d+)", line).group(1)) for key in ("from_offset", "covered"))
            self.assertGreater(start, 0, "from a snapshot: " + line)
            self.assertEqual(start, covered, "that was made at the hand-over: " + line)
        for n in p.nodes.values():
            self.assertNotIn("partition_not_handed_over", n.log())


class cluster_outage_case(plant_case):
    def test_brokers_away_and_back(self):
        p = self.plant().start()
        p.fleet.beat(2)
        p.fill(1)
        p.check()
        p.kafka.say("down 0")
        for n in p.nodes.values():
            n.wait(lambda n=n: "source_lost" in n.log(), f"{n.name} sees that the brokers are away")
        p.fleet.beat(14)  # longer than it takes to be lost
        p.kafka.say("up 0")
        p.settled()
        p.fleet.beat(4)
        p.fill(2)
        p.die(3)
        p.check()


class cluster_refusals_case(plant_case):
    def test_of_two_nodes_with_one_name_the_older_ends(self):
        p = self.plant(names="ab").start()
        old = p.nodes["a"]
        young = p.member("a", port=p.spare)
        young.start()
        code = wait_for(lambda: old.process.poll() is not None and [old.process.returncode], lambda: f"the older ends\n{old.log()}")[0]
        self.assertNotEqual(code, 0, old.log())
        self.assertIn("another node calls itself 'a'", old.log())
        p.nodes["a"] = young
        p.settled()
        p.fill(1)
        p.check()

    def test_topics_of_another_shape_are_refused_with_a_remedy(self):
        p = self.plant(names="a")
        for topic in ("inputs", "wide"):
            p.kafka.send(topic, heartbeat(host(0), 10))  # on a real broker that makes the topic
        self.refused(p.member("a", partitions=PARTITIONS + 1), f"has {PARTITIONS} partitions, {PARTITIONS + 1} are configured")
        self.refused(p.member("a", log="wide"), p.kafka.name("wide"), "partition")


class cluster_newcomer_case(plant_case):
    def trim(self, p, *nodes):
        """The log loses its beginning, and the leader has kept the desk since."""
        dice = random.Random(7)
        for written in range(4, 13, 4):  # the mock keeps 5 MiB of a partition; and whoever watches must not lose what it has not read
            p.kafka.write("cluster", *[("junk", dice.randbytes(500_000)) for _ in range(4)])
            for n in nodes:
                n.wait(lambda n=n: n.metric("tocsin_cluster_log_unreadable_total") == written, "the junk was read")
        after = nodes[0].json("/api/v1/cluster")["log"]["offset"]
        kept = lambda: [int(o) for n in nodes for o in re.findall(r" desk_kept offset=(\d+)", n.log())]
        nodes[0].wait(lambda: any(o >= after for o in kept()), lambda: f"the leader keeps the desk, not {kept()}")

    def test_a_node_that_comes_when_the_log_has_lost_its_beginning_knows_what_stood_there_or_does_not_begin(self):
        p = self.plant(snapshot_every="200ms", brokers=2)
        a, b, c = p.nodes.values()
        desk = (p.kafka.name("snapshots"), 0)
        for topic, count in p.kafka.partitions.items():
            for n in range(count):
                p.kafka.say(f"leader {p.kafka.name(topic)} {n} {2 if (p.kafka.name(topic), n) == desk else 1}")
        p.kafka.say(f"coordinator tocsin-{p.kafka.run} 1")
        p.start("ab")
        p.fleet.beat(2)
        p.fill(1, 2)
        p.check([a, b])
        self.trim(p, a, b)
        p.kafka.say("down 2")
        self.refused(c, "later than this node would go on, and what the leader keeps cannot be read", "start it again when the brokers answer")
        p.kafka.say("up 2")
        c.start()
        c.wait(lambda: " desk_of_leader_taken " in c.log(), c.log)
        p.settled()
        p.check()
        self.assertEqual({p.incident_of(n, 1) for n in (a, b, c)}, {p.incident_of(a, 1)}, "the same incident")
        a.kill()
        b.kill()
        p.settled([c])
        p.fill(3)
        p.check([c])

    def test_a_node_that_was_away_for_too_long_begins_where_the_leader_is(self):
        p = self.plant(snapshot_every="200ms", names="ab").start()
        a, b = p.nodes.values()
        b.stop()
        p.settled([a])
        p.fill(1)
        p.check([a])
        self.trim(p, a)
        b.start()
        b.wait(lambda: " desk_of_leader_taken " in b.log(), b.log)
        p.settled()
        p.check()


class cluster(cluster_case, unittest.TestCase):
    pass


class cluster_on_a_broker(cluster_case, unittest.TestCase):
    real = True


class kills(cluster_kills_case, unittest.TestCase):
    pass


class kills_on_a_broker(cluster_kills_case, unittest.TestCase):
    real = True


class pause(cluster_pause_case, unittest.TestCase):
    pass


class pause_on_a_broker(cluster_pause_case, unittest.TestCase):
    real = True


class equipment(cluster_equipment_case, unittest.TestCase):
    pass


class equipment_on_a_broker(cluster_equipment_case, unittest.TestCase):
    real = True


class newcomer(cluster_newcomer_case, unittest.TestCase):
    pass


class restart(cluster_restart_case, unittest.TestCase):
    pass


class restart_on_a_broker(cluster_restart_case, unittest.TestCase):
    real = True


class outage(cluster_outage_case, unittest.TestCase):
    pass


class refusals(cluster_refusals_case, unittest.TestCase):
    pass


class refusals_on_a_broker(cluster_refusals_case, unittest.TestCase):
    real = True


if __name__ == "__main__":
    main()
