#!/usr/bin/env python3
"""What a search costs until it has a setting as good as the best of a published search.

Yin-Yang with the steady-state approximation, five parameters from priors two decades wide around the published
values. For each study seed, `repro tune` spends up to 250 runs of 45 epochs (a shorter run counts as its share);
counted is what was spent when a setting had a mean validation accuracy of 96.8 % over ten seeds.

    scripts/search_cost.py target/release/repro tpe random     # about ten minutes on two cores
"""

import csv
import subprocess
import sys
import tempfile
from pathlib import Path

GOAL = 0.968
STUDY = """
study = "yinyang"
base = "yin_yang"
model = "steadnet"

[tune]
rule = "{rule}"
budget = 250
seed = {seed}

[tune.rungs]
"training.epochs" = [5, 15, 45]
seeds = [1, 3, 10]

[tune.space]
"network.eta_up.0" = {{ from = 0.61, to = 61, scale = "log" }}
"network.eta_up.1" = {{ from = 7.32e-5, to = 7.32e-3, scale = "log" }}
"network.eta_ip" = {{ equals = "network.eta_up.1", times = 2 }}
"network.bias_rate" = {{ from = 0.05, to = 5, scale = "log" }}
"network.g_a" = {{ from = 0.028, to = 2.8, scale = "log" }}
"network.g_som" = {{ from = 0.034, to = 3.4, scale = "log" }}
"""


def cost(program, folder, rule, seed):
    """Runs spent until the goal, or None; and the best mean over ten seeds."""
    study = folder / f"{rule}_{seed}.toml"
    study.write_text(STUDY.format(rule=rule, seed=seed))
    subprocess.run([program, "tune", study, "--out", folder], check=True, capture_output=True)
    with open(folder / f"{study.stem}.trials.csv") as file:
        trials = [row for row in csv.DictReader(file) if row["seeds"] == "10"]
    found = [(float(row["validation_accuracy_mean"] or 0), float(row["spent"])) for row in trials]
    spent = [spent for mean, spent in found if mean >= GOAL]
    return min(spent, default=None), max((mean for mean, _ in found), default=0.0)


def main():
    program = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        for rule in sys.argv[2:]:
            for seed in range(1, 11):
                spent, best = cost(program, Path(folder), rule, seed)
                print(f"{rule}, study seed {seed}: {spent or 'not reached'}, best {100 * best:.2f} %", flush=True)


if __name__ == "__main__":
    main()
