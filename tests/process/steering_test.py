"""How a running node is steered: reload, stop, and what it says when it cannot start."""
import os
import re
import signal
import sqlite3
import unittest

from receivers import Hook, Mailbox
from support import DEADLINE, QUICK_RULES, Node, heartbeat, main, read, tocsin, write

FEED = "  - {name: feed, kind: jsonl, address: \"127.0.0.1:0\"}"


class reload(unittest.TestCase):
    def setUp(self):
        self.node = Node(self, FEED).start()
        self.feed = self.node.connect()

    def say(self, clients):
        self.feed.sendall(heartbeat("10.0.0.1", 100, cc=clients).encode())

    def test_changed_threshold_holds_from_now_on(self):
        node = self.node
        self.say(50)
        node.wait(lambda: node.metric("tocsin_records_total") >= 2, "heard")
        self.assertEqual(node.incidents(), [])
        node.configure(QUICK_RULES.replace("limit: 100", "limit: 60"))
        node.reload()
        node.wait(lambda: node.metric("tocsin_reloads_total") == 1, "reloaded")
        self.say(50)
        told = node.wait(lambda: node.incidents("open"), "50 of 60 is told")
        self.assertEqual(told[0]["title"], "rvd 10.0.0.1/7500 has many clients: 50 of 60")
        self.assertRegex(node.log(), r"info reloaded .*needs_restart=nothing")
        version = re.search(r'tocsin_build_info\{.*config="(\w+)"', node.get("/metrics")[2]).group(1)
        self.assertIn(f"version={version}", node.log())

    def test_bad_file_is_refused_with_place_and_remedy_and_the_old_one_stays(self):
        node = self.node
        node.configure(QUICK_RULES.replace("clients:", "clints:"))
        node.reload()
        node.wait(lambda: node.metric("tocsin_reload_failures_total") == 1, "refused")
        node.wait(lambda: "reload_refused" in node.log(), "told")
        line = 1 + read(node.config).split("clints")[0].count("\n")
        self.assertIn(f"{node.config}:{line}:3: error: unknown key 'clints' in rules; did you mean 'clients'?", node.log())
        self.assertIn("remedy=", node.log())
        self.assertEqual(node.metric("tocsin_reloads_total"), 0)
        self.say(97)
        node.wait(lambda: node.incidents("open"), "the old rules still judge")
        node.configure(QUICK_RULES)
        node.reload()
        node.wait(lambda: node.metric("tocsin_reloads_total") == 1, "the mended one is taken")

    def test_file_that_is_gone_is_refused(self):
        os.remove(self.node.config)
        self.node.reload()
        self.node.wait(lambda: self.node.metric("tocsin_reload_failures_total") == 1, "refused")
        self.node.wait(lambda: "No such file" in self.node.log(), "told why")
        self.assertEqual(self.node.get("/-/ready")[0], 200)

    def test_what_needs_a_restart_is_named(self):
        for sources, more, named in ((FEED.replace("feed", "other"), "", "sources"), (FEED.replace("}", ", time: message}"), "", "sources"),
                                     (FEED, "keep: {journal: 1d, incidents: 2d}\n", "\"keep.journal, keep.incidents\"")):
            with self.subTest(named):
                self.node.sources = sources
                self.node.configure(QUICK_RULES + more)
                begin = len(self.node.log())
                self.node.reload()
                self.node.wait(lambda: f"needs_restart={named}\n" in self.node.log()[begin:], "named")

    def test_log_changes_at_once(self):
        self.node.configure(QUICK_RULES + "log: {json: true}\n")
        self.node.reload()
        self.node.wait(lambda: '"event":"reloaded"' in self.node.log().replace(" ", ""), "JSON from now on")

    def test_many_reloads_in_a_row(self):
        for _ in range(50):
            self.node.reload()
        self.node.wait(lambda: self.node.metric("tocsin_reloads_total") >= 1, "reloaded")
        self.say(97)
        self.node.wait(lambda: self.node.incidents("open"), "judges on")


