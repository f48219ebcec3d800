#!/usr/bin/env python3
"""Do our astrocyte classifiers have the same distribution over seeds as the published program's?

A run that has not left chance answers the same to every image, so accuracies are a mixture: this compares the fraction of runs
below 0.2 (Fisher's exact test) and the accuracies of the rest (Mann-Whitney U, normal approximation with ties), condition by
condition, with runs of the published program after the same number of epochs and with the printed published runs.

An accuracy is also chance of the autoencoder: which of its latents the published wiring leaves unread, and which are
neighbours. Runs that read the latents of one autoencoder in other orders say how much, and whether the published ones are
within that: a second table.

    scripts/compare_astro_runs.py [figures/paper/data]

Needs nothing but Python. Runs in the given folder: diffusion.csv, diffusion.history.csv, and the same of
astro_vs_neurons_fixed and astro_latents if they are there.
"""

import csv
import math
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# As in our runs' column `started`; published runs, and runs before their end, have their accuracy only.
CHANCE = 0.2


def rows(path):
    if not path.exists():
        return []
    with path.open() as file:
        return list(csv.DictReader(file))


def fisher(a, n, b, m):
    """Two-sided p of a of n against b of m."""
    total = math.comb(n + m, a + b)
    p = [math.comb(n, k) * math.comb(m, a + b - k) / total for k in range(a + b + 1) if k <= n and a + b - k <= m]
    offset = max(0, a + b - m)
    observed = p[a - offset] if offset else math.comb(n, a) * math.comb(m, b) / total
    return min(1.0, sum(q for q in p if q <= observed * (1 + 1e-9)))


def mann_whitney(x, y):
    """Two-sided p that x and y come from one distribution."""
    if len(x) < 3 or len(y) < 3:
        return None
    pooled = sorted([(v, 0) for v in x] + [(v, 1) for v in y])
    rank_sum, ties, i = 0.0, 0.0, 0
    while i < len(pooled):
        j = i
        while j < len(pooled) and pooled[j][0] == pooled[i][0]:
            j += 1
        rank_sum += (i + j + 1) / 2 * sum(1 for k in range(i, j) if pooled[k][1] == 0)
        ties += (j - i) ** 3 - (j - i)
        i = j
    n, m = len(x), len(y)
    u = rank_sum - n * (n + 1) / 2
    variance = n * m / 12 * (n + m + 1 - ties / ((n + m) * (n + m - 1)))
    if variance == 0:
        return 1.0
    z = max(0.0, abs(u - n * m / 2) - 0.5) / math.sqrt(variance)
    return math.erfc(z / math.sqrt(2))


def describe(values):
    started = [v for v in values if v >= CHANCE]
    mean = f"{sum(started) / len(started):.3f}" if started else "-"
    return len(values) - len(started), len(values), started, mean


def compare(name, ours, theirs):
    a, n, x, our_mean = describe(ours)
    b, m, y, their_mean = describe(theirs)
    p = mann_whitney(x, y)
    print(
        f"| {name} | {a}/{n} | {b}/{m} | {fisher(a, n, b, m):.2f} "
        f"| {our_mean} | {their_mean} | {'-' if p is None else f'{p:.3f}'} |"
    )


def our_runs(data):
    """(cells, encoder, sigma, epoch) -> accuracies, published wiring and blur only."""
    found = {}
    for experiment in ("diffusion", "astro_vs_neurons_fixed"):
        settings = {row["key"]: row for row in rows(data / f"{experiment}.csv")}
        for row in rows(data / f"{experiment}.history.csv"):
            run = settings[row["key"]]
            if run.get("network.wiring", "published") != "published":
                continue
            if run.get("disturbance.spillover", "published") != "published":
                continue
            cells = run.get("network.cells", "astrocytes")
            if cells == "neurons" and run.get("network.hidden", "20") != "20":
                continue
            sigma = float(run.get("disturbance.level", 0) or 0)
            key = (cells, run.get("encoder.kind", "vae"), sigma, int(row["epoch"]))
            # Astrocytes without diffusion are in both experiments.
            if experiment == "diffusion" or cells == "neurons":
                found.setdefault(key, []).append(float(row["test_accuracy"]))
    return found


def median(values):
    values = sorted(values)
    n = len(values)
    return 0.5 * (values[(n - 1) // 2] + values[n // 2])


def compare_orders(data, program, talk):
    """Medians of started runs, by epoch: one per order of the latents, against those on other autoencoders."""
    settings = {row["key"]: row for row in rows(data / "astro_latents.csv")}
    by_epoch = {}
    for row in rows(data / "astro_latents.history.csv"):
        accuracy = float(row["test_accuracy"])
        if accuracy >= CHANCE:
            orders = by_epoch.setdefault(int(row["epoch"]), {})
            orders.setdefault(settings[row["key"]]["encoder.order"], []).append(accuracy)
    if not by_epoch:
        return
    print("\nMedians of the runs that started, over orders of the latents of our autoencoder:\n")
    print("| epoch | orders | lowest | median | highest | others | theirs | p (rank among orders) |")
    print("|---|---|---|---|---|---|---|---|")
    for epoch, orders in sorted(by_epoch.items()):
        medians = [median(values) for values in orders.values()]
        centre = median(medians)
        for name, runs in (("program", program.get(epoch, [])), ("talk", talk if epoch == 150 else [])):
            started = [a for a in runs if a >= CHANCE]
            if not started:
                continue
            theirs = median(started)
            further = sum(abs(m - centre) >= abs(theirs - centre) for m in medians)
            print(
                f"| {epoch} | {len(medians)} | {min(medians):.3f} | {centre:.3f} | {max(medians):.3f} "
                f"| {name} | {theirs:.3f} | {(1 + further) / (1 + len(medians)):.2f} |"
            )


def main():
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "figures/paper/data"
    ours = our_runs(data)
    if not ours:
        sys.exit(f"{data}: no history of runs there; make it with: repro run diffusion --profile paper")
    published = ROOT / "datasets/published"
    encoders = {"vae_86ep_lr0.001": "vae", "sparse_random_projection": "random-projection"}
    program = {}
    for row in rows(published / "peterson2019_program_runs.csv"):
        if row["encoder"] in encoders:
            key = (row["cells"], encoders[row["encoder"]], float(row["sigma"]), int(row["epoch"]))
            program.setdefault(key, []).append(float(row["test_accuracy"]))
    print("| condition | at chance, ours | theirs | p (Fisher) | rest, ours | theirs | p (Mann-Whitney) |")
    print("|---|---|---|---|---|---|---|")
    for key in sorted(program):
        if key in ours:
            cells, encoder, sigma, epoch = key
            compare(f"program: {cells}, {encoder}, sigma {sigma:g}, epoch {epoch}", ours[key], program[key])
    printed = {}
    for row in rows(published / "peterson2019_runs.csv"):
        printed.setdefault(row["experiment"], []).append(float(row["test_accuracy"]))
    for experiment, key in (
        ("digits_exp153", ("astrocytes", "vae", 0.0, 150)),
        ("digits_exp157", ("astrocytes", "vae", 0.1, 150)),
        ("digits_exp155", ("astrocytes", "random-projection", 0.0, 150)),
    ):
        if key in ours:
            compare(f"published {experiment}: {key[1]}, sigma {key[2]:g}", ours[key], printed[experiment])
    on_vae = {key[3]: runs for key, runs in program.items() if key[:3] == ("astrocytes", "vae", 0.0)}
    compare_orders(data, on_vae, printed["digits_exp153"])


if __name__ == "__main__":
    main()
