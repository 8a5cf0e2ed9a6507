#!/usr/bin/env python3
"""s_lines.py < equipment.jsonl > lines: our windows and anomalies as the lines of workload S."""
import datetime
import json
import sys

DETECTORS = {"ewma_z": "E", "modified_z": "M"}


def milliseconds(text):
    return round(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def main():
    for line in sys.stdin:
        s = json.loads(line)
        sensor = f"{s['equipment']}.{s['channel']}"
        if "detector" in s:
            print(f"A,{milliseconds(s['at'])},{sensor},{DETECTORS[s['detector']]}")
        elif s["corrected"]:
            sys.exit(f"the workload is in order, and yet this was corrected: {line}")
        else:
            kind, at = ("T", s["start"]) if s["window"] == "tumbling" else ("S", s["end"])
            print(f"{kind},{sensor},{milliseconds(at)},{s['count']},{s['min']:.3f},{s['max']:.3f},{s['mean']:.6f},{s['stddev']:.6f}")


main()
