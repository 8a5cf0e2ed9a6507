"""What comes in: tibrvlisten's text, JSON lines from standard input, a file and TCP."""
import json
import os
import unittest

from samples import BRACES_87, DECORATED_69, SUBJECT_69, SUBJECT_87, listened, wrapped
from support import Node, folder, heartbeat, main, write


def piped(test, text, *arguments):
    """A node without a source in its file, given `text` on standard input."""
    path = write(os.path.join(folder(test), "input"), text)
    with open(path, "rb") as stdin:
        return Node(test, "", arguments=arguments, stdin=stdin).start()


class tibrvlisten_text(unittest.TestCase):
    def daemons_of(self, text, count):
        node = piped(self, text)
        node.wait(lambda: node.source("input")["state"] == "ended", "the input is read to its end")
        node.wait(lambda: node.metric("tocsin_daemons") == count, f"{count} daemons")
        self.assertEqual(node.source("input")["errors"], 0, node.log())
        return {d["subject"]: d for d in node.json("/api/v1/daemons")["daemons"]}

    def check_87(self, text, heartbeats=2):
        daemon = self.daemons_of(text, 1)[SUBJECT_87]
        self.assertEqual((daemon["version"], daemon["clients"], daemon["uptime_s"], daemon["heartbeats"]),
                         ("8.7.0", 4, 1080, heartbeats))

    def test_pipe_of_tibrvlisten(self):
        banner = "tibrvlisten: Listening to subject _RV.*.SYSTEM.>\n"
        self.check_87(banner + "".join(listened(b, s) + "\n" for s, b in enumerate(BRACES_87)))

    def test_messages_alone(self):
        self.check_87("\n".join(BRACES_87) + "\n")

    def test_windows_line_ends(self):
        self.check_87("".join(listened(b, s) + "\r\n" for s, b in enumerate(BRACES_87)))

    def test_wrapped_by_a_terminal(self):
        self.check_87("".join(wrapped(listened(b, s)) + "\n" for s, b in enumerate(BRACES_87)))

    def test_last_line_without_an_end(self):
        self.check_87("\n".join(BRACES_87))

    def test_decorations_of_old_releases(self):
        for text in (DECORATED_69, wrapped(DECORATED_69), DECORATED_69 + "\r\n"):
            with self.subTest(text=text[:80]):
                daemon = self.daemons_of(text + "\n", 1)[SUBJECT_69]
                self.assertEqual((daemon["version"], daemon["uptime_s"]), ("6.9.8", 157590))

    def test_both_in_one_stream(self):
        self.assertEqual(set(self.daemons_of(DECORATED_69 + "\n" + "\n".join(BRACES_87) + "\n", 2)), {SUBJECT_69, SUBJECT_87})

    def test_garbage_between_is_counted_and_told_and_harms_nothing(self):
        noise = bytes(range(128, 256)).decode("latin-1")
        node = piped(self, f"{BRACES_87[0]}\n{{broken\n{noise}\n}}}}}}\n{BRACES_87[1]}\n")
        node.wait(lambda: node.source("input")["state"] == "ended", "the input is read to its end")
        node.wait(lambda: node.metric("tocsin_source_records_total", '{source="input",kind="auto"}'), "records")
        self.assertEqual(node.json("/api/v1/daemons")["known"], 1)
        self.assertGreater(node.source("input")["errors"], 0)
        self.assertIn("input_refused", node.log())


class json_lines(unittest.TestCase):
    def clients(self, node, host):
        daemons = node.json(f"/api/v1/daemons?host={host}")["daemons"]
        return daemons[0]["clients"] if daemons else None

    def test_standard_input_is_recognised(self):
        node = piped(self, heartbeat("10.0.0.1", 10, cc=7))
        node.wait(lambda: self.clients(node, "10.0.0.1") == 7, "heard")

    def test_standard_input_stays_open(self):
        reading, writing = os.pipe()
        with os.fdopen(writing, "w") as pipe:
            with os.fdopen(reading, "rb") as stdin:
                node = Node(self, "", stdin=stdin).start()
            for up, clients in ((10, 7), (20, 8)):
                pipe.write(heartbeat("10.0.0.1", up, cc=clients))
                pipe.flush()
                node.wait(lambda: self.clients(node, "10.0.0.1") == clients, f"{clients} clients")
            self.assertEqual(node.stop(), 0)

    def test_once_ends_with_the_input_and_says_all(self):
        path = write(os.path.join(folder(self), "lines"), heartbeat("10.0.0.1", 10, cc=97))
        node = Node(self, "", arguments=["--input", path, "--once", "--emit", "incidents", "--http", "none"])
        node.spawn()
        self.assertEqual(node.process.wait(60), 0, node.log())
        # That nothing comes any more may be said of the same moment, and then in either order.
        self.assertIn("clients_critical", [i["cause"]["kind"] for i in node.out()])

    def test_file_that_is_named(self):
        path = write(os.path.join(folder(self), "lines"), heartbeat("10.0.0.1", 10, cc=3) + heartbeat("10.0.0.2", 10, cc=4))
        node = Node(self, f"  - {{name: file, kind: jsonl, path: \"{path}\"}}").start()
        node.wait(lambda: self.clients(node, "10.0.0.2") == 4, "the file is read")

    def test_missing_file_is_told_with_what_to_do(self):
        node = Node(self, "  - {name: file, kind: jsonl, path: nowhere}").start()
        node.wait(lambda: node.source("file")["state"] in ("lost", "ended"), "told")
        self.assertIn("nowhere: No such file or directory; check the path", node.log())

    def test_names_of_another_house(self):
        node = Node(self, "  - name: feed\n    kind: jsonl\n    address: \"127.0.0.1:0\"\n    time: message\n"
                    "    jsonl: {at: meta.t, at_unit: ms, subject: \"\", message: status, "
                    "fields: {hostaddr: id, cc: cli, client_limit: most}}").start()
        line = {"meta": {"t": 1_700_000_000_500}, "status": {"id": "10.0.0.9", "cli": 12, "most": 50}}
        node.connect().sendall(json.dumps(line).encode() + b"\n")
        node.wait(lambda: self.clients(node, "10.0.0.9") == 12, "heard")
        self.assertEqual(node.json("/api/v1/daemons/10.0.0.9/7500")["client_limit"], 50)
        # Whoever runs behind does not turn back everybody's time: the record is moved to now, and counted.
        self.assertGreaterEqual(node.metric("tocsin_records_moved_total"), 1)

    def test_tcp_from_several_in_pieces(self):
        node = Node(self, "  - {name: feed, kind: jsonl, address: \"127.0.0.1:0\"}").start()
        first, second = node.connect(), node.connect()
        line = heartbeat("10.0.0.1", 10, cc=5).encode()
        first.sendall(line[:40])
        second.sendall(heartbeat("10.0.0.2", 10, cc=6).replace("\n", "\r\n").encode())
        node.wait(lambda: self.clients(node, "10.0.0.2") == 6, "the second is heard while the first is half said")
        first.sendall(line[40:])
        node.wait(lambda: self.clients(node, "10.0.0.1") == 5, "the rest of the first")
        first.close()
        second.sendall(b"\xff\x00{]\n" + heartbeat("10.0.0.2", 20, cc=7).encode())
        node.wait(lambda: self.clients(node, "10.0.0.2") == 7, "what follows a broken line")
        self.assertEqual(node.source("feed")["errors"], 1)
        self.assertEqual(node.source("feed")["state"], "reading")


if __name__ == "__main__":
    main()
