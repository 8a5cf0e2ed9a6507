"""tocsin analyse, every subcommand as a person would use it; the series are made by analyse_series.py."""
import csv
import gzip
import json
import os
import unittest

import analyse_series
from support import SHARED, folder, main, tocsin, write

SECOM = os.path.join(SHARED, "data", "anomaly", "secom", "secom_clean.csv.gz")


class case:
    def setUp(self):
        self.place = folder(self)

    def file(self, name, text):
        return write(os.path.join(self.place, name), text)

    def run_it(self, *words, code=0, text=None):
        done = tocsin("analyse", *words, text=text)
        self.assertEqual(done.returncode, code, done.stderr + done.stdout)
        return done

    def ask(self, *words, text=None):
        done = self.run_it(*words, "--json", text=text)
        said = json.loads(done.stdout)
        self.assertEqual(sorted(said), ["analysis", "facts", "findings", "notes"])
        return said

    def refused(self, *words, code=1, says, text=None):
        done = self.run_it(*words, code=code, text=text)
        self.assertIn(says, done.stderr)
        self.assertEqual(done.stdout, "")


class parameters(case, unittest.TestCase):
    def test_a_trend_is_found_and_a_wandering_channel_is_not_taken_for_one(self):
        path = self.file("s.csv", analyse_series.chamber())
        said = self.ask("trend", "--input", path, "--per", "1d")
        self.assertEqual((said["analysis"], said["facts"]["rows"], said["facts"]["trends"]), ("trend", 1440, 1))
        first = said["findings"][0]
        self.assertEqual((first["channel"], first["trend"]), ("temperature", "rises"))
        self.assertAlmostEqual(first["slope"], 2.88, delta=0.2)  # 0.002 a minute
        self.assertAlmostEqual(first["theil_sen"], 2.88, delta=0.2)
        self.assertEqual({f["trend"] for f in said["findings"][1:]}, {"none sure"})
        table = self.run_it("trend", "--input", path).stdout
        self.assertIn("theil sen", table)
        self.assertIn("temperature", table)

    def test_a_series_is_taken_apart(self):
        path, out = self.file("s.csv.gz", ""), os.path.join(self.place, "parts.csv")
        with gzip.open(path, "wt") as file:
            file.write(analyse_series.chamber())
        for words, method in (([], "stl"), (["--robust"], "stl, robust"), (["--classic"], "classic")):
            said = self.ask("season", "--input", path, "--period", "4h", "--columns", "power,flow", "--output", out, *words)
            self.assertEqual((said["facts"]["period_rows"], said["facts"]["method"]), (240, method))
            power = next(f for f in said["findings"] if f["channel"] == "power")
            self.assertGreater(power["season_strength"], 0.9)
            with open(out, encoding="ascii", newline="") as file:
                rows = list(csv.DictReader(file))
            self.assertEqual(len(rows), 1440)
            whole = [float(rows[700]["power_" + part]) for part in ("trend", "season", "remainder")]
            original = float(analyse_series.chamber().splitlines()[701].split(",")[3])
            self.assertAlmostEqual(sum(whole), original, places=4)
        self.assertEqual(self.ask("season", "--input", path, "--period", "240")["facts"]["period_rows"], 240)

    def test_correlations_are_ordered_and_counted(self):
        said = self.ask("correlations", "--input", self.file("l.csv", analyse_series.lots()), "--columns", ",".join(f"p{i}" for i in range(20) if i != 4), "--most", "2")
        self.assertEqual((said["facts"]["pairs"], said["facts"]["pairs_with_q_below_0.05"]), (171, 1))
        self.assertEqual([said["findings"][0][k] for k in ("first", "second", "stable")], ["p6", "p7", True])
        self.assertGreater(said["findings"][0]["spearman"], 0.85)
        self.assertEqual(len(said["findings"]), 2)

    def test_yield_names_what_lasts_and_nothing_when_nothing_does(self):
        said = self.ask("yield", "--input", self.file("l.csv", analyse_series.lots()), "--failed", "scrapped")
        self.assertEqual([said["findings"][0][k] for k in ("parameter", "where_it_failed", "verdict")], ["gap", "larger", "lasts"])
        self.assertEqual((said["facts"]["of_them_stable"], said["facts"]["parameters_tested"]), (1, 20))
        words = ["passed" if line.endswith(",0") else "FAIL" for line in analyse_series.lots(real=False).splitlines()[1:]]
        lines = analyse_series.lots(real=False).splitlines()
        text = "\n".join([lines[0]] + [line[:-1] + word for line, word in zip(lines[1:], words)])
        nothing = self.run_it("yield", "--input", "-", "--failed", "scrapped", text=text).stdout
        self.assertIn("nothing survives", nothing)

    @unittest.skipUnless(os.path.exists(SECOM), f"no SECOM data ({SECOM})")
    def test_secom_gives_the_known_result(self):
        said = self.ask("yield", "--input", SECOM, "--failed", "label")
        facts = said["facts"]
        self.assertEqual((facts["parameters_tested"], facts["with_p_below_0.05"], facts["expected_by_chance"], facts["with_q_below_0.05"]), (314, 49, 16, 10))
        best = said["findings"][0]
        self.assertEqual((best["parameter"], best["stable"]), ("param_59", False))
        self.assertAlmostEqual(best["auc"], 0.736, places=3)
        self.assertAlmostEqual(best["p"] / 9e-12, 1, delta=0.1)


