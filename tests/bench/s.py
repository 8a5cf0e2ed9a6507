"""Part s: workload S. Windows and anomalies of sensors: exactly the oracle's lines, and the CPU time beside a flat loop and others."""
import collections
import os
import subprocess
import sys
import time

import peers
import tools

SIZES = [("s1k", 1000, 660), ("s10k", 10_000, 330)]  # name, sensors, seconds
QUICK = [("s100", 100, 320)]
SLOW = 10  # seconds; what takes longer is run once: its own share of a disturbance is small


def run(options, out):
    if why := tools.missing_shared():
        return out.skip("workload S", why)
    generator = tools.compile_shared("gen", "gen.cpp")
    limit = tools.compile_shared("limit", "limit.cpp", "-lsimdjson")
    rivals = [] if options.no_peers or options.quick else peers.built(out, "S")
    for name, sensors, seconds in QUICK if options.quick else SIZES:
        samples = lines_in(tools.workload(generator, "S", name, sensors, seconds) + ".jsonl")
        commands = {"limit json": [limit, "S", "json", f"{name}.jsonl", "OUT"],
                    **{f"tocsin {way}": replay(options, name, way) for way in ("machines", "actors")}}
        used = measure(commands | peers.commands(rivals, name, "S"), name, 1 if options.quick else options.repeat)
        others = {peer: used.pop(peer) for peer in rivals}
        summarize(out, name, samples, used, others, bounded=not options.quick)
        always_on(options, out, name, samples)


def always_on(options, out, name, samples):
    """Readings per second of the clock through actors with the always-on tier: what one node takes."""
    took = []
    for _ in range(1 if options.quick else options.repeat):
        begin = time.monotonic()
        tools.cpu_of(replay(options, name, "actors", rules="always_on.yaml", emit="symptoms"))
        took.append(time.monotonic() - begin)
    out.add(f"{name} always-on tier, actors", samples / tools.median(took) / 1e6, "million samples/s", runs=[samples / t / 1e6 for t in took])


def lines_in(path):
    with open(path, "rb") as f:
        return sum(block.count(b"\n") for block in iter(lambda: f.read(1 << 20), b""))


def replay(options, name, way, rules="workload_s.yaml", emit="equipment"):
    return [tools.binary(options), "replay", "--config", os.path.join(tools.HERE, rules), "--input", f"{name}.jsonl",
            "--format", "samples", "--emit", emit, "--through", way]


def measure(commands, data_name, repeat):
    """Runs all of them in turn, so that a disturbance meets everybody: name -> CPU seconds of each run."""
    used = collections.defaultdict(list)
    said, lines = os.path.join(tools.WORK, "OUT.equipment"), os.path.join(tools.WORK, "OUT")
    for turn in range(repeat):
        for name, command in commands.items():
            if turn > 0 and used[name][0] > SLOW:
                continue
            if name.startswith("tocsin"):
                with open(said, "wb") as f:
                    used[name].append(tools.cpu_of(command, f)[0])
            else:
                used[name].append(tools.cpu_of(command)[0])
            if turn > 0:
                continue
            if name.startswith("tocsin"):
                with open(said, "rb") as source, open(lines, "wb") as target:
                    subprocess.run([sys.executable, os.path.join(tools.HERE, "s_lines.py")], stdin=source, stdout=target, check=True)
            checked = subprocess.run([sys.executable, os.path.join(tools.SHARED, "check.py"), os.path.join(tools.WORK, data_name + ".ref"), lines],
                                     capture_output=True, text=True, check=False)
            if checked.returncode:
                raise tools.wrong(f"{name}: {checked.stdout.strip() or checked.stderr.strip()}")
    return used


def summarize(out, name, samples, used, others, bounded):
    base = used["limit json"]
    out.add(f"{name} limit json", tools.median(base), "CPU s", runs=base)
    for way in ("machines", "actors"):
        own = used[f"tocsin {way}"]
        out.add(f"{name} {way}", tools.median(own), "CPU s", runs=own)
        out.add(f"{name} {way}, samples", samples / tools.median(own) / 1e6, "million/CPU s")
        out.add(f"{name} {way} / limit json", tools.median([a / b for a, b in zip(own, base)]), "times", 2.0 if bounded else None)
    for peer, runs in others.items():
        out.add(f"{name} {peer}", tools.median(runs), "CPU s", runs=runs)
        out.add(f"{name} actors / {peer}", tools.median([a / b for a, b in zip(used["tocsin actors"], runs)]), "times", peers.bound(peer))
