//! A run on MNIST on its way: which samples, in which order, and how it is tested.

use std::sync::Arc;

use anyhow::Result;
use microcircuit::{Microcircuit, NetworkParams, Pattern, Trial, Weights};
use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};
use serde::{Deserialize, Serialize};
use tasks::mnist::Split;

use super::super::circuits::{Model, Score};
use super::super::paused::{self, Paused};
use super::super::{Monitor, Outcome};
use crate::datasets::{Patterns, Set};
use crate::results::{Cell, Column, Table, columns};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Task {
    /// Images to learn from and to validate with, chosen at random among those of the training set, 60 000 in MNIST.
    pub(super) train: usize,
    pub(super) validation: usize,
    /// Images of the test set, evenly spaced: its first half is of another difficulty than its second.
    pub(super) test: usize,
    /// Rate of an input neuron whose pixel is full ink; 255 is what the published program did.
    pub(super) brightest: f64,
    /// Target potentials of the other classes, and of the image's own.
    pub(super) target_low: f64,
    pub(super) target_high: f64,
}

impl Default for Task {
    fn default() -> Self {
        Self {
            train: 55_000,
            validation: 5_000,
            test: 10_000,
            brightest: 1.0,
            target_low: 0.1,
            target_high: 1.0,
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Training {
    pub(super) epochs: usize,
    /// Validations per epoch, each of all validation images.
    #[serde(default = "one")]
    pub(super) validations: usize,
    /// Epochs after which the test images are presented, besides the last; nothing is chosen by them.
    #[serde(default)]
    pub(super) test_after: Vec<usize>,
}

impl Training {
    /// Images presented in an epoch.
    fn per_epoch(&self, task: &Task) -> usize {
        task.train + self.validations * task.validation
    }

    /// How often the test images are presented.
    pub(super) fn n_tests(&self) -> usize {
        1 + self
            .test_after
            .iter()
            .filter(|&&epoch| epoch != self.epochs)
            .count()
    }
}

/// Columns of table `curves`.
pub(super) const CURVES: [Column; 4] = columns! {
    "epoch" ["epochs"] "epochs of training done",
    "validation_mse" [""] "mean squared error of the output potentials over a validation",
    "validation_error" ["fraction"] "wrong images of a validation",
    "test_error" ["fraction"] "wrong test images, where they were presented",
};

fn one() -> usize {
    1
}

/// What a training that is paused before the tests of its last epoch has found.
#[derive(Serialize, Deserialize)]
struct Progress {
    validated: Score,
    curves: Vec<Vec<Cell>>,
}

/// A run on its way.
pub(super) struct Course<'a> {
    task: &'a Task,
    training: &'a Training,
    patterns: Arc<Patterns>,
    split: Split,
    pub(super) network: Box<dyn Microcircuit<f32>>,
    orders: ChaCha8Rng,
    /// The pattern being presented.
    input: Vec<f64>,
    target: Vec<f64>,
    presented: usize,
    to_present: usize,
    pub(super) curves: Table,
}

impl<'a> Course<'a> {
    pub(super) fn new(
        model: Model,
        network: &NetworkParams,
        task: &'a Task,
        training: &'a Training,
        patterns: Arc<Patterns>,
        seed: u64,
    ) -> Result<Self> {
        let stream = |number| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(number);
            rng
        };
        let Task {
            train,
            validation,
            test,
            ..
        } = *task;
        let mut split = Split::shuffled(
            patterns.labels(Set::Train).len(),
            validation,
            &mut stream(0),
        )?;
        split.train.truncate(train);
        let params = network.check()?;
        let mut weights = stream(1);
        let weights = Weights::<f32>::draw(&params, || weights.random());
        let mut noise = stream(3);
        let noise = move || StandardNormal.sample(&mut noise);
        let tests = training.n_tests() * test;
        Ok(Self {
            task,
            training,
            input: vec![0.0; patterns.features()],
            target: vec![0.0; patterns.classes()],
            patterns,
            split,
            network: model.build(params, weights, noise)?,
            orders: stream(2),
            presented: 0,
            to_present: training.epochs * training.per_epoch(task) + tests,
            curves: Table::new(CURVES),
        })
    }

    pub(super) fn train_and_test(
        &mut self,
        monitor: &Monitor<'_>,
        outcome: &mut Outcome,
    ) -> Result<()> {
        let Training {
            epochs,
            ref test_after,
            ..
        } = *self.training;
        let mut validated = Score::default();
        let mut tested = None;
        let mut done = 0;
        if let Some(paused) = paused::take_up(monitor, epochs, self.network.as_mut()) {
            let Progress { curves, .. } = paused.progress;
            (done, validated, self.curves.rows) =
                (paused.epochs, paused.progress.validated, curves);
            self.presented = self.training.per_epoch(self.task) * done;
        }
        for epoch in 1..=epochs {
            self.split.train.shuffle(&mut self.orders);
            if epoch > done {
                validated = self.train_epoch(epoch, monitor)?;
            }
            if epoch < done {
                continue;
            }
            if epoch == epochs {
                self.pause(epochs, validated, monitor)?;
            }
            let test_now = epoch == epochs || test_after.contains(&epoch);
            tested = test_now.then(|| self.test(monitor)).transpose()?;
            self.note(epoch as f64, validated, tested);
        }
        let tested = match tested {
            Some(tested) => tested,
            None => self.test(monitor)?,
        };
        outcome.metric("validation_mse", validated.mse());
        outcome.metric("validation_error", validated.error());
        outcome.metric("test_mse", tested.mse());
        outcome.metric("test_error", tested.error());
        Ok(())
    }

    /// One epoch of training, and its last validation, which is not noted yet.
    fn train_epoch(&mut self, epoch: usize, monitor: &Monitor<'_>) -> Result<Score> {
        let validations = self.training.validations;
        let order = self.split.train.clone();
        let chunks = vec![self.split.validation.clone(); validations];
        let mut score = Score::default();
        let mut done = 0;
        for trial in microcircuit::epoch(&order, &chunks) {
            match trial {
                Trial::Train(i) => self.present(Set::Train, i, None, monitor)?,
                Trial::Validate(i) => self.present(Set::Train, i, Some(&mut score), monitor)?,
            }
            if score.patterns() == self.split.validation.len() && done + 1 < validations {
                done += 1;
                let epochs = (epoch - 1) as f64 + done as f64 / validations as f64;
                self.note(epochs, std::mem::take(&mut score), None);
            }
        }
        Ok(score)
    }

    /// A row of the curves.
    fn note(&mut self, epochs: f64, validated: Score, tested: Option<Score>) {
        self.curves.push([
            Cell::rounded(epochs, 9),
            Cell::rounded(validated.mse(), 6),
            Cell::rounded(validated.error(), 6),
            tested.map_or(Cell::Empty(()), |test| Cell::rounded(test.error(), 6)),
        ]);
    }

    /// Keeps the training for longer ones.
    fn pause(&mut self, epochs: usize, validated: Score, monitor: &Monitor<'_>) -> Result<()> {
        let progress = Progress {
            validated,
            curves: self.curves.rows.clone(),
        };
        let paused = Paused { epochs, progress };
        paused::keep(monitor, &paused, self.network.as_mut())
    }

    /// Presents the test images, without nudging or plasticity.
    fn test(&mut self, monitor: &Monitor<'_>) -> Result<Score> {
        let mut score = Score::default();
        let n = self.task.test;
        let all = self.patterns.labels(Set::Test).len();
        for i in (0..n).map(|i| i * all / n) {
            self.present(Set::Test, i, Some(&mut score), monitor)?;
        }
        Ok(score)
    }

    /// Presents an image: to be learnt, or, if there is a score, to be recognised.
    fn present(
        &mut self,
        set: Set,
        i: usize,
        score: Option<&mut Score>,
        monitor: &Monitor<'_>,
    ) -> Result<()> {
        let Task {
            brightest,
            target_low,
            target_high,
            ..
        } = *self.task;
        let label = usize::from(self.patterns.labels(set)[i]);
        self.patterns.rates(set, i, brightest, &mut self.input);
        self.target.fill(target_low);
        self.target[label] = target_high;
        let pattern = match score {
            None => Pattern::train(&self.input, &self.target),
            Some(_) => Pattern::validate(&self.input, &self.target),
        };
        let output = self.network.present(&pattern, &mut ())?;
        if let Some(score) = score {
            score.add(output, &self.target, label);
        }
        self.presented += 1;
        if self.presented.is_multiple_of(20) {
            monitor.at(self.presented as f64 / self.to_present as f64)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use astro::networks::images::GreyImages;

    use super::*;
    use crate::datasets::Digits;

    const N_PIXELS: usize = 4;

    /// Blank images with these labels, to learn from and to be tested with.
    fn blank(test_labels: Vec<u8>) -> Arc<Patterns> {
        let images = |n: usize| GreyImages::new(vec![0; n * N_PIXELS], N_PIXELS).unwrap();
        Arc::new(Patterns::Images(Arc::new(Digits {
            train: images(4),
            train_labels: vec![9; 4],
            test: images(test_labels.len()),
            test_labels,
            is_mnist: false,
        })))
    }

    #[test]
    fn test_images_are_taken_from_the_whole_set() {
        let network = NetworkParams {
            dims: vec![N_PIXELS, 3, 10],
            ..NetworkParams::yin_yang()
        };
        let task = Task {
            train: 2,
            validation: 2,
            test: 2,
            ..Task::default()
        };
        let training: Training = serde_json::from_str(r#"{"epochs": 0}"#).unwrap();
        let error = |labels: &[u8]| {
            let mut course = Course::new(
                Model::SteadNet,
                &network,
                &task,
                &training,
                blank(labels.to_vec()),
                1,
            )
            .unwrap();
            let monitor = AtomicBool::new(false);
            course.test(&Monitor::new(&monitor, &|_| {})).unwrap().mse()
        };
        let (threes, sevens) = (error(&[3; 6]), error(&[7; 6]));
        assert_ne!(threes, sevens);
        // Of six images the first and the fourth.
        let both = error(&[3, 3, 3, 7, 7, 7]);
        assert!((both - 0.5 * (threes + sevens)).abs() < 1e-12, "{both}");
    }
}
