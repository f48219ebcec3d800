#!/usr/bin/env python3
"""What a search costs until it has a setting as good as the best of a published search.

Yin-Yang with the steady-state approximation, five parameters from priors two decades wide around the published
values. For each study seed, `repro tune` spends up to 250 runs of 45 epochs (a shorter run counts as its share);
counted is what was spent when a setting had a mean validation accuracy of 96.8 % over ten seeds.

    scripts/search_cost.py target/release/repro tpe random     # about ten minutes on two cores
    scripts/search_cost.py target/release/repro optuna         # Optuna's TPE and asynchronous halving, if it is installed

Optuna drives the same program through the same rungs at the same prices, up to the goal or the same budget.
"""

import csv
import subprocess
import sys
import tempfile
from pathlib import Path

GOAL = 0.968
BUDGET = 250
# Epochs and seeds of the rungs, and what each adds to the cost, in runs of 45 epochs.
RUNGS = [(5, 1, 5 / 45), (15, 3, 40 / 45), (45, 10, 405 / 45)]
SPACE = {
    "eta_up_0": (0.61, 61.0), "eta_up_1": (7.32e-5, 7.32e-3), "bias_rate": (0.05, 5.0), "g_a": (0.028, 2.8), "g_som": (0.034, 3.4),
}
STUDY = """
study = "yinyang"
base = "yin_yang"
model = "steadnet"

[tune]
rule = "{rule}"
budget = {budget}
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
    study.write_text(STUDY.format(rule=rule, seed=seed, budget=BUDGET))
    subprocess.run([program, "tune", study, "--out", folder], check=True, capture_output=True)
    with open(folder / f"{study.stem}.trials.csv") as file:
        trials = [row for row in csv.DictReader(file) if row["seeds"] == "10"]
    found = [(float(row["validation_accuracy_mean"] or 0), float(row["spent"])) for row in trials]
    spent = [spent for mean, spent in found if mean >= GOAL]
    return min(spent, default=None), max((mean for mean, _ in found), default=0.0)


FIXED = """
study = "yinyang"
base = "yin_yang"
model = "steadnet"
seeds = {seeds}

[network]
eta_up = [{eta_up_0}, {eta_up_1}]
eta_ip = {eta_ip}
bias_rate = {bias_rate}
g_a = {g_a}
g_som = {g_som}

[training]
epochs = {epochs}
"""


def validation(program, folder, name, values, epochs, seeds):
    """Mean validation accuracy of a setting; none if a run diverged."""
    study = folder / f"{name}.toml"
    study.write_text(FIXED.format(epochs=epochs, seeds=list(range(1, seeds + 1)), **values))
    subprocess.run([program, "sweep", study, "--out", folder], check=True, capture_output=True)
    with open(folder / "data" / f"{name}.csv") as file:
        found = [row["validation_accuracy"] for row in csv.DictReader(file)]
    return None if "" in found else sum(map(float, found)) / len(found)


def cost_by_optuna(program, folder, seed):
    """As `cost`, but that the search ends at the goal: trials come from Optuna, and its halving decides which go on."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=seed),
        pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3),
    )
    spent, best = 0.0, 0.0
    while spent < BUDGET and best < GOAL:
        trial = study.ask()
        values = {name: trial.suggest_float(name, low, high, log=True) for name, (low, high) in SPACE.items()}
        values["eta_ip"] = 2 * values["eta_up_1"]
        mean, state = None, optuna.trial.TrialState.COMPLETE
        for rung, (epochs, seeds, price) in enumerate(RUNGS):
            name = f"optuna_{seed}_{trial.number}_{rung}"
            mean = validation(program, folder, name, values, epochs, seeds)
            spent += price
            # A resource is three times that of the rung below: one, three, nine.
            trial.report(mean or 0.0, 3**rung)
            if mean is None or (rung + 1 < len(RUNGS) and trial.should_prune()):
                state = optuna.trial.TrialState.PRUNED
                break
        else:
            best = max(best, mean)
        study.tell(trial, mean if state == optuna.trial.TrialState.COMPLETE else None, state=state)
    return (spent if best >= GOAL else None), best


def main():
    program = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        for rule in sys.argv[2:]:
            for seed in range(1, 11):
                if rule == "optuna":
                    spent, best = cost_by_optuna(program, Path(folder), seed)
                else:
                    spent, best = cost(program, Path(folder), rule, seed)
                print(f"{rule}, study seed {seed}: {spent or 'not reached'}, best {100 * best:.2f} %", flush=True)


if __name__ == "__main__":
    main()
