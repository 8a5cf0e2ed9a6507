#!/usr/bin/python3
"""Writes detector_vectors.hpp beside it from numpy, scipy and pandas: run it again after a change of a formula.

Debian: python3-numpy python3-scipy python3-pandas."""
import os

import numpy as np
import pandas as pd
from scipy import stats

HALF_LIFE = 20.0
ALPHA = 1 - 0.5 ** (1 / HALF_LIFE)


def series():
    rng = np.random.default_rng(20261121)
    x = np.cumsum(rng.normal(0, 0.1, 300)) + rng.standard_t(4, 300)
    x[220:] += 5
    return np.round(x, 6)


def ew_moments(x):
    """Exact over the first 1/alpha rows, then pandas ewm(adjust=False) begun from there."""
    first = int(np.floor(1 / ALPHA))
    mean, var = [], []
    for n in range(1, first + 1):
        mean.append(x[:n].mean())
        var.append(x[:n].var())
    # pandas starts from its first value, so the exact part enters as that value; its squares follow E[x^2] - E[x]^2.
    m = pd.Series(np.r_[mean[-1], x[first:]]).ewm(alpha=ALPHA, adjust=False).mean().values[1:]
    s = pd.Series(np.r_[var[-1] + mean[-1] ** 2, x[first:] ** 2]).ewm(alpha=ALPHA, adjust=False).mean().values[1:]
    return np.r_[mean, m], np.r_[var, s - m ** 2]


def cusum(z, k):
    """Page's sums by their closed form: the largest sum of any run of rows that ends here."""
    up = [max(0.0, max(np.cumsum((z[:n + 1] - k)[::-1]))) for n in range(len(z))]
    down = [max(0.0, max(np.cumsum((-z[:n + 1] - k)[::-1]))) for n in range(len(z))]
    return np.maximum(up, down)


def welch(x, new, old):
    """|Welch's t| by scipy from the population deviations, which the detector takes."""
    out = np.zeros(len(x))
    for i in range(new + old - 1, len(x)):
        a, b = x[i - new + 1:i + 1], x[i - new - old + 1:i - new + 1]
        t = stats.ttest_ind_from_stats(a.mean(), a.std(), new, b.mean(), b.std(), old, equal_var=False)
        out[i] = abs(t.statistic)
    return out




def write(out, name, values):
    out.write(f"inline constexpr double {name}[] = {{\n")
    for i in range(0, len(values), 6):
        out.write("    " + ", ".join(f"{v:.17g}" for v in values[i:i + 6]) + ",\n")
    out.write("};\n")


def main():
    x = series()
    mean, var = ew_moments(x)
    z = np.clip(stats.zscore(x), -8, 8)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "detector_vectors.hpp")
    with open(path, "w", encoding="utf-8") as out:
        out.write("// Written by detector_vectors.py with numpy, scipy and pandas: what the detectors must say of `series`.\n#pragma once\n\n")
        out.write("namespace tocsin::vectors {\n\n")
        write(out, "series", x)
        write(out, "ew_mean", mean)
        write(out, "ew_variance", var)
        write(out, "standardised", z)
        write(out, "cusum_half", cusum(z, 0.5))
        write(out, "welch_6_18", welch(x, 6, 18))
        out.write("\n} // namespace tocsin::vectors\n")


if __name__ == "__main__":
    main()
