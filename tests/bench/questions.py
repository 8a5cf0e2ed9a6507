"""Part questions: how long a question to another node takes, in the clear and under mutual TLS, on loopback."""
import http.client
import os
import sys
import tempfile
import time
import unittest

import tools

sys.path.append(os.path.join(tools.ROOT, "tests", "process"))


def times(node, path, count):
    """Milliseconds of so many requests, one after the other on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=30)
    out = []
    for _ in range(count):
        begun = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        out.append((time.perf_counter() - begun) * 1e3)
        if answer.status != 200:
            raise tools.wrong(f"{path}: {answer.status}")
    connection.close()
    return out


def run(options, out):
    os.environ["TOCSIN_BINARY"] = tools.binary(options)
    from cluster import Authority, members
    count = 200 if options.quick else 5000
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        for where, tls in (("in the clear", lambda name: None), ("mutual TLS", Authority(folder).files)):
            holder = unittest.TestCase()
            try:
                a, b = members(holder, "ab", tls)
                a.hear("10.0.0.1")
                b.hear("10.0.0.2")
                for what, path in (("one daemon of another node", "/api/v1/daemons/10.0.0.2/7500"),
                                   ("all daemons of two nodes", "/api/v1/daemons")):
                    took = times(a, path, count)[count // 20:]  # the first ones warm up
                    for p in (0.5, 0.99):
                        out.add(f"{what} by HTTP, {where}, p{p * 100:.0f}", tools.quantile(took, p), "ms")
                took = times(a, "/api/v1/daemons/10.0.0.1/7500?local=true", count)[count // 20:]
                for p in (0.5, 0.99):
                    out.add(f"one of its own, without asking, {where}, p{p * 100:.0f}", tools.quantile(took, p), "ms")
                asked = a.metric("tocsin_cluster_round_trip_seconds_count")
                for ms in (0.256, 0.512, 1.024):
                    within = a.metric("tocsin_cluster_round_trip_seconds_bucket", f'{{le="{ms / 1e3:g}"}}')
                    out.add(f"round trip within {ms} ms, {where}", within / asked * 100, "%")
            except AssertionError as e:
                raise tools.wrong(str(e)[:3000]) from e
            finally:
                holder.doCleanups()
