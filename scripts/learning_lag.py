#!/usr/bin/env python3
"""Test accuracy against learning-lag, from the table that `repro run learning-lag` leaves.

    scripts/learning_lag.py [figures/quick/data/learning_lag.csv] [-o learning_lag.png]

Needs Python 3.9 and matplotlib.
"""

import argparse
import csv
from collections import defaultdict
from statistics import mean, stdev

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("table", nargs="?", default="figures/quick/data/learning_lag.csv")
parser.add_argument("-o", "--out", default="learning_lag.png", help="PNG, PDF or SVG")
args = parser.parse_args()

# One row per run; the accuracy of a run that diverged is empty.
runs = defaultdict(lambda: defaultdict(list))
with open(args.table, newline="") as file:
    for row in csv.DictReader(file):
        if row["test_accuracy"]:
            series = runs[float(row["network.t_pattern_ms"])]
            series[float(row["network.learning_lag_ms"])].append(100 * float(row["test_accuracy"]))

figure, axes = plt.subplots(figsize=(5, 3.5), layout="constrained")
for t_pattern, series in sorted(runs.items()):
    lags = sorted(series)
    spread = [stdev(series[lag]) if len(series[lag]) > 1 else 0 for lag in lags]
    axes.errorbar(lags, [mean(series[lag]) for lag in lags], spread, marker="o", markersize=3,
                  capsize=2, linewidth=1, label=f"{t_pattern:g} ms")
axes.set(xlabel="learning-lag / ms", ylabel="test accuracy / %", ylim=(30, 100))
axes.legend(title="pattern", loc="lower right")
figure.savefig(args.out, dpi=200)
