"""Kafka values that are no JSON: Avro with schemas of a folder or a registry, and bytes that are neither."""
import base64
import http.server
import json
import os
import struct
import threading
import unittest

from kafka import kafka_test_case, metric_lags
from support import QUICK_RULES, folder, main, write

SCHEMA = json.dumps({"type": "record", "name": "heartbeat", "fields": [
    {"name": "host", "type": "string"}, {"name": "clients", "type": ["null", "long"]}]})
MAPPING = "{subject: \"\", message: \"\", fields: {hostaddr: host, cc: clients}}"


def number(n):
    n = (n << 1) ^ (n >> 63)
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def beat(schema, host, clients):
    value = number(len(host)) + host.encode() + (number(0) if clients is None else number(1) + number(clients))
    return host, b"\0" + struct.pack(">i", schema) + value


class Registry:
    """A schema registry that can be away, and may want an account, "user:password"."""

    def __init__(self, test, schemas, account=None):
        self.asked, self.away = [], False

        class handler(http.server.BaseHTTPRequestHandler):
            def do_GET(answer):
                self.asked.append(answer.path)
                found = schemas.get(answer.path.rsplit("/", 1)[1])
                given = base64.b64decode((answer.headers["Authorization"] or "").removeprefix("Basic ")).decode()
                known = account is None or given == account
                answer.send_response(503 if self.away else 401 if not known else 200 if found else 404)
                answer.end_headers()
                answer.wfile.write(json.dumps({"schema": found} if known and found else {"error_code": 40403 if known else 401}).encode())

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        test.addCleanup(self.server.server_close)
        test.addCleanup(self.server.shutdown)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


class avro_case(kafka_test_case):
    def clients(self, node):
        return {d["subject"].split("/")[1]: d["clients"] for d in node.json("/api/v1/daemons")["daemons"]}

    def test_schemas_of_a_folder_and_records_that_cannot_be_read(self):
        kafka = self.cluster(inputs=1)
        schemas = folder(self)
        write(os.path.join(schemas, "7.avsc"), SCHEMA)
        kafka.send("inputs", "")
        kafka.write("inputs", beat(7, "10.0.0.1", 3), beat(8, "10.0.0.2", 4), ("x", b"{}"), ("x", beat(7, "10.0.0.3", 5)[1][:-1]),
                    ("x", b"\0\0\0\0\7" + number(1 << 40) + b"x"), beat(7, "10.0.0.4", None), beat(7, "10.0.0.5", 6))
        node = kafka.node(kafka.source(encoding="avro", schemas=f'"{schemas}"', jsonl=MAPPING)).start()
        node.wait(lambda: len(self.clients(node)) == 3, lambda: f"three daemons, not {self.clients(node)}")
        self.assertEqual({h: c for h, c in self.clients(node).items() if c}, {"10.0.0.1": 3, "10.0.0.5": 6})
        node.wait(lambda: node.metric("tocsin_decode_errors_total") == 4, "four errors")
        for said in ("/0@1: Avro schema 8: there is no 8.avsc", "/0@2: no Avro in Confluent's form", "/0@3: Avro of schema 7: ", "/0@4: Avro of schema 7: "):
            self.assertIn(said, node.log())

    def test_a_registry_that_is_away_is_waited_for(self):
        kafka = self.cluster(inputs=1)
        registry = Registry(self, {"7": SCHEMA})
        registry.away = True
        kafka.send("inputs", "")
        kafka.write("inputs", beat(7, "10.0.0.1", 3), beat(9, "10.0.0.2", 3), beat(7, "10.0.0.3", 4))
        node = kafka.node(kafka.source(encoding="avro", registry=registry.url, jsonl=MAPPING)).start()
        node.wait(lambda: len(registry.asked) > 1, "asked again")
        node.wait(lambda: sum(metric_lags(node).values()) == 3, "nothing is taken")
        registry.away = False
        node.wait(lambda: self.clients(node) == {"10.0.0.1": 3, "10.0.0.3": 4}, "read")
        self.assertIn("Avro schema 9: the registry says 404", node.log())
        self.assertEqual(node.metric("tocsin_decode_errors_total"), 1)


    def test_a_registry_that_refuses_the_account_is_waited_for_until_the_password_is_right(self):
        kafka = self.cluster(inputs=1)
        registry = Registry(self, {"7": SCHEMA}, account="tocsin:right")
        password = write(os.path.join(folder(self), "password"), "wrong\n")
        os.chmod(password, 0o600)
        kafka.send("inputs", "")
        kafka.write("inputs", beat(7, "10.0.0.1", 3))
        keys = {"encoding": "avro", "registry": registry.url, "registry_user": "tocsin", "registry_password_file": password, "jsonl": MAPPING}
        node = kafka.node(kafka.source(**keys)).start()
        said = f"Avro schema 7: the registry refuses the account 'tocsin' (401): {registry.url}/schemas/ids/7; correct registry_user, or the password in {password}"
        node.wait(lambda: node.source("feed")["detail"] == said, lambda: f"the source says why, not {node.source('feed')}")
        self.assertIn(said, node.log())
        node.wait(lambda: len(registry.asked) > 1, "asked again")
        self.assertEqual((self.clients(node), sum(metric_lags(node).values())), ({}, 1))
        write(password, "right\n")
        node.wait(lambda: self.clients(node) == {"10.0.0.1": 3}, "read")
        self.assertNotIn("Avro", node.source("feed")["detail"])
        self.assertEqual(node.metric("tocsin_decode_errors_total"), 0)
        self.assertNotIn("wrong", node.log())
        node.sources = kafka.source(**keys | {"registry_user": "other"})
        node.configure(kafka.section() + QUICK_RULES)
        node.reload()
        node.wait(lambda: "needs_restart=sources\n" in node.log(), "another account needs a restart")


class avro(avro_case, unittest.TestCase):
    pass


class avro_on_a_broker(avro_case, unittest.TestCase):
    real = True


if __name__ == "__main__":
    main()
