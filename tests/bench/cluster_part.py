"""Part cluster: nodes that share the input through Kafka (a mock of it): evidence of one at the others, and how fast an input is read to its end."""
import json
import os
import re
import statistics
import time
import unittest

import cluster_kills
import kafka_part
import plants
import tools

BARE = os.path.join(tools.ROOT, "build", "release", "tests", "bench", "tocsin_kafka_bare")


def run(options, out):
    plants.prepare(options)
    cluster_kills.run(options, out)
    for secure in (False, True):
        # The mock answers an empty fetch only after the whole wait, a broker as soon as there is something.
        try:
            plants.with_plant(lambda p: across(out, p.start(), 20 if options.quick else 200, secure), secure=secure, fetch_wait=2, snapshot_every="30s")
        except unittest.SkipTest as e:
            out.skip("evidence under mutual TLS", str(e))
    for names in ("a", "ab"):
        records, times = (50_000, 1) if options.quick else (1_000_000, options.repeat)
        rates = [plants.with_plant(lambda p: read_all(p, records), names, rules=plants.calm(), snapshot_every="30s") for _ in range(times)]
        rate, bare = (statistics.median(column) for column in zip(*rates))
        shares = sorted(r / b * 100 for r, b in rates)
        out.add(f"an input read to its end by {len(names)} of the nodes", rate, "records/s", bare=bare)
        out.add(f"that, of a bare consumer with the same decoding, {len(names)} of the nodes", statistics.median(shares), "%", least=shares[0], most=shares[-1])


# ---- evidence in a partition of one node, the incident at the others

def across(out, plant, count, secure):
    import fab
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
    took, own = [], []
    for n in plant.nodes.values():
        seen = times_of(fab, n)
        took += [(seen[who] - at) * 1e3 for who, at in sent.items() if owner[who] not in (leader.name, n.name)]
        own += [(seen[who] - at) * 1e3 for who, at in sent.items() if owner[who] == n.name]
    how = "under mutual TLS" if secure else "in the clear"
    for p in (0.5, 0.99, 1):
        out.add(f"evidence written to incident_opened at another node, {how}, p{p * 100:.0f}", tools.quantile(took, p), "ms", 20 if p == 0.99 else None, seen=len(took),
                at_the_owner=tools.quantile(own, p))


def times_of(fab, node):
    """When the node said that the incident of a daemon on a service of its own began."""
    found = re.finditer(r"^\S+ info incident_opened .*\brvd (10\.77\.\S+/1\d{4})\b.*$", node.log(), re.M)
    return {m.group(1): fab.when(m.group(0)) for m in found}


# ---- how fast an input is read to its end

def read_all(plant, records):
    """Records a second from the assignment of the first partition to the end of the last, everything judged; and a bare consumer's, just before."""
    import fab
    plants.produce(plant, kafka_part.lines_of(records))
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
    return records / seconds, bare["records"] / bare["seconds"]
