"""The mock of Kafka behind mutual TLS: in a network namespace of its own, with socat at the very addresses that its brokers advertise."""
import functools
import os
import shutil
import signal
import socket
import subprocess
import unittest

from cluster import Authority
from kafka import Cluster
from support import folder, wait_for

# An own network, of root or of a user who may have one; with its loopback up, then the command.
OF_ROOT, OF_USER = ["unshare", "-n"], ["unshare", "-r", "-n"]
LOOPBACK_UP = ["sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


@functools.cache
def own_network():
    """The command that starts another in a network of its own, or why there is none."""
    for program in ("socat", "unshare", "nsenter", "ip"):
        if not shutil.which(program):
            return None, f"{program} is not installed; deploy/setup.sh does that"
    why = ""
    for way in (OF_ROOT, OF_USER):
        done = subprocess.run([*way, *LOOPBACK_UP, "true"], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return way, ""
        why = done.stderr.strip()
    return None, f"no network namespace can be made here: {why}"


class Bridge:
    """One broker's port: clear text inside, TLS outside."""

    def __init__(self, where, port, inside):
        self.where, self.port, self.outer = os.path.join(where, f"{port}.sock"), port, None
        self.inner = self.socat(f"UNIX-LISTEN:{self.where},fork,backlog=64", f"TCP:127.0.0.1:{port},nodelay", inside)
        wait_for(lambda: os.path.exists(self.where), "socat listens within")

    @staticmethod
    def socat(one, other, through=()):
        return subprocess.Popen([*through, "setpriv", "--pdeathsig", "KILL", "socat", one, other], start_new_session=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def open(self, certificate, key, authority):
        """Lets in who has a certificate of `authority`."""
        self.close()
        self.outer = self.socat(f"OPENSSL-LISTEN:{self.port},bind=127.0.0.1,reuseaddr,fork,backlog=64,nodelay,cert={certificate},key={key},"
                                f"cafile={authority},verify=1", f"UNIX-CONNECT:{self.where}")
        wait_for(self.listens, "socat listens")

    def listens(self):
        if self.outer.poll() is not None:
            raise AssertionError(f"socat ended with {self.outer.returncode}: is port {self.port} somebody else's?")
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def close(self):
        """Nobody gets in, and who was in is out."""
        self.outer = self.end(self.outer)

    def end_all(self):
        self.close()
        self.inner = self.end(self.inner)

    @staticmethod
    def end(process):
        if process:
            os.killpg(process.pid, signal.SIGKILL)  # those that it forked, too
            process.wait()


class TlsCluster(Cluster):
    """`authority` signed the brokers' certificates and those of `client(NAME)`; `stranger` is one that nobody here knows."""

    def __init__(self, test, **topics):
        self.bridges = []
        super().__init__(test, False, None, **topics)

    def host(self):
        way, why = own_network()
        if not way:
            raise unittest.SkipTest(why)
        where = folder(self.test)
        self.authority, self.stranger = Authority(where), Authority(where, "stranger", "another plant")
        super().host(*way, *LOOPBACK_UP)
        keeps_user = ["-U", "--preserve-credentials"] if way == OF_USER else []
        self.inside = ["nsenter", "-t", str(self.process.pid), "-n", *keeps_user, "--"]
        self.test.addCleanup(lambda: [b.end_all() for b in self.bridges])
        self.bridges = [Bridge(where, int(address.rpartition(":")[2]), self.inside) for address in self.brokers.split(",")]
        self.open()
        self.properties |= self.client()

    def open(self, authority=None):
        """Brokers show a certificate of `authority`, and want one of ours."""
        certificate, key = (authority or self.authority).sign("broker", "subjectAltName=IP:127.0.0.1")
        for b in self.bridges:
            b.open(certificate, key, self.authority.certificate)

    def client(self, authority=None):
        """Properties of librdkafka for who has a certificate of `authority`."""
        certificate, key = (authority or self.authority).sign("client")
        return {"security.protocol": "SSL", "ssl.ca.location": self.authority.certificate, "ssl.certificate.location": certificate, "ssl.key.location": key}
