"""What the module promises; `pytest crates/python/tests`."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import repro

ROOT = Path(__file__).parents[3]
QUICK = {"t_pattern_ms": 20.0, "out_lag_ms": 10.0, "learning_lag_ms": 5.0}


def test_a_published_run_is_repeated():
    task = repro.yin_yang(seed=2304)
    lag = 30.0 * 40.0 / 59.0
    network = repro.PyraLNet(task, learning_lag_ms=lag, integrator="adaptive")
    inputs, targets = task.train.inputs, task.train.targets()
    for _ in range(45):
        train, validation = task.epoch()
        network.train(inputs, targets, train)
        network.predict(task.validation.inputs, task.validation.targets(), validation[:100])
    network.reset()
    found = network.predict(task.test.inputs, task.test.targets()).argmax(1) == task.test.labels
    # Published, with fixed steps: 581.
    assert abs(found.sum() - 581) <= 3


def test_a_network_learns_in_a_few_lines():
    task = repro.yin_yang(seed=1)
    network = repro.SteadNet(seed=1, learning_lag_ms=0.0)
    for _ in range(5):
        network.train(task.train.inputs, task.train.targets())
    accuracy = (network.predict(task.test.inputs).argmax(1) == task.test.labels).mean()
    assert accuracy > 0.85


def test_weights_go_in_and_out(tmp_path):
    network = repro.PyraLNet(seed=3, dims=[4, 20, 3], **QUICK)
    weights = network.weights
    assert {name: w.shape for name, w in weights.items()} == {
        "up_1": (20, 5),
        "down_1": (20, 3),
        "pi_1": (20, 3),
        "ip_1": (3, 21),
        "up_2": (3, 21),
    }
    np.testing.assert_array_equal(weights["pi_1"], -weights["down_1"])
    network.save(tmp_path / "weights.npz")
    with np.load(tmp_path / "weights.npz") as saved:
        for name, w in weights.items():
            np.testing.assert_array_equal(saved[name], w)
    other = repro.PyraLNet(seed=4, dims=[4, 20, 3], **QUICK)
    assert (other.weights["up_1"] != weights["up_1"]).any()
    other.load(tmp_path / "weights.npz")
    weights["up_1"] = 2.0 * weights["up_1"]
    network.weights = weights
    np.testing.assert_array_equal(network.weights["up_1"], 2.0 * other.weights["up_1"])


def test_dendrites_are_recorded():
    network = repro.PyraLNet(seed=3, dims=[4, 20, 3], precision="f64")
    trace = network.record([0.1, 0.2, 0.9, 0.8], of=[(1, "apical"), (2, "soma")], every_ms=1.0)
    assert trace["time_ms"].shape == (100,)
    assert trace[1, "apical"].shape == (100, 20)
    # Interneurons predict the layer above: nothing is left of its feedback.
    assert abs(trace[1, "apical"][-1]).max() < 1e-6
    np.testing.assert_allclose(trace[2, "soma"][-1], network.potential(2))
    nudged = network.record([0.1, 0.2, 0.9, 0.8], [1.0, 0.1, 0.1])
    assert abs(nudged[1, "apical"][-1]).max() > 1e-3
    assert network.delta("pi_1") is None
    assert network.delta("up_1").shape == (20, 5)


def test_the_same_seed_gives_the_same_bits():
    def outputs(**settings):
        task = repro.yin_yang(seed=5, train=50)
        network = repro.PyraLNet(seed=5, **QUICK, **settings)
        return network.train(task.train.inputs, task.train.targets())

    np.testing.assert_array_equal(outputs(), outputs())
    np.testing.assert_array_equal(outputs(noise=0.1), outputs(noise=0.1))
    assert (outputs(noise=0.1) != outputs()).any()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: repro.PyraLNet(learning_lag=3.0), "learning_lag"),
        (lambda: repro.PyraLNet(dt_ms=-1.0), "network.dt_ms = -1"),
        (lambda: repro.PyraLNet(precision="f16"), "f16"),
        (lambda: repro.SteadNet(integrator="adaptive"), "integrator"),
        (lambda: repro.PyraLNet(weights={"up_1": np.zeros((1, 1))}), "down_1 are missing"),
        (lambda: repro.PyraLNet(weights={"up": np.zeros((1, 1))}), "no weights"),
        (lambda: repro.PyraLNet().train(np.zeros((2, 3)), np.zeros((2, 3))), "inputs"),
        (lambda: repro.PyraLNet().train(np.zeros((2, 4)), np.zeros((1, 3))), "targets"),
        (lambda: repro.PyraLNet().train(np.zeros((2, 4)), np.zeros((2, 3)), [2]), "no sample 2"),
        (lambda: repro.PyraLNet().predict([[np.nan] * 4]), "inputs: NaN"),
        (lambda: repro.PyraLNet().record([np.inf] * 4), "input: inf"),
        (lambda: repro.PyraLNet().record([0.1] * 3), "3 inputs"),
        (lambda: repro.PyraLNet().record([0.0] * 4, of=[(1, "axon")]), "axon"),
        (lambda: repro.PyraLNet().record([0.0] * 4, of=[(2, "apical")]), "no such compartment"),
        (lambda: repro.PyraLNet().record([0.0] * 4, every_ms=0.0), "every_ms"),
        (lambda: repro.PyraLNet().delta("up_7"), "up_7"),
        (lambda: repro.mnist("/nowhere"), "/nowhere"),
    ],
)
def test_mistakes_are_named(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_a_network_that_blows_up_says_so():
    network = repro.PyraLNet(seed=0, activation="soft-relu", eta_up=[1e6, 1e6], **QUICK)
    with pytest.raises(repro.Diverged, match="potential"):
        for _ in range(100):
            network.train(np.ones((10, 4)), np.full((10, 3), 5.0))


def test_figures_and_sweeps_become_frames(tmp_path):
    frames = repro.run("dendritic-prediction", out=tmp_path)
    assert {"dendritic_prediction", "dendritic_prediction.traces"} <= frames.keys()
    assert (tmp_path / "quick/dendritic-prediction.svg").exists()
    study = tmp_path / "lags.toml"
    study.write_text(
        """
        study = "yinyang"
        base = "yin_yang"
        training = { epochs = 1, validation_patterns = 20 }
        task = { train = 50, validation = 20, test = 20 }
        profile.quick.seeds = [1, 2]
        [[profile.quick.points]]
        "network.learning_lag_ms" = [0.0, 20.0]
        """
    )
    runs = repro.sweep(study, out=tmp_path)
    assert list(runs["network.learning_lag_ms"]) == [0.0, 0.0, 20.0, 20.0]
    assert runs["test_accuracy"].between(0, 1).all()
    study.write_text(
        """
        study = "yinyang"
        base = "yin_yang"
        model = "steadnet"
        training = { epochs = 1, validation_patterns = 20 }
        task = { train = 50, validation = 20, test = 20 }
        [tune]
        rule = "sobol"
        budget = 4
        space."network.eta_up.0" = { from = 0.5, to = 50, scale = "log" }
        """
    )
    trials = repro.tune(study, out=tmp_path)
    assert sorted(trials["rank"]) == [1, 2, 3, 4]
    assert trials["network.eta_up.0"].between(0.5, 50).all()
    study.write_text("study = 3")
    with pytest.raises(RuntimeError, match="lags.toml"):
        repro.sweep(study, out=tmp_path)


def test_the_program_is_there():
    listed = subprocess.run([sys.executable, "-m", "repro", "list"], capture_output=True, text=True, check=True)
    assert "learning-lag" in listed.stdout


@pytest.mark.parametrize("notebook", sorted((ROOT / "crates/python/notebooks").glob("*.ipynb")), ids=lambda p: p.stem)
def test_notebooks_run(notebook, tmp_path):
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    assert not any(cell.get("outputs") for cell in json.loads(notebook.read_text())["cells"]), "outputs are not committed"
    nbclient.NotebookClient(
        nbformat.read(notebook, as_version=4), timeout=300, resources={"metadata": {"path": tmp_path}}
    ).execute()
