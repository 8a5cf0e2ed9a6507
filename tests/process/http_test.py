"""The pages, the API against its description, the metrics against their page, and hostile bytes."""
import json
import os
import re
import socket
import unittest

from support import DEADLINE, SOURCE, Node, heartbeat, main, read

FEED = "  - {name: feed, kind: jsonl, address: \"127.0.0.1:0\"}"
COUNT = 25


class http_case:
    """One node for all tests of a class: 25 daemons, one of them almost out of clients."""
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.holder = unittest.TestCase()
        cls.node = Node(cls.holder, FEED).start()
        lines = "".join(heartbeat(f"10.0.0.{n}", 100, cc=97 if n == 1 else 3) for n in range(1, COUNT + 1))
        cls.node.connect().sendall(lines.encode())
        cls.node.wait(lambda: cls.node.metric("tocsin_daemons") == COUNT and cls.node.incidents(), "all are heard")

    @classmethod
    def tearDownClass(cls):
        cls.holder.doCleanups()

    def problem(self, path, status, said, method="GET"):
        code, headers, body = self.node.get(path, method)
        self.assertEqual((code, headers["Content-Type"]), (status, "application/json"), body)
        answer = json.loads(body)
        self.assertEqual(list(answer), ["error"])
        self.assertIn(said, answer["error"])
        return headers


class pages(http_case, unittest.TestCase):
    def test_status_page(self):
        status, headers, body = self.node.get("/")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/html; charset=utf-8"))
        self.assertIn("10.0.0.1/7500", body)
        self.assertIn("almost out of clients: 97 of 100", body)
        self.assertIn("feed", body)
        for found in re.findall(r'(?:href|src)="(/[^"#]*)"', body):
            self.assertEqual(self.node.get(found.replace("&amp;", "&"))[0], 200, found)

    def test_health_and_readiness(self):
        for path in ("/-/healthy", "/-/ready"):
            self.assertEqual(self.node.get(path)[0], 200)

    def test_what_a_daemon_says_cannot_be_a_script(self):
        evil = "<script>alert(1)</script>"
        feed = self.node.connect()
        feed.sendall(heartbeat("10.9.9.9", 1, ver=evil, service="75\"><b>").encode())
        self.node.wait(lambda: "10.9.9.9" in self.node.get("/")[2], "shown")
        self.assertNotIn("<script>alert", self.node.get("/")[2])
        self.assertNotIn("\"><b>", self.node.get("/")[2])

    def test_head_has_no_body_and_others_are_405(self):
        status, headers, body = self.node.get("/api/v1/daemons", "HEAD")
        self.assertEqual((status, body), (200, ""))
        self.assertGreater(int(headers["Content-Length"]), 100)
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            headers = self.problem("/api/v1/daemons", 405, "GET", method)
            self.assertEqual(headers["Allow"], "GET, HEAD")

    def test_nothing_there_is_404(self):
        for path in ("/nothing", "/api", "/api/v2/daemons", "/-/nothing", "/metrics/x", "/api/v1/daemons/9.9.9.9/7500",
                     "/api/v1/incidents/Inone"):
            self.problem(path, 404, "")


