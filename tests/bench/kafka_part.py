"""Part kafka: records a second from the mock cluster through the subjects' actors, against a bare librdkafka consumer with the same decoding."""
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import time
import urllib.request

import node
import tools

TOPIC, PARTITIONS = "inputs", 8
PROGRAMS = os.path.join(tools.ROOT, "build", "release", "tests")


def run(options, out):
    records = 50_000 if options.quick else 1_000_000
    daemons = 1_000 if options.quick else 10_000
    lines = lines_of(records, daemons)
    broker = subprocess.Popen([os.path.join(PROGRAMS, "kafka_mock", "tocsin-test-kafka"), f"{TOPIC}:{PARTITIONS}"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        brokers = broker.stdout.readline().strip()
        produce(options, brokers, lines, out)
        ratios = {}
        for number in range(1 if options.quick else options.repeat):
            bare = json.loads(tools.must_run([os.path.join(PROGRAMS, "bench", "tocsin_kafka_bare"), brokers, TOPIC, str(records)]).splitlines()[-1])
            bare_rate = bare["records"] / bare["seconds"]
            for keeps in (False, True):
                seconds, cpu = through_actors(options, brokers, records, keeps, f"{number}{keeps}")
                ratios.setdefault(keeps, []).append((records / seconds, bare_rate, cpu / records * 1e6, bare["cpu_seconds"] / records * 1e6))
        for keeps, all_of in ratios.items():
            rate, bare_rate, cpu, bare_cpu = (statistics.median(column) for column in zip(*all_of))
            where = "journal kept" if keeps else "nothing kept"
            out.add(f"through the actors, {where}", rate, "records/s", bare=bare_rate, cpu_us=cpu, bare_cpu_us=bare_cpu)
            out.add(f"bare consumer's time of ours, {where}", statistics.median(r / b for r, b, _, _ in all_of) * 100, "%")
        out.add("bare consumer", statistics.median(b for _, b, _, _ in ratios[False]), "records/s")
    finally:
        broker.stdin.close()
        broker.wait()


def lines_of(records, daemons=10_000):
    """A file of so many heartbeats, made once."""
    path = os.path.join(tools.WORK, f"kafka-{records}-{daemons}.jsonl")
    if not os.path.exists(path):
        write_lines(path, records, daemons)
    return path


def write_lines(path, records, daemons):
    with open(path, "w", encoding="utf-8") as f:
        for i in range(records):
            d = i % daemons
            host = f"10.{d >> 16}.{d >> 8 & 255}.{d & 255}"
            f.write(f'{{"subject":"_RV.INFO.SYSTEM.HOST.STATUS.0A{d:06X}","message":{{"hostaddr":"{host}","service":"7500","ver":"8.7.0",'
                    f'"up":{1000 + i // daemons * 90},"cc":{40 + i % 3},"ms":{10 ** 6 + i},"bs":{10 ** 8 + i},"mr":{10 ** 6 + i},"br":{10 ** 8 + i},'
                    f'"ps":{10 ** 6 + i},"pr":{10 ** 6 + i},"rx":12,"pm":3,"idl":0,"odl":0,"irrs":0,"orrs":0}}}}\n')


def produce(options, brokers, lines, out):
    config = os.path.join(tools.WORK, "kafka-produce.yaml")
    with open(config, "w", encoding="utf-8") as f:
        json.dump({"kafka": {"brokers": brokers, "compression": "zstd"}}, f)  # the mock keeps 5 MiB of a partition
    done = subprocess.run([tools.binary(options), "produce", "-c", config, "--topic", TOPIC, "-i", lines], capture_output=True, text=True, check=False)
    if done.returncode:
        raise tools.wrong(f"produce: {done.stderr}")
    out.add("tocsin produce", float(re.search(r"(\d+) records/s", done.stderr).group(1)), "records/s")


def through_actors(options, brokers, records, keeps, group):
    """(seconds, CPU seconds) from the last look that saw no record to the last one judged: like the bare consumer's clock, without the finding of partitions."""
    data, log_path = os.path.join(tools.WORK, "data"), os.path.join(tools.WORK, "node.log")
    shutil.rmtree(data, ignore_errors=True)
    http = node.free_port()
    config = os.path.join(tools.WORK, "kafka.yaml")
    with open(config, "w", encoding="utf-8") as f:
        json.dump({"data_dir": data if keeps else "", "http": {"address": f"127.0.0.1:{http}"},
                   "kafka": {"brokers": brokers, "properties": {"fetch.wait.max.ms": "10"}},
                   "sources": [{"name": "feed", "kind": "kafka", "topics": [TOPIC], "group": f"bench{group}", "start": "earliest"}],
                   "rules": {"heartbeat": {"mode": "fixed", "lost_after": "1h", "period": "90s"}}}, f)
    with open(log_path, "wb") as log:
        process = subprocess.Popen([tools.binary(options), "run", "--config", config], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
    n = node.node(process, {}, http)
    try:
        n.until(lambda: "kafka_rebalance" in read(log_path), "partitions", 30, 0.002)
        seen = lambda: figure(http, "tocsin_records_total") or 0
        looks = [(time.monotonic(), n.cpu_ticks())]
        n.until(lambda: looks.append((time.monotonic(), n.cpu_ticks())) or seen(), "a record", 30, 0.002)
        began, used = looks[-2]
        # Whoever asks takes of the two cores: seldom, until the end is near.
        n.until(lambda: seen() >= records * 0.8, "most records", 120, 0.1)
        n.until(lambda: seen() >= records and figure(http, "tocsin_steps_in_flight") == 0, f"{records} records", 120, 0.01)
        return time.monotonic() - began, (n.cpu_ticks() - used) / os.sysconf("SC_CLK_TCK")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


def figure(http, name):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{http}/metrics", timeout=10) as answer:
            found = re.search(rf"^{name} (\S+)$", answer.read().decode(), re.M)
    except OSError:
        return None
    return float(found.group(1)) if found else None
