"""Parts memory and lateness: a running node, fed over TCP."""
import json
import os
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
