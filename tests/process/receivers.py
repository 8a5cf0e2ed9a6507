"""Real receivers for the tests of the binary: a mail server, and a webhook that answers as it is told."""
import http.server
import importlib.util
import json
import os
import subprocess
import threading
import time
import unittest

from support import DEADLINE, SOURCE, wait_for


class Hook:
    """A webhook receiver in this process. `answers` are given one by one as (status, headers), then always 200."""

    def __init__(self, test, answers=()):
        self.requests = []  # (headers, body as JSON, status given)
        self.times = []     # of them, seconds of the monotonic clock
        self.answers = list(answers)
        self.reached = threading.Event()
        self.hold = threading.Event()  # cleared: every answer waits for it
        self.hold.set()
        self.lock = threading.Lock()
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments):
                pass

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, headers = hook.take(dict(self.headers.items()), body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # killed senders are part of the tests

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        test.addCleanup(self.close)

    def take(self, headers, body):
        self.reached.set()
        self.hold.wait(DEADLINE)
        with self.lock:
            status, more = self.answers.pop(0) if self.answers else (200, {})
            self.times.append(time.monotonic())
            self.requests.append((headers, body, status))
        return status, more

    def close(self):
        self.hold.set()
        self.server.shutdown()
        self.server.server_close()

    def seen(self, count):
        """Waits for so many requests."""
        return wait_for(lambda: len(self.requests) >= count and list(self.requests),
                        lambda: f"{count} requests, but {json.dumps(self.requests, indent=1)}")

    def taken(self):
        """Ids of what was answered with 200."""
        return [headers["Idempotency-Key"] for headers, _, status in list(self.requests) if status == 200]

    def settings(self, name="hook", more=""):
        return f"  - {{name: {name}, kind: webhook{more}, webhook: {{url: \"{self.url}\", allow_private: true, timeout: 5s}}}}\n"


class Mailbox:
    """tests/io/smtp_server.py as a process; `mails` as it describes them."""

    def __init__(self, test, *arguments):
        if not importlib.util.find_spec("aiosmtpd"):
            raise unittest.SkipTest("python3-aiosmtpd is not installed")
        self.mails = []
        self.process = subprocess.Popen(["/usr/bin/python3", "-B", os.path.join(SOURCE, "tests", "io", "smtp_server.py"), *arguments],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        test.addCleanup(self.close)
        self.port = int(self.process.stdout.readline())
        self.thread = threading.Thread(target=self.take, daemon=True)
        self.thread.start()

    def take(self):
        for line in self.process.stdout:
            self.mails.append(json.loads(line))

    def close(self):
        self.process.kill()
        self.process.wait()
        self.thread.join(DEADLINE)
        self.process.stdout.close()

    def seen(self, count):
        return wait_for(lambda: len(self.mails) >= count and list(self.mails), lambda: f"{count} mails, but {self.mails}")

    def settings(self, name="mail", more=""):
        return (f"  - {{name: {name}, kind: mail{more}, mail: {{server: \"127.0.0.1:{self.port}\", security: none, "
                "from: tocsin@fab.example, to: [shift@fab.example]}}\n")
