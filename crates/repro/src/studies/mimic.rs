//! The mimic task: a network learns what a random network of its size computes.

use anyhow::{Context as _, Result, ensure};
use microcircuit::{
    Compartment, Every, Microcircuit, NetworkParams, Params, Pattern, Synapse, Trial, View, Weights,
};
use nalgebra::DMatrix;
use rand::seq::SliceRandom as _;
use rand::{Rng, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use tasks::Regression;
use tasks::mimic::{Activation, Teacher};

use super::circuits::{
    DIVERGED, ENGINE, IP_DISTANCE, Model, NETWORK, PI_DISTANCE, distance_from_self_prediction,
    network_bytes, record_divergence,
};
use super::{DataSets, Idle, Metric, Monitor, Outcome, Study};
use crate::results::{Cell, Column, Table, columns};

/// Settings of a mimic run. One generator, seeded with the run's seed, gives in this order teacher,
/// training samples, validation samples, initial weights and the order of presentation.
///
/// Source: Hill (2020), Fig. 4.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mimic {
    network: NetworkParams,
    task: Task,
    training: Training,
    record: Record,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Task {
    /// Samples to learn from, and to choose validation chunks from.
    train: usize,
    validation: usize,
    /// The teacher's weights are uniform in (−`half_width`, `half_width`).
    half_width: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Training {
    epochs: usize,
    /// Validations per epoch, and patterns in each.
    validations: usize,
    validation_patterns: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    /// Validation patterns in table `traces`, before and after training; steps between its rows.
    patterns: usize,
    steps: usize,
}

/// The teacher of the published runs, drawn with its weights in (−1, 1): 2-3-2, soft rectifier,
/// g_l 0.1, g_B 1, g_A 0.8.
pub(crate) fn published_teacher(rng: &mut impl Rng) -> Result<Teacher> {
    let gains = [1.0 / (0.1 + 1.0 + 0.8), 1.0 / (0.1 + 1.0)];
    Ok(Teacher::draw(
        &[2, 3, 2],
        Activation::SoftRelu,
        &gains,
        1.0,
        rng,
    )?)
}

impl Mimic {
    fn params(&self) -> Result<Params> {
        self.network.check().context("network")
    }

    /// Tables `curves`, `weights`, `teacher` and `traces`.
    fn empty_tables(&self) -> [Table; 4] {
        let dims = &self.network.dims;
        let outputs = 1..=dims.last().copied().unwrap_or(0);
        let names = |what| outputs.clone().map(move |i| format!("{what}_{i}"));
        let time = ["trained", "t_ms"].map(str::to_owned).into_iter();
        let epoch = ["epoch".to_owned()].into_iter();
        [
            Table::new(CURVES),
            Table::new(epoch.chain(weight_names(dims))),
            Table::new(weight_names(dims)),
            Table::new(time.chain(names("output")).chain(names("target"))),
        ]
    }

    /// A teacher whose layers settle as the student's do.
    fn teacher(&self, params: &Params, rng: &mut impl Rng) -> Result<Teacher> {
        let layers = 1..=params.n_hidden() + 1;
        let gains: Vec<f64> = layers.map(|layer| params.basal_prediction(layer)).collect();
        let half_width = self.task.half_width;
        Ok(Teacher::draw(
            &self.network.dims,
            self.network.activation,
            &gains,
            half_width,
            rng,
        )?)
    }
}

/// Columns of table `curves`.
const CURVES: [Column; 4] = columns! {
    "epoch" ["epochs"] "epochs of training done",
    "validation_mse" [""] "mean squared error of the output potentials over a validation",
    "ip_distance" [""] "squared distance of the weights from pyramidal neurons to interneurons from the self-predicting state",
    "pi_distance" [""] "squared distance of the weights from interneurons to pyramidal neurons from minus the feedback weights",
};

/// Columns of its own settings.
const SETTINGS: &[Column] = &columns! {
    "task.train" ["samples"] "samples to learn from",
    "task.validation" ["samples"] "samples to choose validations from",
    "task.half_width" [""] "weights of the teacher are uniform between minus and plus this",
    "training.epochs" ["epochs"] "epochs of training",
    "training.validations" [""] "validations per epoch",
    "training.validation_patterns" ["samples"] "validation samples presented in each of them",
    "record.patterns" ["samples"] "validation samples in table traces, before and after training",
    "record.steps" ["steps"] "steps between its rows",
};

/// Columns of tables `weights`, `teacher` and `traces`, whose number depends on the sizes of the network.
const WEIGHTS: [Column; 2] = columns! {
    "epoch" ["epochs"] "epochs of training done",
    "up_*" [""] "forward weight up_<layer>_<to>_<from>, neurons from 1",
};
const TEACHER: [Column; 1] = columns! {
    "up_*" [""] "forward weight of the teacher up_<layer>_<to>_<from>, neurons from 1",
};
const TRACES: [Column; 4] = columns! {
    "trained" ["0 or 1"] "whether after training",
    "t_ms" ["ms"] "time",
    "output_*" [""] "potential of an output neuron, from 1",
    "target_*" [""] "its target",
};

impl Study for Mimic {
    const NAME: &'static str = "mimic";
    const METRICS: &'static [Metric] = &[
        ENGINE,
        Metric::lower(
            "last_validation_mse",
            "",
            "mean squared error of the output potentials over the last validation",
        ),
        IP_DISTANCE,
        PI_DISTANCE,
        DIVERGED,
    ];
    const HEADLINE: &'static str = "last_validation_mse";
    const SETTINGS: &'static [&'static [Column]] = &[NETWORK, SETTINGS];
    const TABLES: &'static [(&'static str, &'static [Column])] = &[
        ("curves", &CURVES),
        ("weights", &WEIGHTS),
        ("teacher", &TEACHER),
        ("traces", &TRACES),
    ];

    fn tables(&self) -> Vec<(&'static str, Table)> {
        let [curves, weights, teacher, traces] = self.empty_tables();
        vec![
            ("curves", curves),
            ("weights", weights),
            ("teacher", teacher),
            ("traces", traces),
        ]
    }

    fn idle(&self) -> Vec<Idle> {
        Model::PyraLNet.idle(&self.network)
    }

    fn memory(&self) -> Vec<(&'static str, f64)> {
        let Training {
            epochs,
            validations,
            validation_patterns,
        } = self.training;
        let Task {
            train, validation, ..
        } = self.task;
        let weights = network_bytes(&self.network).1;
        let neurons: f64 = self.network.dims.iter().map(|&n| n as f64).sum();
        let steps = self.network.t_pattern_ms / self.network.dt_ms;
        let Record {
            patterns,
            steps: every,
        } = self.record;
        let traces = 2.0 * patterns as f64 * steps / every.max(1) as f64;
        vec![
            network_bytes(&self.network),
            ("task.train", 40.0 * train as f64 * neurons),
            ("task.validation", 40.0 * validation as f64 * neurons),
            (
                "training.validations",
                validations as f64 * (8.0 * validation as f64 + epochs as f64 * weights),
            ),
            (
                "training.validation_patterns",
                8.0 * validation_patterns as f64 * neurons,
            ),
            ("record.patterns", 80.0 * traces * neurons),
        ]
    }

    fn check(&self, _: u64) -> Result<()> {
        let params = self.params()?;
        self.teacher(&params, &mut ChaCha8Rng::seed_from_u64(0))
            .context("task")?;
        let NetworkParams {
            bias_rate, noise, ..
        } = self.network;
        ensure!(
            bias_rate.is_none() && noise == 0.0,
            "network: the teacher has neither bias neuron nor noise, so the student has none"
        );
        let chunk = self
            .training
            .validation_patterns
            .max(self.record.patterns)
            .max(1);
        ensure!(
            self.task.train > 0 && self.task.validation >= chunk,
            "task.train = {}, task.validation = {}: at least 1 and {chunk} are needed",
            self.task.train,
            self.task.validation
        );
        for (key, n) in [
            ("training.validations", self.training.validations),
            (
                "training.validation_patterns",
                self.training.validation_patterns,
            ),
            ("record.steps", self.record.steps),
        ] {
            ensure!(n > 0, "{key} = 0: at least 1 is needed");
        }
        Ok(())
    }

    fn seconds(&self) -> f64 {
        let Training {
            epochs,
            validations,
            validation_patterns,
        } = self.training;
        let validated = validations as f64 * validation_patterns as f64;
        let patterns = epochs as f64 * (self.task.train as f64 + validated);
        (patterns + 2.0 * self.record.patterns as f64)
            * Model::PyraLNet.pattern_seconds(&self.network)
    }

    fn run(&self, seed: u64, _: &DataSets, monitor: &Monitor<'_>) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        let result = Course::new(self, seed).and_then(|course| course.run(monitor, &mut outcome));
        record_divergence(result, &mut outcome)?;
        Ok(outcome)
    }
}

