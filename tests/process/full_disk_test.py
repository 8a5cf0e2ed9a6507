"""A disk that fills under a running node: everybody is told all the same, it says what it could not keep, and goes on when there is room."""
import errno
import os
import subprocess
import sys
import unittest

from fab import PARTITIONS, Plant, keep_logs
from kafka import kafka_test_case
from receivers import Hook
from support import QUICK_RULES, Node, heartbeat, main

FEED = "  - {name: feed, kind: jsonl, address: \"127.0.0.1:0\"}"
# Disks of our own, which go when we end: in a mount namespace of root's, or of a user who may have one.
WAYS = (["unshare", "-m"], ["unshare", "-r", "-m"])
INSIDE = "TOCSIN_TEST_OWN_MOUNTS"
SIZE = "16m"


class Disk:
    """A small one at `where`."""

    def __init__(self, test, where):
        if INSIDE not in os.environ:
            raise unittest.SkipTest("no file system can be mounted here")
        os.makedirs(where, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", where], check=True)
        test.addCleanup(subprocess.run, ["umount", "-l", where], check=True)
        self.ballast = os.path.join(where, "ballast")

    def fill(self):
        with open(self.ballast, "wb", buffering=0) as file:
            for size in (65536, 4096, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError as e:
                    if e.errno != errno.ENOSPC:
                        raise

    def make_room(self):
        os.remove(self.ballast)


class alone(unittest.TestCase):
    def test_people_are_told_and_what_is_not_kept_is_said(self):
        hook = Hook(self)
        node = Node(self, FEED, more=QUICK_RULES + "receivers:\n" + hook.settings(more=", flood: {start: 0}"))
        disk = Disk(self, node.data_dir)
        node.start()
        feed = node.connect()
        say = lambda *hosts: feed.sendall("".join(heartbeat(f"10.0.0.{n}", 10, cc=97) for n in hosts).encode())
        told = lambda: {alert["labels"]["subject"] for _, body, _ in list(hook.requests) for alert in body["alerts"]}
        subjects = lambda *hosts: {f"rvd/10.0.0.{n}/7500" for n in hosts}
        say(1)
        node.wait(lambda: told() == subjects(1), lambda: f"told of the first, not {told()}")
        disk.fill()
        say(*range(2, 40))
        node.wait(lambda: told() == subjects(*range(1, 40)), lambda: f"told of all, not {sorted(told())}")
        node.wait(lambda: node.metric("tocsin_journal_failures_total") > 0, "what was refused is counted")
        self.assertIn("store_refused", node.log())
        self.assertEqual(len(node.json("/api/v1/daemons")["daemons"]), 39, "judged all the same")
        self.assertGreater(node.metric("tocsin_stories_waiting"), 0)
        disk.make_room()
        node.wait(lambda: {i["cause"]["subject"] for i in node.incidents()} == subjects(*range(1, 40)), "all incidents are in the list")
        self.assertEqual((node.metric("tocsin_stories_waiting"), node.metric("tocsin_stories_dropped_total")), (0, 0))
        kept = node.metric("tocsin_journal_records_total")
        say(40)
        node.wait(lambda: node.metric("tocsin_journal_records_total") > kept, "kept again")
        node.wait(lambda: told() == subjects(*range(1, 41)), "told of the last")
        self.assertEqual(node.stop(), 0)
        node.start()
        self.assertEqual({i["cause"]["subject"] for i in node.incidents()}, subjects(*range(1, 41)), "what was kept is there")
        node.stop()


    def test_who_is_still_to_be_told_is_told_after_a_reload(self):
        hook = Hook(self)
        node = Node(self, FEED, more=QUICK_RULES + "receivers:\n" + hook.settings(more=", flood: {start: 0}"))
        disk = Disk(self, node.data_dir)
        node.start()
        feed = node.connect()
        disk.fill()
        hook.answers = [(503, {})] * 1000
        feed.sendall(heartbeat("10.0.0.1", 10, cc=97).encode())
        hook.seen(1)
        node.wait(lambda: "notification_retry" in node.log(), "it is tried again later")
        node.reload()
        node.wait(lambda: " info reloaded " in node.log(), "reloaded")
        tried = len(hook.requests)
        hook.answers = []
        hook.seen(tried + 1)
        node.wait(hook.taken, "told after the reload")
        self.assertEqual(set(hook.taken()), {headers["Idempotency-Key"] for headers, _, _ in hook.requests}, "under one id")
        self.assertGreater(node.metric("tocsin_stories_waiting"), 0, "and the disk has still no room")
        node.stop()


class in_a_cluster(kafka_test_case, unittest.TestCase):
    def plant(self):
        kafka = self.cluster(inputs=PARTITIONS, cluster=1, snapshots=PARTITIONS)
        p = Plant(self, kafka, size=60)
        self.addCleanup(lambda: keep_logs(p.nodes.values()))
        disks = {name: Disk(self, n.data_dir) for name, n in p.nodes.items()}
        p.start()
        p.fleet.beat(2)
        return p, disks, p.leader()

    def test_the_others_have_it_and_it_has_it_again_when_there_is_room(self):
        p, disks, leader = self.plant()
        others = [n for n in p.nodes.values() if n is not leader]
        disks[leader.name].fill()
        p.fill(*range(30))
        p.die(30)
        p.check(others)
        leader.wait(lambda: leader.metric("tocsin_journal_failures_total") > 0, "what was refused is counted")
        self.assertIn("store_refused", leader.log())
        disks[leader.name].make_room()
        p.check()
        p.die(31)
        p.check()
        self.assertEqual(leader.stop(), 0)
        leader.start()
        p.settled()
        p.check()

    def test_of_full_disks_everywhere_and_a_leader_that_dies_nobody_is_left_untold(self):
        p, disks, leader = self.plant()
        others = [n for n in p.nodes.values() if n is not leader]
        for d in disks.values():
            d.fill()
        p.hook.answers = [(503, {})] * 10_000
        p.also = {"self_check"}  # the receiver fails
        p.fill(*range(10))
        tried = lambda: {subject for kind, subject, _ in p.told() if kind == "clients_critical"}
        leader.wait(tried, "the leader tries to tell")
        for n in others:
            n.wait(lambda n=n: n.metric("tocsin_notifications_total") >= 10, f"{n.name} knows what is to be told")
            self.assertGreater(n.metric("tocsin_stories_waiting"), 0)
        leader.kill()
        p.hook.answers = []
        wanted = {subject for _, subject in p.expected()}
        taken = lambda: {a["labels"]["subject"] for _, body, status in list(p.hook.requests) for a in body["alerts"] if status == 200} & wanted
        others[0].wait(lambda: taken() == wanted, lambda: f"told of all, not only of {sorted(taken())}", 60)
        for d in disks.values():
            d.make_room()
        p.check(others)
        for n in others:
            n.wait(lambda n=n: n.metric("tocsin_stories_waiting") == 0, f"{n.name} keeps everything")
            n.wait(lambda n=n: not n.json("/api/v1/notifications?state=waiting")["notifications"], f"{n.name} knows that all is told")
        leader.start()
        p.settled()
        p.check()


if __name__ == "__main__":
    if INSIDE not in os.environ:
        for way in WAYS:
            if subprocess.run([*way, "true"], capture_output=True, check=False).returncode == 0:
                os.execvpe(way[0], [*way, sys.executable, "-B", *sys.argv], {**os.environ, INSIDE: "yes"})
    main()
