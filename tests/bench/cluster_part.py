"""Part cluster: nodes that share the input through Kafka (a mock of it): killed under load, nothing may be lost, false or told twice."""
import json
import os
import re
import sys
import time
import unittest

import kafka_part
import tools

sys.path.append(os.path.join(tools.ROOT, "tests", "process"))
MOCK = os.path.join(tools.ROOT, "build", "release", "tests", "kafka_mock", "tocsin-test-kafka")
BARE = os.path.join(tools.ROOT, "build", "release", "tests", "bench", "tocsin_kafka_bare")
NODES = "abc"


def run(options, out):
    os.environ["TOCSIN_BINARY"] = tools.binary(options)
    os.environ.setdefault("TOCSIN_TEST_KAFKA_MOCK", MOCK)
    import fab
    from kafka import Cluster
    kills = int(os.environ.get("TOCSIN_TEST_KILLS", "2" if options.quick else "50"))
    each = int(os.environ.get("TOCSIN_TEST_SUBJECTS", "50" if options.quick else "1000"))
    size = each * len(NODES)
    every = max(1.0, size / 7500)  # the mock keeps 5 MiB of a partition: what it forgets before a takeover is over nobody reads
    rules = fab.RULES.replace("period: 1s, lost_after: 6s", f"period: {every:g}s, lost_after: {max(6, 3 * every):g}s")

    def started(names, work, **more):
        holder = unittest.TestCase()
        try:
            kafka = Cluster(holder, False, inputs=fab.PARTITIONS, cluster=1, snapshots=fab.PARTITIONS)
            work(fab.Plant(holder, kafka, names, **more))
        except AssertionError as e:
            raise tools.wrong(str(e)[:4000]) from e
        finally:
            holder.doCleanups()

    started(NODES, lambda p: killed(out, fab, p.start(), kills), size=size, beat=every, rules=rules)
    # The mock answers an empty fetch only after the whole wait, a broker as soon as there is something.
    started(NODES, lambda p: across(out, fab, p.start(), 20 if options.quick else 200), fetch_wait=2)
    for names in ("a", "ab"):
        started(names, lambda p: read_all(out, fab, p, 50_000 if options.quick else 1_000_000))


# ---- kill -9 of one of three

def killed(out, fab, plant, kills):
    plant.fleet.beat(5)
    taken, back, away = [], [], []
    for i in range(kills):
        victim = list(plant.nodes.values())[i % len(NODES)]
        before, during, after = plant.some_of(victim, 3)
        others = [n for n in plant.nodes.values() if n is not victim]
        began = positions(others)
        plant.fill(before)
        killed_at = time.time()
        victim.kill()
        plant.die(during)
        plant.fill(after)
        plant.settled(within=120)
        of_kill, watched = takeovers(fab, others, began)
        taken += of_kill
        away.append(max(watched) - killed_at)
        began = positions(plant.nodes.values())
        victim.start()
        plant.settled(within=120)
        back += takeovers(fab, plant.nodes.values(), began)[0]
        plant.check(within=120)
    load = f"{plant.size} daemons, {plant.size / plant.fleet.every:.0f} heartbeats/s"
    for name, all_of in (("taken over after kill -9", taken), ("taken over when it is back", back)):
        for p in (0.5, 0.99, 1):
            out.add(f"{name}, from the assignment, p{p * 100:.0f}", tools.quantile(all_of, p) * 1e3, "ms", 3000 if p == 0.99 else None, partitions=len(all_of), kills=kills, load=load)
    out.add("from kill -9 to the last partition, session of 3 s and Kafka's rebalance included, p50", tools.median(away), "s")
    lost = false = 0
    for n in plant.nodes.values():
        said, wanted = set(plant.said_by(n)), set(plant.expected())
        lost, false = lost + len(wanted - said), false + len(said - wanted)
    twice = sum(len(ids) > 1 for ids in plant.told().values())
    again = len(plant.hook.requests) - len({h["Idempotency-Key"] for h, _, _ in plant.hook.requests})
    for name, count in (("incidents lost", lost), ("false incidents", false), ("told under a second id", twice)):
        out.add(name, count, "", 0, incidents=len(plant.expected()))
    out.add("told again under the same id", again, "")
    if lost or false or twice:
        raise tools.wrong(f"{lost} lost, {false} false, {twice} told under a second id")


