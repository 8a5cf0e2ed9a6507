"""Any node answers for all: queries across nodes, nodes that go and come back, certificates, and strangers at the port."""
import json
import os
import random
import re
import signal
import socket
import struct
import time
import unittest

from cluster import (OF_SHARED_INPUT, Authority, Member, all_at_once, cluster_metrics, documented_metrics, members, stranger, write_config)
from support import folder, free_ports, main, read, tocsin, wait_for, write

HOSTS = {"a": [f"10.1.0.{i}" for i in range(1, 6)], "b": [f"10.0.0.{i}" for i in range(1, 6)], "c": [f"10.2.0.{i}" for i in range(1, 6)]}
WHERE = {h: n for n, hosts in HOSTS.items() for h in hosts}


def fill(nodes):
    for n in nodes:
        n.hear(*HOSTS[n.name])
        n.durable(len(HOSTS[n.name]))


class three_nodes(unittest.TestCase):
    def test_each_answers_for_all_and_goes_on_without_one(self):
        self.go_through(lambda name: None)

    def test_the_same_under_mutual_tls(self):
        authority = Authority(folder(self))
        self.go_through(authority.files)

    def go_through(self, tls):
        a, b, c = nodes = members(self, "abc", tls)
        fill(nodes)
        for n in nodes:
            page = n.json("/api/v1/daemons")
            self.assertEqual([d["host"] for d in page["daemons"]], sorted(WHERE))
            self.assertEqual({d["host"]: d["node"] for d in page["daemons"]}, WHERE)
            self.assertEqual((page["total"], page["known"], page["silent_nodes"], page["silent_shards"]), (15, 15, [], []))
        self.ask_one_by_one(a)
        self.kill_and_return(a, b, c, tls)

    def ask_one_by_one(self, a):
        page = a.json("/api/v1/daemons?offset=4&limit=3")
        self.assertEqual([d["host"] for d in page["daemons"]], sorted(WHERE)[4:7])
        self.assertEqual(len(a.json("/api/v1/daemons?local=true")["daemons"]), 5)
        self.assertEqual(a.json("/api/v1/daemons?host=10.2.0.3")["total"], 1)
        self.assertEqual(a.json("/api/v1/daemons/10.2.0.3/7500")["node"], "c")
        self.assertEqual(a.get("/api/v1/daemons/10.2.0.3/7500?local=true")[0], 404)
        self.assertEqual(a.get("/api/v1/daemons/10.9.9.9/7500")[0], 404)
        self.assertEqual(a.get("/api/v1/daemons?local=maybe")[0], 400)
        self.assertIn("at most 10000", a.get("/api/v1/daemons?offset=9001")[2])
        self.assertEqual([(s["node"], s["name"]) for s in a.json("/api/v1/sources")["sources"]], [(n, "feed") for n in "abc"])
        self.assertEqual([g["node"] for g in a.json("/api/v1/groups")["groups"]], ["a", "b", "c"])
        self.assertGreater(a.metric("tocsin_cluster_answers_total"), 0)
        self.assertEqual(a.metric("tocsin_cluster_peers_reachable"), 2)

    def kill_and_return(self, a, b, c, tls):
        before = a.others()["c"]["incarnation"]
        c.kill()
        begun = time.monotonic()
        page = a.json("/api/v1/daemons")
        self.assertLess(time.monotonic() - begun, 4)
        self.assertEqual(({d["node"] for d in page["daemons"]}, page["total"]), ({"a", "b"}, 10))
        self.assertEqual([(s["node"], s["address"]) for s in page["silent_nodes"]], [("c", f"127.0.0.1:{c.cluster_port}")])
        self.assertTrue(page["silent_nodes"][0]["reason"])
        status, _, body = b.get("/api/v1/daemons/10.2.0.3/7500")
        self.assertEqual((status, json.loads(body)["silent_nodes"][0]["node"]), (503, "c"))
        self.assertEqual(b.json("/api/v1/daemons/10.1.0.1/7500")["node"], "a")
        self.assertIn("incomplete: node c at", a.command("daemons", "list").stderr)
        c.feed = None
        c.start()
        for n in (a, b):
            n.sees(**{other: "reachable" for other in "abc" if other != n.name})
            self.assertEqual(n.hosts(), WHERE)
        self.assertNotEqual(a.others()["c"]["incarnation"], before)


def thread_states(pid):
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/stat", encoding="ascii") as stat:
            yield stat.read().rsplit(")", 1)[1].split()[0]


