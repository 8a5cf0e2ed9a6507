"""Replay: the same bytes however the input is cut and judged, every way to say it, and real recordings."""
import glob
import os
import subprocess
import unittest

from samples import BRACES_87, DECORATED_69, SUBJECT_69, SUBJECT_87, listened, wrapped
from support import SHARED, SOURCE, binary, environment, folder, json_lines, main, tocsin, write

SCENARIO = os.path.join(SOURCE, "deploy", "demo.scenario")
DEMO = os.path.join(SOURCE, "deploy", "demo.yaml")
EMITS = ("incidents", "symptoms", "notifications")


class same_bytes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = unittest.TestCase()
        cls.folder = folder(cls.holder)
        cls.all = tocsin("simulate", "--scenario", SCENARIO).stdout
        # Four hours of it have nearly every kind of trouble.
        cls.lines = cls.all[:cls.all.index('{"at":"2026-01-01T04:')]
        cls.file = write(os.path.join(cls.folder, "night.jsonl"), cls.lines)
        cls.config = write(os.path.join(cls.folder, "c.yaml"), "rules: {clients: {limit: 100}}\nreceivers:\n"
                           "  - {name: hook, kind: webhook, webhook: {url: \"http://127.0.0.1:1/\", allow_private: true}}\n")

    @classmethod
    def tearDownClass(cls):
        cls.holder.doCleanups()

    def replay(self, *more, path=None, **options):
        done = tocsin("replay", "-i", path or self.file, "-f", "jsonl", "-c", self.config, *more, **options)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def test_simulation_is_the_same_twice(self):
        self.assertEqual(tocsin("simulate", "--scenario", SCENARIO).stdout, self.all)
        small = [tocsin("simulate", "--daemons", 5, "--until", "10m", "--seed", seed).stdout for seed in (1, 1, 2)]
        self.assertEqual(small[0], small[1])
        self.assertNotEqual(small[0], small[2])

    def test_any_number_of_workers_shards_and_bytes(self):
        for emit in EMITS:
            once = self.replay("--emit", emit)
            self.assertGreater(len(once.splitlines()), 5, emit)
            for more in (["--through", "actors"], ["--through", "actors", "--shards", 1, "--workers", 1],
                         ["--through", "actors", "--shards", 7, "--workers", 4], ["--block-bytes", 777],
                         ["--through", "actors", "--shards", 3, "--block-bytes", 100_003], ["--block-bytes", 67_108_864]):
                with self.subTest(emit=emit, more=more):
                    self.assertEqual(self.replay("--emit", emit, *more), once)

    def test_standard_input_is_like_a_file(self):
        self.assertEqual(self.replay(path="-", text=self.lines), self.replay())
        self.assertEqual(self.replay(path="-", text=self.lines.replace("\n", "\r\n")), self.replay())

    def test_until_lets_the_silence_go_on(self):
        through = {}
        for more in ([], ["--through", "actors"]):
            short, long = self.replay(*more), self.replay("--until", "2026-01-02T00:00:00Z", *more)
            self.assertTrue(long.startswith(short))
            through[len(through)] = long
            opened = [i for i in json_lines(long[len(short):]) if i["state"] == "opened"]
            self.assertEqual([i["cause"]["kind"] for i in opened], ["segment_silent"])
        self.assertEqual(through[0], through[1])

    def test_until_before_the_end_changes_nothing(self):
        self.assertEqual(self.replay("--until", "2020-01-01T00:00:00Z"), self.replay())

    def test_other_thresholds_next_morning(self):
        other = write(os.path.join(self.folder, "other.yaml"), "rules: {clients: off, forecast: off}\n")
        kinds = {i["cause"]["kind"] for i in json_lines(tocsin("replay", "-i", self.file, "-f", "jsonl", "-c", other).stdout)}
        before = {i["cause"]["kind"] for i in json_lines(self.replay())}
        self.assertTrue({k for k in before if k.startswith("clients")})
        self.assertFalse({k for k in kinds if k.startswith("clients")})

    def test_reader_that_goes_away_ends_it_quietly(self):
        script = f"'{binary('TOCSIN_BINARY')}' simulate --daemons 200 --until 2h | head -n 1 >/dev/null; echo ${{PIPESTATUS[0]}}"
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=environment(), timeout=60, check=True)
        self.assertEqual(done.stderr, "")
        self.assertIn(done.stdout.strip(), ("0", "141"))


