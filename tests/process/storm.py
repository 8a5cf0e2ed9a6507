"""A storm: receivers that do all a receiver can do wrong, and a product that is killed. For storm_test.py and the bench.

Each host's daemon runs out of clients and recovers: two notifications for each receiver, "firing" and "resolved".
"""
import collections
import json
import os
import random
import socket
import socketserver
import sqlite3
import struct
import threading
import time

from support import DEADLINE, QUICK_RULES, Node, heartbeat

FEED = "  - {name: feed, kind: jsonl, address: \"127.0.0.1:0\"}"
FORMATS = ("alertmanager", "cloudevents", "pagerduty")
# What a bad receiver does, and how often among 1000 requests. "hang", "reset" and "half" (a 200 that breaks off) have the
# request and do not say so: it must come again under the same id.
MOODS = {"500": 30, "503": 20, "429": 12, "429 wait": 3, "410": 2, "reset": 30, "hang": 3, "half": 10}
CERTAIN = {10 + 3 * k: mood for k, mood in enumerate(MOODS)}  # each at least once, at that request


def host_of(n):
    return f"10.1.{n // 250}.{n % 250}"


class Moody:
    """A webhook receiver of one format that behaves by a seeded die, and is restarted on its port."""

    def __init__(self, seed, form):
        self.form = form
        self.random = random.Random(seed)
        self.calm = False
        self.lock = threading.Lock()
        self.requests = 0
        self.moods = collections.Counter()
        self.bodies = collections.defaultdict(set)   # id -> bodies that came with it
        self.taken = collections.Counter()           # id -> answered with 200
        self.about = {}                              # id -> (subject, state)
        self.gone = False                            # it has said 410
        self.port, self.server = 0, None
        self.connections = set()
        self.start()

    # -- the peer's own life

    def start(self):
        moody = self

        class Handler(socketserver.StreamRequestHandler):
            disable_nagle_algorithm = True

            def handle(self):
                with moody.lock:
                    moody.connections.add(self.connection)
                try:
                    while moody.serve(self.rfile, self.connection):
                        pass
                except OSError:
                    pass  # killed senders and restarts of ours are what this is about
                finally:
                    with moody.lock:
                        moody.connections.discard(self.connection)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True
            request_queue_size = 64

            def handle_error(self, request, client_address):
                pass

        self.server = Server(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        with self.lock:
            for c in self.connections:
                try:
                    c.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    # -- requests

    def serve(self, stream, connection):
        """One request; whether the connection goes on."""
        headers = {}
        if not stream.readline():
            return False
        while (line := stream.readline().strip()):
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers["content-length"]))
        mood = self.take(headers, body)
        if mood == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
            return False
        if mood == "half":
            connection.sendall(b"HTTP/1.1 200 OK\r\nConte")
            return False
        if mood == "hang":
            connection.settimeout(DEADLINE)
            while connection.recv(4096):  # until the sender has had enough
                pass
            return False
        status, _, wait = mood.partition(" ")
        more = "Retry-After: 1\r\n" if wait else ""
        connection.sendall(f"HTTP/1.1 {status} As told\r\n{more}Content-Length: 0\r\n\r\n".encode())
        return True

    def take(self, headers, body):
        number = headers["webhook-id"]
        with self.lock:
            self.requests += 1
            self.bodies[number].add(body)
            self.about[number] = self.said(json.loads(body))
            mood = self.random.choices(["200", *MOODS], [1000 - sum(MOODS.values()), *MOODS.values()])[0]
            mood = "200" if self.calm else CERTAIN.get(self.requests, mood)
            if headers["idempotency-key"] != number:
                mood = "no idempotency-key"
            self.moods[mood] += 1
            self.gone = self.gone or mood == "410"
            if mood == "200":
                self.taken[number] += 1
            return mood

    def said(self, body):
        """(subject, firing or resolved) of a body."""
        if self.form == "pagerduty":
            return body["payload"]["source"], "resolved" if body["event_action"] == "resolve" else "firing"
        if self.form == "cloudevents":
            return body["subject"], "resolved" if body["type"].endswith(".closed") else "firing"
        return body["commonLabels"]["subject"], body["status"]

    def settings(self, folder):
        key = ""
        if self.form == "pagerduty":
            with open(f"{folder}/routing.key", "w", encoding="utf-8") as file:
                file.write("0123456789abcdef\n")
            os.chmod(file.name, 0o600)
            key = f", routing_key_file: {folder}/routing.key"
        return (f"  - {{name: {self.form}, kind: webhook, flood: {{start: 0}}, breaker: {{failures: 3, pause: 100ms, pause_max: 400ms}}, "
                f"webhook: {{url: \"http://127.0.0.1:{self.port}/\", allow_private: true, timeout: 1s, format: {self.form}{key}}}}}\n")


