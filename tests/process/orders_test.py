"""What people order a running node to do: acknowledge, shelve, silence, take out of service; and what it answers."""
import http.client
import json
import unittest

from receivers import Hook
from support import QUICK_RULES, Node, heartbeat, main

FEED = "  - {name: feed, kind: jsonl, address: \"127.0.0.1:0\"}"
ALARM = "clients_critical rvd/10.0.0.1/7500"


class order_case:
    more = ""

    def setUp(self):
        self.hook = Hook(self)
        self.node = Node(self, FEED, more=QUICK_RULES + "receivers:\n" + self.hook.settings() + self.more).start()
        self.feed = self.node.connect()

    def say(self, clients, host="10.0.0.1"):
        self.feed.sendall(heartbeat(host, 100, cc=clients).encode())

    def opened(self, host="10.0.0.1"):
        self.say(97, host)
        return self.node.wait(lambda: [i for i in self.node.incidents("open") if host in i["title"]], "opened")[0]["id"]

    def order(self, *arguments, code=0):
        done = self.node.command(*arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def alarm(self, key=ALARM):
        return next((a for a in self.node.json("/api/v1/alarms")["alarms"] if a["alarm"] == key), {"state": "normal"})

    def post(self, body, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.node.port, timeout=30)
        connection.request("POST", "/api/v1/orders", body, {"Content-Type": "application/json", **headers})
        try:
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()


class orders(order_case, unittest.TestCase):
    def test_acknowledged_by_command_line_and_returned_when_it_is_over(self):
        incident = self.opened()
        self.assertEqual(self.alarm()["state"], "unacknowledged")
        self.order("incidents", "acknowledge", incident, "--who", "ann", "--comment", "on my way")
        alarm = self.alarm()
        self.assertEqual((alarm["state"], alarm["acknowledged_by"], alarm["comment"]), ("acknowledged", "ann", "on my way"))
        listed = self.order("alarms", "list").stdout
        self.assertIn(ALARM, listed)
        self.assertIn("ann", listed)
        self.order("incidents", "unacknowledge", incident, "--who", "ann")
        self.assertEqual(self.alarm()["state"], "unacknowledged")
        self.say(3)
        self.node.wait(lambda: self.alarm()["state"] == "returned_unacknowledged", "over, and nobody had it")

    def test_shelved_alarm_stays_quiet_when_it_comes_again_and_over_a_kill(self):
        self.opened()
        self.hook.seen(1)
        self.order("alarms", "shelve", ALARM, "--who", "ann", "--comment", "licence ordered", "--for", "8h")
        self.say(3)
        self.hook.seen(2)  # whoever heard of the beginning hears of the end
        self.node.durable(self.node.metric("tocsin_records_total") and 1)
        self.node.kill()
        self.node.start()
        self.feed = self.node.connect()
        alarm = self.alarm()
        self.assertEqual((alarm["state"], alarm["shelved_by"], alarm["shelved_reason"]), ("shelved", "ann", "licence ordered"))
        self.opened()
        self.opened("10.0.0.2")
        self.hook.seen(3)
        subjects = [b["commonLabels"]["subject"] for _, b, _ in self.hook.requests]
        self.assertEqual(subjects[2], "rvd/10.0.0.2/7500")
        self.order("alarms", "unshelve", ALARM, "--who", "ann")
        self.hook.seen(4)
        self.assertEqual(self.hook.requests[3][1]["commonLabels"]["subject"], "rvd/10.0.0.1/7500")

    def test_silence_mutes_what_matches_until_it_is_expired(self):
        self.order("silences", "add", "host=10.0.0.1", "--who", "ann", "--comment", "moving it", "--for", "2h", "--id", "move")
        self.opened()
        self.opened("10.0.0.2")
        self.hook.seen(1)
        self.assertEqual(self.hook.requests[0][1]["commonLabels"]["host"], "10.0.0.2")
        self.assertIn("host=\"10.0.0.1\"", self.order("silences", "list").stdout)
        self.order("silences", "expire", "move", "--who", "ann")
        self.hook.seen(2)
        self.assertEqual(self.hook.requests[1][1]["commonLabels"]["host"], "10.0.0.1")
        self.assertEqual(self.node.json("/api/v1/silences")["silences"][0]["state"], "expired")

    def test_silences_that_overlap_are_told_and_both_hold(self):
        silence = ("--who", "ann", "--comment", "moving it", "--for", "2h")
        wide = self.order("silences", "add", "service=7500", *silence, "--id", "wide")
        self.assertEqual(wide.stderr, "")
        narrow = self.order("silences", "add", "host=10.0.0.1", "service=7500", *silence, "--id", "narrow")
        self.assertRegex(narrow.stderr, r"it overlaps: silence wide of ann until \S+ mutes all of this already")
        self.assertEqual(self.order("silences", "add", "host=10.0.0.2", *silence).stderr, "")
        again = self.order("silences", "add", "host=10.0.0.1", *silence, "--id", "again")
        self.assertRegex(again.stderr, "silence narrow of ann until .* is a part of this")
        self.order("silences", "expire", "wide", "--who", "ann")
        self.assertEqual({s["id"]: s["state"] for s in self.node.json("/api/v1/silences")["silences"]}["narrow"], "active")
        self.assertEqual(self.order("silences", "add", "service=7500", "host=10.0.0.7", *silence).stderr, "", "what has ended does not overlap")

    def test_out_of_service_by_pattern(self):
        self.order("alarms", "out-of-service", "rvd/10.0.0.*", "--who", "ann", "--comment", "maintenance")
        self.opened()
        self.assertEqual(self.alarm()["state"], "out_of_service")
        self.order("alarms", "return-to-service", "rvd/10.0.0.*", "--who", "ann")
        self.hook.seen(1)

    def test_what_cannot_be_obeyed_is_refused_with_reason_and_remedy(self):
        said = self.order("incidents", "acknowledge", "I000000000000", "--who", "ann", code=1).stderr
        self.assertIn("I000000000000", said)
        self.order("alarms", "shelve", ALARM, "--who", "ann", "--for", "1h", code=2)  # no reason
        said = self.order("silences", "add", "host=~(", "--who", "ann", "--comment", "x", "--for", "1h", code=1).stderr
        self.assertIn("host", said)
        said = self.order("silences", "expire", "nobody", "--who", "ann", code=1).stderr
        self.assertIn("nobody", said)
        for body, status in [("", 400), ("[]", 400), ("{\"kind\": 3}", 400), ("{\"kind\": \"dance\", \"who\": \"ann\"}", 400),
                             ("{\"kind\": \"receiver_works\", \"target\": \"hook\", \"who\": \"eve\"}", 400),
                             ("{\"kind\": \"acknowledge\", \"target\": \"I1\", \"who\": \"a\\u0000\"}", 409),
                             ("{\"kind\": \"acknowledge\", \"target\": \"I1\", \"who\": \"ann\", \"colour\": 1}", 400),
                             ("{\"kind\": \"acknowledge\", \"target\": \"" + "x" * 5000 + "\", \"who\": \"ann\"}", 409)]:
            got, answer = self.post(body)
            self.assertEqual((got, bool(answer["error"])), (status, True), body[:80])

    def test_no_page_of_another_site_gives_orders(self):
        body = "{\"kind\": \"silence\", \"who\": \"eve\", \"comment\": \"x\", \"for\": \"1h\", \"matchers\": [\"severity=critical\"]}"
        self.assertEqual(self.post(body, Origin="http://evil.example")[0], 403)
        self.assertEqual(self.post(body, Origin="null")[0], 403)
        self.assertEqual(self.post(body, **{"Content-Type": "text/plain"})[0], 415)
        self.assertEqual(self.node.json("/api/v1/silences")["silences"], [])
        self.assertEqual(self.post(body, Origin=f"http://127.0.0.1:{self.node.port}")[0], 200)

    def test_report_counts_what_happened(self):
        self.opened()
        self.hook.seen(1)
        report = self.node.json("/api/v1/report")
        self.assertEqual(report["activations"]["count"], 1)
        self.assertIn(ALARM, self.order("report").stdout)
        self.assertIn("<html", self.order("report", "-o", "html").stdout)


class escalation(order_case, unittest.TestCase):
    # The end of an incident is told with the group, a group_interval after what was told before.
    more = ("route:\n  receiver: hook\n  group_interval: 1s\n  repeat_interval: 2s\n  escalation: [{after: 3s, receiver: boss}]\n")

    def setUp(self):
        self.boss = Hook(self)
        self.hook = Hook(self)
        self.node = Node(self, FEED, more=QUICK_RULES + "receivers:\n" + self.hook.settings() + self.boss.settings("boss") + self.more).start()
        self.feed = self.node.connect()

    def test_nobody_acknowledges_so_it_repeats_and_the_boss_is_told(self):
        incident = self.opened()
        self.boss.seen(1)
        self.hook.seen(2)
        self.assertEqual(self.boss.requests[0][1]["commonLabels"]["incident"], incident)
        self.order("incidents", "acknowledge", incident, "--who", "ann")
        self.say(3)
        self.boss.seen(2)
        self.assertEqual(self.boss.requests[1][1]["status"], "resolved")

    def test_whoever_has_it_is_left_alone(self):
        incident = self.opened()
        self.order("incidents", "acknowledge", incident, "--who", "ann")
        self.opened("10.0.0.2")
        self.boss.seen(1)
        self.assertIn("10.0.0.2", self.boss.requests[0][1]["commonLabels"]["subject"])


if __name__ == "__main__":
    main()