class broken_input(unittest.TestCase):
    def test_what_cannot_be_used_is_named_with_its_place_and_the_rest_goes_on(self):
        path = write(os.path.join(folder(self), "lines"), "\n".join([BRACES_87[0], "{broken", "}", BRACES_87[1], ""]))
        for strict, code in (([], 0), (["--strict"], 1)):
            done = tocsin("replay", "-i", path, "-f", "tibrvlisten", "--emit", "symptoms", *strict)
            self.assertEqual(done.returncode, code)
            self.assertRegex(done.stderr, rf"(?m)^{path}:\d+: .+")
            self.assertRegex(done.stderr, r"(?m)^tocsin: \d+ pieces? of input could not be used$")

    def test_good_input_is_good_under_strict(self):
        done = tocsin("replay", "-i", "-", "-f", "tibrvlisten", "--strict", text="\n".join(BRACES_87) + "\n")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_files_that_cannot_be_read(self):
        for path, format_, said in (("nowhere", "jsonl", "No such file"), (folder(self), "jsonl", "Is a directory"),
                                    ("nowhere.db", "journal", "nowhere.db: "), (DEMO, "journal", "not a database")):
            done = tocsin("replay", "-i", path, "-f", format_)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn(said, done.stderr)
            self.assertEqual(done.left, [], "a question makes no file")

    def test_nothing_at_all(self):
        for format_ in ("jsonl", "tibrvlisten", "rv-hex"):
            done = tocsin("replay", "-i", "-", "-f", format_, text="")
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))


class real_lines(unittest.TestCase):
    """Heartbeats that real daemons printed fall silent after: the silence tells that they were understood."""

    def silent(self, text, until):
        done = tocsin("replay", "-i", "-", "-f", "tibrvlisten", "--strict", "--until", until, "--emit", "symptoms", text=text)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return {(s["subject"], s["kind"], s["evidence"]["last_heard"]) for s in json_lines(done.stdout) if s["kind"] == "heartbeat_lost"}

    def test_two_of_rv_87(self):
        lost = {(SUBJECT_87, "heartbeat_lost", "2025-10-15T01:40:24.799Z")}
        text = "\n".join(BRACES_87) + "\n"
        for form in (text, text.replace("\n", "\r\n"), "".join(wrapped(b) + "\n" for b in BRACES_87)):
            self.assertEqual(self.silent(form, "2025-10-15T03:00:00Z"), lost)

    def test_as_tibrvlisten_prints_them(self):
        text = "".join(wrapped(listened(b, s)) + "\n" for s, b in enumerate(BRACES_87))
        found = self.silent(text, "2025-10-15T03:00:00Z")
        self.assertEqual({f[0] for f in found}, {SUBJECT_87})

    def test_one_of_rv_69(self):
        for form in (DECORATED_69, wrapped(DECORATED_69), DECORATED_69.replace(", {0}", ",\r\n{0}")):
            found = self.silent(form + "\n", "2007-05-16T12:00:00Z")
            self.assertEqual({f[0] for f in found}, {SUBJECT_69})


class recordings(unittest.TestCase):
    def test_every_capture_of_the_wire(self):
        files = sorted(glob.glob(os.path.join(SHARED, "data", "rv", "*.hex")))
        if not files:
            self.skipTest(f"no recordings in {SHARED}; set TOCSIN_SHARED")
        told = 0
        for file in files:
            with self.subTest(os.path.basename(file)):
                outputs = set()
                for more in ([], ["--through", "actors", "--shards", 3], ["--block-bytes", 13]):
                    done = tocsin("replay", "-i", file, "-f", "rv-hex", "--emit", "symptoms", "--until", "2100-01-01T00:00:00Z", *more)
                    self.assertEqual((done.returncode, done.stderr), (0, ""))
                    outputs.add(done.stdout)
                self.assertEqual(len(outputs), 1)
                told += len(outputs.pop())
        self.assertGreater(told, 0, "some have heartbeats")


if __name__ == "__main__":
    main()