class rows(case, unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.normal, self.today = self.file("normal.csv", analyse_series.chamber()), self.file("today.csv", analyse_series.chamber(seed=2, fault="valve"))

    def judged(self, what, columns):
        out = os.path.join(self.place, "scores.csv")
        said = self.ask(what, "--train", self.normal, "--input", self.today, "--most", "3", "--output", out)
        with open(out, encoding="ascii", newline="") as file:
            scores = list(csv.DictReader(file))
        self.assertEqual((len(scores), list(scores[0])), (1440, columns))
        alerts = [int(s["alert"]) for s in scores]
        self.assertEqual(said["facts"]["alarms"], sum(alerts))
        self.assertTrue(all(f["row"] >= 1000 for f in said["findings"]))
        return said, sum(alerts[:1000]) / 1000, sum(alerts[1000:]) / 440

    def test_components_find_the_broken_correlation_and_its_channels(self):
        said, before, during = self.judged("components", ["row", "t2_in_limits", "spe_in_limits", "alert"])
        self.assertLess(before, 0.03)
        self.assertGreater(during, 0.95)
        self.assertEqual(sorted(part.split()[0] for part in said["findings"][0]["spe_carried_by"].split(", ")), ["flow", "pressure"])
        own = self.ask("components", "--train", self.normal)
        self.assertLess(own["facts"]["alarm_share"], 0.03)

    def test_a_forest_finds_it_too(self):
        _, before, during = self.judged("forest", ["row", "score", "alert"])
        self.assertLess(before, 0.04)
        self.assertGreater(during, 0.5)
        again = self.ask("forest", "--train", self.normal, "--input", self.today)
        self.assertEqual(again["facts"], self.ask("forest", "--train", self.normal, "--input", self.today)["facts"])

    def test_charts_have_limits_by_context(self):
        path = self.file("r.csv", analyse_series.recipes())
        for rules in ("western_electric", "nelson", "ewma", "cusum"):
            said = self.ask("spc", "--input", path, "--subgroup", "5", "--context", "recipe", "--learn", "100", "--rules", rules, "--most", "1000")
            self.assertEqual((said["facts"]["contexts"], said["facts"]["points"], said["facts"]["points_judged"]), (2, 600, 400))
            where = {(f["context"], f["row"] >= 2400): 0 for f in said["findings"]}
            for f in said["findings"]:
                where[f["context"], f["row"] >= 2400] += f["points"]
                self.assertTrue(f["rule"])
            self.assertGreater(where["B", True], 2 * max(where.get(k, 0) for k in (("A", True), ("A", False), ("B", False))), rules)

    def test_a_fault_is_captured_and_recognised_again(self):
        library, match = os.path.join(self.place, "faults.json"), self.file("match.csv", analyse_series.chamber(seed=4, fault="match"))
        later = self.file("later.csv", analyse_series.chamber(seed=6, fault="valve", begin=700, size=0.6))
        leak = self.file("leak.csv", analyse_series.chamber(seed=7, fault="leak"))
        capture = ["signature", "capture", "--library", library, "--rows", "1000-1100", "--normal", "0-900"]
        self.assertEqual(self.ask(*capture, "--input", self.today, "--name", "stuck valve")["facts"]["signatures"], 1)
        self.run_it(*capture, "--input", match, "--name", "RF match")
        seen = self.ask("signature", "recognise", "--library", library, "--input", later, "--rows", "700-800", "--normal", "0-600")["facts"]
        self.assertEqual(seen["recognised"], "stuck valve")
        self.assertGreater(seen["similarity"], 0.8)
        self.assertGreater(seen["margin"], 0.3)
        unknown = self.ask("signature", "recognise", "--library", library, "--input", leak, "--rows", "1000-1100", "--normal", "0-900")
        self.assertIsNone(unknown["facts"]["recognised"])
        self.assertEqual([f["name"] for f in self.ask("signature", "list", "--library", library)["findings"]], ["stuck valve", "RF match"])
        self.assertEqual(sorted(os.listdir(self.place)), sorted({"normal.csv", "today.csv", "match.csv", "later.csv", "leak.csv", "faults.json"}))


class bad_input(case, unittest.TestCase):
    def test_broken_rows_are_named_and_the_rest_goes_on(self):
        lines = analyse_series.chamber().splitlines()
        lines[10], lines[20] = lines[10] + ",7", lines[20].rsplit(",", 1)[0] + ",nan"
        done = self.run_it("trend", "--input", self.file("s.csv", "\n".join(lines)), "--json")
        self.assertIn("s.csv:11: 6 cells where the header has 5; the row is not used", done.stderr)
        self.assertIn("s.csv:21: temperature is 'nan', no finite number; taken as missing", done.stderr)
        self.assertEqual({f["channel"]: f["values"] for f in json.loads(done.stdout)["findings"]}["temperature"], 1438)

    def test_what_cannot_be_done_is_said_with_place_and_remedy(self):
        good, short = self.file("good.csv", analyse_series.chamber(200)), self.file("short.csv", analyse_series.chamber(5))
        lots = self.file("lots.csv", analyse_series.lots(100))
        wide = self.file("wide.csv", "time," + ",".join(f"c{i}" for i in range(1_000_000)) + "\n")
        self.refused("trend", "--input", "nowhere.csv", says="nowhere.csv: cannot be read: No such file")
        self.refused("trend", "--input", wide, says="a header of more than 1048576 bytes")
        self.refused("trend", "--input", self.file("wide2.csv", "time," + ",".join(f"c{i}" for i in range(9000)) + "\n"), says="more than 4096 columns; split the series into groups")
        self.refused("trend", "--input", self.file("empty.csv", ""), says="there is no header")
        self.refused("trend", "--input", self.file("head.csv", "time,a\n"), says="there is a header and no row")
        self.refused("trend", "--input", short, says="no channel can be tested")
        self.refused("trend", "--input", good, "--columns", "presure", says="there is no column 'presure'; there are 'time', 'pressure'")
        self.refused("trend", "--input", good, "--per", "often", code=2, says="often")
        self.refused("season", "--input", good, "--period", "1d", says="less than two periods")
        self.refused("season", "--input", good, "--period", "1", code=2, says="at least two rows")
        self.refused("season", "--input", good, "--period", "150s", says="no whole number of rows")
        self.refused("season", "--input", good, "--period", "daily", code=2, says="a number of rows or a span of time")
        self.refused("correlations", "--input", good, "--columns", "flow", says="one channel correlates with nothing")
        self.refused("yield", "--input", lots, "--failed", "label", says="there is no column 'label'")
        self.refused("yield", "--input", lots, "--failed", "gap", says="row 0, column 'gap': ")
        self.refused("components", "--train", short, says="5 complete rows to learn 4 channels from; at least 10 are needed")
        self.refused("forest", "--train", good, "--input", lots, says="lots.csv has other channels than")
        self.refused("spc", "--input", good, "--subgroup", "50", says="none has more: give a longer series")
        self.refused("spc", "--input", good, "--subgroup", "0", code=2, says="--subgroup")
        self.refused("spc", "--input", good, "--subgroup", "5", "--context", "recipe", says="there is no column 'recipe'")
        self.refused("season", "--input", good, "--period", "20", "--output", "/nowhere/x.csv", says="cannot write '/nowhere/x.csv'")

    def test_signatures_refuse_what_makes_no_sense(self):
        good, library = self.file("good.csv", analyse_series.chamber()), os.path.join(self.place, "l.json")
        capture = ["signature", "capture", "--library", library, "--input", good, "--name", "x"]
        self.refused(*capture, "--rows", "9-3", "--normal", "0-900", code=2, says="'9-3' is no range of rows")
        self.refused(*capture, "--rows", "1300-1500", "--normal", "0-900", says="rows 1300-1500: the series ends at row 1439")
        self.refused(*capture, "--rows", "800-1000", "--normal", "0-900", says="overlap")
        self.refused("signature", "list", "--library", library, says="capture a signature into it first")
        self.refused("signature", "list", "--library", self.file("not.json", "{}"), says="not.json: no library of fault signatures")
        self.assertFalse(os.path.exists(library))

    def test_labels_are_not_looked_at(self):
        lines = analyse_series.chamber(300).splitlines()
        with_label = "\n".join([lines[0] + ",label"] + [line + f",{i % 2}" for i, line in enumerate(lines[1:])])
        plain = self.ask("correlations", "--input", self.file("a.csv", "\n".join(lines)))
        self.assertEqual(self.ask("correlations", "--input", self.file("b.csv", with_label))["findings"], plain["findings"])


if __name__ == "__main__":
    main()