/// Samples with rows ready to be presented.
struct Samples {
    inputs: Vec<Vec<f64>>,
    targets: Vec<Vec<f64>>,
}

impl Samples {
    fn new(data: &Regression) -> Self {
        let (inputs, targets) = data
            .rows()
            .map(|(input, target)| (input.collect(), target.collect()))
            .unzip();
        Self { inputs, targets }
    }

    fn of(&self, i: usize) -> (&[f64], &[f64]) {
        (&self.inputs[i], &self.targets[i])
    }
}

/// A run on its way.
struct Course<'a> {
    study: &'a Mimic,
    params: Params,
    teacher: Teacher,
    train: Samples,
    validation: Samples,
    network: Box<dyn Microcircuit<f32>>,
    rng: ChaCha8Rng,
    curves: Table,
    weights: Table,
    weights_of_teacher: Table,
    traces: Table,
}

impl<'a> Course<'a> {
    fn new(study: &'a Mimic, seed: u64) -> Result<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let params = study.params()?;
        let teacher = study.teacher(&params, &mut rng)?;
        let train = Samples::new(&teacher.samples(study.task.train, &mut rng));
        let validation = Samples::new(&teacher.samples(study.task.validation, &mut rng));
        let weights = Weights::<f32>::draw(&params, || rng.random());
        let network = network(&params, weights)?;
        let [curves, weights_table, teacher_table, traces] = study.empty_tables();
        Ok(Self {
            study,
            params,
            teacher,
            train,
            validation,
            network,
            rng,
            curves,
            weights: weights_table,
            weights_of_teacher: teacher_table,
            traces,
        })
    }

