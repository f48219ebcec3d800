//! `repro.PyraLNet` and `repro.SteadNet`.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Mutex;

use microcircuit::{
    Compartment, Diverged as SomaDiverged, Microcircuit, NetworkParams, NoiseSource, NpzError,
    Number, Params, Pattern, PresentError, PyraLNet, SteadNet, Synapse, Tuning, Weights,
};
use nalgebra::DMatrix;
use numpy::{
    AllowTypeChange, PyArray1, PyArray2, PyArrayLike1, PyArrayLike2, PyArrayMethods as _,
    PyUntypedArrayMethods as _,
};
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};
use serde_json::Value;

use crate::circuit::{Circuit, Of};
use crate::tasks::YinYang;

pyo3::create_exception!(
    repro,
    Diverged,
    pyo3::exceptions::PyArithmeticError,
    "A somatic potential has become absurd: reset the network before it is used again."
);

/// Patterns between two looks for Ctrl-C.
const PATIENCE: usize = 256;

/// A network of either kind.
#[pyclass(subclass, module = "repro._repro")]
pub(crate) struct Network {
    circuit: Mutex<Box<dyn Circuit>>,
}

type Rows<'py> = PyArrayLike2<'py, f64, AllowTypeChange>;
/// Times in ms, and potentials at them: times × neurons.
type Traces<'py> = (Bound<'py, PyArray1<f64>>, Vec<Bound<'py, PyArray2<f64>>>);
type Numbers<'py> = PyArrayLike1<'py, f64, AllowTypeChange>;

#[pymethods]
impl Network {
    /// `settings`: JSON of what differs from the published Yin-Yang network.
    #[new]
    #[pyo3(signature = (kind, settings, precision, seed, task, weights))]
    fn new(
        kind: &str,
        settings: &str,
        precision: &str,
        seed: u64,
        task: Option<&mut YinYang>,
        weights: Option<HashMap<String, Rows<'_>>>,
    ) -> PyResult<Self> {
        let params = params_of(settings)?;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let weights = match (weights, task) {
            (Some(given), _) => weights_of(&params, &given)?,
            (None, Some(task)) => Weights::draw(&params, || task.stream.uniform()),
            (None, None) => Weights::draw(&params, || rng.random()),
        };
        // A stream of its own, so that noise is the same for given weights and drawn ones.
        rng.set_stream(1);
        let noise = move || -> f64 { StandardNormal.sample(&mut rng) };
        let circuit = match precision {
            "f32" => build::<f32>(kind, params, &weights, Box::new(noise)),
            "f64" => build::<f64>(kind, params, &weights, Box::new(noise)),
            other => Err(value_error(format!(
                "precision = {other:?}: \"f32\" or \"f64\""
            ))),
        }?;
        Ok(Self {
            circuit: Mutex::new(circuit),
        })
    }

    /// All settings, as JSON.
    fn settings(&mut self) -> PyResult<String> {
        serde_json::to_string(self.circuit().params().raw()).map_err(value_error)
    }

    fn engine(&mut self) -> String {
        self.circuit().engine()
    }