class reload_of_receivers(unittest.TestCase):
    def start(self, *hooks):
        node = Node(self, FEED, more=self.rules(*hooks)).start()
        feed = node.connect()
        return node, lambda host, clients: feed.sendall(heartbeat(host, 100, cc=clients).encode())

    def rules(self, *hooks):
        return QUICK_RULES + "receivers:\n" + "".join(h.settings() for h in hooks)

    def change(self, node, *hooks):
        before = node.metric("tocsin_reloads_total")
        node.configure(self.rules(*hooks))
        node.reload()
        node.wait(lambda: node.metric("tocsin_reloads_total") > before, "reloaded")

    def test_what_waits_goes_to_the_corrected_address(self):
        wrong, right = Hook(self, [(503, {})] * 1000), Hook(self)
        node, say = self.start(wrong)
        say("10.0.0.1", 97)
        wrong.seen(1)
        self.change(node, right)
        headers = right.seen(1)[0][0]
        self.assertEqual(headers["Idempotency-Key"], wrong.requests[0][0]["Idempotency-Key"])
        node.wait(lambda: node.metric("tocsin_notifications_waiting") == 0, "nothing waits any more")
        say("10.0.0.1", 3)
        self.assertEqual([b["status"] for _, b, _ in right.seen(2)], ["firing", "resolved"])

    def test_first_receiver_needs_a_restart_and_gets_what_is_said_then(self):
        hook = Hook(self)
        node, say = self.start()
        node.configure(self.rules(hook))
        node.reload()
        node.wait(lambda: "needs_restart=\"receivers (from none, or to none)\"" in node.log(), "named")
        self.assertEqual(node.stop(), 0)
        node.start()
        node.connect().sendall(heartbeat("10.0.0.1", 100, cc=97).encode())
        hook.seen(1)

    def test_last_receiver_stays_until_the_restart(self):
        hook = Hook(self)
        node, say = self.start(hook)
        for _ in range(2):
            begin = len(node.log())
            node.configure(QUICK_RULES)
            node.reload()
            node.wait(lambda: "needs_restart=\"receivers (from none, or to none)\"" in node.log()[begin:], "named every time")
        say("10.0.0.1", 97)
        hook.seen(1)
        self.assertEqual(node.metric("tocsin_notifications_dead_total"), 0)

    def test_new_receiver_beside_another(self):
        first, second = Hook(self), Hook(self)
        node, say = self.start(first)
        node.configure(QUICK_RULES + "receivers:\n" + first.settings("hook") + second.settings("second"))
        node.reload()
        node.wait(lambda: node.metric("tocsin_reloads_total") == 1, "reloaded")
        say("10.0.0.1", 97)
        first.seen(1)
        second.seen(1)
        node.wait(lambda: node.metric("tocsin_notifications_delivered_total") == 2, "both took it")


