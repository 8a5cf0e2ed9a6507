"""What the tests of the binary share: commands, a running node, and waiting for what is meant.

TOCSIN_BINARY and TOCSIN_TEST_RVD name the programs; ctest sets them.
"""
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

DEADLINE = 30  # seconds; generous for sanitizers on a loaded machine, and never waited for when all is well
SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHARED = os.environ.get("TOCSIN_SHARED") or os.path.join(os.path.dirname(SOURCE), "shared")
SKIPPED = 77  # what ctest shows as skipped


def binary(variable):
    path = os.environ.get(variable)
    if not path:
        raise SystemExit(f"set {variable} to the program to test; ctest does")
    return path


def wait_for(condition, what, within=DEADLINE, pause=0.01):
    """The first true value of condition(), which is asked every `pause` seconds; fails with `what` when there is none in time."""
    end = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {within} s: {what() if callable(what) else what}")
        time.sleep(pause)


def free_ports(count):
    """Ports that nobody has at this moment, of those that the system gives to nobody who asks for any: who lets one go can have it again."""
    first_given = int(read("/proc/sys/net/ipv4/ip_local_port_range").split()[0])
    sockets = []
    try:
        while len(sockets) < count:
            sockets.append(socket.socket())
            try:
                sockets[-1].bind(("127.0.0.1", random.randrange(10_000, first_given)))
            except OSError:  # somebody has it
                sockets.pop().close()
        return [s.getsockname()[1] for s in sockets]
    finally:
        for s in sockets:
            s.close()


def environment(**more):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TOCSIN_")}
    return {**kept, **more}


def tocsin(*arguments, text=None, env=None, cwd=None, within=60):
    """Runs a command to its end in an empty folder; gives stdout and stderr as text, exit code, and the files it left."""
    command = [binary("TOCSIN_BINARY"), *map(str, arguments)]
    with tempfile.TemporaryDirectory(prefix="tocsin-test-") as elsewhere:
        done = subprocess.run(command, input=(text or "").encode(), capture_output=True, timeout=within,
                              env=environment(**(env or {})), cwd=cwd or elsewhere, check=False)
        done.left = os.listdir(elsewhere)
    done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
    return done


def folder(test):
    path = tempfile.mkdtemp(prefix="tocsin-test-")
    test.addCleanup(shutil.rmtree, path, ignore_errors=True)
    return path


def write(path, text):
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    return path


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def json_lines(text):
    return [json.loads(line) for line in text.splitlines()]


def heartbeat(host, up, **fields):
    """A heartbeat as a JSON line of our own form."""
    number = "".join(f"{int(part):02X}" for part in host.split("."))
    message = {"hostaddr": host, "service": "7500", "up": up, **fields}
    at = message.pop("at", None)
    line = {"subject": f"_RV.INFO.SYSTEM.HOST.STATUS.{number}", "message": message}
    if at:
        line["at"] = at
    return json.dumps(line) + "\n"


# Decides in fractions of a second what takes minutes in life, and nothing but what a test brings about.
QUICK_RULES = """
rules:
  heartbeat: {mode: fixed, period: 1s, lost_after: 1h}
  clients: {limit: 100}
groups: {wait: 0s, close_after: 0s, sight_grace: 0s, config_drift: false}
"""


