"""Why was I told, or not? And dead letters that are sent again."""
import json
import re
import sqlite3
import unittest

from receivers import Hook
from support import QUICK_RULES, Node, heartbeat, main, tocsin

FEED = "  - {name: feed, kind: jsonl, address: \"127.0.0.1:0\"}"
ALARM = "clients_critical rvd/10.0.0.1/7500"


def started(test, *receivers, more="", before=None):
    """A node that has said that 10.0.0.1 is almost out of clients; `before`: done to it first."""
    node = Node(test, FEED, more=QUICK_RULES + more + "receivers:\n" + "".join(receivers)).start()
    node.feed = node.connect()
    if before:
        before(node)
    node.id = said(node, "10.0.0.1")
    return node


def said(node, host, clients=97):
    node.feed.sendall(heartbeat(host, 100, cc=clients).encode())
    def found():
        return [i for i in node.incidents("open") if host in i["title"]]
    return node.wait(found, f"{host} is said")[0]["id"]


class explain_case:
    def why_not(self, node, receiver="hook", stopped_by=None, incident=None):
        """The reason why the receiver was not told, once it is `stopped_by` that."""
        def asked():
            done = node.command("explain", incident or node.id, "--not-notified", receiver, "-o", "json")
            n = json.loads(done.stdout)["not_notified"] if done.stdout else {"stopped_by": done.stderr, "notified": False}
            self.assertEqual(done.returncode, 1 if n["notified"] else 0, done.stderr)
            return n
        seen = []
        def stopped():
            seen[:] = [asked()]
            return seen[0]["stopped_by"] == stopped_by and seen[0]
        return node.wait(stopped, lambda: f"stopped by {stopped_by}, but {seen}")["because"]

    def order(self, node, *words):
        done = node.command(*words, "--who", "ann")
        self.assertEqual(done.returncode, 0, done.stderr)


class explain(explain_case, unittest.TestCase):
    def test_told_and_route_mismatch(self):
        one, two = Hook(self), Hook(self)
        node = started(self, one.settings("one"), two.settings("two"),
                       more="route: {receiver: one, routes: [{receiver: two, matchers: [\"severity=info\"]}]}\n")
        one.seen(1)
        node.wait(lambda: node.metric("tocsin_notifications_delivered_total") == 1, "delivered")
        told = node.command("explain", node.id, "--not-notified", "one")
        self.assertEqual(told.returncode, 1, told.stdout + told.stderr)
        self.assertIn(f"it was told: notification {node.id}.1@one", told.stdout)
        done = node.command("explain", node.id, "--not-notified", "two", "--recompute", "-o", "json")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        said_why = json.loads(done.stdout)
        self.assertEqual(said_why["not_notified"]["stopped_by"], "route")
        self.assertIn("matcher severity=\"info\" of route root/0 failed: severity is \"critical\"", said_why["not_notified"]["because"])
        self.assertTrue(said_why["recomputed"]["agrees"], said_why["recomputed"])
        self.assertEqual(said_why["journal"]["records"][-1]["values"]["cc"], 97)
        self.assertIn("no receiver is called three", self.why_not(node, "three", "route"))

    def test_dead_is_sent_again_with_the_same_id(self):
        hook = Hook(self, [(400, {})])
        node = started(self, hook.settings())
        node.wait(lambda: node.metric("tocsin_notifications_dead_total") == 1, "dead")
        node.wait(lambda: "is dead: HTTP 400" in node.command("explain", node.id, "--not-notified", "hook").stdout, "known to be dead")
        self.assertIn("delivery stopped it", node.command("explain", node.id, "--not-notified", "hook").stdout)
        self.assertIn("1 notifications", node.command("notifications", "redrive", "--receiver", "hook").stdout)
        first, second = hook.seen(2)
        self.assertEqual(first[0]["Idempotency-Key"], second[0]["Idempotency-Key"])
        node.wait(lambda: "delivered" in node.command("notifications", "list").stdout, "delivered")

    def test_nothing_is_known_of_an_incident_that_never_was(self):
        node = started(self, Hook(self).settings())
        done = node.command("explain", "I000000000000")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("tocsin incidents list", done.stderr)


