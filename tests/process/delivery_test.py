"""What is said: mail and webhook at real receivers, once, whatever these answer."""
import email.utils
import unittest

from receivers import Hook, Mailbox
from support import QUICK_RULES, Node, heartbeat, main

FEED = "  - {name: feed, kind: jsonl, address: \"127.0.0.1:0\"}"


def started(test, *receivers, **options):
    node = Node(test, FEED, more=QUICK_RULES + "receivers:\n" + "".join(receivers), **options).start()
    node.feed = node.connect()
    return node


def say(node, host, clients, up=100):
    node.feed.sendall(heartbeat(host, up, cc=clients).encode())


class mail(unittest.TestCase):
    def test_opened_and_closed_are_one_thread(self):
        box = Mailbox(self)
        node = started(self, box.settings())
        say(node, "10.0.0.1", 97)
        first = box.seen(1)[0]
        say(node, "10.0.0.1", 3)
        second = box.seen(2)[1]
        incident = node.wait(lambda: node.incidents("closed"), "closed")[0]
        for m in (first, second):
            self.assertEqual((m["from"], m["to"]), ("tocsin@fab.example", ["shift@fab.example"]))
            self.assertEqual(m["type"], "multipart/alternative")
            self.assertEqual([p["type"] for p in m["parts"]], ["text/plain", "text/html"])
            self.assertEqual(m["headers"]["X-Tocsin-Incident"], incident["id"])
            self.assertIsNotNone(email.utils.parsedate_to_datetime(m["headers"]["Date"]))
            self.assertEqual((m["defects"], m["ascii"], m["bare_line_ends"]), ([], True, 0))
            self.assertLessEqual(m["longest_line"], 998)
            for part in m["parts"]:
                self.assertIn("10.0.0.1/7500", part["text"])
        thread = first["headers"]["Message-ID" if "Message-ID" in first["headers"] else "Message-Id"]
        self.assertNotIn("In-Reply-To", first["headers"])
        self.assertEqual((second["headers"]["In-Reply-To"], second["headers"]["References"]), (thread, thread))
        self.assertNotEqual(second["headers"]["Message-Id"], thread)
        self.assertIn("almost out of clients: 97 of 100", first["headers"]["Subject"])
        node.wait(lambda: node.metric("tocsin_notifications_delivered_total") == 2, "the ledger knows")
        self.assertEqual(len(box.mails), 2)

    def test_refused_for_good_is_told_and_given_up(self):
        box = Mailbox(self, "--script", "data_554")
        node = started(self, box.settings())
        say(node, "10.0.0.1", 97)
        node.wait(lambda: node.metric("tocsin_notifications_dead_total") == 1, "given up")
        ledger = lambda: node.json("/api/v1/incidents/" + node.incidents()[0]["id"])["notifications"]
        node.wait(lambda: [n["state"] for n in ledger()] == ["dead"], ledger)  # counted first, then written down
        self.assertIn("looks like spam", str(ledger()))
        self.assertIn("notification_dead", node.log())

    def test_busy_mailbox_is_tried_again(self):
        box = Mailbox(self, "--script", "data_451")
        node = started(self, box.settings())
        say(node, "10.0.0.1", 97)
        node.wait(lambda: node.metric("tocsin_notification_retries_total") >= 2, "tried again")
        self.assertEqual(node.metric("tocsin_notifications_waiting"), 1)


