"""What is kept: kill -9 under load, at many moments, and nothing acknowledged is lost or said twice."""
import collections
import json
import random
import sqlite3
import threading
import time
import unittest

from receivers import Hook
from support import DEADLINE, QUICK_RULES, Node, heartbeat, json_lines, main, tocsin, wait_for

FEED = "  - {name: feed, kind: jsonl, address: \"127.0.0.1:0\"}"
ROUNDS = 16
HOSTS = 40


class Load:
    """Sends heartbeats as fast as they are taken; every so often a daemon runs out of clients or recovers."""

    def __init__(self, connection, seed):
        self.connection, self.random = connection, random.Random(seed)
        self.sent = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            while not self.over.is_set():
                block = []
                for _ in range(20):
                    self.sent += 1
                    clients = self.random.choice((3, 3, 3, 97)) if self.random.random() < 0.02 else 50
                    block.append(heartbeat(f"10.0.0.{self.random.randrange(HOSTS)}", 100 + self.sent, cc=clients))
                self.connection.sendall("".join(block).encode())
        except OSError:
            pass  # killed: that is the test

    def stop(self):
        self.over.set()
        self.connection.close()
        self.thread.join(DEADLINE)


def journal_count(node):
    """Records in the journal, time marks and sight included, as the database says it."""
    with sqlite3.connect(f"file:{node.data_dir}/tocsin.db?mode=ro", uri=True) as db:
        found = db.execute("SELECT COALESCE(SUM(count), 0) FROM journal").fetchone()[0]
    db.close()
    return found


class kill_under_load(unittest.TestCase):
    def setUp(self):
        self.hook = Hook(self)
        # Each by itself: in a digest nobody could count them.
        self.node = Node(self, FEED, more=QUICK_RULES + "receivers:\n" + self.hook.settings(more=", flood: {start: 0}"))
        self.random = random.Random(20260101)

    def live_and_die(self, seed):
        """One life; gives what was acknowledged when it ended."""
        node = self.node.start()
        before = node.metric("tocsin_journal_records_total")
        load = Load(node.connect(), seed)
        if seed % 3 == 0:
            self.hook.seen(len(self.hook.requests) + self.random.randrange(1, 6))  # in the middle of deliveries
        else:
            node.durable(before + self.random.randrange(1, 4000))
        acknowledged = node.metric("tocsin_journal_records_total")
        node.kill()
        load.stop()
        return acknowledged

    def die_while_starting(self):
        """Once at once, and once when the journal has just been read."""
        self.node.spawn()
        self.node.kill()
        begin = self.node.spawn()
        self.node.wait(lambda: "state_folded" in self.node.log()[begin:], "read")
        self.node.kill()

    def test_nothing_acknowledged_is_lost_and_nothing_is_said_twice(self):
        kept = 0
        for seed in range(ROUNDS):
            acknowledged = self.live_and_die(seed)
            now = journal_count(self.node)
            self.assertGreaterEqual(now, kept + acknowledged, f"life {seed}")
            kept = now
            if seed % 2:
                self.die_while_starting()
        node = self.node.start()
        node.wait(lambda: node.metric("tocsin_notifications_waiting") == 0, "everything is delivered")
        self.assertEqual(node.json("/api/v1/daemons")["known"], HOSTS)
        self.assertGreater(len(self.hook.requests), 10, "the load must make incidents")
        self.check_deliveries(node)
        self.assertEqual(node.stop(), 0)
        self.check_replay(node)

    def check_deliveries(self, node):
        """Every notification once; after a kill between the answer and the ledger the same id may come again."""
        taken = collections.Counter(self.hook.taken())
        ledger = {}
        for incident in node.incidents():
            for n in node.json("/api/v1/incidents/" + incident["id"])["notifications"]:
                ledger[n["id"]] = n["state"]
        self.assertEqual(set(ledger.values()), {"delivered"})
        self.assertEqual(set(taken), set(ledger))
        self.assertLessEqual(taken.total() - len(taken), node.kills, "at most the one that was under way at each kill")
        bodies = {}
        for headers, body, _ in self.hook.requests:
            self.assertEqual(bodies.setdefault(headers["Idempotency-Key"], body), body, "the same id is the same message")

    def check_replay(self, node):
        """The journal of all lives tells the incidents that were told."""
        done = tocsin("replay", "--format", "journal", "--input", node.data_dir + "/tocsin.db", "--config", node.config)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        told = {i["id"] for i in json_lines(done.stdout)}
        with sqlite3.connect(f"file:{node.data_dir}/tocsin.db?mode=ro", uri=True) as db:
            stored = {row[0] for row in db.execute("SELECT id FROM incidents")}
        db.close()
        self.assertEqual(told, stored)


