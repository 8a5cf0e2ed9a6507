"""A webhook receiver for the tests: prints its port, then each request as one JSON line. The path says what to
answer: /status/503, /retry_after/7, /retry_date/90 (seconds from now, as an HTTP date), /redirect, /long, /endless,
/hang, /reset, /half (the answer breaks off in its head). To GET it is a schema registry: /registry/USER:PASSWORD wants that account,
/registry wants none; schema 7 is there, 8 is no Avro, 403 is not for everybody. /status/503 and the like as above.
"""
import argparse
import base64
import email.utils
import http.server
import json
import socket
import ssl
import struct
import threading
import time


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self, status, text="", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def do_GET(self):
        print(json.dumps({"method": "GET", "path": self.path, "headers": dict(self.headers.items())}), flush=True)
        what, _, rest = self.path.strip("/").partition("/")
        if what == "status":
            self.answer(int(rest.partition("/")[0]))
        elif what == "registry":
            self.answer_schema(*rest.rpartition("schemas/ids/")[::2])
        else:
            self.answer(200)

    def answer_schema(self, account, number):
        wanted = "Basic " + base64.b64encode(account.strip("/").encode()).decode() if account else None
        if self.headers.get("Authorization") != wanted:
            return self.answer(401, json.dumps({"error_code": 401, "message": "Unauthorized"}), [("WWW-Authenticate", "Basic")])
        if number == "403":
            return self.answer(403, json.dumps({"error_code": 40301}))
        schema = json.dumps({"type": "record", "name": "r", "fields": [{"name": "n", "type": "long"}]})
        known = {"7": {"schema": schema}, "8": {"schema": "message m {}", "schemaType": "PROTOBUF"}, "9": {"schema": "x" * (5 << 20)}}
        return self.answer(200 if number in known else 404, json.dumps(known.get(number, {"error_code": 40403})))

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        peer = self.connection.getpeercert() if isinstance(self.connection, ssl.SSLSocket) else None
        print(json.dumps({"method": "POST", "path": self.path, "headers": dict(self.headers.items()),
                          "body": body.decode(), "port": self.client_address[1],
                          "client": dict(x[0] for x in peer["subject"])["commonName"] if peer else None}), flush=True)
        what, _, number = self.path.strip("/").partition("/")
        if what == "status":
            self.answer(int(number), "said\x1b[31m\r\nso")
        elif what == "retry_after":
            self.answer(429, "slow down", [("Retry-After", number)])
        elif what == "retry_date":
            self.answer(503, "", [("Retry-After", email.utils.formatdate(time.time() + int(number), usegmt=True))])
        elif what == "redirect":
            self.answer(302, "", [("Location", "/status/200")])
        elif what == "long":
            self.answer(200, "x" * 5000)
        elif what == "endless":
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b"x" * 65536)
            except OSError:
                self.close_connection = True
        elif what == "half":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nConte")
            self.close_connection = True
        elif what == "hang":
            threading.Event().wait()
        elif what == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # broken connections are part of the tests


parser = argparse.ArgumentParser()
parser.add_argument("--certificate")
parser.add_argument("--key")
parser.add_argument("--client_ca")
options = parser.parse_args()
server = Server(("127.0.0.1", 0), Receiver)
if options.certificate:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=options.client_ca)
    context.load_cert_chain(options.certificate, options.key)
    if options.client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
