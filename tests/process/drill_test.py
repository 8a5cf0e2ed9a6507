"""A drill: a node whose recorded time begins where it is told to and goes many times as fast, and goes on there when it is started anew."""
import datetime
import time
import unittest

from receivers import Hook
from support import Node, heartbeat, main

FEED = "  - {name: feed, kind: jsonl, address: \"127.0.0.1:0\"}"
RULES = """
rules:
  heartbeat: {mode: fixed, period: 90s, lost_after: 30m}
groups: {wait: 30s, close_after: 60s, sight_grace: 0s, config_drift: false}
self: {canary: {every: 0s}}
"""
SPEED = 600
T0 = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)


class drill(unittest.TestCase):
    def test_what_takes_half_an_hour_is_said_in_seconds_at_its_recorded_time(self):
        hook = Hook(self)
        begins = datetime.datetime.now(datetime.timezone.utc)
        clock = f"{T0.isoformat()}@{begins.isoformat()}x{SPEED}"
        n = Node(self, FEED, more=RULES + "receivers:\n" + hook.settings(), arguments=["--clock", clock]).start()
        self.assertIn("warning drill", n.log())
        self.assertIn(f"speed={SPEED}", n.log())
        self.assertEqual(n.metric("tocsin_clock_speed"), SPEED)
        feed = n.connect()
        for host in ("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"):
            feed.sendall(heartbeat(host, 10).encode())
        n.wait(lambda: n.metric("tocsin_daemons") == 4, "heard")
        n.durable(4)
        heard = self.recorded(begins)
        n.kill()  # who is started anew goes on in time
        n.start()
        feed = n.connect()
        alive = lambda: feed.sendall("".join(heartbeat(f"10.0.0.{i}", 20) for i in (2, 3, 4)).encode())

        def lost():
            alive()
            return [i for i in n.incidents() if i["cause"]["subject"] == "rvd/10.0.0.1/7500"]
        one = n.wait(lost, "said to be lost")[0]
        at = datetime.datetime.fromisoformat(one["at"].replace("Z", "+00:00")[:19] + "+00:00")
        self.assertGreater(at, heard + datetime.timedelta(minutes=29))
        self.assertLess(at, self.recorded(begins) + datetime.timedelta(seconds=1))
        headers, body, _ = hook.seen(1)[0]
        self.assertTrue(body["alerts"][0]["startsAt"].startswith("2026-01-01T"), body)
        self.assertLess(abs(int(headers["webhook-timestamp"]) - time.time()), 60, "a receiver compares it with its own clock")

    def recorded(self, begins):
        return T0 + (datetime.datetime.now(datetime.timezone.utc) - begins) * SPEED

    def test_without_it_time_is_the_machines(self):
        n = Node(self, FEED).start()
        self.assertNotIn(" drill", n.log())
        self.assertEqual(n.metric("tocsin_clock_speed"), 1)


if __name__ == "__main__":
    main()