    fn run(mut self, monitor: &Monitor<'_>, outcome: &mut Outcome) -> Result<()> {
        let Training {
            epochs,
            validations,
            validation_patterns,
        } = self.study.training;
        outcome.metric("engine", self.network.engine());
        let mut last = self.untrained_error()?;
        self.trace(false)?;
        self.record(0.0, last);
        for epoch in 0..epochs {
            let order = permutation(self.train.inputs.len(), &mut self.rng);
            let mut chunk = || permutation(self.validation.inputs.len(), &mut self.rng);
            let mut chunks: Vec<Vec<usize>> = (0..validations).map(|_| chunk()).collect();
            chunks
                .iter_mut()
                .for_each(|c| c.truncate(validation_patterns));
            let mut errors = Vec::new();
            let mut validated = 0;
            for trial in microcircuit::epoch(&order, &chunks) {
                match trial {
                    Trial::Train(i) => {
                        let (input, target) = self.train.of(i);
                        self.network
                            .present(&Pattern::train(input, target), &mut ())?;
                    }
                    Trial::Validate(i) => {
                        let (input, target) = self.validation.of(i);
                        let output = self
                            .network
                            .present(&Pattern::validate(input, target), &mut ())?;
                        errors.extend(differences(output, target));
                        if errors.len() == validation_patterns * target.len() {
                            last = mean_square(&errors);
                            errors.clear();
                            validated += 1;
                            let done = epoch as f64 + f64::from(validated) / validations as f64;
                            self.record(done, last);
                            monitor.at(done / epochs as f64)?;
                        }
                    }
                }
            }
        }
        self.trace(true)?;
        outcome.metric("last_validation_mse", last);
        let (ip, pi) = distance_from_self_prediction(&self.params, &self.network.weights());
        outcome.metric("ip_distance", ip);
        outcome.metric("pi_distance", pi);
        outcome.table("curves", self.curves);
        outcome.table("weights", self.weights);
        let layers = self.teacher.weights().iter().flat_map(row_major);
        let row = layers.map(|w| Cell::rounded(w, 5)).collect();
        self.weights_of_teacher.rows.push(row);
        outcome.table("teacher", self.weights_of_teacher);
        outcome.table("traces", self.traces);
        Ok(())
    }