class not_notified(explain_case, unittest.TestCase):
    def started(self, more="", receiver="", before=None):
        self.hook = Hook(self)
        return started(self, self.hook.settings(more=receiver), more=more, before=before)

    def test_silence_and_over_before_it_ended(self):
        node = self.started(before=lambda n: self.order(n, "silences", "add", "host=10.0.0.1", "--comment", "moving it", "--for", "2h", "--id", "move"))
        because = self.why_not(node, stopped_by="silence")
        self.assertIn("move", because)
        self.assertIn("ann", because)
        node.feed.sendall(heartbeat("10.0.0.1", 100, cc=3).encode())
        node.wait(lambda: node.incidents("closed"), "over")
        node.wait(lambda: "over before it could be told" in self.why_not(node, stopped_by="silence"), "a closed one says what it was")
        self.assertIn("move", self.why_not(node, stopped_by="silence"))
        self.assertEqual(self.hook.requests, [])

    def test_inhibition(self):
        node = self.started(more="inhibit_rules: [{name: sick-switch, source_matchers: ['host=\"10.0.0.9\"'], target_matchers: ['host=\"10.0.0.1\"']}]\n",
                            before=lambda n: vars(n).update(cause=said(n, "10.0.0.9")))
        because = self.why_not(node, stopped_by="inhibition")
        self.assertIn("sick-switch", because)
        self.assertIn(node.cause, because)

    def test_calendar(self):
        node = self.started(more="route: {receiver: hook, routes: [{receiver: hook, matchers: ['severity=\"critical\"'], mute_time_intervals: [ever]}]}\n"
                            "time_intervals: [{name: ever, time_intervals: [{weekdays: ['sunday:saturday']}]}]\n")
        self.assertIn("calendar ever", self.why_not(node, stopped_by="calendar"))

    def test_on_delay(self):
        node = self.started(more="conditions: {clients_critical: {on_delay: 1h}}\n")
        self.assertIn("on_delay of the condition holds it", self.why_not(node, stopped_by="delay"))

    def test_group_wait(self):
        node = self.started(more="route: {receiver: hook, group_by: [service], group_wait: 1h}\n")
        self.assertIn("group", self.why_not(node, stopped_by="delay"))

    def test_escalation_that_is_not_yet_due(self):
        boss = Hook(self)
        hook = Hook(self)
        node = started(self, hook.settings(), boss.settings("boss"), more="route: {receiver: hook, escalation: [{after: 1h, receiver: boss}]}\n")
        hook.seen(1)
        self.assertIn("escalation of route root only, 1h after the first notification", self.why_not(node, "boss", "delay"))

    def test_flood(self):
        node = self.started(receiver=", flood: {start: 1, end: 1, digest_every: 1h}")
        self.hook.seen(1)
        late = [said(node, f"10.0.0.{n}") for n in (2, 3, 4)][-1]
        self.assertIn("flood mode", self.why_not(node, stopped_by="flood", incident=late))
        self.assertEqual(node.metric("tocsin_receiver_flood", '{receiver="hook"}'), 1)

    def test_shelved(self):
        def shelve(n):
            said(n, "10.0.0.1")
            self.order(n, "alarms", "shelve", ALARM, "--comment", "licence ordered", "--for", "8h")
            n.feed.sendall(heartbeat("10.0.0.1", 100, cc=3).encode())
            n.wait(lambda: n.incidents("closed"), "over")
        node = self.started(before=shelve)
        self.assertIn("its alarm is shelved", self.why_not(node, stopped_by="state"))
        self.assertIn("licence ordered", self.why_not(node, stopped_by="state"))

    def test_suppressed_by_design(self):
        node = self.started(more="suppressions: [{name: pair, when: 'clients_critical rvd/10.0.0.9/*', what: 'clients_critical rvd/10.0.0.1/*'}]\n",
                            before=lambda n: said(n, "10.0.0.9"))
        self.assertIn("its alarm is suppressed: pair", self.why_not(node, stopped_by="state"))

    def test_out_of_service(self):
        node = self.started(before=lambda n: self.order(n, "alarms", "out-of-service", "rvd/10.0.0.*", "--comment", "maintenance"))
        self.assertIn("out of service", self.why_not(node, stopped_by="state"))

    def test_not_severe_enough(self):
        node = Node(self, FEED, more=QUICK_RULES + "receivers:\n" + Hook(self).settings(more=", least: critical")).start()
        node.feed = node.connect()
        node.id = said(node, "10.0.0.1", clients=85)
        self.assertIn("below what the receiver wants", self.why_not(node, stopped_by="state"))

    def test_delivery_while_the_breaker_is_open_and_after(self):
        hook = Hook(self, [(503, {})] * 1000)
        node = started(self, hook.settings(more=", breaker: {failures: 1, pause: 100ms, pause_max: 100ms}"))
        node.wait(lambda: node.metric("tocsin_receiver_breaker_state", '{receiver="hook"}') == 1, "given up for now")
        node.wait(lambda: "breaker is open" in self.why_not(node, stopped_by="delivery"), "told so")
        self.assertIn("HTTP 503", self.why_not(node, stopped_by="delivery"))
        hook.answers.clear()
        node.wait(lambda: node.metric("tocsin_receiver_breaker_state", '{receiver="hook"}') == 0, "works again")
        self.assertIn("it was told", self.why_not(node, stopped_by=None))

    def test_receiver_that_is_new_is_told_of_what_is_open(self):
        other = Hook(self)
        node = self.started()
        self.hook.seen(1)
        self.assertIn("no receiver is called other", self.why_not(node, "other", "route"))
        node.configure(QUICK_RULES + "receivers:\n" + self.hook.settings() + other.settings("other"))
        node.reload()
        other.seen(1)
        self.assertIn("it was told", self.why_not(node, "other", None))


