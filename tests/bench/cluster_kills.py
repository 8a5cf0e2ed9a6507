"""One of three nodes is killed under load, again and again: nothing may be lost, false or told twice, and partitions are taken over soon.

TOCSIN_TEST_KILLS and TOCSIN_TEST_SUBJECTS (of a node) say how many. The mock of Kafka keeps 5 MiB of a partition, so a large fleet gets fresh
brokers and nodes after some kills."""
import dataclasses
import os
import sys
import time

import plants
import tools

NODES = "abc"
MOST_BEATS = 7500     # heartbeats a second of the whole fleet
LARGE, OF_LARGE = 5000, 10  # daemons of a node from which on so many kills are made in one cluster


@dataclasses.dataclass
class Tally:
    """What all clusters of a run gave; times in seconds."""
    taken: list = dataclasses.field(default_factory=list)  # of each partition: from the assignment to watching, after a kill
    back: list = dataclasses.field(default_factory=list)   # the same when the killed one is there again
    away: list = dataclasses.field(default_factory=list)   # of each kill: until the last partition is watched
    lost: int = 0
    false: int = 0
    twice: int = 0
    again: int = 0
    incidents: int = 0
    beats: int = 0
    seconds: float = 0


def run(options, out):
    import fab
    kills = int(os.environ.get("TOCSIN_TEST_KILLS", "2" if options.quick else "50"))
    each = int(os.environ.get("TOCSIN_TEST_SUBJECTS", "50" if options.quick else "1000"))
    size = each * len(NODES)
    every = max(1.0, size / MOST_BEATS)
    rules = fab.RULES.replace("period: 1s, lost_after: 6s", f"period: {every:g}s, lost_after: {max(6, 3 * every):g}s")
    tally, left = Tally(), kills
    while left > 0:
        now = min(left, OF_LARGE if each >= LARGE else left)
        plants.with_plant(lambda p: killed(tally, p.start(), now), NODES, size=size, beat=every, rules=rules, snapshot_every="10s",
                          producer={"linger": "20ms", "compression": "zstd"})
        left -= now
        print(f"   {kills - left} of {kills} kills, {tally.lost} lost, {tally.false} false, {tally.twice} told under a second id", file=sys.stderr, flush=True)
    report(out, tally, kills, size)


def killed(tally, plant, kills):
    plant.fleet.beat(5)
    began_at, began_beats = time.time(), plant.fleet.beats
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
        of_kill, watched = takeovers(others, began)
        tally.taken += of_kill
        tally.away.append(max(watched) - killed_at)
        began = positions(plant.nodes.values())
        victim.start()
        plant.settled(within=120)
        tally.back += takeovers(plant.nodes.values(), began)[0]
        plant.check(within=120)
    tally.seconds += time.time() - began_at
    tally.beats += (plant.fleet.beats - began_beats) * plant.size
    for n in plant.nodes.values():
        said, wanted = set(plant.said_by(n)), set(plant.expected())
        tally.lost, tally.false = tally.lost + len(wanted - said), tally.false + len(said - wanted)
    tally.incidents += len(plant.expected())
    tally.twice += sum(len(ids) > 1 for ids in plant.told().values())
    tally.again += len(plant.hook.requests) - len({h["Idempotency-Key"] for h, _, _ in plant.hook.requests})


def report(out, tally, kills, size):
    load = f"{size} daemons, {tally.beats / tally.seconds:.0f} heartbeats/s"
    for name, all_of in (("taken over after kill -9", tally.taken), ("taken over when it is back", tally.back)):
        for p in (0.5, 0.99, 1):
            out.add(f"{name}, from the assignment, p{p * 100:.0f}", tools.quantile(all_of, p) * 1e3, "ms", 3000 if p == 0.99 else None, partitions=len(all_of), kills=kills, load=load)
    for p in (0.5, 1):
        out.add(f"from kill -9 to the last partition, session of 3 s and Kafka's rebalance included, p{p * 100:.0f}", tools.quantile(tally.away, p), "s")
    for name, count in (("incidents lost", tally.lost), ("false incidents", tally.false), ("told under a second id", tally.twice)):
        out.add(name, count, "", 0, incidents=tally.incidents)
    out.add("told again under the same id", tally.again, "")
    if tally.lost or tally.false or tally.twice:
        raise tools.wrong(f"{tally.lost} lost, {tally.false} false, {tally.twice} told under a second id")


def positions(nodes):
    return {n.name: len(n.log()) for n in nodes}


def takeovers(nodes, began):
    """Seconds from the assignment to watching, of each partition that was taken over, and the moments when they were watched."""
    import fab
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
