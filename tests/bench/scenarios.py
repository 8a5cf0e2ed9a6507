"""Part scenarios: every scenario file with real processes, three nodes on the mock of Kafka, in a drill; what is not met is a failure."""
import concurrent.futures
import os
import sys
import time
import traceback
import unittest

import tools

sys.path.append(os.path.join(tools.ROOT, "tests", "process"))
TESTS = os.path.join(tools.ROOT, "build", "release", "tests")
AT_ONCE = 6          # clusters side by side, an eighth of a core each; TOCSIN_TEST_CLUSTERS for other machines
SPEED, OF_LONG = 30, 60  # a sixth of a second on the way looks like a clock that is five seconds wrong, or a heartbeat that is late
LONG = 10 * 3600     # seconds
KILLED = 3 * 3600    # those that are no longer are played with a kill, too
NARROWEST = 0.1      # seconds of the machine that a window is wide at least: what a record takes on its way, several times
QUICK = ("short_day", "link_breaks")


def run(options, out):
    os.environ["TOCSIN_BINARY"] = tools.binary(options)
    os.environ.setdefault("TOCSIN_TEST_KAFKA_MOCK", os.path.join(TESTS, "kafka_mock", "tocsin-test-kafka"))
    os.environ.setdefault("TOCSIN_TEST_STORY", os.path.join(TESTS, "story", "tocsin-test-story"))
    import drill
    names = sorted(f[:-9] for f in os.listdir(drill.SCENARIOS) if f.endswith(".scenario"))
    only = os.environ.get("TOCSIN_TEST_SCENARIOS", "").split()
    names = [n for n in names if n in (QUICK if options.quick else only or names)]
    began = os.times(), time.monotonic()
    of = {name: drill.described(os.path.join(drill.SCENARIOS, name + ".scenario")) for name in names}
    plays = [(name, False) for name in names] + [(name, True) for name in names if of[name]["until"] <= KILLED and not options.quick]
    plays.sort(key=lambda p: -of[p[0]]["until"] / speed_of(of[p[0]]))  # the long ones first
    at_once = min(len(plays), int(os.environ.get("TOCSIN_TEST_CLUSTERS", AT_ONCE)))
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        done = list(pool.map(lambda p: (p, play(drill, *p)), plays))
    missed = []
    for (name, kills), (speed, unmet, skipped) in sorted(done, key=lambda d: (d[0][1], d[0][0])):
        what = f"{name}, a node killed and back" if kills else name
        if skipped:
            out.skip(what, skipped)
            continue
        out.add(f"{what}, {speed} times the pace: unmet", len(unmet), "", 0)
        missed += [f"{what}: {text}" for text in unmet]
    used = os.times()
    share = sum(used[i] - began[0][i] for i in (2, 3)) / (time.monotonic() - began[1]) / os.cpu_count()
    out.add(f"processors busy with it, {at_once} clusters side by side", share * 100, "%")
    if missed:
        raise tools.wrong("\n".join(missed))


def speed_of(of):
    return max(1, min(OF_LONG if of["until"] >= LONG else SPEED, int(of["narrowest"] / NARROWEST + 1e-6)))


def play(drill, name, kills):
    """(speed, what is not as expected, why it was not played)."""
    result = played(drill, name, kills)
    said = f"skipped: {result[2]}" if result[2] else "\n".join(result[1]) or "as expected"
    print(f"   {name}{', a node killed' if kills else ''}: {said}", file=sys.stderr, flush=True)
    return result


def played(drill, name, kills):
    holder = unittest.TestCase()
    speed = 0
    try:
        speed = speed_of(drill.described(os.path.join(drill.SCENARIOS, name + ".scenario")))
        return speed, drill.Drill(holder, name, speed, kills).play(), None
    except drill.skipped as e:
        return speed, [], str(e)
    except AssertionError as e:
        return speed, [str(e)[:4000]], None
    except Exception:  # one that cannot be played does not keep the others from it
        return speed, [traceback.format_exc()], None
    finally:
        holder.doCleanups()
