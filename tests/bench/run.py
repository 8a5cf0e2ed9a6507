#!/usr/bin/env python3
"""Runs the benchmarks and reports them: a JSON document for programs, a table on standard error for people.

No time makes it fail: only what did not run, or gave a wrong result, does."""
import argparse
import json
import os
import sys

import cluster_cost
import cluster_part
import delivery
import detect
import faults
import h
import kafka_part
import live
import micro
import questions
import s
import scenarios
import sim
import tools

PARTS = {
    "micro": (micro.run, "one line decoded, one heartbeat judged (Google Benchmark)"),
    "h": (h.run, "workload H through machines and actors, against its oracle, a flat loop and other systems"),
    "s": (s.run, "workload S: windows and anomalies of sensors, against its oracle, a flat loop and other systems"),
    "kafka": (kafka_part.run, "from a Kafka cluster (a mock of it) through the actors, against a bare consumer"),
    "memory": (live.memory, "resident memory per idle daemon in a running node"),
    "lateness": (live.lateness, "how late a silence is said, by a running node"),
    "faults": (faults.run, "the catalogue of injected faults: found, in time, false alarms, calibration"),
    "sim": (sim.run, "1,000 seeds of a simulated cluster with faults: what must never happen, counted"),
    "scenarios": (scenarios.run, "every scenario file with real processes: three nodes, many times the pace of life, with and without a kill -9"),
    "questions": (questions.run, "how long a question to another node takes, in the clear and under mutual TLS"),
    "cluster": (cluster_part.run, "one of three nodes that share the input is killed, again and again, under load; evidence to incident across nodes"),
    "cost": (cluster_cost.run, "processor time of an event when 1, 2, 4 and 8 nodes share an input"),
    "delivery": (delivery.run, "evidence received to webhook written, under load and past a long queue; a storm"),
}
NAMED_ALONE = {"detect": (detect.run, "detect DIR: tocsin score over labelled series, judged beside trivial baselines")}


def arguments():
    parts = "\n".join(f"  {name:10} {text}" for name, (_, text) in (PARTS | NAMED_ALONE).items())
    p = argparse.ArgumentParser(
        prog="tests/bench/run.sh", formatter_class=argparse.RawDescriptionHelpFormatter,
        description=f"Measures tocsin. Parts, all of them but detect when none is named:\n{parts}",
        epilog="Example:  tests/bench/run.sh h memory --json h.json")
    p.add_argument("parts", nargs="*", metavar="PART")
    p.add_argument("--json", metavar="FILE", help="write the JSON document here instead of standard output")
    p.add_argument("--repeat", type=int, default=5, metavar="N", help="runs of everything in parts h and s (default 5)")
    p.add_argument("--quick", action="store_true", help="small inputs: does it run, is it right? The times mean little")
    p.add_argument("--no-peers", action="store_true", help="parts h and s without the other systems")
    p.add_argument("--binary", metavar="FILE", help="measure this tocsin instead of building build/release/tocsin")
    a = p.parse_args()
    a.folder = None
    if a.parts[:1] == ["detect"]:
        if len(a.parts) != 2 or not os.path.isfile(os.path.join(a.parts[1], "manifest.csv")):
            p.error("detect takes one folder with a manifest.csv: tests/bench/run.sh detect DIR")
        a.folder = os.path.abspath(a.parts.pop())
    for name in a.parts:
        if name not in PARTS and not a.folder:
            p.error(f"there is no part '{name}'; there are {', '.join(PARTS | NAMED_ALONE)}")
    return a


def main():
    options = arguments()
    out = tools.report(options.parts or list(PARTS))
    tools.build(options)
    parts = PARTS | NAMED_ALONE
    for name in options.parts or PARTS:
        print(f"== {name}: {parts[name][1]}", file=sys.stderr, flush=True)
        try:
            parts[name][0](options, out.of(name))
        except tools.wrong as e:
            out.fail(name, str(e))
        except Exception as e:  # one part that cannot run does not keep the others from running
            out.fail(name, f"did not run: {type(e).__name__}: {e}")
    document = json.dumps(out.document(), indent=1)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as f:
            f.write(document + "\n")
    else:
        print(document)
    out.print_table()
    return 1 if out.failed else 0


if __name__ == "__main__":
    sys.exit(main())
