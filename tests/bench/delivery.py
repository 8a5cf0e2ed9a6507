"""Part delivery: how soon a webhook is written, under load and past a long queue; and a storm in which nothing is lost."""
import datetime
import http.server
import json
import os
import subprocess
import sys
import threading
import time
import unittest

import tools
from live import FLAT
from node import running_node

sys.path.append(os.path.join(tools.ROOT, "tests", "process"))


def wait_for(what, seconds=60):
    until = time.monotonic() + seconds
    while not what():
        if time.monotonic() > until:
            raise RuntimeError("waited too long for the node")
        threading.Event().wait(0.05)


class hook(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    arrived = {}

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        when = time.monotonic()
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
        for alert in json.loads(body)["alerts"]:
            hook.arrived.setdefault(alert["labels"]["subject"], when)

    def log_message(self, *_):
        pass


def run(options, out):
    evidence(options, out)
    overtaking(options, out, "24h", "")
    if not options.quick:
        overtaking(options, out, "20s", ", a snapshot every 20 s")  # of as many open incidents: some 100 MB
    storm(options, out)


# ---- evidence to webhook

def evidence(options, out):
    """Data loss advisories, each of a daemon on a service of its own, so that each is an incident and a notification."""
    if why := tools.missing_shared():
        return out.skip("evidence to webhook", why)
    feeder = tools.compile_shared("feed", "feed.cpp")
    loads = [(500, 500)] if options.quick else [(0, 0), (100_000, 5000), (100_000, 1000)]
    for daemons, interval in loads:
        delays = one_delivery(options, feeder, daemons, interval, 40 if options.quick else 400)
        load = f"{daemons * 1000 // interval} heartbeats/s" if interval else "no load"
        for p, label in ((0.5, "p50"), (0.99, "p99"), (1, "max")):
            out.add(f"{load}, {label}", tools.quantile(delays, p), "ms", 100 if label == "p99" else None, notifications=len(delays))


def one_delivery(options, feeder, daemons, interval, count):
    receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), hook)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    config = {"sources": [{"name": "feed", "kind": "jsonl", "address": "FREE", "jsonl": FLAT},
                          {"name": "advisories", "kind": "jsonl", "address": "FREE"}],
              "keeps": True, "rules": {"heartbeat": {"mode": "fixed", "lost_after": "1h"}},
              "groups": {"wait": "0s"},  # else an incident waits for others that may belong to it
              "receivers": [{"name": "hook", "kind": "webhook", "least": "info", "flood": {"start": 0},
                             "webhook": {"url": f"http://127.0.0.1:{receiver.server_port}/", "allow_private": True}}]}
    hook.arrived = {}
    sent, load = {}, None
    seconds = 4 + count // 20
    with running_node(options, "delivery", config) as n:
        if interval:
            load = subprocess.Popen([feeder, str(n.ports["feed"]), str(daemons), str(interval), str(seconds), os.devnull],
                                    stderr=subprocess.DEVNULL)
            n.wait_for_records(daemons)
        with n.connect("advisories") as link:
            for i in range(count):
                who = f"10.77.{i >> 8}.{i & 255}"
                sent[f"rvd/{who}/{9000 + i}"] = time.monotonic()
                link.sendall(data_loss(who, 9000 + i))
                threading.Event().wait(1 / 20)
            wait_for(lambda: len(hook.arrived.keys() & sent.keys()) == count, 30)
        if load:
            load.terminate()
            load.wait()
    receiver.shutdown()
    return [(hook.arrived[who] - when) * 1000 for who, when in sent.items()]


def data_loss(who, service):
    now = datetime.datetime.now(datetime.timezone.utc).isoformat()
    return (json.dumps({"at": now, "subject": "_RV.ERROR.SYSTEM.DATALOSS.INBOUND.PTP",
                        "message": {"hostaddr": who, "service": str(service), "network": "", "lost": 7, "host": "10.78.0.1"}}) + "\n").encode()


# ---- critical ones past a long queue

