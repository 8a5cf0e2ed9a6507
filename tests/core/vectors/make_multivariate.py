#!/usr/bin/python3
"""Writes multivariate.txt: inputs and what scipy, statsmodels and scikit-learn of Debian 12 say of them.

    apt-get install python3-scipy python3-sklearn python3-statsmodels
    ./tests/core/vectors/make_multivariate.py
"""
import os

import numpy as np
from scipy import stats
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from statsmodels.stats.multitest import multipletests
from statsmodels.tsa.seasonal import STL, seasonal_decompose

lines = []


def put(name, values):
    values = np.atleast_1d(np.asarray(values, float)).ravel()
    lines.append(name + " " + " ".join(repr(float(v)) for v in values))


def distributions():
    rows = []
    for x in (-3.5, -0.2, 0.0, 0.7, 2.0, 5.5, 9.0):
        rows.append((0, x, 0, 0, stats.norm.sf(x)))
    for p in (1e-9, 0.02, 0.5, 0.9, 0.999):
        rows.append((1, p, 0, 0, stats.norm.ppf(p)))
    for k in (1, 2.5, 11, 300):
        for x in (0.1, 3, 20, 350):
            rows.append((2, x, k, 0, stats.chi2.sf(x, k)))
        for p in (0.01, 0.5, 0.99):
            rows.append((3, p, k, 0, stats.chi2.ppf(p, k)))
    for k in (1, 4, 30, 2000):
        for x in (-2, 0.3, 4):
            rows.append((4, x, k, 0, stats.t.sf(x, k)))
    for a, b in ((1, 5), (3, 40), (20, 480)):
        for x in (0.2, 1, 3.3):
            rows.append((5, x, a, b, stats.f.sf(x, a, b)))
        for p in (0.05, 0.99):
            rows.append((6, p, a, b, stats.f.ppf(p, a, b)))
    put("distributions", rows)


def trends(random):
    x = np.cumsum(random.uniform(0.5, 1.5, 40))
    y = np.round(0.03 * x + random.normal(0, 1, 40), 1)  # with ties
    fit, kendall, sen = stats.linregress(x, y), stats.kendalltau(np.arange(40), y, method="asymptotic"), stats.theilslopes(y, x)
    put("trend_x", x)
    put("trend_y", y)
    put("trend_line", (fit.slope, fit.intercept, fit.stderr, fit.pvalue, fit.rvalue**2))
    put("trend_kendall", (kendall.correlation, kendall.pvalue))
    put("trend_sen", (sen[0], sen[1]))


def seasons(random):
    t = np.arange(60)
    y = 0.05 * t + 2 * np.sin(2 * np.pi * t / 7) + random.normal(0, 0.3, 60)
    y[31] += 6
    put("season_y", y)
    for period in (6, 7):
        d = seasonal_decompose(y, period=period)
        put(f"season_classic_{period}", np.concatenate([d.trend, d.seasonal, d.resid]))
        s = STL(y, period=period).fit()
        put(f"season_stl_{period}", np.concatenate([s.trend, s.seasonal, s.resid]))
    s = STL(y, period=7, seasonal=9, trend=15, robust=True).fit()
    put("season_stl_robust", np.concatenate([s.trend, s.seasonal, s.resid]))


def correlations(random):
    x = np.round(random.normal(0, 1, 30), 1)
    y = np.round(0.4 * x + random.normal(0, 1, 30), 1)
    put("pair_x", x)
    put("pair_y", y)
    put("pair_pearson", stats.pearsonr(x, y))
    put("pair_spearman", stats.spearmanr(x, y))
    u = stats.mannwhitneyu(x[:11], y[11:], alternative="two-sided", method="asymptotic")
    put("rank_sum", (u.statistic, u.pvalue))
    p = random.uniform(0, 0.2, 25) ** 2
    put("many_p", p)
    put("many_q", multipletests(p, method="fdr_bh")[1])


def components(random):
    z = random.normal(0, 1, (60, 3)) @ random.normal(0, 1, (3, 6)) + 0.3 * random.normal(0, 1, (60, 6))
    x = z * (1, 10, 0.1, 3, 1, 2) + (5, -3, 100, 0, 1, 7)
    scaled = (x - x.mean(0)) / x.std(0, ddof=1)
    model = PCA(n_components=3, svd_solver="full").fit(scaled)
    t = model.transform(scaled)
    rest = scaled - model.inverse_transform(t)
    put("pca_rows", x)
    put("pca_eigenvalues", model.explained_variance_)
    put("pca_loadings", [v * np.sign(v[np.argmax(abs(v))]) for v in model.components_])
    put("pca_t2", (t**2 / model.explained_variance_).sum(1))
    put("pca_spe", (rest**2).sum(1))
    left = np.sort(np.linalg.eigvalsh(np.cov(scaled.T)))[::-1][3:]
    t1, t2, t3 = (np.sum(left**k) for k in (1, 2, 3))
    h, c = 1 - 2 * t1 * t3 / (3 * t2**2), stats.norm.ppf(0.99)
    n, a = 60, 3
    put("pca_limits", (a * (n * n - 1) / (n * (n - a)) * stats.f.ppf(0.99, a, n - a), stats.chi2.ppf(0.99, a),
                       t1 * (c * np.sqrt(2 * t2 * h * h) / t1 + 1 + t2 * h * (h - 1) / t1**2) ** (1 / h),
                       t2 / t1 * stats.chi2.ppf(0.99, t1**2 / t2)))


def forest(random):
    x = np.round(np.vstack([random.normal(0, 1, (380, 4)), random.normal(0, 3, (20, 4))]), 3)
    label = np.r_[np.zeros(380), np.ones(20)]
    score = -IsolationForest(n_estimators=400, max_samples=256, random_state=0).fit(x).score_samples(x)
    put("forest_rows", x)
    put("forest_scores", score)
    put("forest_auc", roc_auc_score(label, score))


random = np.random.default_rng(4)
for part in (trends, seasons, correlations, components, forest):
    part(random)
distributions()
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "multivariate.txt"), "w", encoding="utf-8") as file:
    file.write("\n".join(lines) + "\n")
