"""Dendritic cortical microcircuits, their tasks and experiments.

    import repro

    task = repro.yin_yang(seed=2304)
    network = repro.PyraLNet(seed=1, integrator="adaptive")
    for _ in range(3):
        network.train(task.train.inputs, task.train.targets())
    print((network.predict(task.test.inputs).argmax(1) == task.test.labels).mean())

Times are in ms, conductances in 1/ms, potentials and rates have no unit. Weights are ``[post, pre]``; with bias, the
last column belongs to the bias neuron. Layers count from 0, the input; 1 is the first hidden layer.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from . import _repro
from ._repro import Diverged

if TYPE_CHECKING:
    import pandas

__all__ = [
    "Diverged",
    "Network",
    "PyraLNet",
    "Set",
    "SteadNet",
    "YinYang",
    "mnist",
    "run",
    "sweep",
    "tune",
    "yin_yang",
]


class Network:
    """What both networks can do; see :class:`PyraLNet`."""

    _kind = ""

    def __init__(
        self,
        seed: int | YinYang = 0,
        *,
        weights: Mapping[str, ArrayLike] | None = None,
        precision: str = "f32",
        **settings: Any,
    ) -> None:
        """A network at rest.

        ``seed`` draws the initial weights and the noise; a :class:`YinYang` draws the weights as the published runs do, from
        the generator of its data. ``weights`` are given ones, by name. ``settings`` are those of a ``[network]`` table; what
        is left out is as in the published Yin-Yang network (``None`` leaves out a setting that may be absent).
        """
        task, seed = (seed._run, 0) if isinstance(seed, YinYang) else (None, seed)
        settings = json.dumps(settings, default=_plain)
        self._network = _repro.Network(self._kind, settings, precision, seed, task, weights)

    @property
    def settings(self) -> dict[str, Any]:
        """All settings, as a dictionary."""
        return json.loads(self._network.settings())

    @property
    def engine(self) -> str:
        """How it is computed on this machine: the form of steps or sweeps, and the vector unit."""
        return self._network.engine()

    def train(self, inputs: ArrayLike, targets: ArrayLike, order: Iterable[int] | None = None) -> np.ndarray:
        """Presents samples, nudged and plastic, one after the other or in this ``order``.

        ``inputs``: samples × input neurons, ``targets``: samples × output neurons. Returns the outputs, one row per sample
        (zeros for samples that ``order`` leaves out).
        """
        return self._network.present(inputs, targets, _order(order), True, True)

    def predict(
        self, inputs: ArrayLike, targets: ArrayLike | None = None, order: Iterable[int] | None = None
    ) -> np.ndarray:
        """Presents samples, neither nudged nor plastic. Returns the outputs, one row per sample.

        ``targets`` nudge nothing here, but their low-pass filter runs on into a training pattern that comes next.
        """
        return self._network.present(inputs, targets, _order(order), False, False)

    def record(
        self,
        input: ArrayLike,
        target: ArrayLike | None = None,
        *,
        of: Iterable[tuple[int, str]] = ((1, "apical"),),
        every_ms: float = 1.0,
        learn: bool = False,
        nudge: bool | None = None,
    ) -> dict[Any, np.ndarray]:
        """Presents one sample, and looks at potentials ``of`` pairs of layer and compartment every ``every_ms``.

        Compartments: ``"soma"``, ``"basal"``, ``"apical"`` of pyramidal neurons, ``"inn_soma"``, ``"inn_dendrite"`` of the
        interneurons of the layer. Nudges if there is a target, unless told otherwise. Returns a dictionary:
        ``"time_ms"``, and for each pair an array, times × neurons.
        """
        nudge = target is not None if nudge is None else nudge
        of = [(layer, compartment) for layer, compartment in of]
        times, traces = self._network.record(input, target, learn, nudge, every_ms, of)
        return {"time_ms": times, **dict(zip(of, traces))}

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """All weights, as a dictionary of copies: ``up_1, down_1, pi_1, ip_1, …, up_N``. Assigning replaces them."""
        return self._network.weights()

    @weights.setter
    def weights(self, weights: Mapping[str, ArrayLike]) -> None:
        self._network.set_weights(weights)

    def delta(self, name: str) -> np.ndarray | None:
        """The low-pass weight change of a set of weights, by name; ``None`` if its learning rate is zero."""
        return self._network.delta(name)

    def potential(self, layer: int, compartment: str = "soma") -> np.ndarray | None:
        """Somatic potentials of a layer, or of its interneurons (``"inn_soma"``); ``None`` where there are none."""
        return self._network.potential(layer, compartment)

    def reset(self) -> None:
        """Zeroes potentials and low-pass weight changes, and restarts the filters of input and target."""
        self._network.reset()

    def save(self, path: str | PathLike[str]) -> None:
        """Writes the weights as NumPy's NPZ; ``repro simulate`` reads them too."""
        self._network.save(path)

    def load(self, path: str | PathLike[str]) -> None:
        """Takes the weights of an NPZ file."""
        self._network.load(path)

    def __repr__(self) -> str:
        dims = "-".join(map(str, self.settings["dims"]))
        return f"{type(self).__name__}({dims}, {self.engine})"