class a_node_that_stands_still(unittest.TestCase):
    def test_is_named_within_the_deadline_and_taken_back(self):
        a, b = members(self, "ab")
        fill((a, b))
        b.process.send_signal(signal.SIGSTOP)
        self.addCleanup(b.process.send_signal, signal.SIGCONT)
        wait_for(lambda: set(thread_states(b.process.pid)) == {"T"}, "every thread stands still")
        begun = time.monotonic()
        page = a.json("/api/v1/daemons")
        self.assertLess(time.monotonic() - begun, 4)
        self.assertEqual((page["total"], [s["node"] for s in page["silent_nodes"]]), (5, ["b"]))
        begun = time.monotonic()
        self.assertIn("2s", a.json("/api/v1/daemons")["silent_nodes"][0]["reason"])
        self.assertLess(time.monotonic() - begun, 1, "it is known to be silent")
        self.assertEqual(a.metric("tocsin_cluster_timeouts_total"), 1)
        b.process.send_signal(signal.SIGCONT)
        a.sees(b="reachable")
        self.assertEqual(a.json("/api/v1/daemons")["total"], 10)


class the_command(unittest.TestCase):
    def test_cluster_show(self):
        a, b = members(self, "ab")
        shown = a.command("cluster", "show")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        rows = [line.split() for line in shown.stdout.splitlines()]
        self.assertEqual(rows[0], ["NODE", "ADDRESS", "STATE", "SINCE", "INCARNATION", "REASON"])
        self.assertEqual([r[:3] for r in rows[1:]], [["a", f"127.0.0.1:{a.cluster_port}", "self"], ["b", f"127.0.0.1:{b.cluster_port}", "reachable"]])
        there = tocsin("cluster", "show", "--node", f"http://127.0.0.1:{b.port}", "-o", "json")
        view = json.loads(there.stdout)
        self.assertEqual((view["node"], view["partitions"]), ("b", []))
        self.assertEqual([set(n) for n in view["nodes"]], [{"node", "address", "incarnation", "state", "since", "reason"}] * 2)
        b.kill()
        a.sees(b="silent")
        row = next(line for line in a.command("cluster", "show").stdout.splitlines() if line.startswith("b "))
        self.assertRegex(row, r"silent +20\d\d-.*[a-z]{4}")

    def test_all_metrics_that_are_documented_are_there(self):
        a, _ = members(self, "ab")
        found = cluster_metrics(a)
        self.assertEqual(found, {name: kind for name, kind in documented_metrics().items() if not OF_SHARED_INPUT.match(name)})
        self.assertIn("reachable", a.get("/")[2], "the status page shows the others")

    def test_a_node_that_is_alone_says_so(self):
        a = Member(self, "a", *free_ports(1), [1])
        with open(a.config, encoding="utf-8") as file:
            alone = file.read().split("cluster:")[0]
        write(a.config, alone)
        a.start()
        done = a.command("cluster", "show")
        self.assertEqual((done.returncode, "this node is alone" in done.stderr), (1, True), done.stderr)
        self.assertEqual(a.json("/api/v1/daemons")["silent_nodes"], [])
        self.assertEqual(tocsin("cluster", "show", "--node", "http://127.0.0.1:1").returncode, 4)