class restart(unittest.TestCase):
    RULES = """
rules:
  heartbeat: {mode: fixed, period: 1s, lost_after: 2s}
  clients: {limit: 100}
groups: {wait: 0s, close_after: 0s, sight_grace: 0s, config_drift: false}
"""

    def test_open_incidents_stay_open_under_their_id(self):
        hook = Hook(self)
        node = Node(self, FEED, more=QUICK_RULES + "receivers:\n" + hook.settings()).start()
        feed = node.connect()
        for n in range(3):
            feed.sendall(heartbeat(f"10.0.0.{n}", 100, cc=97).encode())
        node.wait(lambda: node.metric("tocsin_notifications_delivered_total") == 3, "told")
        before = {i["id"]: i for i in node.incidents("open")}
        for _ in range(3):
            node.kill()
            node.start()
            self.assertEqual({i["id"]: i for i in node.incidents("open")}, before)
            groups = node.json("/api/v1/groups")["groups"]
            self.assertEqual({i["id"] for g in groups for i in g["open"]}, set(before))
        node.connect().sendall(heartbeat("10.0.0.1", 200, cc=3).encode())
        closed = node.wait(lambda: node.incidents("closed"), "the end is told by the incident's own id")
        self.assertIn(closed[0]["id"], before)
        hook.seen(4)
        self.assertEqual(collections.Counter(hook.taken()).most_common(1)[0][1], 1, "each once")

    def test_gap_of_the_restart_is_blind_and_nobody_is_said_dead(self):
        node = Node(self, FEED, more=self.RULES).start()
        feed = node.connect()
        hosts = [f"10.0.0.{n}" for n in range(5)]
        for host in hosts:
            feed.sendall(heartbeat(host, 100, cc=3).encode())
        node.wait(lambda: node.metric("tocsin_journal_records_total") >= 5, "durable")
        node.kill()
        killed = time.monotonic()
        wait_for(lambda: time.monotonic() > killed + 2.5, "longer than lost_after nobody listens")
        node.start()
        feed = node.connect()
        for host in hosts:
            feed.sendall(heartbeat(host, 103, cc=3).encode())
        node.wait(lambda: all(d["heartbeats"] == 2 for d in node.json("/api/v1/daemons")["daemons"]), "heard again")
        self.assertEqual(node.incidents(), [])
        self.assertEqual({d["state"] for d in node.json("/api/v1/daemons")["daemons"]}, {"alive"})
        silent = node.wait(lambda: node.incidents("open"), "and from now on a silence is one")
        self.assertIn(silent[0]["cause"]["kind"], ("segment_silent", "heartbeat_lost", "sight_lost"))

    def test_what_waited_in_the_outbox_is_delivered_by_the_next_life(self):
        hook = Hook(self, [(503, {})] * 1000)
        node = Node(self, FEED, more=QUICK_RULES + "receivers:\n" + hook.settings()).start()
        feed = node.connect()
        feed.sendall("".join(heartbeat(f"10.0.0.{n}", 100, cc=97) for n in range(4)).encode())
        hook.seen(4)
        node.kill()
        hook.answers.clear()
        node.start()
        node.wait(lambda: node.metric("tocsin_notifications_delivered_total") == 4, "delivered after all")
        self.assertEqual(len(set(hook.taken())), 4)
        self.assertEqual(set(hook.taken()), {h["Idempotency-Key"] for h, _, _ in hook.requests})
        self.assertIn("outbox_resumed notifications=4", node.log())

    def test_clean_stop_and_start_repeat_nothing(self):
        hook = Hook(self)
        node = Node(self, FEED, more=QUICK_RULES + "receivers:\n" + hook.settings(), snapshot="1h").start()
        node.connect().sendall(heartbeat("10.0.0.1", 100, cc=97).encode())
        node.wait(lambda: node.metric("tocsin_notifications_delivered_total") == 1, "told")
        self.assertEqual(node.stop(), 0)
        node.start()
        self.assertRegex(node.log(), r"state_folded from_offset=[1-9]\d* records=[0-3]\b", "the snapshot of the stop is used")
        self.assertEqual((len(node.incidents("open")), len(hook.requests)), (1, 1))
        self.assertEqual(node.json("/api/v1/daemons/10.0.0.1/7500")["clients"], 97)

    def test_journal_of_a_run_tells_the_same_again(self):
        node = Node(self, FEED, more=self.RULES, arguments=["--emit", "incidents"]).start()
        feed = node.connect()
        feed.sendall("".join(heartbeat(f"10.0.0.{n}", 100, cc=97 if n % 2 else 3) for n in range(6)).encode())
        node.wait(lambda: any(i["cause"]["kind"] in ("segment_silent", "sight_lost") for i in node.incidents()), "all fall silent")
        feed.sendall("".join(heartbeat(f"10.0.0.{n}", 110, cc=3) for n in range(6)).encode())
        node.wait(lambda: not node.incidents("open"), "all is well again")
        self.assertEqual(node.stop(), 0)
        said = [json.dumps(i) for i in node.out()]
        again = tocsin("replay", "-f", "journal", "-i", node.data_dir + "/tocsin.db", "-c", node.config)
        # Names of vantage points belong to a run; the journal has their numbers.
        plain = [json.dumps(i) for i in json_lines(again.stdout)]
        self.assertEqual(plain, said)


if __name__ == "__main__":
    main()
