"""A running `tocsin run` of the benchmark: its ports, its metrics, its memory, its output."""
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.request

import tools


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class node:
    def __init__(self, process, ports, http):
        self.process, self.ports, self.http = process, ports, http
        self.records_before = 0  # records of our own: a source sees

    def connect(self, source):
        def attempt():
            try:
                s = socket.create_connection(("127.0.0.1", self.ports[source]))
            except ConnectionRefusedError:
                return None
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return s
        return self.until(attempt, f"listening on source '{source}'")

    def metric(self, name):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/metrics", timeout=10) as answer:
                text = answer.read().decode()
        except OSError:
            return None
        found = [float(m) for m in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.M)]
        return sum(found) if found else None

    def wait_for_records(self, count):
        self.until(lambda: (self.metric("tocsin_records_total") or 0) - self.records_before >= count, f"{count} records", 120)

    def wait_until_idle(self):
        """Nothing in flight, and no CPU time used for a while: buffers are given back, snapshots written."""
        quiet = [time.monotonic(), None]

        def idle():
            used = self.cpu_ticks()
            if quiet[1] is None or used - quiet[1] > 2:
                quiet[:] = [time.monotonic(), used]
            return time.monotonic() - quiet[0] > 1.0
        self.until(idle, "rest", 60, 0.1)

    def cpu_ticks(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as f:
            fields = f.read().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    def resident_kib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as f:
            return int(re.search(r"^VmRSS:\s+(\d+) kB", f.read(), re.M).group(1))

    def until(self, what, name, seconds=30, pause=0.02):
        end = time.monotonic() + seconds
        while True:
            if found := what():
                return found
            if self.process.poll() is not None:
                raise RuntimeError(f"tocsin ended with {self.process.returncode} while waiting for {name}; see build/bench/node.log")
            if time.monotonic() > end:
                raise RuntimeError(f"waited {seconds} s for {name} in vain; see build/bench/node.log")
            threading.Event().wait(pause)


def configure(name, config):
    """Completes and writes the configuration (YAML is a superset of JSON); gives its file and the ports."""
    data = os.path.join(tools.WORK, "data")
    shutil.rmtree(data, ignore_errors=True)
    config = json.loads(json.dumps(config))
    ports = {}
    for source in config["sources"]:
        ports[source["name"]] = free_port()
        source["address"] = f"127.0.0.1:{ports[source['name']]}"
    http = free_port()
    config |= {"data_dir": data if config.pop("keeps", False) else "", "http": {"address": f"127.0.0.1:{http}"}}
    path = os.path.join(tools.WORK, f"{name}.yaml")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(config, f, indent=1)
    return path, ports, http


@contextlib.contextmanager
def running_node(options, name, config, emit=None, each_line=None):
    path, ports, http = configure(name, config)
    command = [tools.binary(options), "run", "--config", path] + (["--emit", emit] if emit else [])
    with open(os.path.join(tools.WORK, "node.log"), "ab") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
    n = node(process, ports, http)

    def read():
        for line in process.stdout:
            if each_line:
                each_line(line)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        n.until(lambda: n.metric("tocsin_records_total") is not None, "the first answer to /metrics")
        n.until(lambda: n.metric("tocsin_records_total") >= len(ports), "every source to listen")
        n.records_before = n.metric("tocsin_records_total")
        yield n
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join(5)
    if process.returncode:
        raise RuntimeError(f"tocsin ended with {process.returncode}; see build/bench/node.log")