class Storm:
    """`hosts` incidents, told to one receiver of each format, over `kills` deaths of the product and as many restarts of receivers."""

    def __init__(self, test, hosts, kills, seed=20261121):
        self.test, self.hosts, self.kills_left = test, hosts, kills
        self.kills = self.restarts = self.revived = 0
        self.random = random.Random(seed)
        self.hooks = [Moody(seed + k, form) for k, form in enumerate(FORMATS)]
        for hook in self.hooks:
            test.addCleanup(hook.stop)
        self.node = Node(test, FEED)
        self.node.configure(QUICK_RULES + "receivers:\n" + "".join(h.settings(self.node.folder) for h in self.hooks))

    def requests(self):
        return sum(h.requests for h in self.hooks)

    def judged(self):
        """subject -> state of its incident, as the database has it."""
        if not os.path.exists(self.node.data_dir + "/tocsin.db"):
            return {}
        with sqlite3.connect(f"file:{self.node.data_dir}/tocsin.db?mode=ro", uri=True) as db:
            rows = db.execute("SELECT json_extract(json, '$.cause.subject'), state FROM incidents").fetchall()
        db.close()
        return {subject: state for subject, state in rows if subject.startswith("rvd/")}

    def unjudged(self, wanted):
        known = self.judged()
        def done(n):
            state = known.get(f"rvd/{host_of(n)}/7500")
            return state == "closed" if wanted == "closed" else state is not None
        return [n for n in range(self.hosts) if not done(n)]

    def run(self, within):
        """The whole of it, to the orderly end of the last life; fails when something takes longer than so many seconds."""
        for clients, wanted in ((97, "opened"), (3, "closed")):
            lives = self.kills_left // 2 if wanted == "opened" else self.kills_left
            for left in range(lives, 0, -1):
                self.live_and_die(clients, wanted, left, within)
            self.kills_left -= lives
            self.say(clients, self.unjudged(wanted))
            self.node.wait(lambda: self.revive() and not self.unjudged(wanted), lambda: f"{wanted}: {self.unjudged(wanted)}", within)
        # It rages nearly to the end; then the last ones need not wait for their long back-off.
        self.node.wait(lambda: self.revive() and self.node.metric("tocsin_notifications_waiting") < self.hosts / 10, self.what_lacks, within)
        for hook in self.hooks:
            hook.calm = True
        self.node.wait(lambda: self.revive() and self.is_done(), self.what_lacks, within)
        if self.node.stop() != 0:
            raise AssertionError("the last life does not end in order")

    def say(self, clients, hosts):
        """Starts the node when it is not up, now and then after a death in the middle of its start, and feeds it."""
        node = self.node
        if node.process is None or node.process.poll() is not None:
            if self.kills % 4 == 3:
                begin = node.spawn()
                node.wait(lambda: "state_folded" in node.log()[begin:], "read")
                node.kill()
                self.kills += 1
            node.start()
        node.connect().sendall("".join(heartbeat(host_of(n), 100, cc=clients) for n in hosts).encode())

    def live_and_die(self, clients, wanted, lives_left, within):
        """Says a part of what is not judged yet, and dies at a request at random; when it does not come to that, idle."""
        missing = self.unjudged(wanted)
        some = missing[:-(-len(missing) // lives_left)]
        self.say(clients, some)
        self.restart_somebody()
        until = self.requests() + self.random.randrange(1, 3 * len(some) + 2)
        self.node.wait(lambda: self.revive() and (self.requests() >= until or self.node.metric("tocsin_notifications_waiting") == 0),
                       lambda: f"{until} requests, but {self.requests()}", within)
        self.node.kill()
        self.kills += 1

    def restart_somebody(self):
        hook = self.random.choice(self.hooks)
        hook.stop()
        if self.random.random() < 0.5:  # away for some attempts
            failed = self.node.metric("tocsin_notification_retries_total")
            self.node.wait(lambda: self.revive() and (self.node.metric("tocsin_notification_retries_total") > failed or
                                                      self.node.metric("tocsin_notifications_waiting") == 0), "an attempt that fails")
        hook.start()
        self.restarts += 1

    def revive(self):
        """What said 410 is disabled until the configuration is read anew."""
        if not any(h.gone for h in self.hooks):
            return True
        for h in self.hooks:
            h.gone = False
        self.revived += 1
        self.node.reload()
        return True

    def is_done(self):
        return self.node.metric("tocsin_notifications_waiting") == 0 and not any(self.lost(h) for h in self.hooks)

    def lost(self, hook):
        with hook.lock:
            told = {hook.about[number] for number in hook.taken}
        return {(f"rvd/{host_of(n)}/7500", state) for n in range(self.hosts) for state in ("firing", "resolved")} - told

    def what_lacks(self):
        lost = "; ".join(f"{h.form}: {len(self.lost(h))} lost, as {sorted(self.lost(h))[:3]}" for h in self.hooks)
        return f"{lost}; {self.node.metric('tocsin_notifications_waiting')} wait"

    def check(self):
        """Gives figures; raises AssertionError for what is lost or was said twice anew."""
        told = repeated = 0
        for hook in self.hooks:
            if hook.moods["no idempotency-key"]:
                raise AssertionError(f"{hook.form}: webhook-id and Idempotency-Key differ")
            if changed := [n for n, bodies in hook.bodies.items() if len(bodies) != 1]:
                raise AssertionError(f"{hook.form}: the same id with another body: {changed[:3]}: {sorted(hook.bodies[changed[0]])}")
            ids = collections.defaultdict(set)
            for number, about in hook.about.items():
                if about[0].startswith("rvd/"):
                    ids[about].add(number)
            if twice := {about: sorted(n) for about, n in ids.items() if len(n) != 1}:
                raise AssertionError(f"{hook.form}: said under more than one id: {dict(list(twice.items())[:3])}")
            if lost := self.lost(hook):
                raise AssertionError(f"{hook.form}: lost: {sorted(lost)[:3]}")
            told += len(hook.taken)
            repeated += sum(n > 1 for n in hook.taken.values())
        with sqlite3.connect(f"file:{self.node.data_dir}/tocsin.db?mode=ro", uri=True) as db:
            ledger = dict(db.execute("SELECT id, state FROM outbox").fetchall())
        db.close()
        taken = set().union(*(h.taken for h in self.hooks))
        if odd := {n: s for n, s in ledger.items() if s != "delivered"}:
            raise AssertionError(f"not delivered by the ledger: {dict(list(odd.items())[:3])}")
        if set(ledger) ^ taken:
            raise AssertionError(f"ledger and receivers differ: {sorted(set(ledger) ^ taken)[:3]}")
        moods = sum((h.moods for h in self.hooks), collections.Counter())
        return {"notifications": told, "requests": self.requests(), "repeated": repeated, "kills": self.kills,
                "restarts of receivers": self.restarts, "reloads after 410": self.revived, "answers": dict(moods)}
