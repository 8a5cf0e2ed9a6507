"""Who watches the watcher: a canary that dies on schedule, and a beat for a dead man's switch."""
import unittest

from receivers import Hook
from support import QUICK_RULES, Node, heartbeat, main, tocsin, write, folder

FEED = "  - {name: feed, kind: jsonl, address: \"127.0.0.1:0\"}"
CANARY = "self: {canary: {every: 12s, period: 500ms, within: 3s}}\n"


class canary(unittest.TestCase):
    def setUp(self):
        self.hook = Hook(self)
        self.node = Node(self, FEED, more=QUICK_RULES + CANARY + "receivers:\n" + self.hook.settings()).start()

    def rounds(self, count):
        self.node.wait(lambda: self.node.metric("tocsin_canary_rounds_total") >= count, f"round {count}")

    def test_dies_and_returns_without_waking_anybody(self):
        self.rounds(1)
        self.assertEqual(self.node.metric("tocsin_canary_failures_total"), 0)
        self.assertLess(self.node.metric("tocsin_canary_delay_seconds"), 2)
        self.assertGreater(self.node.metric("tocsin_canary_heard_timestamp_seconds"), 1.7e9)
        died = [i for i in self.node.incidents() if i["cause"]["subject"] == "rvd/tocsin-canary/tocsin-canary"]
        self.assertEqual([i["cause"]["kind"] for i in died], ["heartbeat_lost"])
        told = self.node.json("/api/v1/incidents/" + died[0]["id"])["notifications"]
        self.assertEqual([(n["receiver"], n["state"]) for n in told], [("tocsin-canary", "delivered")] * 2)
        self.assertEqual(self.node.json("/api/v1/alarms")["alarms"], [], "nobody needs to acknowledge it")
        self.assertEqual(self.hook.requests, [])

    def test_a_death_that_is_not_told_is_an_incident_for_people(self):
        made = self.node.command("silences", "add", "service=tocsin-canary", "--who", "ann", "--comment", "a test", "--for", "1h")
        self.assertEqual((made.returncode, made.stderr), (0, ""))
        self.hook.seen(1)
        said = self.hook.requests[0][1]["alerts"][0]
        self.assertEqual(said["labels"]["subject"], "self/canary")
        self.assertIn("nobody was told of its death within 3s", said["annotations"]["summary"])
        self.assertEqual(self.node.metric("tocsin_canary_failures_total"), 1)
        silence = self.node.json("/api/v1/silences")["silences"][0]["id"]
        self.assertEqual(self.node.command("silences", "expire", silence, "--who", "ann").returncode, 0)
        self.hook.seen(2)
        self.assertEqual(self.hook.requests[1][1]["status"], "resolved")

    def test_a_reload_cannot_change_it_and_says_so(self):
        before = self.node.metric("tocsin_reload_failures_total")
        self.node.configure(QUICK_RULES + "receivers:\n" + self.hook.settings())
        self.node.reload()
        self.node.wait(lambda: self.node.metric("tocsin_reload_failures_total") > before, "refused")
        self.assertIn("self.canary differs from what runs; restart", self.node.log())

    def test_restart_is_no_restart_of_the_canary(self):
        self.rounds(1)
        before = {i["id"] for i in self.node.incidents()}
        self.node.kill()
        self.node.start()
        self.rounds(1)
        fresh = [i for i in self.node.incidents() if i["id"] not in before]
        self.assertEqual([i["cause"]["kind"] for i in fresh], ["heartbeat_lost"])
        self.assertEqual(self.node.metric("tocsin_canary_failures_total"), 0)


class canary_configuration(unittest.TestCase):
    def check(self, text):
        file = write(folder(self) + "/t.yaml", text)
        return tocsin("check-config", file)

    def test_times_that_do_not_fit_and_nobody_to_tell_are_found(self):
        done = self.check("self: {canary: {every: 1m}}\n")
        self.assertEqual(done.returncode, 1)
        self.assertIn("self.canary has nobody to tell when it fails; configure receivers", done.stdout + done.stderr)
        self.assertIn("self.canary.every is too short", done.stdout + done.stderr)

    def test_beats_to_private_addresses_need_an_explicit_allow(self):
        done = self.check("self: {beat: {url: \"http://127.0.0.1:9/\"}}\n")
        self.assertEqual(done.returncode, 1)
        self.assertIn("self.beat.url leads to a loopback address", done.stdout + done.stderr)


class beat(unittest.TestCase):
    def setUp(self):
        self.hook, self.switch = Hook(self), Hook(self)
        self.node = Node(self, FEED, more=QUICK_RULES + f"""
self: {{beat: {{url: "{self.switch.url}", allow_private: true, every: 100ms, timeout: 5s}}}}
receivers:
""" + self.hook.settings(more=", breaker: {failures: 1, pause: 1s, pause_max: 1s}")).start()

    def test_beats_while_all_works(self):
        for _, body, _ in self.switch.seen(3):
            self.assertEqual(body["product"], "tocsin")
            self.assertEqual(body["incidents_open"], 0)

    def test_a_switch_that_does_not_answer_is_an_incident(self):
        self.switch.answers[:] = [(503, {})] * 3
        self.hook.seen(1)
        self.assertEqual(self.hook.requests[0][1]["alerts"][0]["labels"]["subject"], "self/beat")
        self.hook.seen(2)
        self.assertEqual(self.hook.requests[1][1]["status"], "resolved")
        self.assertGreaterEqual(self.node.metric("tocsin_beat_failures_total"), 3)

    def test_stops_when_no_receiver_can_be_reached_and_goes_on_after(self):
        self.switch.seen(1)
        self.hook.answers[:] = [(503, {})] * 3
        self.node.connect().sendall(heartbeat("10.0.0.1", 100, cc=97).encode())
        self.node.wait(lambda: self.node.metric("tocsin_beats_withheld_total") > 0, "withheld")
        self.assertIn("beat_withheld reason=\"no receiver can be reached\"", self.node.log())
        self.node.wait(lambda: "beat_resumed" in self.node.log(), "said again")
        self.assertEqual(self.node.metric("tocsin_receivers_failing"), 0)


if __name__ == "__main__":
    main()