    /// Presents pairs of rows in this order; outputs, one row per sample.
    fn present<'py>(
        &mut self,
        py: Python<'py>,
        inputs: Rows<'py>,
        targets: Option<Rows<'py>>,
        order: Option<Vec<usize>>,
        learn: bool,
        nudge: bool,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let circuit = self.circuit();
        let (n, m) = (circuit.params().dim(0), outputs(circuit.params()));
        let inputs = rows(&inputs, "inputs", n)?;
        let samples = inputs.len() / n;
        let targets = match targets {
            Some(targets) => rows(&targets, "targets", m)?,
            None => vec![0.0; samples * m],
        };
        if targets.len() / m != samples {
            let found = targets.len() / m;
            return Err(value_error(format!(
                "targets: {found} rows, and inputs have {samples}"
            )));
        }
        let order = order.unwrap_or_else(|| (0..samples).collect());
        if let Some(i) = order.iter().find(|i| **i >= samples) {
            return Err(value_error(format!(
                "order: no sample {i}; there are {samples}"
            )));
        }
        let mut found = vec![0.0; samples * m];
        for some in order.chunks(PATIENCE) {
            py.detach(|| {
                some.iter().try_for_each(|&i| {
                    let pattern = Pattern {
                        input: &inputs[i * n..(i + 1) * n],
                        target: &targets[i * m..(i + 1) * m],
                        nudge,
                        learn,
                        noise: learn,
                    };
                    circuit.present(&pattern, &mut found[i * m..(i + 1) * m])
                })
            })
            .map_err(present_error)?;
            py.check_signals()?;
        }
        PyArray1::from_vec(py, found).reshape([samples, m])
    }

    /// One presentation: times, and potentials over time of what is asked for.
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn record<'py>(
        &mut self,
        py: Python<'py>,
        input: Numbers<'py>,
        target: Option<Numbers<'py>>,
        learn: bool,
        nudge: bool,
        every_ms: f64,
        of: Vec<(usize, String)>,
    ) -> PyResult<Traces<'py>> {
        let circuit = self.circuit();
        let raw = circuit.params().raw();
        let step_ms = match circuit.engine().starts_with("sweeps") {
            true => raw.t_pattern_ms / raw.n_exposures as f64,
            false => raw.dt_ms,
        };
        let every = (every_ms / step_ms).round();
        if !(1.0..=1e15).contains(&every) {
            return Err(value_error(format!(
                "every_ms = {every_ms}: at least one step, {step_ms} ms"
            )));
        }
        let places = of
            .iter()
            .map(|(layer, name)| Ok((*layer, compartment(name)?)))
            .collect::<PyResult<Vec<_>>>()?;
        let input = finite(input.as_array().to_vec(), "input")?;
        let target = match target {
            Some(target) => finite(target.as_array().to_vec(), "target")?,
            None => vec![0.0; outputs(circuit.params())],
        };
        let pattern = Pattern {
            input: &input,
            target: &target,
            nudge,
            learn,
            noise: learn,
        };
        let looks = py.detach(|| circuit.record(&pattern, every as u64, &places));
        let looks = looks.map_err(present_error)?;
        let mut traces = Vec::new();
        for (k, (layer, name)) in of.iter().enumerate() {
            let series = looks.iter().map(|(_, potentials)| potentials[k].as_deref());
            let series: Option<Vec<&[f64]>> = series.collect();
            let series = series.ok_or_else(|| {
                value_error(format!("({layer}, {name:?}): there is no such compartment"))
            })?;
            let width = series.first().map_or(0, |potentials| potentials.len());
            let flat = PyArray1::from_vec(py, series.concat());
            traces.push(flat.reshape([series.len(), width])?);
        }
        let times = looks.iter().map(|(time, _)| *time).collect();
        Ok((PyArray1::from_vec(py, times), traces))
    }

    /// Zeroes potentials and low-pass weight changes, and restarts the filters of input and target.
    fn reset(&mut self) {
        self.circuit().reset();
    }

    /// A copy of all weights, by name: `up_1`, `down_1`, `pi_1`, `ip_1`, …; each `[post, pre]`, the last column the bias's.
    fn weights<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let circuit = self.circuit();
        let (all, found) = (PyDict::new(py), circuit.weights());
        for (layer, synapse) in circuit.params().synapses() {
            let weights = found.get(layer, synapse);
            let weights = weights.expect("the parameters say that there are these");
            all.set_item(name(layer, synapse), array(py, weights)?)?;
        }
        Ok(all)
    }

    /// Replaces all weights.
    fn set_weights(&mut self, weights: HashMap<String, Rows<'_>>) -> PyResult<()> {
        let circuit = self.circuit();
        let weights = weights_of(circuit.params(), &weights)?;
        circuit.set_weights(&weights).map_err(value_error)
    }

    /// Somatic potentials of a layer, or of its interneurons.
    fn potential<'py>(
        &mut self,
        py: Python<'py>,
        layer: usize,
        compartment: &str,
    ) -> PyResult<Option<Bound<'py, PyArray1<f64>>>> {
        let place = self::compartment(compartment)?;
        let found = self.circuit().potential(layer, place);
        Ok(found.map(|potential| PyArray1::from_vec(py, potential)))
    }

    /// The low-pass weight change of a set of weights; `None` if its learning rate is zero.
    fn delta<'py>(
        &mut self,
        py: Python<'py>,
        name: &str,
    ) -> PyResult<Option<Bound<'py, PyArray2<f64>>>> {
        let circuit = self.circuit();
        let mut all = circuit.params().synapses();
        let (layer, synapse) = all
            .find(|(layer, synapse)| self::name(*layer, *synapse) == name)
            .ok_or_else(|| unknown(circuit.params(), name))?;
        let delta = circuit.delta(layer, synapse);
        delta.map(|delta| array(py, &delta)).transpose()
    }

    /// Writes the weights as NumPy's NPZ.
    fn save(&mut self, path: PathBuf) -> PyResult<()> {
        self.circuit().save(&path).map_err(npz_error)
    }

    /// Takes weights from an NPZ file.
    fn load(&mut self, path: PathBuf) -> PyResult<()> {
        let circuit = self.circuit();
        let weights = Weights::load_npz(path, circuit.params()).map_err(npz_error)?;
        circuit.set_weights(&weights).map_err(value_error)
    }
}

impl Network {
    fn circuit(&mut self) -> &mut dyn Circuit {
        // A panic inside leaves nothing half done that a reset would not mend.
        let held = self.circuit.get_mut();
        held.unwrap_or_else(std::sync::PoisonError::into_inner)
            .as_mut()
    }
}

