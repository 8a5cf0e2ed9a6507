"""The other systems that do workloads H and S: those that can be built and run here, and why the rest cannot."""
import os
import sys

import tools

JACKSON = os.environ.get("JACKSON_CORE_JAR", "/usr/share/java/jackson-core.jar")
HERE = os.path.join(tools.SHARED, "peers")
DEBIAN_PYTHON = "/usr/bin/python3"  # that python3-pandas is for

# Peers do the whole work: JSON in, a process, an actor or an object per daemon. The others were measured on the way to
# our own design: shards are flat loops on the same actor framework, and hosted is what the shards of tocsin are made of.
STUDIES = ("caf shard", "caf hosted", "caf inline")


def bound(name):
    return None if name.startswith(STUDIES) else 0.5


def caf(name, flags=("-lcaf_core", "-lsimdjson", "-lpthread")):
    return lambda: tools.compile_shared(name, f"peers/{name}.cpp", *flags, sources=("limit.cpp",))


def erlang():
    folder = os.path.join(tools.WORK, "erl")
    os.makedirs(folder, exist_ok=True)
    tools.must_run(["erlc", "-o", folder, os.path.join(HERE, "bpeer.erl")])
    tools.must_run(["erl", "-noshell", "-eval", "{module, jiffy} = code:load_file(jiffy), halt(0)."])


def java():
    folder = os.path.join(tools.WORK, "java")
    tools.must_run(["javac", "-cp", JACKSON, "-d", folder, os.path.join(HERE, "Peer.java")])


def rxjs():
    if not os.path.exists(os.path.join(tools.WORK, "node", "node_modules", "rxjs")):
        tools.must_run(["npm", "install", "--silent", "--prefix", os.path.join(tools.WORK, "node"), "rxjs@7"])


def nothing():
    pass


def pandas():
    tools.must_run([DEBIAN_PYTHON, "-c", "import pandas"])


def scheduler(n):
    return ["+S", f"{n}:{n}", "+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none"]


# name: (programs it needs, how it is prepared, its command for a data set)
ALL = {
    "caf entity/2 json": (["g++"], caf("peer_caf"), lambda d: ["./peer_caf", "entity", "2", "json", f"{d}.jsonl", "OUT"]),
    "caf shard/1 json": (["g++"], caf("peer_caf"), lambda d: ["./peer_caf", "shard", "1", "json", f"{d}.jsonl", "OUT"]),
    "caf inline/1 json": (["g++"], caf("peer_caf_inline"), lambda d: ["./peer_caf_inline", "1", "json", f"{d}.jsonl", "OUT"]),
    "caf hosted/1 json": (["g++"], caf("peer_caf_hosted"), lambda d: ["./peer_caf_hosted", "1", "json", f"{d}.jsonl", "OUT"]),
    "erlang/1 json": (["erl", "erlc"], erlang, lambda d: ["erl", "-noshell", "-pa", "erl", *scheduler(1), "-run", "bpeer", "main",
                                                          "h", "json", f"{d}.jsonl", "OUT"]),
    "java json": (["java", "javac", JACKSON], java, lambda d: ["java", "-XX:+UseSerialGC", "-Xms256m", "-cp", f"java:{JACKSON}", "Peer",
                                                               "h", "json", f"{d}.jsonl", "OUT"]),
    "node plain json": (["node"], nothing, lambda d: ["node", os.path.join(HERE, "peer.js"), "plain", "h", f"{d}.jsonl", "OUT"]),
    "node rx json": (["node", "npm"], rxjs, lambda d: ["node", os.path.join(HERE, "peer.js"), "rx", "h", f"{d}.jsonl", "OUT"]),
    "python json": ([], nothing, lambda d: [sys.executable, os.path.join(tools.SHARED, "oracle.py"), "H", f"{d}.jsonl", "OUT"]),
}

# Workload S alone: DuckDB is no peer, it leaves the recursion of the EWMA out.
SENSORS_ALONE = {"pandas json": ([], pandas, None)}

# Who does workload S, and by which word.
SENSORS = {
    "erlang/1 json": lambda d: ["erl", "-noshell", "-pa", "erl", *scheduler(1), "-run", "bpeer", "main", "s", "json", f"{d}.jsonl", "OUT"],
    "java json": lambda d: ["java", "-XX:+UseSerialGC", "-Xms256m", "-cp", f"java:{JACKSON}", "Peer", "s", "json", f"{d}.jsonl", "OUT"],
    "node plain json": lambda d: ["node", os.path.join(HERE, "peer.js"), "plain", "s", f"{d}.jsonl", "OUT"],
    "node rx json": lambda d: ["node", os.path.join(HERE, "peer.js"), "rx", "s", f"{d}.jsonl", "OUT"],
    "python json": lambda d: [sys.executable, os.path.join(tools.SHARED, "oracle.py"), "S", f"{d}.jsonl", "OUT"],
    "pandas json": lambda d: [DEBIAN_PYTHON, os.path.join(HERE, "pandas_s.py"), f"{d}.jsonl", "OUT"],
}


def built(out, workload="H"):
    """Prepares what can be; says of the others why not."""
    ready = []
    for name, (needs, prepare, _) in (ALL | SENSORS_ALONE if workload == "S" else ALL).items():
        if workload == "S" and name not in SENSORS:
            continue
        lacking = [n for n in needs if not (tools.have(n) or os.path.exists(n))]
        if lacking:
            out.skip(name, f"not installed: {', '.join(lacking)}")
            continue
        try:
            prepare()
            ready.append(name)
        except RuntimeError as e:
            out.skip(name, f"cannot be built here: {str(e).strip().splitlines()[-1]}")
    return ready


def commands(names, data, workload="H"):
    return {name: (SENSORS[name] if workload == "S" else ALL[name][2])(data) for name in names}