class stop(unittest.TestCase):
    def test_sigterm_and_sigint_end_in_order(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number.name):
                node = Node(self, FEED).start()
                feed = node.connect()
                feed.sendall(heartbeat("10.0.0.1", 1, cc=97).encode())
                node.wait(lambda: node.incidents("open"), "told")
                self.assertEqual(node.stop(number), 0)
                self.assertRegex(node.log().splitlines()[-1], r" info stopped$")

    def test_without_a_journal_and_without_http(self):
        node = Node(self, FEED, arguments=["--data-dir", "none", "--http", "none"])
        node.spawn()
        node.wait(lambda: "info started http=none data_dir=none" in node.log(), "started")
        self.assertEqual(node.stop(), 0)
        self.assertEqual(sorted(os.listdir(node.folder)), ["log", "out", "tocsin.yaml"])

    def test_while_a_receiver_hangs(self):
        hook = Hook(self)
        hook.hold.clear()
        node = Node(self, FEED, more=QUICK_RULES + "receivers:\n" + hook.settings()).start()
        node.connect().sendall(heartbeat("10.0.0.1", 1, cc=97).encode())
        self.assertTrue(hook.reached.wait(DEADLINE))
        self.assertEqual(node.stop(), 0, "stops all the same")
        hook.hold.set()

    def test_while_a_mail_server_hangs(self):
        box = Mailbox(self, "--script", "hang_data")
        node = Node(self, FEED, more=QUICK_RULES + "receivers:\n" + box.settings()).start()
        node.connect().sendall(heartbeat("10.0.0.1", 1, cc=97).encode())
        node.wait(lambda: node.metric("tocsin_notifications_waiting") == 1, "under way")
        self.assertEqual(node.stop(), 0, "stops all the same")

    def test_while_input_pours_in(self):
        node = Node(self, FEED).start()
        feed = node.connect()
        feed.settimeout(DEADLINE)
        block = "".join(heartbeat(f"10.0.{n // 250}.{n % 250}", 1, cc=3) for n in range(1000)).encode()
        node.process.send_signal(signal.SIGSTOP)  # so that plenty waits at the door
        feed.setblocking(False)
        try:
            while True:
                feed.send(block)
        except BlockingIOError:
            pass
        node.process.send_signal(signal.SIGCONT)
        self.assertEqual(node.stop(), 0)
        self.assertIn("info stopped", node.log())

    def test_as_soon_as_it_begins(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            node = Node(self, FEED)
            node.spawn()
            node.wait(lambda: "state_folded" in node.log(), "begins")
            self.assertEqual(node.stop(number), 0, node.log())

    def test_reader_of_what_it_emits_goes_away(self):
        node = Node(self, FEED, arguments=["--emit", "incidents"], stdout="closed").start()
        node.connect().sendall(heartbeat("10.0.0.1", 1, cc=97).encode())
        node.wait(lambda: node.incidents("open"), "goes on")
        self.assertEqual(node.stop(), 0)


class cannot_start(unittest.TestCase):
    def fails(self, node, code, *said, env=None):
        done = tocsin("run", "-c", node.config, *node.arguments, env=env, cwd=node.folder)
        self.assertEqual(done.returncode, code, done.stderr)
        for text in said:
            self.assertIn(text, done.stderr)
        self.assertEqual(done.stdout, "")
        return done

    def test_data_directory_of_another_process(self):
        node = Node(self, FEED).start()
        self.fails(node, 1, "start_failed", node.data_dir, f"in use by another tocsin (process {node.process.pid})")
        self.assertEqual(node.get("/-/healthy")[0], 200)

    def test_port_of_another_process(self):
        node = Node(self, FEED).start()
        other = Node(self, FEED, arguments=["--http", f"127.0.0.1:{node.port}"])
        self.fails(other, 1, "start_failed", f"127.0.0.1:{node.port}", "in use")

    def test_directory_that_cannot_be_made(self):
        node = Node(self, FEED)
        write(node.data_dir, "a file, no folder\n")
        self.fails(node, 1, "start_failed", node.data_dir, "--data-dir")

    def test_directory_that_cannot_be_written(self):
        node = Node(self, FEED)
        os.mkdir(node.data_dir, 0o500)
        # Root may write everywhere but there.
        node.arguments = ["--data-dir", "/proc/tocsin-data"] if os.geteuid() == 0 else []
        self.fails(node, 1, "start_failed", node.arguments[1] if node.arguments else node.data_dir)

    def test_database_of_another_version(self):
        node = Node(self, FEED).start()
        self.assertEqual(node.stop(), 0)
        with sqlite3.connect(node.data_dir + "/tocsin.db") as db:
            db.execute("PRAGMA user_version = 999")
        db.close()
        self.fails(node, 1, "start_failed", "schema version 999")
        done = tocsin("replay", "-f", "journal", "-i", node.data_dir + "/tocsin.db")
        self.assertEqual(done.returncode, 1)
        self.assertIn("schema version 999", done.stderr)

    def test_database_that_is_none(self):
        node = Node(self, FEED)
        os.mkdir(node.data_dir)
        write(node.data_dir + "/tocsin.db", "this is no database at all\n" * 100)
        self.fails(node, 1, "start_failed", "tocsin.db")
        self.assertIn("no database", read(node.data_dir + "/tocsin.db"))

    def test_configuration_with_errors(self):
        node = Node(self, FEED, more="rules: {heartbeat: {lost_after: 280}}\n")
        self.fails(node, 2, "error:", "lost_after")

    def test_configuration_that_is_not_there(self):
        node = Node(self, FEED)
        os.remove(node.config)
        self.fails(node, 2, node.config, "No such file")

    def test_environment_is_checked_like_the_file(self):
        node = Node(self, FEED)
        self.fails(node, 2, "TOCSIN_HTTP_THREADS", env={"TOCSIN_HTTP_THREADS": "many"})

    def test_address_that_is_none(self):
        node = Node(self, FEED, arguments=["--http", "nonsense"])
        self.fails(node, 1, "start_failed", "nonsense")


if __name__ == "__main__":
    main()