fn build<T: Number + npyz::AutoSerialize>(
    kind: &str,
    params: Params,
    weights: &Weights<f64>,
    noise: Box<dyn NoiseSource>,
) -> PyResult<Box<dyn Circuit>> {
    let (weights, tuning) = (weights.cast::<T>(), Tuning::default());
    let network: Result<Box<dyn Microcircuit<T> + Send>, _> = match kind {
        "pyralnet" => {
            PyraLNet::build(params, &weights, tuning, Some(noise)).map(|n| Box::new(n) as _)
        }
        _ => SteadNet::build(params, &weights, tuning).map(|n| Box::new(n) as _),
    };
    Ok(Box::new(Of(network.map_err(value_error)?)))
}

/// The published Yin-Yang network with these changes.
fn params_of(settings: &str) -> PyResult<Params> {
    let mut all = serde_json::to_value(NetworkParams::yin_yang()).map_err(value_error)?;
    let changes: Value = serde_json::from_str(settings).map_err(value_error)?;
    if let (Value::Object(all), Value::Object(changes)) = (&mut all, changes) {
        all.extend(changes);
        // `None` takes out what may be absent.
        all.retain(|_, value| !value.is_null());
    }
    let raw: NetworkParams = serde_json::from_value(all).map_err(value_error)?;
    raw.check().map_err(value_error)
}

fn weights_of(params: &Params, given: &HashMap<String, Rows<'_>>) -> PyResult<Weights<f64>> {
    let names: Vec<String> = params.synapses().map(|(l, s)| name(l, s)).collect();
    if let Some(other) = given.keys().find(|name| !names.contains(name)) {
        return Err(unknown(params, other));
    }
    if let Some(missing) = names.iter().find(|name| !given.contains_key(*name)) {
        return Err(value_error(format!("weights: {missing} are missing")));
    }
    let weights = Weights::from_fn(params, |layer, synapse, _| {
        let rows = given[&name(layer, synapse)].as_array();
        DMatrix::from_fn(rows.nrows(), rows.ncols(), |i, j| rows[[i, j]])
    });
    weights.check(params).map_err(value_error)?;
    Ok(weights)
}

fn unknown(params: &Params, found: &str) -> PyErr {
    let names: Vec<String> = params.synapses().map(|(l, s)| name(l, s)).collect();
    value_error(format!(
        "no weights {found:?}; the network has {}",
        names.join(", ")
    ))
}

/// As in NPZ files.
fn name(layer: usize, synapse: Synapse) -> String {
    format!("{}_{layer}", synapse.name())
}

fn outputs(params: &Params) -> usize {
    params.dim(params.n_hidden() + 1)
}

fn compartment(name: &str) -> PyResult<Compartment> {
    Ok(match name {
        "soma" => Compartment::Soma,
        "basal" => Compartment::Basal,
        "apical" => Compartment::Apical,
        "inn_soma" => Compartment::InnSoma,
        "inn_dendrite" => Compartment::InnDendrite,
        other => {
            return Err(value_error(format!(
                "no compartment {other:?}: \"soma\", \"basal\", \"apical\", \"inn_soma\" or \"inn_dendrite\""
            )));
        }
    })
}

/// Rows of this width, one after the other.
fn rows(given: &Rows<'_>, what: &str, width: usize) -> PyResult<Vec<f64>> {
    let found = given.shape();
    if found[1] != width {
        return Err(value_error(format!(
            "{what}: {found:?}; the network takes rows of {width}"
        )));
    }
    finite(given.as_array().iter().copied().collect(), what)
}

fn finite(numbers: Vec<f64>, what: &str) -> PyResult<Vec<f64>> {
    match numbers.iter().find(|x| !x.is_finite()) {
        Some(x) => Err(value_error(format!("{what}: {x} among the numbers"))),
        None => Ok(numbers),
    }
}

fn array<'py>(py: Python<'py>, matrix: &DMatrix<f64>) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let rows = matrix.transpose().as_slice().to_vec();
    PyArray1::from_vec(py, rows).reshape([matrix.nrows(), matrix.ncols()])
}

fn value_error(error: impl ToString) -> PyErr {
    PyValueError::new_err(error.to_string())
}

fn npz_error(error: NpzError) -> PyErr {
    match error {
        NpzError::File { .. } => PyOSError::new_err(error.to_string()),
        _ => value_error(error),
    }
}

fn present_error(error: PresentError) -> PyErr {
    match error {
        PresentError::Diverged(soma) => diverged(&soma),
        other => value_error(other),
    }
}

fn diverged(soma: &SomaDiverged) -> PyErr {
    Diverged::new_err(soma.to_string())
}