class Node:
    """A `tocsin run` with its own folder, and the ports the system gave it."""
    pause = 0.01  # seconds between two looks at what is waited for

    def __init__(self, test, sources, more=QUICK_RULES, arguments=(), **options):
        self.test = test
        self.folder = folder(test)
        self.data_dir = os.path.join(self.folder, "data")
        self.config = os.path.join(self.folder, "tocsin.yaml")
        self.log_path = os.path.join(self.folder, "log")
        self.out_path = os.path.join(self.folder, "out")
        self.arguments = list(arguments)
        self.stdin = options.get("stdin", subprocess.DEVNULL)
        self.closed_stdout = options.get("stdout") == "closed"
        self.snapshot = options.get("snapshot", "100ms")
        self.sources = sources
        self.process = None
        self.kills = 0
        self.configure(more)
        test.addCleanup(self.kill)

    def configure(self, more):
        write(self.config, f"data_dir: {self.data_dir}\nhttp: {{address: \"127.0.0.1:0\"}}\nshards: 2\n"
              f"snapshot: {{every: {self.snapshot}}}\n" + (f"sources:\n{self.sources}\n" if self.sources else "") + more)

    def spawn(self):
        """Starts the process and waits for nothing; gives how long the log was before."""
        with open(self.log_path, "ab") as log, open(self.out_path, "ab") as out:
            begin = log.tell()
            self.process = subprocess.Popen([binary("TOCSIN_BINARY"), "run", "-c", self.config, *self.arguments],
                                            stdin=self.stdin, stdout=subprocess.PIPE if self.closed_stdout else out,
                                            stderr=log, env=environment(), cwd=self.folder)
        if self.closed_stdout:
            self.process.stdout.close()
        return begin

    def start(self):
        return self.awaited(self.spawn())

    def awaited(self, begin=0):
        """Waits until the process that was spawned says from there on in its log that it is ready."""
        started = wait_for(lambda: self.process.poll() is not None or
                           re.search(r' info started http="port (\d+)"', self.log()[begin:]),
                           lambda: f"tocsin started\n{self.log()}")
        if started is True:
            raise AssertionError(f"tocsin ended with {self.process.returncode}:\n{self.log()}")
        self.port = int(started.group(1))
        self.wait(lambda: self.get("/-/ready")[0] == 200, "ready")
        return self

    def wait(self, condition, what, within=DEADLINE):
        def looked_at():
            if self.process.poll() is not None:
                raise AssertionError(f"tocsin ended with {self.process.returncode} before: {what}\n{self.log()}")
            return condition()
        return wait_for(looked_at, lambda: f"{what() if callable(what) else what}\n{self.log()[-20000:]}", within, self.pause)

    def log(self):
        return read(self.log_path)

    def out(self):
        """The JSON lines of --emit; a line still being written is left out."""
        text = read(self.out_path)
        return json_lines(text[:text.rfind("\n") + 1])

    def get(self, path, method="GET"):
        """(status, headers, text) of one request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()
        finally:
            connection.close()

    def json(self, path):
        status, _, body = self.get(path)
        if status != 200:
            raise AssertionError(f"{path}: {status} {body}")
        return json.loads(body)

    def incidents(self, state=""):
        return self.json(f"/api/v1/incidents?state={state}")["incidents"]

    def metric(self, name, labels=""):
        return metric_values(self.get("/metrics")[2]).get(name + labels)

    def source(self, name):
        return next(s for s in self.json("/api/v1/sources")["sources"] if s["name"] == name)

    def connect(self, source="feed"):
        """A connection to a source that listens."""
        detail = self.wait(lambda: re.search(r"on 127\.0\.0\.1:(\d+)", self.source(source)["detail"]), "source listens")
        connection = socket.create_connection(("127.0.0.1", int(detail.group(1))), timeout=DEADLINE)
        self.test.addCleanup(connection.close)
        return connection

    def durable(self, records):
        """Waits until so many records would survive a power cut: the acknowledgement that docs/metrics.md names."""
        return self.wait(lambda: self.metric("tocsin_journal_records_total") >= records, f"{records} records durable")

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(DEADLINE)

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
            self.kills += 1
        if found := re.search(r".*(?:Sanitizer|runtime error:).*", self.log() if os.path.exists(self.log_path) else ""):
            raise AssertionError(f"a sanitizer speaks: {found.group(0)}\n{self.log()}")

    def command(self, *arguments):
        return tocsin(*arguments, "--server", f"http://127.0.0.1:{self.port}")


def metric_values(text):
    """Samples of the text exposition by name{labels}."""
    return {name: float(value) for name, value in re.findall(r"^(\w+(?:\{[^}]*\})?) (\S+)$", text, re.M)}


def main():
    """unittest, with the exit code of a skipped test when every one of them was skipped."""
    result = unittest.main(exit=False, verbosity=2).result
    if result.testsRun and result.wasSuccessful() and len(result.skipped) == result.testsRun:
        sys.exit(SKIPPED)
    sys.exit(not result.wasSuccessful())