class PyraLNet(Network):
    """The full simulation (Sacramento et al., arXiv:1801.00062, as discretised by Hill 2020)."""

    _kind = "pyralnet"


class SteadNet(Network):
    """Its steady-state approximation (Hill 2020, section 1.4)."""

    _kind = "steadnet"


class Set(NamedTuple):
    """Samples of a classification task: ``inputs``, one row per sample, and ``labels``."""

    inputs: np.ndarray
    labels: np.ndarray

    def targets(self, low: float = 0.1, high: float = 1.0, classes: int | None = None) -> np.ndarray:
        """Target potentials: ``high`` for a sample's class, ``low`` for the others."""
        classes = int(self.labels.max()) + 1 if classes is None else classes
        return np.where(np.arange(classes) == self.labels[:, None], high, low)


class YinYang:
    """Data of the Yin-Yang task as the published run with this seed drew them: ``train``, ``validation``, ``test``."""

    def __init__(self, seed: int, train: int, validation: int, test: int) -> None:
        self._run = _repro.YinYang(seed, train, validation, test)
        self.train = Set(*self._run.train())
        self.validation = Set(*self._run.validation())
        self.test = Set(*self._run.test())

    def epoch(self) -> tuple[np.ndarray, np.ndarray]:
        """Orders of the training and of the validation set for one epoch, as the published run draws them."""
        return tuple(self._run.epoch())


def yin_yang(seed: int = 0, train: int = 6000, validation: int = 600, test: int = 600) -> YinYang:
    """The Yin-Yang task: tell three regions of a disk apart from ``x, y, 1-x, 1-y``."""
    return YinYang(seed, train, validation, test)


def mnist(folder: str | PathLike[str]) -> tuple[Set, Set]:
    """Training and test images of a folder with the four IDX files; pixels from 0 to 1, one row per image."""
    return tuple(Set(pixels / 255.0, labels) for pixels, labels in _repro.mnist(folder))


def run(
    *figures: str,
    profile: str = "quick",
    out: str | PathLike[str] = "figures",
    set: Mapping[str, Any] | None = None,
    threads: int | None = None,
) -> dict[str, pandas.DataFrame | Path]:
    """Makes figures, as ``repro run`` does: runs that are there are found again, Ctrl-C keeps what is finished.

    ``set`` holds changes of settings, ``{"training.epochs": 3}``. Returns what the figures are drawn from, by the name of
    the CSV file: pandas frames if pandas is there, else paths.
    """
    arguments = ["run", *figures, "--profile", profile, "--out", str(out)]
    for key, value in (set or {}).items():
        arguments += ["--set", f"{key}={json.dumps(value, default=_plain)}"]
    _program(arguments, threads)
    data = Path(out) / profile / "data"
    return {path.stem: _frame(path) for path in sorted(data.glob("*.csv"))}


def sweep(
    study: str | PathLike[str], out: str | PathLike[str] = "sweeps", threads: int | None = None
) -> pandas.DataFrame | Path:
    """Does the runs of a study file, as ``repro sweep`` does, and returns them: one row per run, a pandas frame if pandas is
    there, else the path of the CSV file."""
    _program(["sweep", str(study), "--out", str(out)], threads)
    return _frame(Path(out) / "data" / f"{Path(study).stem}.csv")


def tune(
    study: str | PathLike[str], out: str | PathLike[str] = "sweeps", threads: int | None = None
) -> pandas.DataFrame | Path:
    """Searches as ``repro tune`` does, and returns the trials: one row per point and rung, ``rank`` 1 being the best point,
    which is also in ``<name>-best.toml``."""
    _program(["tune", str(study), "--out", str(out)], threads)
    return _frame(Path(out) / f"{Path(study).stem}.trials.csv")


def _program(arguments: list[str], threads: int | None) -> None:
    if threads is not None:
        arguments = [*arguments, "--threads", str(threads)]
    # A process of its own hears Ctrl-C as the program does, and not as Python does.
    command = [sys.executable, "-m", "repro", *arguments]
    last = ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as program:
        for last in program.stdout:
            print(last, end="", file=sys.stderr)
    if program.returncode == 130:
        raise KeyboardInterrupt
    if program.returncode != 0:
        raise RuntimeError(last.strip())


def _frame(path: Path) -> pandas.DataFrame | Path:
    try:
        import pandas
    except ImportError:
        return path
    return pandas.read_csv(path, dtype={"key": str, "code": str})


def _order(order: Iterable[int] | None) -> list[int] | None:
    return None if order is None else [int(i) for i in order]


def _plain(value: Any) -> Any:
    """NumPy's numbers and arrays in settings."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    raise TypeError(f"a setting is a number, a text or a list, not {type(value).__name__}")