class versions(explain_case, unittest.TestCase):
    def version(self, node):
        return re.search(r'tocsin_build_info\{.*config="(\w+)"', node.get("/metrics")[2]).group(1)

    def test_rules_of_then_and_now(self):
        hook = Hook(self)
        node = started(self, hook.settings())
        then = self.version(node)
        self.assertIn(f"judged by rules {then} (now {then})", node.command("explain", node.id).stdout)
        node.configure(QUICK_RULES.replace("limit: 100", "limit: 1000") + "receivers:\n" + hook.settings())
        node.reload()
        node.wait(lambda: node.metric("tocsin_reloads_total") == 1 and self.version(node) != then, "reloaded")
        now = self.version(node)
        for _ in range(2):  # and after a restart
            done = node.command("explain", node.id, "--recompute")
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn(f"judged by rules {then} (now {now})", done.stdout)
            self.assertIn("recomputed: differs: the machines do not say", done.stdout)
            self.assertIn(f"it was judged by rules {then}, these are {now}", done.stdout)
            node.kill()
            node.start()

    def test_files_alone_say_the_same_as_the_running_node(self):
        hook = Hook(self)
        node = started(self, hook.settings())
        node.wait(lambda: node.metric("tocsin_notifications_delivered_total") == 1, "delivered")
        words = ("explain", node.id, "--not-notified", "hook", "--recompute")
        files = ("--data-dir", node.data_dir, "-c", node.config)
        for form in ("table", "json"):
            online, beside = node.command(*words, "-o", form), tocsin(*words, *files, "-o", form)
            self.assertEqual((beside.returncode, beside.stderr), (1, ""))  # it was told
            if form == "table":
                self.assertEqual(beside.stdout, online.stdout)
            else:
                self.assertEqual(json.loads(beside.stdout)["not_notified"], json.loads(online.stdout)["not_notified"])
        self.assertEqual(node.stop(), 0)
        offline = tocsin(*words, *files)
        self.assertEqual((offline.returncode, offline.stderr), (1, ""))
        self.assertIn("recomputed: agrees", offline.stdout)
        self.assertIn("10.0.0.1/7500", offline.stdout)
        self.assertEqual(tocsin("explain", node.id, *files).returncode, 0)

    def test_files_that_are_not_there_are_named(self):
        done = tocsin("explain", "I1", "--data-dir", "/nowhere")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("/nowhere/tocsin.db", done.stderr)

    def test_a_journal_that_was_trimmed_is_told(self):
        node = started(self, Hook(self).settings())
        said(node, "10.0.0.2")
        self.assertEqual(node.stop(), 0)
        with sqlite3.connect(node.data_dir + "/tocsin.db") as db:
            kept = db.execute("SELECT first_offset FROM journal ORDER BY first_offset DESC LIMIT 1").fetchone()[0]
            db.execute("DELETE FROM journal WHERE first_offset < ?", (kept,))
        db.close()
        done = tocsin("explain", node.id, "--recompute", "--data-dir", node.data_dir, "-c", node.config)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn(f"the journal begins at offset {kept}, what was before is trimmed", done.stdout)
        self.assertNotIn("judged by rules that", done.stdout)


if __name__ == "__main__":
    main()
