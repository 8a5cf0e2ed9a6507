"""Series for the tests of tocsin analyse, made by a fixed seed; run as a program it writes them into a folder, for the examples of docs/analyse.md."""
import math
import os
import random
import sys

CHANNELS = ["pressure", "flow", "power", "temperature"]


def at(i, seconds=60):
    day, rest = divmod(i * seconds, 86400)
    return f"2026-03-{1 + day:02d}T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}Z"


def csv(header, rows):
    return "\n".join([",".join(header)] + [",".join(f"{c:.5f}" if isinstance(c, float) else str(c) for c in row) for row in rows]) + "\n"


def chamber(rows=1440, seed=1, fault=None, begin=1000, size=1.0):
    """Four channels with a common load: flow follows pressure, power has a daily season, temperature rises slowly.

    Faults from row `begin` on: "valve" (pressure up, flow down), "match" (power down and noisier), "leak" (pressure down).
    """
    rng = random.Random(seed)
    out = []
    load = 0.0
    for i in range(rows):
        load = 0.5 * load + rng.gauss(0, 1)
        v = [10 + load + rng.gauss(0, 0.3), 50 + 2 * load + rng.gauss(0, 0.6),
             300 + 5 * math.sin(2 * math.pi * i / 240) + rng.gauss(0, 1), 60 + 0.002 * i + rng.gauss(0, 0.5)]
        if i >= begin and fault == "valve":
            v[0] += 4 * size
            v[1] -= 8 * size
        if i >= begin and fault == "match":
            v[2] += -15 * size + rng.gauss(0, 6 * size)
        if i >= begin and fault == "leak":
            v[0] -= 5 * size
        out.append([at(i), *v])
    return csv(["time", *CHANNELS], out)


def lots(rows=600, seed=3, real=True):
    """Twenty parameters and whether the lot was scrapped, which depends on gap (when `real`) and on chance."""
    rng = random.Random(seed)
    out = []
    for i in range(rows):
        p = [rng.gauss(0, 1) for _ in range(20)]
        p[7] = 0.9 * p[6] + 0.4 * p[7]
        scrapped = rng.random() < (1 / (1 + math.exp(3 - 1.5 * p[4])) if real else 0.1)
        out.append([at(i, 3600), *p, int(scrapped)])
    return csv(["time", *(f"p{k}" if k != 4 else "gap" for k in range(20)), "scrapped"], out)


def recipes(rows=3000, seed=5, wrong=2400):
    """One channel in two recipes of 30 rows each with other levels; from row `wrong` on the level of B is 1 too high."""
    rng = random.Random(seed)
    out = []
    for i in range(rows):
        recipe = "AB"[i // 30 % 2]
        out.append([at(i), {"A": 10.0, "B": 50.0}[recipe] + rng.gauss(0, 1) + (1 if recipe == "B" and i >= wrong else 0), recipe])
    return csv(["time", "pressure", "recipe"], out)


if __name__ == "__main__":
    for name, text in {"normal.csv": chamber(), "today.csv": chamber(seed=2, fault="valve"), "match.csv": chamber(seed=4, fault="match"),
                       "later.csv": chamber(seed=6, fault="valve", begin=700, size=0.6), "lots.csv": lots(), "recipes.csv": recipes()}.items():
        with open(os.path.join(sys.argv[1], name), "w", encoding="ascii") as file:
            file.write(text)
