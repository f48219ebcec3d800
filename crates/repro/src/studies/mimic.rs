//! The mimic task: a network learns what a random network of its size computes.

use anyhow::{Context as _, Result, ensure};
use microcircuit::{
    Compartment, Every, Microcircuit, NetworkParams, Params, Pattern, PyraLNet, Synapse, Trial,
    View, Weights,
};
use rand::seq::SliceRandom as _;
use rand::{Rng, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use tasks::Regression;
use tasks::mimic::{Activation, Teacher};

use super::circuits::{Model, distance_from_self_prediction, record_divergence};
use super::{Better, Monitor, Outcome, Study};
use crate::frame::{Cell, Table};

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

    /// A teacher whose layers settle as the student's do.
    fn teacher(&self, params: &Params, rng: &mut impl Rng) -> Result<Teacher> {
        let activation = match self.network.activation {
            microcircuit::Activation::Sigmoid => Activation::Sigmoid,
            microcircuit::Activation::SoftRelu => Activation::SoftRelu,
        };
        let layers = 1..=params.n_hidden() + 1;
        let gains: Vec<f64> = layers.map(|layer| params.basal_prediction(layer)).collect();
        let half_width = self.task.half_width;
        Ok(Teacher::draw(
            &self.network.dims,
            activation,
            &gains,
            half_width,
            rng,
        )?)
    }
}

impl Study for Mimic {
    const NAME: &'static str = "mimic";
    const HEADLINE: (&'static str, Better) = ("last_validation_mse", Better::Lower);

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
        let patterns = epochs * (self.task.train + validations * validation_patterns);
        (patterns + 2 * self.record.patterns) as f64
            * Model::PyraLNet.pattern_seconds(&self.network)
    }

    fn run(&self, seed: u64, monitor: &Monitor<'_>) -> Result<Outcome> {
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
    network: PyraLNet<f32>,
    rng: ChaCha8Rng,
    curves: Table,
    weights: Table,
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
        let network = PyraLNet::new(params.clone(), &weights)?;
        Ok(Self {
            study,
            params,
            teacher,
            train,
            validation,
            network,
            rng,
            curves: Table::new(&["epoch", "validation_mse", "ip_distance", "pi_distance"]),
            weights: Table::new(&["epoch", "layer", "post", "pre", "student", "teacher"]),
            traces: Table::new(&["trained", "t_ms", "neuron", "output", "target"]),
        })
    }

    fn run(mut self, monitor: &Monitor<'_>, outcome: &mut Outcome) -> Result<()> {
        let Training {
            epochs,
            validations,
            validation_patterns,
        } = self.study.training;
        self.trace(false)?;
        self.record(0.0, None);
        let mut last = f64::NAN;
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
                        errors.extend(output.iter().zip(target).map(|(&u, t)| f64::from(u) - t));
                        if errors.len() == validation_patterns * target.len() {
                            last = errors.iter().map(|e| e * e).sum::<f64>() / errors.len() as f64;
                            errors.clear();
                            validated += 1;
                            let done = epoch as f64 + f64::from(validated) / validations as f64;
                            self.record(done, Some(last));
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
        outcome.table("traces", self.traces);
        Ok(())
    }

    /// Adds the state of training to the tables `curves` and `weights`.
    fn record(&mut self, epoch: f64, mse: Option<f64>) {
        let weights = self.network.weights();
        let (ip, pi) = distance_from_self_prediction(&self.params, &weights);
        self.curves.push([
            Cell::rounded(epoch, 9),
            Cell::rounded(mse.unwrap_or(f64::NAN), 5),
            Cell::rounded(ip, 5),
            Cell::rounded(pi, 5),
        ]);
        for (below, teacher) in self.teacher.weights().iter().enumerate() {
            let student = weights.get(below + 1, Synapse::Up);
            for (post, pre) in
                (0..teacher.nrows()).flat_map(|i| (0..teacher.ncols()).map(move |j| (i, j)))
            {
                let student = student.map_or(f64::NAN, |w| f64::from(w[(post, pre)]));
                self.weights.push([
                    Cell::rounded(epoch, 9),
                    (below + 1).into(),
                    post.into(),
                    pre.into(),
                    Cell::rounded(student, 5),
                    Cell::rounded(teacher[(post, pre)], 5),
                ]);
            }
        }
    }

    /// Presents validation patterns to a resting network of the present weights, and adds the
    /// potentials of its output and their targets to the table `traces`.
    fn trace(&mut self, trained: bool) -> Result<()> {
        let mut network = PyraLNet::new(self.params.clone(), &self.network.weights())?;
        let output_layer = self.params.n_hidden() + 1;
        for i in 0..self.study.record.patterns {
            let (input, target) = self.validation.of(i);
            let mut observer = Every(self.study.record.steps as u64, |view: &View<'_, f32>| {
                let output = view.potential(output_layer, Compartment::Soma);
                let outputs = output.iter().flatten().zip(view.target());
                for (neuron, (&output, target)) in outputs.enumerate() {
                    self.traces.push([
                        usize::from(trained).into(),
                        Cell::rounded(view.time_ms, 9),
                        neuron.into(),
                        Cell::rounded(output.into(), 5),
                        Cell::rounded(target, 5),
                    ]);
                }
            });
            network.present(&Pattern::validate(input, target), &mut observer)?;
        }
        Ok(())
    }
}

/// A uniformly random order of `0..n`.
fn permutation(n: usize, rng: &mut impl Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    order.shuffle(rng);
    order
}
