"""What the parts of the benchmark share: building, running with CPU time counted, and the report."""
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SHARED = os.path.join(os.environ.get("TOCSIN_SHARED") or os.path.join(ROOT, "..", "shared"), "bench")
WORK = os.path.join(ROOT, "build", "bench")  # generated data and built peers, kept between runs


class wrong(Exception):
    """A result that is not what it must be."""


class report:
    def __init__(self, parts):
        self.parts, self.rows, self.details, self.failed = parts, [], [], False

    def of(self, part):
        """What a part reports through: add(name, value, unit, bound) and skip(name, why)."""
        return part_report(self, part)

    def fail(self, part, why):
        self.failed = True
        self.rows.append({"part": part, "name": part, "failed": why})
        print(f"{part}: FAILED: {why}", file=sys.stderr, flush=True)

    def document(self):
        return {"machine": machine(), "parts": self.parts, "results": self.rows} | ({"details": self.details} if self.details else {})

    def print_table(self):
        print(f"\n{'part':10} {'name':44} {'value':>12} unit           bound", file=sys.stderr)
        for r in self.rows:
            if "value" in r:
                bound = ""
                if "bound" in r:
                    bound = f"{r['bound']:g} " + ("" if r["within"] else "  <-- beyond")
                print(f"{r['part']:10} {r['name']:44} {r['value']:12.3f} {r['unit']:14} {bound}", file=sys.stderr)
            else:
                state = "skipped" if "skipped" in r else "FAILED"
                print(f"{r['part']:10} {r['name']:44} {state}: {r.get('skipped') or r.get('failed')}", file=sys.stderr)


class part_report:
    def __init__(self, whole, part):
        self.whole, self.part = whole, part

    def add(self, name, value, unit, bound=None, **more):
        """`bound`: the value ought not to be above it; said in the report, never a failure."""
        row = {"part": self.part, "name": name, "value": round(value, 6), "unit": unit, **more}
        if bound is not None:
            row |= {"bound": bound, "within": value <= bound}
        self.whole.rows.append(row)
        print(f"   {name}: {value:.3f} {unit}", file=sys.stderr, flush=True)

    def keep(self, name, value, unit, **more):
        """Into the document alone: one row of a table that the part prints itself."""
        self.whole.details.append({"part": self.part, "name": name, "value": round(value, 6), "unit": unit, **more})

    def skip(self, name, why):
        self.whole.rows.append({"part": self.part, "name": name, "skipped": why})
        print(f"   {name}: SKIPPED: {why}", file=sys.stderr, flush=True)


def first_line(command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.split("\n")[0]
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def machine():
    cpu = "unknown"
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        for line in f:
            if line.startswith("model name"):
                cpu = line.split(":", 1)[1].strip()
                break
    return {"cpu": cpu, "cores": os.cpu_count(), "memory_kib": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1024,
            "kernel": platform.release(), "compiler": first_line(["c++", "--version"]),
            "commit": first_line(["git", "rev-parse", "HEAD"]),
            "changed_files": bool(first_line(["git", "status", "--porcelain", "--untracked-files=no"])),
            "load_at_the_end": os.getloadavg()[0], "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}


def workload(generator, letter, name, keys, length):
    """Makes the input of workload H or S and the oracle's lines for it, once; gives the common beginning of their paths."""
    base = os.path.join(WORK, name)
    if not is_newer(base + ".jsonl", os.path.join(SHARED, "gen.cpp")):
        must_run([generator, letter, str(keys), str(length), base])
    if not is_newer(base + ".ref", base + ".jsonl"):
        must_run([sys.executable, os.path.join(SHARED, "oracle.py"), letter, base + ".jsonl", base + ".part"])
        os.replace(base + ".part", base + ".ref")
    return base


def must_run(command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}")
    return done.stdout


def build(options):
    os.makedirs(WORK, exist_ok=True)
    parts = options.parts or ["micro", "faults", "kafka", "sim", "scenarios", "cluster", "cost"]
    targets = [] if options.binary or not set(parts) - {"faults", "sim"} else ["tocsin"]
    if "micro" in parts:
        targets += [f"tocsin_{name}" for name in micro_programs()]
    if "faults" in parts:
        targets.append("tocsin_fault_bench")
    if "sim" in parts:
        targets.append("tocsin_simulation")
    if "scenarios" in parts:
        targets += ["tocsin_test_kafka", "tocsin_test_story"]
    if {"kafka", "cluster", "cost"} & set(parts):
        targets += ["tocsin_kafka_bare", "tocsin_test_kafka"]
    if targets:
        must_run(["cmake", "--preset", "release", "--log-level=WARNING"], cwd=ROOT)
        must_run(["cmake", "--build", "build/release", "--target", *targets], cwd=ROOT)


def micro_programs():
    return sorted(f[:-4] for f in os.listdir(HERE) if f.endswith("_bench.cpp") and f != "fault_bench.cpp")


def binary(options):
    return os.path.abspath(options.binary) if options.binary else os.path.join(ROOT, "build", "release", "tocsin")


def is_newer(target, *sources):
    return os.path.exists(target) and all(os.path.getmtime(target) >= os.path.getmtime(s) for s in sources)


def compile_shared(name, source, *flags, sources=()):
    """Builds a program of the shared folder into the work folder, once."""
    target = os.path.join(WORK, name)
    source = os.path.join(SHARED, source)
    if not is_newer(target, source, *(os.path.join(SHARED, s) for s in sources)):
        must_run(["g++", "-O3", "-march=native", "-ffp-contract=off", "-std=c++17", source, "-o", target, *flags])
    return target


def missing_shared():
    """Why the shared inputs cannot be used; None when they can."""
    return None if os.path.exists(os.path.join(SHARED, "SPEC.md")) else f"no benchmark inputs beside the repository; set TOCSIN_SHARED"


def cpu_of(command, stdout=subprocess.DEVNULL):
    """Runs a command; (user and system CPU seconds of its whole tree, wall seconds, peak resident KiB)."""
    began = time.monotonic()
    child = subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE, cwd=WORK)
    with child.stderr:
        said = child.stderr.read()
    _, status, used = os.wait4(child.pid, 0)  # of this child and those it waited for
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}: {said[-500:].decode(errors='replace')}")
    return used.ru_utime + used.ru_stime, time.monotonic() - began, used.ru_maxrss


def median(values):
    return statistics.median(values)


def quantile(values, p):
    """Nearest rank: the value that a share `p` of all does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(p * len(ordered)))]


def have(program):
    return shutil.which(program) is not None
