"""An input that two write: what one of them cannot see is unwatched, what the other sees is not, and each is named."""
import json
import unittest

from fab import PARTITIONS, RULES, Fleet, Plant, host, keep_logs
from kafka import kafka_test_case
from support import heartbeat, main, tocsin

OF_EACH = 8  # daemons


def connection(word):
    return json.dumps({"subject": f"_RV.INFO.SYSTEM.RVD.{word}", "message": {"ADV_CLASS": "INFO", "ADV_SOURCE": "SYSTEM", "ADV_NAME": f"RVD.{word}"}}) + "\n"


class TwoWriters(Plant):
    vantages = ("fab1", "fab2")


class vantages_case(kafka_test_case):
    def test_a_blind_writer_hides_those_it_hears_and_nobody_else(self):
        kafka = self.cluster(inputs=PARTITIONS, cluster=1, snapshots=PARTITIONS)
        p = TwoWriters(self, kafka, size=0)
        self.addCleanup(lambda: keep_logs(p.nodes.values()))
        first, second = (Fleet(self, kafka, OF_EACH, p.every, first=i * OF_EACH, arguments=("--vantage", who)) for i, who in enumerate(p.vantages))
        p.start()
        for f in (first, second):
            f.beat(2)
        for n in p.nodes.values():
            n.wait(lambda n=n: len(n.hosts()) == 2 * OF_EACH, lambda n=n: f"{n.name} knows all daemons, not {n.hosts()}")
        first.say(connection("DISCONNECTED"))
        first.dead = set(range(OF_EACH))       # nobody hears them any more
        second.dead.add(OF_EACH)               # this one is dead
        blind, dead = ("sight_lost", "vantage/fab1"), ("heartbeat_lost", f"rvd/{host(OF_EACH)}/7500")
        for n in p.nodes.values():
            n.wait(lambda n=n: p.said_by(n) == sorted([blind, dead]), lambda n=n: f"{n.name}: one is blind, and one daemon is dead, not {p.said_by(n)}", 40)
            lost = next(i for i in n.incidents() if i["cause"]["subject"] == blind[1])
            self.assertEqual(sorted(lost["members"]), sorted(f"rvd/{host(i)}/7500" for i in range(OF_EACH)))
        first.say(connection("CONNECTED"))
        first.dead = {0}                       # and one has died behind its back
        also = ("heartbeat_lost", f"rvd/{host(0)}/7500")
        for n in p.nodes.values():
            n.wait(lambda n=n: p.said_by(n) == sorted([blind, dead, also]), lambda n=n: f"{n.name}: now that it sees, {p.said_by(n)}", 40)
            n.wait(lambda n=n: [i["state"] for i in n.incidents() if i["cause"]["subject"] == blind[1]] == ["closed"], lambda n=n: f"{n.name}: its blindness is over")
        self.explains(p, dead)
        shown = tocsin("daemons", "list", "--server", f"http://127.0.0.1:{p.nodes['a'].port}")
        self.assertEqual(shown.returncode, 0, shown.stderr)


    def explains(self, p, dead):
        """Any node, and any node's files, show what the input said of it."""
        c = p.nodes["c"]
        lost = next(i for i in c.incidents() if i["cause"]["subject"] == dead[1])
        for where in (("--server", f"http://127.0.0.1:{c.port}"), ("--data-dir", c.data_dir, "--config", c.config)):
            asked = tocsin("explain", lost["id"], "-o", "json", *where)
            self.assertEqual(asked.returncode, 0, asked.stderr)
            said = json.loads(asked.stdout)["journal"]
            self.assertTrue(said["complete"], said)
            self.assertEqual({(r["kind"], r["subject"]) for r in said["records"]}, {("heartbeat", dead[1])})
            self.assertEqual(len({r["partition"] for r in said["records"]}), 1)
            self.assertLess(max(r["at"] for r in said["records"]), lost["at"])
        again = tocsin("explain", lost["id"], "--recompute", "--server", f"http://127.0.0.1:{c.port}")
        self.assertIn("not judged again: several nodes share the input", again.stdout)
        self.assertRegex(again.stdout, rf"\n  \d@\d+  \S+  heartbeat {dead[1]} ")


class killed_case(kafka_test_case):
    def test_a_writer_that_is_killed_is_blind_and_whom_it_heard_is_not_dead(self):
        kafka = self.cluster(inputs=PARTITIONS, cluster=1, snapshots=PARTITIONS)
        p = TwoWriters(self, kafka, size=0, rules=RULES.replace("lost_after: 6s", "lost_after: 30s"))
        self.addCleanup(lambda: keep_logs(p.nodes.values()))
        bridge = kafka.node('  - {name: fab1, kind: jsonl, address: "127.0.0.1:0"}', kafka={"inputs": kafka.name("inputs")}).start()
        second = Fleet(self, kafka, OF_EACH, p.every, first=OF_EACH, arguments=("--vantage", "fab2"))
        p.start()
        second.beat(2)
        say = lambda: bridge.connect("fab1").sendall("".join(heartbeat(host(n), 10) for n in range(OF_EACH)).encode())
        say()
        for n in p.nodes.values():
            n.wait(lambda n=n: len(n.hosts()) == 2 * OF_EACH, lambda n=n: f"{n.name} knows all daemons, not {n.hosts()}")
        bridge.kill()
        blind = ("sight_lost", "vantage/fab1")
        for n in p.nodes.values():
            n.wait(lambda n=n: p.said_by(n) == [blind], lambda n=n: f"{n.name}: one is blind, not {p.said_by(n)}", 40)
            self.assertEqual(sorted(n.incidents()[0]["members"]), sorted(f"rvd/{host(i)}/7500" for i in range(OF_EACH)))
        states = {d["host"]: d["state"] for d in p.nodes["a"].json("/api/v1/daemons")["daemons"]}
        self.assertEqual(states, {host(i): "unknown" if i < OF_EACH else "alive" for i in range(2 * OF_EACH)})
        asked = tocsin("explain", p.nodes["b"].incidents()[0]["id"], "--server", f"http://127.0.0.1:{p.nodes['b'].port}")
        self.assertRegex(asked.stdout, r'sight_regained .*"speaks_again_within_s":10')
        bridge.start()
        say()
        for n in p.nodes.values():
            n.wait(lambda n=n: [i["state"] for i in n.incidents()] == ["closed"], lambda n=n: f"{n.name}: its blindness is over, not {n.incidents()}")


class vantages(vantages_case, unittest.TestCase):
    pass


class vantages_on_a_broker(vantages_case, unittest.TestCase):
    real = True


class killed(killed_case, unittest.TestCase):
    pass


class killed_on_a_broker(killed_case, unittest.TestCase):
    real = True


if __name__ == "__main__":
    main()
