"""Part detect: `tocsin score` over every series of a folder with a manifest.csv, judged by the folder's own evaluate.py."""
import csv
import json
import os
import subprocess

import tools

EVERY = 30  # rows: the blind alarm among the baselines


def run(options, out):
    series = read_manifest(options.folder)
    judge = os.path.join(options.folder, "evaluate.py")
    work = os.path.join(tools.WORK, "detect")
    os.makedirs(work, exist_ok=True)
    ours = os.path.join(work, "ours.csv")
    seconds, rows = score_all(options, series, work, ours)
    out.add("series", len(series), "files")
    out.add("tocsin score, reading and writing included", seconds / max(rows, 1) * 1e6, "us/row of CPU")
    if not os.path.exists(judge):
        out.skip("figures", f"no evaluate.py beside the manifest; the scores are in {ours}")
        return
    blind = {"always alarm": 1, f"alarm every {EVERY} rows": EVERY}
    report(out, "tocsin", judged(judge, options.folder, ours, work))
    for name, every in blind.items():
        path = os.path.join(work, f"blind{every}.csv")
        write_blind(series, every, path)
        report(out, name, judged(judge, options.folder, path, work))


def read_manifest(folder):
    with open(os.path.join(folder, "manifest.csv"), encoding="utf-8", newline="") as f:
        rows = [r | {"path": os.path.join(folder, r["file"])} for r in csv.DictReader(f)]
    if not rows:
        raise tools.wrong(f"{folder}/manifest.csv names no series")
    return rows


def learning_of(series):
    """Rows that the protocol gives for learning; what it does not say is left to the service."""
    for column in ("probation", "train_rows"):
        if series.get(column) and 0 < float(series[column]) < float(series["rows"]):
            return str(int(float(series[column])))
    return "auto"


def training_of(series, all_series):
    """Where a group has one series of normal operation, the others' own rows are no place to learn from."""
    if not series.get("fault"):
        return []
    normal = [s["path"] for s in all_series if s["group"] == series["group"] and s.get("fault") and float(s["fault"]) == 0]
    return ["--train", normal[0]] if normal else []


def score_all(options, series, work, joined):
    seconds, rows = 0.0, 0
    with open(joined, "w", encoding="utf-8") as to:
        to.write("file,row,score,alert,cp\n")
        for each in series:
            path = os.path.join(work, "scores.csv")
            before = os.times()
            done = subprocess.run([tools.binary(options), "score", "--input", each["path"], "--output", path, "--learn", learning_of(each),
                                   *training_of(each, series)],
                                  stderr=subprocess.PIPE, text=True, check=False)
            after = os.times()
            seconds += after.children_user + after.children_system - before.children_user - before.children_system
            if done.returncode:
                raise tools.wrong(f"{each['file']}: exit {done.returncode}: {done.stderr[-500:]}")
            rows += copy_scores(each, path, to)
    return seconds, rows


def copy_scores(series, path, to):
    count = 0
    with open(path, encoding="utf-8") as f:
        if next(f) != "row,score,alert,cp\n":
            raise tools.wrong(f"{series['file']}: a strange header of the scores")
        for count, line in enumerate(f, 1):
            to.write(f"{series['file']},{line}")
    if count != int(series["rows"]):
        raise tools.wrong(f"{series['file']}: {count} rows scored, the manifest has {series['rows']}")
    return count


def write_blind(series, every, path):
    with open(path, "w", encoding="utf-8") as to:
        to.write("file,row,score,alert,cp\n")
        for each in series:
            for row in range(int(each["rows"])):
                hit = int(row % every == 0)
                to.write(f"{each['file']},{row},{hit},{hit},{hit}\n")


def judged(judge, folder, scores, work):
    figures = os.path.join(work, "figures.json")
    if os.path.exists(figures):
        os.remove(figures)
    # Ranking metrics of a blind alarm mean nothing and cost minutes.
    tools.must_run(["/usr/bin/python3", "-B", judge, "--data", folder, "--scores", scores, "--json", figures, "--no-vus"])
    with open(figures, encoding="utf-8") as f:
        return json.load(f)


def report(out, name, figures):
    for group, found in figures.items():
        for key, value in flat(found):
            out.add(f"{name}: {group} {key}", value, "")


def flat(found, prefix=""):
    for key, value in found.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key} ")
        elif isinstance(value, (int, float)) and value == value:
            yield prefix + key, value