class who_is_let_in(unittest.TestCase):
    def test_nobody_with_a_certificate_of_another_authority(self):
        ours, theirs = Authority(folder(self)), Authority(folder(self), "other")
        ports = free_ports(3)
        a, b, foreign = nodes = [Member(self, name, port, ports, authority.files(name)).start()
                                 for name, port, authority in zip("abx", ports, (ours, ours, theirs))]
        for n in nodes:
            n.hear(f"10.0.0.{ord(n.name)}")
        at = f"127.0.0.1:{ports[2]}"
        a.sees(**{"b": "reachable", at: "silent"})
        # At first it only did not listen yet; who asks whom first is open.
        a.wait(lambda: "certificate verify failed" in a.others()[at]["reason"], a.others)
        self.assertEqual(set(a.hosts().values()), {"a", "b"})
        foreign.sees(**{f"127.0.0.1:{p}": "silent" for p in ports[:2]})
        self.assertEqual(set(foreign.hosts().values()), {"x"})
        a.wait(lambda: a.metric("tocsin_cluster_refused_total", '{reason="handshake"}') >= 1, "counted")
        a.wait(lambda: "peer_refused" in a.log(), a.log)

    def test_two_nodes_of_one_name_are_named(self):
        ports = free_ports(3)
        a = Member(self, "a", ports[0], ports).start()
        b = Member(self, "b", ports[1], ports).start()
        again = Member(self, "b", ports[2], ports).start()
        b.wait(lambda: "node_name_twice" in b.log() or "node_name_twice" in again.log(), "said")
        a.wait(lambda: any("give each node a name of its own" in (n["reason"] or "") for n in a.others().values()), a.others)
        self.assertEqual(sum(n["state"] == "reachable" for n in a.json("/api/v1/cluster")["nodes"]), 1)

    def test_no_node_speaks_to_other_machines_in_the_clear(self):
        place = folder(self)
        for address in ("0.0.0.0:7411", "10.0.0.1:7411", "localhost.example.net:7411"):
            done = tocsin("run", "-c", write_config(place, f'cluster: {{node: a, listen: "{address}"}}\n'))
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(f"cluster.listen: '{address}' is not this machine alone, and there are no certificates", done.stderr)
        files = "{certificate: /no/c.pem, key: /no/k.key, authority: /no/ca.pem}"
        done = tocsin("run", "-c", write_config(place, f'cluster: {{node: a, listen: "127.0.0.1:7411", tls: {files}}}\n'))
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("cluster.tls.certificate '/no/c.pem' cannot be used", done.stderr)


class strangers(unittest.TestCase):
    GROWTH = 48 << 20  # bytes of memory that all of it may cost; a claim believed would cost 4 GiB

    def test_in_the_clear_they_get_nowhere(self):
        self.go_through(lambda name: None)

    def test_under_tls_they_get_nowhere(self):
        self.go_through(Authority(folder(self)).files)

    def go_through(self, tls):
        a, b = members(self, "ab", tls)
        a.hear("10.0.0.1")
        b.hear("10.0.0.2")
        memory = a.memory()
        for attack in (self.random_bytes, self.claims, self.basp, self.handshakes, self.slow):
            attack(a.cluster_port)
            self.assertIsNone(a.process.poll(), f"{attack.__name__}\n{a.log()}")
            self.assertEqual(b.hosts(), {"10.0.0.1": "a", "10.0.0.2": "b"}, attack.__name__)
        self.assertLess(a.memory() - memory, self.GROWTH)
        self.assertEqual({n: s["state"] for n, s in b.others().items()}, {"a": "reachable"})
        refused = sum(a.metric("tocsin_cluster_refused_total", f'{{reason="{r}"}}') for r in ("handshake", "malformed", "too_large", "too_many", "slow"))
        self.assertGreater(refused, 100)

    @staticmethod
    def send(port, data):
        with stranger(port) as s:
            try:
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)
                s.recv(4096)
            except OSError:
                pass  # cut off

    def random_bytes(self, port):
        rolls = random.Random(1)
        all_at_once(8, lambda i: [self.send(port, rolls.randbytes(rolls.randrange(1, 5000))) for _ in range(25)])

    def claims(self, port):
        for claim in (0xFFFFFFFF, 0xFFFFFFFE, 0x80000000, 0x00100000):
            all_at_once(4, lambda i: self.send(port, struct.pack("<I", claim) + b"x" * 70000))

    def basp(self, port):
        """Headers of BASP: handshakes without a payload, and with one of 4 GiB."""
        for operation in range(8):
            for payload in (0, 0xFFFFFFFF, 0x80000000):
                self.send(port, struct.pack(">BBBBIQQQ", operation, 0, 0, 0, payload, 3, 0, 0))

    def handshakes(self, port):
        """The beginning of a TLS handshake, cut at every length, and one that claims more than comes."""
        hello = bytes.fromhex("16030100c8010000c40303") + b"\x01" * 192
        for size in range(1, len(hello), 5):
            self.send(port, hello[:size])
        self.send(port, b"\x16\x03\x01\xff\xff" + b"\x01" * 4000)

    def slow(self, port):
        """More connections than are kept, which say nothing, or one byte of something."""
        kept = [stranger(port) for _ in range(200)]
        for i, s in enumerate(kept):
            try:
                s.sendall(b"\x16" if i % 2 else b"\x05")
            except OSError:
                pass
        wait_for(lambda: sum(self.is_cut_off(s) for s in kept) >= 150, "the oldest made room")
        for s in kept:
            s.close()

    @staticmethod
    def is_cut_off(s):
        s.setblocking(False)
        try:
            return s.recv(1) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True


if __name__ == "__main__":
    main()
