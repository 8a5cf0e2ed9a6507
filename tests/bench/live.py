"""Parts memory, lateness and delivery: a running node, fed over TCP."""
import datetime
import http.server
import json
import os
import subprocess
import threading
import time

import tools
from node import running_node

FLAT = {"at": "t", "at_unit": "ms", "subject": "", "message": "",
        "fields": {"hostaddr": "id", "network": "net", "cc": "cli", "client_limit": "maxcli", "pm": "rxi", "service": "port"}}


# ---- memory

def memory(options, out):
    daemons, rounds, period = (2000, 45, 0.05) if options.quick else (100_000, 45, 1.0)
    for keeps in (False, True):
        where = "journal and snapshots kept" if keeps else "nothing kept"
        with running_node(options, "memory", idle_fleet(period, keeps)) as n:
            with n.connect("feed") as feed:
                feed.sendall(one_round(["10.255.255.1"], 0, period))
                n.wait_for_records(1)
                empty = n.resident_kib()
                beat(feed, daemons, rounds, period)
                n.wait_for_records(daemons * rounds + 1)
                n.wait_until_idle()
                full = n.resident_kib()
                known = n.metric("tocsin_daemons")
            if known != daemons + 1:
                raise tools.wrong(f"{known} daemons are known, {daemons + 1} were heard")
            out.add(f"{daemons} idle daemons, {where}", (full - empty) * 1024 / daemons, "B/daemon", 3072,
                    empty_kib=empty, full_kib=full, rounds=rounds)


def idle_fleet(period, keeps):
    return {"sources": [{"name": "feed", "kind": "jsonl", "address": "FREE"}], "keeps": keeps,
            # Once the feed rests the daemons must stay well: a fleet that is late is not idle.
            "rules": {"heartbeat": {"mode": "fixed", "lost_after": "1h", "period": f"{round(period * 1000)}ms"}}}


def one_round(hosts, number, period):
    """A calm heartbeat of each, as RV says it: every field there, counters growing, clients steady."""
    up = 1_000_000 + int(number * period)
    tail = (f'","service":"7500","network":";239.255.0.1","ver":"8.7.0","up":{up},"cc":{40 + number % 3},"rli":60,'
            f'"ms":{10 ** 6 + number * 900},"bs":{10 ** 8 + number * 10 ** 5},"mr":{10 ** 6 + number * 800},"br":{10 ** 8 + number * 10 ** 5},'
            f'"ps":{10 ** 6 + number * 700},"pr":{10 ** 6 + number * 600},"rx":12,"pm":3,"idl":0,"odl":0,"irrs":0,"orrs":0}}}}\n')
    at = f"{time.time():.3f}"
    head = f'{{"at":{at},"subject":"_RV.INFO.SYSTEM.HOST.STATUS.0A000000","message":{{"hostaddr":"'
    return "".join([head + h + tail for h in hosts]).encode()


def beat(feed, daemons, rounds, period):
    hosts = [f"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}" for i in range(daemons)]
    parts = 20  # a fleet does not beat in one blow
    began = time.monotonic()
    for number in range(rounds):
        for part in range(parts):
            until = began + (number + part / parts) * period
            threading.Event().wait(max(0.0, until - time.monotonic()))
            feed.sendall(one_round(hosts[part * daemons // parts:(part + 1) * daemons // parts], number + 1, period))


def wait_for(what, seconds=60):
    until = time.monotonic() + seconds
    while not what():
        if time.monotonic() > until:
            raise RuntimeError("waited too long for the node")
        threading.Event().wait(0.05)


# ---- lateness

def lateness(options, out):
    if why := tools.missing_shared():
        return out.skip("lateness of deadlines", why)
    # daemons, heartbeat ms, seconds, deadline ms: the points of the workload's specification
    points = [(1000, 500, 6, 1500, False)] if options.quick else [
        (10_000, 1000, 16, 3000, False), (100_000, 5000, 44, 12_000, False), (100_000, 5000, 44, 12_000, True)]
    feeder = tools.compile_shared("feed", "feed.cpp")
    for daemons, interval, seconds, deadline, keeps in points:
        late, silent = one_lateness(options, feeder, daemons, interval, seconds, deadline, keeps)
        if len(late) < silent:
            raise tools.wrong(f"{silent} of {daemons} daemons fell silent, {len(late)} were said")
        for p, label in ((0.5, "p50"), (0.99, "p99"), (1, "max")):
            out.add(f"{daemons} daemons{', journal and snapshots' * keeps}, {label}", tools.quantile(late, p), "ms",
                    5 if label == "p99" else None, silences=silent)


def one_lateness(options, feeder, daemons, interval, seconds, deadline, keeps):
    said = []
    config = {"sources": [{"name": "feed", "kind": "jsonl", "address": "FREE", "jsonl": FLAT}], "keeps": keeps,
              "rules": {"heartbeat": {"mode": "fixed", "lost_after": f"{deadline}ms", "period": f"{interval}ms"}}}
    sent_file = os.path.join(tools.WORK, "lateness.sent")

    def listen(line):
        said.append((time.time_ns() // 1000, line))

    with running_node(options, "lateness", config, emit="symptoms", each_line=listen) as n:
        tools.must_run([feeder, str(n.ports["feed"]), str(daemons), str(interval), str(seconds), sent_file])
    with open(sent_file, encoding="utf-8") as f:
        sent = {who: int(when) for when, who in (line.strip().split(",") for line in f)}
    late = {}
    for when, line in said:
        s = json.loads(line)
        who = s["subject"].split("/")[1]
        # All fall silent with the end of the feed: those later than it are no measure.
        if s["kind"] == "heartbeat_lost" and s["state"] == "raised" and who in sent and who not in late and when > sent[who]:
            late[who] = (when - sent[who]) / 1000 - deadline
    return list(late.values()), len(sent)


# ---- delivery

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


def delivery(options, out):
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
              "receivers": [{"name": "hook", "kind": "webhook", "least": "info",
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
