"""Part faults: the catalogue of injected faults at default settings, on seeds that nothing was tuned on (docs/faults.md)."""
import os
import sys

import tools

GOAL = 0.95


def run(options, out):
    program = os.path.join(tools.ROOT, "build", "release", "tests", "bench", "tocsin_fault_bench")
    said = tools.must_run([program] + (["--quick"] if options.quick else []))
    rows = [line.split("\t") for line in said.splitlines()]
    of = {kind: [r[1:] for r in rows if r[0] == kind] for kind in ("cost", "quiet", "cell", "calibration")}
    if not all(of.values()):
        raise tools.wrong("tocsin_fault_bench did not print all of its tables")
    report_cost(out, of["cost"][0])
    report_quiet(out, of["quiet"])
    report_cells(out, of["cell"])
    out.add("calibration error of the confidence", float(of["calibration"][0][0]), "", 0.05)


def report_cost(out, row):
    out.add("sample monitor", float(row[0]), "ns/sample", 300)
    out.add("sample monitor, state", int(row[1]), "B/channel", 2048)


def report_quiet(out, rows):
    all_rows = all_alarms = 0
    for stream, claims, judged, alarms, *_ in rows:
        out.add(f"false alarms, {stream}" + ("" if claims == "1" else " (not claimed)"), int(alarms) / int(judged) * 1e6, "per 10^6 rows", 1)
        if claims == "1":
            all_rows, all_alarms = all_rows + int(judged), all_alarms + int(alarms)
    out.add("false alarms, all that is claimed", all_alarms / all_rows * 1e6, "per 10^6 rows", 1)


def report_cells(out, rows):
    print(f"\n   {'stream':20} {'fault':22} claimed found %  at least  median/allowed rows  true alarms %", file=sys.stderr)
    claimed = reached = sure = 0
    true_alarms = []
    for stream, fault, is_claimed, events, found, allowed, least, median, true_share, _ in rows:
        share = int(found) / int(events)
        if is_claimed == "1":
            claimed, reached, sure = claimed + 1, reached + (share >= GOAL), sure + (float(least) >= GOAL)
            true_alarms.append(float(true_share))
        verdict = "" if is_claimed != "1" or float(least) >= GOAL else "  <-- fails" if share < GOAL else "  <-- not surely"
        print(f"   {stream:20} {fault:22} {'yes' if is_claimed == '1' else '':7} {share * 100:7.1f} {float(least) * 100:9.1f} "
              f"{median + ' / ' + allowed:>20} {float(true_share) * 100:14.1f}{verdict}", file=sys.stderr)
        out.keep(f"{stream}: {fault}", share * 100, "% found", claimed=is_claimed == "1", events=int(events), least=float(least) * 100,
                 median_rows=int(median), allowed_rows=int(allowed), true_alarms=float(true_share) * 100)
    out.add("claimed cells", claimed, "cells")
    out.add("claimed cells that miss 95 %", claimed - reached, "cells", 0)
    out.add("claimed cells not surely at 95 %", claimed - sure, "cells", 0)
    out.add("share of true alarms, worst claimed cell", min(true_alarms) * 100, "%")
