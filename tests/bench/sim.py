"""Part sim: seeds of the cluster's simulator, with faults; a seed that fails is a failure, not a figure."""
import json
import os
import time

import tools


def run(options, out):
    program = os.path.join(tools.ROOT, "build", "release", "tests", "simulation", "tocsin_simulation")
    seeds = 100 if options.quick else 1000
    begun = time.perf_counter()
    said = tools.must_run([program, "--seeds", "1", str(seeds)])
    took = time.perf_counter() - begun
    counts = json.loads(said.splitlines()[-1])
    out.add("seeds", counts["seeds"], "seeds")
    out.add("seeds that fail", counts["failed"], "seeds", 0)
    out.add("changes of owner", counts["changes_of_owner"], "")
    out.add("incidents", counts["incidents"], "")
    out.add("notifications delivered", counts["notifications"], "")
    out.add("of them again, under the same id", counts["delivered_again"], "")
    out.add("time of a seed (7 minutes of three nodes)", took / counts["seeds"] * 1e3, "ms")
