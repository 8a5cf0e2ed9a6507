"""tocsin score: a CSV in, a verdict for each row out; bad cells are named and the rest goes on."""
import gzip
import math
import os
import random
import unittest

from support import folder, main, read, tocsin, write


def series(rows, seed=1, spike=None):
    rng = random.Random(seed)
    lines = ["timestamp,value,label"]
    for i in range(rows):
        value = 20 + rng.gauss(0, 1) + (30 if i == spike else 0)
        lines.append(f"2026-01-{1 + i // 1440:02d} {i // 60 % 24:02d}:{i % 60:02d}:00,{value:.4f},{int(i == spike)}")
    return lines


class scoring(unittest.TestCase):
    def setUp(self):
        self.place = folder(self)

    def score(self, text, *more, code=0, name="s.csv"):
        path, out = os.path.join(self.place, name), os.path.join(self.place, "out.csv")
        if isinstance(text, bytes):
            with open(path, "wb") as f:
                f.write(text)
        else:
            write(path, text)
        done = tocsin("score", "--input", path, "--output", out, *more)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        return read(out).splitlines(), done.stderr

    def test_every_row_has_a_verdict_and_a_spike_is_an_alert(self):
        lines, said = self.score("\n".join(series(1000, spike=800)) + "\n")
        self.assertEqual((lines[0], len(lines), said), ("row,score,alert,cp", 1001, ""))
        rows = [line.split(",") for line in lines[1:]]
        self.assertEqual([int(r[0]) for r in rows], list(range(1000)))
        self.assertTrue(all(math.isfinite(float(r[1])) and r[2] in "01" and r[3] in "01" for r in rows))
        self.assertEqual(rows[800][2], "1")
        self.assertGreaterEqual(float(rows[800][1]), 1)

    def test_the_label_is_not_looked_at(self):
        honest = series(600, spike=500)
        lying = [honest[0]] + [line[:-1] + str(i % 2) for i, line in enumerate(honest[1:])]
        self.assertEqual(self.score("\n".join(honest)), self.score("\n".join(lying)))

    def test_a_prefix_gives_a_prefix(self):
        lines = series(900, spike=700)
        self.assertEqual(self.score("\n".join(lines))[0][:401], self.score("\n".join(lines[:401]))[0])

    def test_gzip_and_plain_are_the_same_whatever_the_name(self):
        text = "\n".join(series(400))
        self.assertEqual(self.score(text), self.score(gzip.compress(text.encode())))

    def test_several_channels_are_judged_together(self):
        one = series(600, spike=500)
        both = ["timestamp,a,b"] + [line.rsplit(",", 1)[0] + "," + other.split(",")[1] for line, other in zip(one[1:], series(600, seed=2)[1:])]
        self.assertEqual(len(self.score("\n".join(both))[0]), 601)

    def test_broken_rows_are_named_and_the_rest_goes_on(self):
        lines = series(300)
        lines[10], lines[20], lines[30], lines[40] = "2026-01-01 00:09:00,1", "2026-01-01 00:19:00,nan,0", "1999-01-01,20,0", "x,y,z,1,2"
        out, said = self.score("\n".join(lines))
        self.assertEqual(len(out), 301)
        self.assertEqual([line.split(": ", 2)[1].rsplit(":", 1)[1] for line in said.splitlines()], ["11", "21", "31", "41"])
        self.assertEqual(out[10], "9,0,0,0")

    def test_learning_is_given_in_rows(self):
        text = "\n".join(series(300, spike=200))
        self.assertEqual(self.score(text, "--learn", "150")[0][201].split(",")[2], "1")
        self.assertEqual(self.score(text, "--learn", "auto")[0][201].split(",")[2], "1")
        self.assertEqual({line.split(",")[2] for line in self.score(text, "--learn", "250")[0][1:]}, {"0"})

    def test_the_configuration_counts(self):
        config = write(os.path.join(self.place, "c.yaml"), "detectors: {limit: 1000}\n")
        text = "\n".join(series(300, spike=200))
        self.assertEqual({line.split(",")[2] for line in self.score(text, "--config", config)[0][1:]}, {"0"})

    def test_what_cannot_be_read_is_said(self):
        done = tocsin("score", "--input", "nowhere.csv", "--output", "x.csv")
        self.assertEqual((done.returncode, done.left), (1, []))
        self.assertIn("nowhere.csv: cannot be read: No such file", done.stderr)
        self.assertIn("no column of values", self.score("timestamp,label\n1,1\n", code=1)[1])
        whole = gzip.compress("\n".join(series(5000)).encode())
        lines, said = self.score(whole[:len(whole) // 2], code=1)
        self.assertIn("cannot be read to its end", said)
        self.assertGreater(len(lines), 100)
        self.assertEqual(tocsin("score", "--input", "-", "--output", "-", "--learn", "many").returncode, 2)

    def test_from_standard_input_to_standard_output(self):
        done = tocsin("score", "--input", "-", "--output", "-", text="t,a\n1,2\n2,3\n")
        self.assertEqual((done.returncode, done.stdout), (0, "row,score,alert,cp\n0,0,0,0\n1,0,0,0\n"))


if __name__ == "__main__":
    main()
