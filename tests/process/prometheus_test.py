"""A real Prometheus understands what /metrics says."""
import json
import os
import shutil
import subprocess
import unittest
import urllib.error
import urllib.parse
import urllib.request

from support import Node, folder, free_ports, heartbeat, main, wait_for, write

FEED = "  - {name: feed, kind: jsonl, address: \"127.0.0.1:0\"}"


def needed(program):
    if not shutil.which(program):
        raise unittest.SkipTest(f"{program} (Debian: prometheus) is not installed")


def started(test):
    node = Node(test, FEED).start()
    node.connect().sendall(heartbeat("10.0.0.1", 100, cc=97).encode())
    node.wait(node.incidents, "an incident")
    return node


class prometheus(unittest.TestCase):
    def test_promtool_finds_nothing_wrong(self):
        needed("promtool")
        text = started(self).get("/metrics")[2]
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_a_scrape_brings_the_series(self):
        needed("prometheus")
        node = started(self)
        place = folder(self)
        port = free_ports(1)[0]
        config = write(os.path.join(place, "prometheus.yml"),
                       "global: {scrape_interval: 200ms, scrape_timeout: 200ms}\nscrape_configs:\n- job_name: tocsin\n"
                       f"  static_configs: [{{targets: [\"127.0.0.1:{node.port}\"]}}]\n")
        server = subprocess.Popen(["prometheus", f"--config.file={config}", f"--storage.tsdb.path={place}/data",
                                   f"--web.listen-address=127.0.0.1:{port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)

        def value(query):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query?query={urllib.parse.quote(query)}", timeout=5) as answer:
                    found = json.load(answer)["data"]["result"]
            except (urllib.error.URLError, ConnectionError):
                return None
            return float(found[0]["value"][1]) if found else None

        wait_for(lambda: value("tocsin_daemons") == 1, "Prometheus knows the daemon")
        self.assertEqual(value('up{job="tocsin"}'), 1)
        self.assertGreaterEqual(value("sum(tocsin_records_total)"), 1)


if __name__ == "__main__":
    main()