class slow_hook(hook):
    """Takes nothing until it is opened; then one after the other, each in so many seconds."""
    opened = threading.Event()
    pace = 0.001
    bulk = 0

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        when = time.monotonic()
        slow_hook.opened.wait()
        threading.Event().wait(slow_hook.pace)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
        for alert in body["alerts"]:
            if alert["labels"]["severity"] == "critical":
                slow_hook.arrived.setdefault(alert["labels"]["subject"], when)
            else:
                slow_hook.bulk += 1


def clients(host, service, count):
    return json.dumps({"subject": "_RV.INFO.SYSTEM.HOST.STATUS.0A000000",
                       "message": {"hostaddr": host, "service": str(service), "up": 100, "cc": count}}) + "\n"


def overtaking(options, out, snapshot, label_more):
    """Warnings of as many daemons fill the queue of a receiver that stands still; it moves again, and critical ones come."""
    queued, count = (2000, 40) if options.quick else (100_000, 400)
    receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), slow_hook)
    receiver.handle_error = lambda *_: None  # at the end the node hangs up
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    slow_hook.arrived, slow_hook.bulk = {}, 0
    slow_hook.opened.clear()
    config = {"sources": [{"name": "feed", "kind": "jsonl", "address": "FREE"}], "keeps": True,
              "rules": {"heartbeat": {"mode": "fixed", "lost_after": "1h"}, "clients": {"limit": 100}}, "groups": {"wait": "0s"},
              "snapshot": {"every": snapshot},
              "receivers": [{"name": "hook", "kind": "webhook", "flood": {"start": 0},
                             "webhook": {"url": f"http://127.0.0.1:{receiver.server_port}/", "allow_private": True, "timeout": "10m"}}]}
    sent = {}
    with running_node(options, "overtaking", config) as n, n.connect("feed") as link:
        began = time.monotonic()
        for first in range(0, queued, 1000):
            # 100 daemons on each service: a segment of them all would be a plant that nobody has.
            link.sendall("".join(clients(f"10.{80 + (i >> 16)}.{i >> 8 & 255}.{i & 255}", 10_000 + i // 100, 85)
                                 for i in range(first, min(queued, first + 1000))).encode())
        n.until(lambda: n.metric("tocsin_notifications_waiting") >= queued, f"{queued} that wait", 600, 0.2)
        out.add(f"{queued} notifications queued{label_more}", time.monotonic() - began, "s")
        slow_hook.opened.set()
        for i in range(count):
            who = f"10.77.{i >> 8}.{i & 255}"
            sent[f"rvd/{who}/9000"] = time.monotonic()
            link.sendall(clients(who, 9000, 97).encode())
            threading.Event().wait(1 / 20)
        wait_for(lambda: len(slow_hook.arrived.keys() & sent.keys()) == count, 60)
        left = n.metric("tocsin_notifications_waiting")
        size = n.metric("tocsin_snapshot_bytes")
    receiver.shutdown()
    if left == 0:
        raise tools.wrong("the queue ran empty before the last critical one: they overtook nothing")
    delays = [(slow_hook.arrived[who] - when) * 1000 for who, when in sent.items()]
    for p, label in ((0.5, "p50"), (0.99, "p99"), (1, "max")):
        out.add(f"critical past {queued} queued{label_more}, {label}", tools.quantile(delays, p), "ms", 100 if label == "p99" else None,
                notifications=count, bulk_meanwhile=slow_hook.bulk, still_queued=int(left), snapshot_bytes=int(size))


# ---- storm

def storm(options, out):
    """At least 10,000 notifications through receivers that fail in every way, and kill -9: nothing lost, nothing said anew."""
    os.environ["TOCSIN_BINARY"] = tools.binary(options)
    from storm import Storm
    hosts, kills = (40, 4) if options.quick else (1700, 40)
    holder = unittest.TestCase()
    began = time.monotonic()
    try:
        weather = Storm(holder, hosts, kills)
        weather.run(within=60 if options.quick else 600)
        seen = weather.check()
    except AssertionError as e:
        raise tools.wrong(str(e)[:3000]) from e
    finally:
        holder.doCleanups()
    out.add("storm: notifications, none lost, none under a second id", seen.pop("notifications"), "notifications", **seen)
    out.add(f"storm: {seen['kills']} x kill -9, {seen['restarts of receivers']} restarts of receivers", time.monotonic() - began, "s")