class api(http_case, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            import yaml
            cls.described = yaml.safe_load(read(os.path.join(SOURCE, "docs", "openapi.yaml")))
        except ImportError:
            cls.described = None

    def resolve(self, schema):
        while "$ref" in schema:
            at = self.described
            for part in schema["$ref"].removeprefix("#/").split("/"):
                at = at[part]
            schema = at
        return schema

    def fits(self, value, schema, where):
        schema = self.resolve(schema)
        if value is None:
            return self.assertTrue(schema.get("nullable"), where)
        types = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool}
        if "type" in schema:
            self.assertIsInstance(value, types[schema["type"]], where)
        if "enum" in schema:
            self.assertIn(value, schema["enum"], where)
        if schema.get("format") == "date-time":
            self.assertRegex(value, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$", where)
        for name in schema.get("required", []):
            self.assertIn(name, value, where)
        for name, inner in schema.get("properties", {}).items():
            self.assertIn(name, value, f"{where}: what is described is there")
            self.fits(value[name], inner, f"{where}.{name}")
        for each in value if isinstance(value, list) else []:
            self.fits(each, schema.get("items", {}), where + "[]")

    def test_answers_are_as_described(self):
        if not self.described:
            self.skipTest("python3-yaml is not installed")
        incident = self.node.incidents()[0]["id"]
        for path, what in self.described["paths"].items():
            real = path.replace("{host}/{service}", "10.0.0.1/7500").replace("{id}", incident)
            with self.subTest(path):
                status, headers, body = self.node.get(real)
                if "get" not in what:
                    self.assertEqual(status, 405)
                    continue
                self.assertIn(str(status), what["get"]["responses"])
                content = self.resolve(what["get"]["responses"][str(status)]).get("content", {}).get("application/json")
                if content:
                    self.assertEqual(headers["Content-Type"], "application/json")
                    self.fits(json.loads(body), content["schema"], path)
        served = self.node.get("/api/v1/openapi.yaml")[2]
        self.assertEqual(served, read(os.path.join(SOURCE, "docs", "openapi.yaml")))

    def test_pages_together_are_all_in_order(self):
        seen = []
        for offset in range(0, COUNT + 7, 7):
            page = self.node.json(f"/api/v1/daemons?offset={offset}&limit=7")
            self.assertEqual((page["offset"], page["total"], page["known"], page["silent_shards"]), (offset, COUNT, COUNT, []))
            seen += [d["subject"] for d in page["daemons"]]
        self.assertEqual(seen, sorted(seen))
        self.assertEqual(len(set(seen)), COUNT)

    def test_narrowed(self):
        self.assertEqual(self.node.json("/api/v1/daemons?host=10.0.0.7")["total"], 1)
        self.assertEqual(self.node.json("/api/v1/daemons?state=alive")["total"], COUNT)
        self.assertEqual(self.node.json("/api/v1/daemons?state=lost&limit=1")["daemons"], [])
        self.assertEqual(len(self.node.json("/api/v1/incidents?state=open&limit=1")["incidents"]), 1)
        self.assertEqual(self.node.json("/api/v1/incidents?state=closed")["incidents"], [])

    def test_wrong_questions_are_400_with_a_remedy(self):
        for query in ("limit=0", "limit=10001", "limit=x", "limit=-1", "limit=1x", "limit=99999999999999999999", "offset=x",
                      "offset=-1", "limit=%00"):
            self.problem("/api/v1/daemons?" + query, 400, "whole numbers")
        self.problem("/api/v1/daemons?state=bogus", 400, "state is")
        self.problem("/api/v1/incidents?limit=0", 400, "1 to 10000")
        self.problem("/api/v1/incidents?state=bogus", 400, "open or closed")
        self.problem("/api/v1/daemons/10.0.0.1", 400, "<host>/<service>")

    def test_sources_and_groups(self):
        source = self.node.source("feed")
        self.assertEqual((source["kind"], source["records"], source["errors"]), ("jsonl", COUNT, 0))
        group = self.node.json("/api/v1/groups")["groups"][0]
        self.assertEqual((group["name"], group["members"], group["silent"], len(group["open"])), ("segment/7500/", COUNT, 0, 1))


class metrics(http_case, unittest.TestCase):
    NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
    LABELS = r'\{[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*"(?:,[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*")*\}'
    VALUE = r"[+-]?(?:\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|Inf|NaN)"

    def families(self):
        """name -> (type, samples); every line must be of the format, every sample behind its TYPE."""
        status, headers, text = self.node.get("/metrics")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
        self.assertTrue(text.endswith("\n"))
        found, current, samples = {}, None, set()
        for line in text.splitlines():
            if match := re.fullmatch(rf"# HELP ({self.NAME}) (.+)", line):
                self.assertNotIn(match.group(1), found, "one HELP each")
                current = match.group(1)
                found[current] = [None, []]
            elif match := re.fullmatch(rf"# TYPE ({self.NAME}) (counter|gauge|histogram|summary|untyped)", line):
                self.assertEqual((match.group(1), found[current][0]), (current, None))
                found[current][0] = match.group(2)
            else:
                match = re.fullmatch(rf"({self.NAME})({self.LABELS})? ({self.VALUE})", line)
                self.assertTrue(match, line)
                endings = "(_bucket|_sum|_count)" if found[current][0] == "histogram" else ""
                self.assertRegex(match.group(1), f"^{current}{endings}$")
                self.assertNotIn((match.group(1), match.group(2)), samples, "each sample once")
                samples.add((match.group(1), match.group(2)))
                found[current][1].append((match.group(1), match.group(2) or "", float(match.group(3))))
        return found

    def test_format_and_documentation(self):
        found = self.families()
        documented = dict(re.findall(r"^\| `(tocsin_\w+)` \| (\w+)", read(os.path.join(SOURCE, "docs", "metrics.md")), re.M))
        sources = {n: "gauge" if n == "tocsin_source_up" else "counter"
                   for n in re.findall(r"^\| `(tocsin_source_\w+)`", read(os.path.join(SOURCE, "docs", "metrics.md")), re.M)}
        self.assertGreater(len(documented), 30)
        documented = {n: t for n, t in documented.items() if not n.startswith(("tocsin_kafka_", "tocsin_cluster_"))}  # kafka_output_test and cluster_query_test have them
        self.assertEqual({n: f[0] for n, f in found.items()}, {**documented, **{n: documented[n] for n in sources}})

    def test_histograms_are_cumulative(self):
        for name, (kind, samples) in self.families().items():
            if kind != "histogram":
                continue
            buckets = [(float(re.search(r'le="([^"]+)"', labels).group(1)), value) for n, labels, value in samples if n.endswith("_bucket")]
            self.assertEqual(buckets, sorted(buckets), name)
            self.assertEqual([v for _, v in buckets], sorted(v for _, v in buckets), name)
            self.assertEqual(buckets[-1][0], float("inf"))
            self.assertEqual(buckets[-1][1], next(v for n, _, v in samples if n.endswith("_count")))

    def test_values_are_those_of_the_input(self):
        self.assertEqual(self.node.metric("tocsin_source_records_total", '{source="feed",kind="jsonl"}'), COUNT)
        self.assertEqual(self.node.metric("tocsin_source_up", '{source="feed",kind="jsonl"}'), 1)
        self.assertEqual(self.node.metric("tocsin_symptoms_raised_total", '{kind="clients_critical"}'), 1)
        self.assertEqual(self.node.metric("tocsin_symptoms_raised_total", '{kind="segment_silent"}'), None)
        self.assertEqual((self.node.metric("tocsin_incidents_open"), self.node.metric("tocsin_incidents_opened_total")), (1, 1))


class hostile(http_case, unittest.TestCase):
    REQUESTS = (
        b"", b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
        b"GET /" + b"A" * 100_000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"GET /" + b"a/" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /%00%ff%zz HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /api/v1/daemons/../../../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /api/v1/daemons?" + b"limit=1&" * 1000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999\r\n\r\nx",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\nx",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 5000 + b"\r\n", bytes(range(256)) * 64,
        b"GET /api/v1/incidents/'%20OR%201=1;-- HTTP/1.1\r\nHost: x\r\n\r\n", b"GET * HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n")

    def test_bytes_nobody_sends_do_no_harm(self):
        for request in self.REQUESTS:
            with self.subTest(request[:60]):
                with socket.create_connection(("127.0.0.1", self.node.port), timeout=DEADLINE) as connection:
                    answer = self.exchange(connection, request)
                self.assertNotIn(b"root:", answer)
                self.assertTrue(not answer or answer.startswith(b"HTTP/1.1 "), answer[:200])
                self.assertEqual(self.node.get("/-/healthy")[0], 200)
        self.assertIsNone(self.node.process.poll())
        self.assertEqual(self.node.json("/api/v1/daemons")["known"], COUNT)

    def exchange(self, connection, request):
        answer = b""
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                answer += piece
        except TimeoutError:
            self.fail("no answer, and no end")
        except OSError:
            pass  # refused in the middle: also an answer
        return answer

    def test_who_says_nothing_does_not_keep_others_out(self):
        # As browsers do that open connections in advance; fewer than http.threads.
        idle = [socket.create_connection(("127.0.0.1", self.node.port)) for _ in range(12)]
        try:
            self.assertEqual(self.node.get("/-/healthy")[0], 200)
        finally:
            for connection in idle:
                connection.close()


if __name__ == "__main__":
    main()
