"""Nodes of a cluster on one machine, with or without certificates; and strangers at their ports."""
import os
import re
import socket
import subprocess
import threading

from support import QUICK_RULES, SOURCE, Node, free_ports, heartbeat, write

# Metrics of nodes that have a cluster log.
OF_SHARED_INPUT = re.compile(r"tocsin_cluster_(leads|partitions|takeover|log_|snapshots)")


def cluster_metrics(node):
    """Those of the cluster that a node gives, with their kind."""
    return dict(re.findall(r"^# TYPE (tocsin_cluster_\w+) (\w+)$", node.get("/metrics")[2], re.M))


def documented_metrics():
    with open(os.path.join(SOURCE, "docs", "metrics.md"), encoding="utf-8") as file:
        return dict(re.findall(r"^\| `(tocsin_cluster_\w+)` \| (\w+)", file.read(), re.M))


FEED = '  - {name: feed, kind: jsonl, address: "127.0.0.1:0"}'


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


class Authority:
    """As docs/cluster.md makes one."""

    def __init__(self, folder, name="ca", subject="tocsin cluster"):
        self.folder, self.name = folder, name
        openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", f"/CN={subject}", "-keyout", f"{name}.key", "-out", f"{name}.pem")

    @property
    def certificate(self):
        return os.path.join(self.folder, f"{self.name}.pem")

    def sign(self, node, *extensions):
        """Files (certificate, key) of a node that this authority signed; `extensions` as openssl's -addext wants them."""
        base = os.path.join(self.folder, f"{self.name}-{node}")
        openssl(self.folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={node}",
                *(part for e in extensions for part in ("-addext", e)), "-keyout", f"{base}.key", "-out", f"{base}.csr")
        openssl(self.folder, "x509", "-req", "-in", f"{base}.csr", "-CA", f"{self.name}.pem", "-CAkey", f"{self.name}.key",
                "-CAcreateserial", "-copy_extensions", "copy", "-days", "2", "-out", f"{base}.pem")
        os.chmod(f"{base}.key", 0o600)
        return f"{base}.pem", f"{base}.key"

    def files(self, node):
        """A `tls:` of a node whose certificate this authority signed."""
        certificate, key = self.sign(node)
        return f"{{certificate: {certificate}, key: {key}, authority: {self.certificate}}}"


class Member(Node):
    """A node of a cluster; `hear` brings it daemons."""

    def __init__(self, test, name, port, ports, tls=None, sources=FEED, more=QUICK_RULES, keys="", **options):
        self.name, self.cluster_port, self.feed = name, port, None
        peers = ", ".join(f'"127.0.0.1:{p}"' for p in ports)
        cluster = f'cluster:\n  node: {name}\n  listen: "127.0.0.1:{port}"\n  peers: [{peers}]\n' + (f"  tls: {tls}\n" if tls else "") + keys
        super().__init__(test, sources, more + cluster, **options)

    def hear(self, *hosts):
        self.feed = self.feed or self.connect()
        self.feed.sendall("".join(heartbeat(h, 1) for h in hosts).encode())
        self.wait(lambda: {d["host"] for d in self.json("/api/v1/daemons?local=true&limit=10000")["daemons"]} >= set(hosts), f"{self.name} hears {hosts}")

    def source(self, name):
        return next(s for s in self.json("/api/v1/sources?local=true")["sources"] if s["name"] == name)

    def others(self):
        """State by name of the other nodes; of one that was never heard by its address."""
        return {n["node"] or n["address"]: n for n in self.json("/api/v1/cluster")["nodes"] if n["state"] != "self"}

    def sees(self, **states):
        self.wait(lambda: {n: s["state"] for n, s in self.others().items()} == states, lambda: f"{self.name} sees {states}, has {self.others()}")

    def hosts(self):
        return {d["host"]: d["node"] for d in self.json("/api/v1/daemons")["daemons"]}

    def memory(self):
        """Resident bytes of the process."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1)) * 1024

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def members(test, names, tls=lambda name: None, **options):
    """Started nodes that all see each other."""
    ports = free_ports(len(names))
    made = [Member(test, name, port, ports, tls(name), **options).start() for name, port in zip(names, ports)]
    for one in made:
        one.sees(**{other: "reachable" for other in names if other != one.name})
    return made


def all_at_once(count, work):
    """work(0) … work(count - 1), each on a thread."""
    threads = [threading.Thread(target=work, args=(i,)) for i in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def stranger(port):
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def write_config(folder, cluster):
    return write(os.path.join(folder, "tocsin.yaml"), f"data_dir: ''\nhttp: {{address: ''}}\nsources:\n  - {{name: p, kind: plant}}\n{cluster}")
