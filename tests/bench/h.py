"""Part h: workload H. Exactly the oracle's lines, and the CPU time for it beside a flat loop and other systems."""
import collections
import glob
import os
import shutil
import subprocess
import sys

import peers
import tools

SIZES = [("h10k", 10_000, 100), ("h100k", 100_000, 10)]  # name, daemons, rounds
QUICK = [("h500", 500, 20)]


def run(options, out):
    if why := tools.missing_shared():
        return out.skip("workload H", why)
    generator = tools.compile_shared("gen", "gen.cpp")
    limit = tools.compile_shared("limit", "limit.cpp", "-lsimdjson")
    rivals = [] if options.no_peers or options.quick else peers.built(out)
    for name, daemons, rounds in QUICK if options.quick else SIZES:
        reference = lines_of(tools.workload(generator, "H", name, daemons, rounds) + ".ref")
        commands = {"limit jsonall": [limit, "H", "jsonall", f"{name}.jsonl", "OUT"],
                    **{f"tocsin {way}": replay(options, name, way) for way in ("machines", "actors")}}
        used = measure(commands, reference, 1 if options.quick else options.repeat)
        others = measure(peers.commands(rivals, name), reference, min(2, options.repeat))
        summarize(out, name, used, others, bounded=not options.quick)
        if not options.quick:
            live(options, out, name, used["limit jsonall"])


def lines_of(*files):
    found = collections.Counter()
    for name in files:
        with open(name, encoding="utf-8") as f:
            found.update(line.strip() for line in f)
    return found


def replay(options, name, way):
    return [tools.binary(options), "replay", "--config", os.path.join(tools.HERE, "workload_h.yaml"), "--input", f"{name}.jsonl",
            "--format", "jsonl", "--emit", "symptoms", "--through", way]


def measure(commands, reference, repeat):
    """Runs all of them in turn, so that a disturbance meets everybody: name -> CPU seconds of each run."""
    used = collections.defaultdict(list)
    for turn in range(repeat):
        for name, command in commands.items():
            for old in glob.glob(os.path.join(tools.WORK, "OUT*")):
                os.unlink(old)
            if name.startswith("tocsin"):
                with open(os.path.join(tools.WORK, "OUT.symptoms"), "wb") as f:
                    used[name].append(tools.cpu_of(command, f)[0])
            else:
                used[name].append(tools.cpu_of(command)[0])
            if turn == 0:
                check(name, reference)
    return used


def check(name, reference):
    """The output must be the oracle's lines, in any order."""
    symptoms = os.path.join(tools.WORK, "OUT.symptoms")
    if os.path.exists(symptoms):
        with open(symptoms, "rb") as source, open(os.path.join(tools.WORK, "OUT"), "wb") as target:
            subprocess.run([sys.executable, os.path.join(tools.HERE, "h_lines.py")], stdin=source, stdout=target, check=True)
        os.unlink(symptoms)
    said = lines_of(*glob.glob(os.path.join(tools.WORK, "OUT*")))
    if said != reference:
        differing = list(((said - reference) + (reference - said)).items())
        raise tools.wrong(f"{name}: {len(differing)} lines differ from the oracle's, such as {differing[0][0]}")


def live(options, out, name, base):
    """The same file through `tocsin run`: time is the clock's then, so there is no oracle, only the price of a whole node."""
    for keeps in (False, True):
        config = os.path.join(tools.WORK, "h_live.yaml")
        data_dir = os.path.join(tools.WORK, "data")
        shutil.rmtree(data_dir, ignore_errors=True)
        with open(os.path.join(tools.HERE, "workload_h.yaml"), encoding="utf-8") as f:
            text = f.read()
        with open(config, "w", encoding="utf-8") as f:  # the file is its only source, so that it ends
            f.write(text[:text.index("sources:")] + text[text.index("rules:"):])
        command = [tools.binary(options), "run", "--config", config, "--data-dir", data_dir if keeps else "none", "--http", "none",
                   "--input", f"{name}.jsonl", "--format", "jsonl", "--once", "--emit", "symptoms"]
        runs = [tools.cpu_of(command) for _ in range(1 if keeps else min(3, options.repeat))]
        label = f"{name} run, {'journal kept' if keeps else 'nothing kept'}"
        out.add(label, tools.median([r[0] for r in runs]), "CPU s")
        out.add(label + " / limit jsonall", tools.median([r[0] for r in runs]) / tools.median(base), "times")


def summarize(out, name, used, others, bounded):
    base = used["limit jsonall"]
    out.add(f"{name} limit jsonall", tools.median(base), "CPU s", runs=base)
    for way, bound in (("machines", 1.3), ("actors", 1.5)):
        own = used[f"tocsin {way}"]
        out.add(f"{name} {way}", tools.median(own), "CPU s", runs=own)
        # Each run against the flat loop of its own turn; the median of that is little moved by a busy machine.
        bound = bound if bounded else None
        out.add(f"{name} {way} / limit jsonall", tools.median([a / b for a, b in zip(own, base)]), "times", bound)
        out.add(f"{name} {way} / limit jsonall, best runs", min(own) / min(base), "times", bound)
    actors = tools.median(used["tocsin actors"])
    for peer, runs in others.items():
        out.add(f"{name} {peer}", tools.median(runs), "CPU s", runs=runs)
        out.add(f"{name} actors / {peer}", actors / tools.median(runs), "times", peers.bound(peer))
