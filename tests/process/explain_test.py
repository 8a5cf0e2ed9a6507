"""Why was I told, or not? And dead letters that are sent again."""
import json
import unittest

from receivers import Hook
from support import QUICK_RULES, Node, heartbeat, main

FEED = "  - {name: feed, kind: jsonl, address: \"127.0.0.1:0\"}"


def started(test, *receivers, more=""):
    node = Node(test, FEED, more=QUICK_RULES + more + "receivers:\n" + "".join(receivers)).start()
    node.connect().sendall(heartbeat("10.0.0.1", 100, cc=97).encode())
    node.id = node.wait(lambda: node.incidents("open"), "opened")[0]["id"]
    return node


class explain(unittest.TestCase):
    def test_told_and_route_mismatch(self):
        one, two = Hook(self), Hook(self)
        node = started(self, one.settings("one"), two.settings("two"),
                       more="route: {receiver: one, routes: [{receiver: two, matchers: [\"severity=info\"]}]}\n")
        one.seen(1)
        node.wait(lambda: node.metric("tocsin_notifications_delivered_total") == 1, "delivered")
        told = node.command("explain", node.id, "--not-notified", "one")
        self.assertEqual(told.returncode, 1, told.stdout + told.stderr)
        done = node.command("explain", node.id, "--not-notified", "two", "--recompute", "-o", "json")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        said = json.loads(done.stdout)
        self.assertEqual(said["not_notified"]["stopped_by"], "route")
        self.assertIn("severity", said["not_notified"]["because"])
        self.assertTrue(said["recomputed"]["agrees"], said["recomputed"])
        self.assertEqual(said["journal"]["records"][-1]["values"]["cc"], 97)

    def test_dead_is_sent_again_with_the_same_id(self):
        hook = Hook(self, [(400, {})])
        node = started(self, hook.settings())
        node.wait(lambda: node.metric("tocsin_notifications_dead_total") == 1, "dead")
        self.assertIn("delivery stopped it", node.command("explain", node.id, "--not-notified", "hook").stdout)
        self.assertIn("1 notifications", node.command("notifications", "redrive", "--receiver", "hook").stdout)
        first, second = hook.seen(2)
        self.assertEqual(first[0]["Idempotency-Key"], second[0]["Idempotency-Key"])
        node.wait(lambda: "delivered" in node.command("notifications", "list").stdout, "delivered")


if __name__ == "__main__":
    main()