class webhook(unittest.TestCase):
    def test_alertmanager_message_firing_then_resolved(self):
        hook = Hook(self)
        node = started(self, hook.settings())
        say(node, "10.0.0.1", 97)
        hook.seen(1)
        say(node, "10.0.0.1", 3)
        (h1, first, _), (h2, second, _) = hook.seen(2)
        incident = node.wait(lambda: node.incidents("closed"), "closed")[0]
        for body, status in ((first, "firing"), (second, "resolved")):
            self.assertEqual((body["version"], body["status"], body["receiver"]), ("4", status, "hook"))
            self.assertEqual(body["groupKey"], first["groupKey"])
            self.assertEqual(body["truncatedAlerts"], 0)
            self.assertEqual(len(body["alerts"]), 1)
            alert = body["alerts"][0]
            self.assertEqual(alert["status"], status)
            self.assertEqual(alert["fingerprint"], first["alerts"][0]["fingerprint"])
            self.assertEqual(alert["startsAt"], incident["since"])
            self.assertEqual(alert["labels"], {"alertname": "clients_critical", "severity": "critical", "incident": incident["id"],
                                               "subject": "rvd/10.0.0.1/7500", "group": "segment/7500/",
                                               "host": "10.0.0.1", "service": "7500"})
            self.assertEqual(body["commonLabels"], alert["labels"])
            self.assertEqual(body["groupLabels"], {"incident": incident["id"]})
            self.assertEqual(set(alert["annotations"]), {"summary", "description", "response"})
        self.assertEqual(first["alerts"][0]["endsAt"], "0001-01-01T00:00:00Z")
        self.assertEqual(second["alerts"][0]["endsAt"], incident["until"])
        self.assertEqual(h1["Content-Type"], "application/json")
        self.assertNotEqual(h1["Idempotency-Key"], h2["Idempotency-Key"])
        self.assertEqual(h1["webhook-id"], h1["Idempotency-Key"])

    def test_failing_receiver_gets_the_same_again_and_takes_it_once(self):
        hook = Hook(self, [(500, {}), (429, {"Retry-After": "2"}), (503, {})])
        node = started(self, hook.settings())
        say(node, "10.0.0.1", 97)
        requests = hook.seen(4)
        node.wait(lambda: node.metric("tocsin_notifications_delivered_total") == 1, "the ledger knows")
        self.assertEqual(len({h["Idempotency-Key"] for h, _, _ in requests}), 1)
        self.assertEqual(len({str(body) for _, body, _ in requests}), 1)
        self.assertEqual([status for _, _, status in requests], [500, 429, 503, 200])
        self.assertEqual((node.metric("tocsin_notification_retries_total"), node.metric("tocsin_notifications_waiting")), (3, 0))
        ledger = node.json("/api/v1/incidents/" + node.incidents()[0]["id"])["notifications"][0]
        self.assertEqual((ledger["state"], ledger["id"]), ("delivered", requests[0][0]["Idempotency-Key"]))
        self.assertGreaterEqual(hook.times[2] - hook.times[1], 2, "Retry-After is kept")

    def test_refused_for_good_is_not_repeated(self):
        hook = Hook(self, [(401, {})])
        node = started(self, hook.settings())
        say(node, "10.0.0.1", 97)
        node.wait(lambda: node.metric("tocsin_notifications_dead_total") == 1, "given up")
        say(node, "10.0.0.2", 97)
        node.wait(lambda: node.metric("tocsin_notifications_delivered_total") == 1, "the next one is taken")
        self.assertEqual([s for _, _, s in hook.requests], [401, 200])

    def test_receiver_that_is_down_does_not_delay_another(self):
        down = Hook(self)
        down.close()
        hook = Hook(self)
        node = started(self, down.settings("down"), hook.settings("up"))
        for n in range(1, 6):
            say(node, f"10.0.0.{n}", 97)
        def about(kind):
            return [b for _, b, _ in hook.requests if b["commonLabels"]["subject"].startswith(kind)]
        node.wait(lambda: len(about("rvd/")) == 5, "told of all")
        # And that the other receiver fails: by the one that works.
        node.wait(lambda: about("receiver/down"), "told that a receiver fails")
        self.assertEqual(about("receiver/down")[0]["commonLabels"]["alertname"], "self_check")
        self.assertEqual(len(set(hook.taken())), 6)
        self.assertEqual(node.metric("tocsin_notifications_delivered_total"), 6)
        self.assertEqual(node.metric("tocsin_notifications_waiting"), 5)
        self.assertIn("notification_retry receiver=down", node.log())

    def test_receiver_that_works_again_after_a_restart_or_reload_is_no_incident_any_more(self):
        for ended in ("kill", "reload"):
            with self.subTest(ended):
                hook = Hook(self, [(503, {})] * 1000)
                breaker = ", breaker: {failures: 1, pause: 1h, pause_max: 1h}"
                node = started(self, hook.settings(more=breaker))
                say(node, "10.0.0.1", 97)
                def about_it(state):
                    return [i for i in node.incidents(state) if i["cause"]["subject"] == "receiver/hook"]
                node.wait(lambda: about_it("open"), "it fails")
                hook.answers.clear()
                if ended == "kill":
                    node.kill()
                    node.start()
                else:
                    node.reload()
                node.wait(lambda: about_it("closed"), "it works")
                self.assertEqual(about_it("open"), [])
                self.assertEqual(node.metric("tocsin_receiver_breaker_state", '{receiver="hook"}'), 0)

    def test_receiver_that_hangs_does_not_delay_another(self):
        slow = Hook(self)
        slow.hold.clear()
        hook = Hook(self)
        node = started(self, slow.settings("slow"), hook.settings("up"))
        say(node, "10.0.0.1", 97)
        slow.reached.wait(30)
        say(node, "10.0.0.2", 97)
        self.assertEqual(len(set(h["Idempotency-Key"] for h, _, _ in hook.seen(2))), 2)
        slow.hold.set()

    def test_only_what_is_severe_enough_and_the_end_only_when_wanted(self):
        hook = Hook(self)
        quiet = Hook(self)
        node = started(self, hook.settings("all", ", least: warning"), quiet.settings("night", ", least: critical, send_closed: false"))
        say(node, "10.0.0.1", 85)
        hook.seen(1)
        say(node, "10.0.0.1", 97)
        hook.seen(2)
        say(node, "10.0.0.1", 3)
        hook.seen(3)
        node.wait(lambda: node.metric("tocsin_notifications_waiting") == 0, "all is delivered")
        self.assertEqual([b["alerts"][0]["labels"]["severity"] for _, b, _ in hook.requests][:2], ["warning", "critical"])
        self.assertEqual([b["status"] for _, b, _ in quiet.requests], ["firing"])


if __name__ == "__main__":
    main()
