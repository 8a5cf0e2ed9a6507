"""A native RV source against a Rendezvous daemon: heard, out of sight, in sight again."""
import json
import re
import subprocess
import threading
import unittest

from samples import SUBJECT_87
from support import DEADLINE, Node, binary, free_ports, heartbeat, main

RULES = """
rules:
  heartbeat: {mode: fixed, period: 1s, lost_after: 3s}
  clients: {limit: 100}
groups: {wait: 0s, close_after: 0s, sight_grace: 100ms, config_drift: false}
"""


class Rvd:
    """tocsin-test-rvd, fed line by line."""

    def __init__(self, test, port=None):
        """`port`: of one that was there before."""
        self.process = subprocess.Popen([binary("TOCSIN_TEST_RVD"), "--linger", "--port", str(port or free_ports(1)[0])], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        test.addCleanup(self.close)
        found = re.search(r"listening on .*:(\d+)", self.process.stdout.readline())
        self.port = int(found.group(1))

    def say(self, *lines):
        self.process.stdin.write("".join(lines))
        self.process.stdin.flush()

    def close(self):
        self.process.kill()
        self.process.wait(DEADLINE)
        for stream in (self.process.stdin, self.process.stdout):
            try:
                stream.close()
            except BrokenPipeError:
                pass  # what was not yet written to a killed daemon


class Fleet:
    """Daemons that go on saying heartbeats while somebody listens or not."""

    def __init__(self, test, rvd, hosts):
        self.rvd, self.hosts, self.up = rvd, hosts, 100
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        test.addCleanup(self.stop)

    def run(self):
        while not self.over.wait(0.2):
            self.up += 1
            try:
                self.rvd.say(*(heartbeat(h, self.up, cc=4, network="") for h in self.hosts))
            except (BrokenPipeError, ValueError):
                pass  # the RV daemon is away just now

    def stop(self):
        self.over.set()
        self.thread.join(DEADLINE)


def source(port):
    return (f"  - {{name: area, kind: rv, daemon: \"127.0.0.1:{port}\", service: \"7500\", "
            "reconnect: {min: 50ms, max: 200ms}}")


class native_source(unittest.TestCase):
    def test_heartbeats_are_heard(self):
        rvd = Rvd(self)
        node = Node(self, source(rvd.port)).start()
        node.wait(lambda: node.source("area")["state"] == "listening", "listens")
        rvd.say(heartbeat("10.98.163.137", 990, ver="8.7.0", cc=4, rli=60.0, ms=1915, network=""))
        node.wait(lambda: node.metric("tocsin_daemons") == 1, "heard")
        daemon = node.json("/api/v1/daemons")["daemons"][0]
        self.assertEqual((daemon["subject"], daemon["version"], daemon["clients"]), (SUBJECT_87, "8.7.0", 4))

    def test_words_that_are_no_business_of_ours_are_ignored(self):
        rvd = Rvd(self)
        node = Node(self, source(rvd.port)).start()
        node.wait(lambda: node.source("area")["state"] == "listening", "listens")
        rvd.say(json.dumps({"subject": "_RV.INFO.SYSTEM.LISTEN.START.A.B", "message": {"id": "x"}}) + "\n")
        node.wait(lambda: node.source("area")["ignored"] >= 1, "ignored")
        self.assertEqual((node.source("area")["errors"], node.json("/api/v1/daemons")["known"]), (0, 0))

    def test_daemon_that_vanishes_is_lost_sight_and_no_dead_daemons(self):
        hosts = [f"10.0.0.{n}" for n in range(1, 6)]
        rvd = Rvd(self)
        node = Node(self, source(rvd.port), more=RULES, arguments=["--emit", "incidents"]).start()
        node.wait(lambda: node.source("area")["state"] == "listening", "listens")
        fleet = Fleet(self, rvd, hosts)
        node.wait(lambda: node.metric("tocsin_daemons") == len(hosts), "all are heard")
        rvd.close()
        lost = node.wait(lambda: node.incidents("open"), "lost sight is told")
        self.assertEqual([(i["cause"]["kind"], i["member_count"]) for i in lost], [("sight_lost", len(hosts))])
        self.assertEqual(node.source("area")["state"], "lost")
        # Longer than lost_after: a silence that were judged would be told by then.
        noticed = node.metric("tocsin_uptime_seconds")
        node.wait(lambda: node.metric("tocsin_uptime_seconds") > noticed + 6, "blind for twice lost_after")
        self.assertEqual([i["cause"]["kind"] for i in node.incidents()], ["sight_lost"])

        again = Rvd(self, rvd.port)
        fleet.rvd = again
        node.wait(lambda: node.source("area")["state"] == "listening", "listens again")
        node.wait(lambda: not node.incidents("open"), "sight is back, the incident ends")
        node.wait(lambda: all(d["state"] == "alive" for d in node.json("/api/v1/daemons")["daemons"]), "all live")
        self.assertEqual([(i["cause"]["kind"], i["state"]) for i in node.incidents()], [("sight_lost", "closed")])
        self.assertEqual(node.metric("tocsin_source_reconnects_total", '{source="area",kind="rv"}'), 1)

    def test_who_died_while_nobody_looked_is_told_after(self):
        rvd = Rvd(self)
        node = Node(self, source(rvd.port), more=RULES).start()
        node.wait(lambda: node.source("area")["state"] == "listening", "listens")
        fleet = Fleet(self, rvd, ["10.0.0.1", "10.0.0.2", "10.0.0.3"])
        node.wait(lambda: node.metric("tocsin_daemons") == 3, "all are heard")
        rvd.close()
        node.wait(lambda: node.incidents("open"), "lost sight is told")
        fleet.hosts = ["10.0.0.1", "10.0.0.2"]
        fleet.rvd = Rvd(self, rvd.port)

        def silent():
            return [i["cause"] for i in node.incidents("open") if i["cause"]["kind"] == "heartbeat_lost"]
        self.assertEqual([c["subject"] for c in node.wait(silent, "the dead one is told")], ["rvd/10.0.0.3/7500"])

    def test_daemon_that_is_not_there_at_the_start(self):
        rvd = Rvd(self)
        rvd.close()
        node = Node(self, source(rvd.port), more=RULES).start()
        node.wait(lambda: node.source("area")["state"] == "lost", "not connected")
        self.assertRegex(node.source("area")["detail"], r"refused")
        told = node.wait(lambda: node.incidents("open"), "told")
        self.assertEqual([i["cause"] for i in told], [{"kind": "sight_lost", "subject": "vantage/area", "probability": 1}])
        again = Rvd(self, rvd.port)
        Fleet(self, again, ["10.0.0.1"])
        node.wait(lambda: node.metric("tocsin_daemons") == 1, "heard")
        node.wait(lambda: not node.incidents("open"), "ended")

    def test_started_again_while_the_rv_daemon_is_away(self):
        rvd = Rvd(self)
        node = Node(self, source(rvd.port), more=RULES).start()
        node.wait(lambda: node.source("area")["state"] == "listening", "listens")
        Fleet(self, rvd, ["10.0.0.1", "10.0.0.2"])
        node.wait(lambda: node.metric("tocsin_journal_records_total") > 4, "heard")
        rvd.close()
        node.kill()
        node.start()
        told = node.wait(lambda: node.incidents("open"), "we are blind, and say so")
        self.assertEqual([(i["cause"]["kind"], i["member_count"]) for i in told], [("sight_lost", 2)])


class test_daemon(unittest.TestCase):
    def test_wrong_use_is_told(self):
        done = subprocess.run([binary("TOCSIN_TEST_RVD"), "--port", "x"], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, "not understood" in done.stderr), (2, True))

    def test_ends_with_its_input(self):
        rvd = subprocess.run([binary("TOCSIN_TEST_RVD"), "--port", "0"], input=heartbeat("10.0.0.1", 1), text=True,
                             capture_output=True, timeout=DEADLINE, check=False)
        self.assertEqual(rvd.returncode, 0, rvd.stderr)


if __name__ == "__main__":
    main()