    /// Mean squared error of a copy of the network over the first validation patterns.
    fn untrained_error(&self) -> Result<f64> {
        let mut network = network(&self.params, self.network.weights())?;
        let mut errors = Vec::new();
        for i in 0..self.study.training.validation_patterns {
            let (input, target) = self.validation.of(i);
            let output = network.present(&Pattern::validate(input, target), &mut ())?;
            errors.extend(differences(output, target));
        }
        Ok(mean_square(&errors))
    }

    /// Adds the state of training to the tables `curves` and `weights`.
    fn record(&mut self, epoch: f64, mse: f64) {
        let weights = self.network.weights();
        let (ip, pi) = distance_from_self_prediction(&self.params, &weights);
        let epoch = Cell::rounded(epoch, 9);
        self.curves.push([
            epoch.clone(),
            Cell::rounded(mse, 5),
            Cell::rounded(ip, 5),
            Cell::rounded(pi, 5),
        ]);
        let layers = 1..=self.params.n_hidden() + 1;
        let forward = layers.filter_map(|layer| weights.get(layer, Synapse::Up));
        let forward = forward.flat_map(|w| row_major(&w.map(f64::from)));
        let forward = forward.map(|w| Cell::rounded(w, 5));
        self.weights
            .rows
            .push([epoch].into_iter().chain(forward).collect());
    }

    /// Presents validation patterns to a resting network of the present weights, and adds the
    /// potentials of its output and their targets to the table `traces`.
    fn trace(&mut self, trained: bool) -> Result<()> {
        let mut network = network(&self.params, self.network.weights())?;
        let output_layer = self.params.n_hidden() + 1;
        for i in 0..self.study.record.patterns {
            let (input, target) = self.validation.of(i);
            let mut observer = Every(self.study.record.steps as u64, |view: &View<'_, f32>| {
                let output = view.potential(output_layer, Compartment::Soma);
                let potentials = output.into_iter().flatten().map(f64::from);
                let potentials = potentials.chain(view.target());
                let row = [usize::from(trained).into(), Cell::rounded(view.time_ms, 9)];
                let row = row
                    .into_iter()
                    .chain(potentials.map(|u| Cell::rounded(u, 5)));
                self.traces.rows.push(row.collect());
            });
            network.present(&Pattern::validate(input, target), &mut observer)?;
        }
        Ok(())
    }
}

/// A resting network. Without noise in its parameters it never asks for a normal deviate.
fn network(params: &Params, weights: Weights<f32>) -> Result<Box<dyn Microcircuit<f32>>> {
    Model::PyraLNet.build(params.clone(), weights, || 0.0)
}

/// `up_<layer>_<post>_<pre>` for every forward weight, layer by layer and row by row, from 1.
fn weight_names(dims: &[usize]) -> impl Iterator<Item = String> {
    dims.windows(2).enumerate().flat_map(|(below, pair)| {
        let (n_pre, n_post) = (pair[0], pair[1]);
        let pairs = (1..=n_post).flat_map(move |post| (1..=n_pre).map(move |pre| (post, pre)));
        pairs.map(move |(post, pre)| format!("up_{}_{post}_{pre}", below + 1))
    })
}

/// The entries of a matrix, row by row.
fn row_major(matrix: &DMatrix<f64>) -> Vec<f64> {
    matrix.transpose().as_slice().to_vec()
}

fn differences(output: &[f32], target: &[f64]) -> impl Iterator<Item = f64> {
    output.iter().zip(target).map(|(&u, t)| f64::from(u) - t)
}

fn mean_square(errors: &[f64]) -> f64 {
    errors.iter().map(|e| e * e).sum::<f64>() / errors.len() as f64
}

/// A uniformly random order of `0..n`.
fn permutation(n: usize, rng: &mut impl Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    order.shuffle(rng);
    order
}