def positions(nodes):
    return {n.name: len(n.log()) for n in nodes}


def takeovers(fab, nodes, began):
    """Seconds from the assignment to watching, of each partition that was taken over, and the moments when they were watched."""
    took, moments = [], []
    for n in nodes:
        assigned = None
        for line in n.log()[began[n.name]:].splitlines():
            if " kafka_rebalance " in line and "what=assigned" in line and "partitions=0" not in line:
                assigned = fab.when(line)
            if " partition_watched " in line and assigned:
                took.append(fab.when(line) - assigned)
                moments.append(fab.when(line))
    if not took:
        raise tools.wrong("nobody took a partition over")
    return took, moments


# ---- evidence in a partition of one node, the incident at the others

def across(out, fab, plant, count):
    plant.fleet.beat(2)
    leader = plant.leader()
    sent = {}
    for i in range(count):  # each on a service of its own: an incident each, and no storm
        who, service = f"10.77.{i >> 8}.{i & 255}", str(10_000 + i)
        sent[f"{who}/{service}"] = time.time()
        plant.fleet.say(fab.data_loss(who, service))
        plant.fleet.over.wait(0.1)  # the log of a node leaves out what comes more than 20 times in a second
    for n in plant.nodes.values():
        n.wait(lambda n=n: len(times_of(fab, n)) >= count, lambda n=n: f"{n.name} knows of {count} losses, not {len(times_of(fab, n))}", 60)
    owner = {d["subject"].removeprefix("rvd/"): d["node"] for d in leader.json("/api/v1/daemons?limit=10000")["daemons"]}
    took = []
    for n in plant.nodes.values():
        seen = times_of(fab, n)
        took += [(seen[who] - at) * 1e3 for who, at in sent.items() if owner[who] not in (leader.name, n.name)]
    for p in (0.5, 0.99, 1):
        out.add(f"evidence written to incident_opened at another node, p{p * 100:.0f}", tools.quantile(took, p), "ms", 20 if p == 0.99 else None, seen=len(took))


def times_of(fab, node):
    """When the node said that the incident of a daemon on a service of its own began."""
    found = re.finditer(r"^\S+ info incident_opened .*\brvd (10\.77\.\S+/1\d{4})\b.*$", node.log(), re.M)
    return {m.group(1): fab.when(m.group(0)) for m in found}


# ---- how fast an input is read to its end

def read_all(out, fab, plant, records):
    """Records a second from the assignment of the first partition to the end of the last, everything judged."""
    lines = os.path.join(tools.WORK, f"kafka-{records}.jsonl")
    if not os.path.exists(lines):
        kafka_part.write_lines(lines, records, 10_000)
    config = os.path.join(tools.WORK, "cluster-produce.yaml")
    with open(config, "w", encoding="utf-8") as f:
        f.write(plant.section() + "  compression: zstd\n")
    tools.must_run([os.environ["TOCSIN_BINARY"], "produce", "-c", config, "--topic", plant.kafka.name("inputs"), "-i", lines])
    bare = json.loads(tools.must_run([BARE, plant.kafka.brokers, plant.kafka.name("inputs"), str(records)]).splitlines()[-1])
    for n in plant.nodes.values():
        n.start()
    plant.settled(within=180)
    said = "".join(n.log() for n in plant.nodes.values()).splitlines()
    began = min(fab.when(line) for line in said if " kafka_rebalance " in line)
    watched = [line for line in said if " partition_watched " in line]
    if sum(int(re.search(r" offset=(\d+)", line).group(1)) for line in watched) != records:
        raise tools.wrong(f"not every record was read once: {watched}")
    seconds = max(fab.when(line) for line in watched) - began
    rate, bare_rate = records / seconds, bare["records"] / bare["seconds"]
    out.add(f"an input read to its end by {len(plant.nodes)} of the nodes", rate, "records/s", bare=bare_rate)
    out.add(f"that, of a bare consumer with the same decoding, {len(plant.nodes)} of the nodes", rate / bare_rate * 100, "%")
