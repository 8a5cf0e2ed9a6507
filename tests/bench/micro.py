"""Part micro: the Google Benchmark programs."""
import json
import os

import tools


def run(options, out):
    for name in tools.micro_programs():
        program = os.path.join(tools.ROOT, "build", "release", "tests", "bench", f"tocsin_{name}")
        least = "--benchmark_min_time=0.01" if options.quick else "--benchmark_min_time=0.5"
        said = tools.must_run([program, "--benchmark_format=json", least])
        found = json.loads(said[said.index("{"):])
        for b in found["benchmarks"]:
            report_one(out, name, b)


def report_one(out, program, b):
    label = f"{program.removesuffix('_bench')} {b['name'].removesuffix('/iterations:1')}"
    if b.get("error_occurred"):
        raise tools.wrong(f"{label}: {b['error_message']}")
    if "bytes_per_daemon" in b:
        out.add(label, b["bytes_per_daemon"], "B/daemon", 3072)
    elif "items_per_second" in b:
        out.add(label, 1e9 / b["items_per_second"], "ns/record")
    else:
        out.add(label, b["cpu_time"], b["time_unit"])
