"""Part cost: processor time of an event when 1, 2, 4 and 8 nodes read one input to its end, beside that of a bare consumer."""
import json
import os
import re
import time

import cluster_part
import kafka_part
import plants
import tools

PARTITIONS = 24  # that each of eight nodes has some
COUNTS = (1, 2, 4, 8)


def run(options, out):
    plants.prepare(options)
    records = 50_000 if options.quick else 1_000_000
    for count in (1, 2) if options.quick else COUNTS:
        names = "abcdefgh"[:count]
        how = {"partitions": PARTITIONS, "fetch_wait": None, "snapshot_every": "30s", "rules": plants.calm()}  # the product's own
        idle, _ = plants.with_plant(lambda p: to_the_end(p, 0), names, **how)
        used, more = plants.with_plant(lambda p: to_the_end(p, records), names, **how)
        bare = more.pop("bare")
        where = f"{count} node{'s' if count > 1 else ''}"
        out.add(f"processor time of an event, {where}", (used - idle) / records * 1e6, "us", bare_us=bare["cpu_seconds"] / records * 1e6, **more)
        out.add(f"the same, start and sharing of the partitions included, {where}", used / records * 1e6, "us", idle_seconds=idle)
        out.add(f"an input read to its end by {where}", more["rate"], "records/s", bare=bare["records"] / bare["seconds"])


def to_the_end(plant, records):
    """(CPU seconds of all nodes from their start to the end of the input, what else is to be said)."""
    import fab
    from support import wait_for
    bare = None
    if records:
        plants.produce(plant, kafka_part.lines_of(records))
        bare = json.loads(tools.must_run([cluster_part.BARE, plant.kafka.brokers, plant.kafka.name("inputs"), str(records)]).splitlines()[-1])
    for n in plant.nodes.values():
        n.spawn()
    for n in plant.nodes.values():
        n.awaited()
    plant.settled(within=300)
    ended = time.time()
    used = sum(cpu_seconds(n.process.pid) for n in plant.nodes.values())
    said = [line for n in plant.nodes.values() for line in n.log().splitlines()]
    began = min(fab.when(line) for line in said if " kafka_rebalance " in line)
    # Not by the log, which leaves out what comes more than 20 times in a second; positions are told twice in one.
    metrics = lambda: [n.get("/metrics")[2] for n in plant.nodes.values()]
    figures = lambda name: [float(v) for text in metrics() for v in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.M)]
    wait_for(lambda: len(at := figures("tocsin_kafka_position")) == PARTITIONS and sum(at) == records,
             lambda: f"{records} records of {PARTITIONS} partitions are read, not {figures('tocsin_kafka_position')}")
    judged = sum(figures("tocsin_records_total"))
    return used, {"bare": bare, "rate": records / (ended - began), "judged": judged}


def cpu_seconds(pid):
    """User and system time of a process with all its threads."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
