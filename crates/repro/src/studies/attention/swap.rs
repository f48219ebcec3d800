//! A trained transformer whose softmax attention is replaced.

use std::ops::ControlFlow;

use anyhow::{Context as _, Result, ensure};
use astro::attention::transformer::{Mechanism, Training, Transformer, train};
use astro::numerics::random::Streams;
use serde::{Deserialize, Serialize};

use super::sequence::{CIRCUIT, Hidden};
use super::trained::{ARCHITECTURE, CHUNK, TRANSFORMER, Trained, accuracy, first};
use super::{Contents, DataSets, Idle, Metric, Monitor, Outcome, Study};
use crate::results::{Column, columns};

/// Settings of training with the circuit in place.
const FINE_TUNING: [&str; 5] = [
    "fine_tuning.images",
    "fine_tuning.epochs",
    "fine_tuning.batch",
    "fine_tuning.learning_rate",
    "fine_tuning.weight_decay",
];

/// One transformer, one kind of attention, one accuracy.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::studies) struct AttentionSwap {
    transformer: Trained,
    condition: Condition,
    circuit: Hidden,
    fine_tuning: FineTuning,
    test: Test,
}

/// What attends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Condition {
    /// Softmax, as trained.
    Softmax,
    /// Every token to all alike, without retraining: no attention.
    Uniform,
    /// The circuit, without retraining.
    Swapped,
    /// The same with queries and keys rewritten such that softmax attention would stay what it is and the features
    /// estimate it best; not retrained either.
    Balanced,
    /// The circuit, after training all weights, first balanced, with the circuit in place.
    FineTuned,
}

/// Training with the circuit in place.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FineTuning {
    /// Number of training images, the first ones.
    images: usize,
    epochs: usize,
    batch: usize,
    learning_rate: f64,
    weight_decay: f64,
}

/// What is classified.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Test {
    /// Number of test images, the first ones.
    images: usize,
}

impl AttentionSwap {
    fn mechanism(&self, streams: &mut Streams) -> Result<Mechanism<f32>> {
        Ok(match self.condition {
            Condition::Softmax => Mechanism::Softmax,
            Condition::Uniform => Mechanism::Uniform,
            Condition::Swapped | Condition::Balanced | Condition::FineTuned => {
                let map = |_| Ok(self.circuit.draw(ARCHITECTURE.head_dim(), streams)?.into());
                Mechanism::Circuit((0..ARCHITECTURE.blocks).map(map).collect::<Result<_>>()?)
            }
        })
    }

    fn training(&self) -> Training {
        let FineTuning {
            epochs,
            batch,
            learning_rate,
            weight_decay,
            ..
        } = self.fine_tuning;
        Training {
            epochs,
            batch,
            learning_rate,
            weight_decay,
        }
    }

    fn tunes(&self) -> bool {
        self.condition == Condition::FineTuned
    }

    fn balances(&self) -> bool {
        matches!(self.condition, Condition::Balanced | Condition::FineTuned)
    }
}

/// Columns of its own settings.
const SETTINGS: &[Column] = &columns! {
    "condition" ["word"] "what attends: softmax, uniform (no attention), the circuit swapped in, balanced, or fine-tuned",
    "fine_tuning.images" ["images"] "training images with the circuit in place: the first so many",
    "fine_tuning.epochs" ["epochs"] "epochs of that training",
    "fine_tuning.batch" ["images"] "images per step",
    "fine_tuning.learning_rate" [""] "step size of AdamW",
    "fine_tuning.weight_decay" [""] "weight decay of AdamW",
    "test.images" ["images"] "test images: the first so many",
};

impl Study for AttentionSwap {
    const NAME: &'static str = "attention-swap";
    const METRICS: &'static [Metric] = &[
        Metric::higher("accuracy", "fraction", "correct test images").of_test_data(),
        Metric::neutral("images", "images", "test images classified"),
    ];
    const HEADLINE: &'static str = "accuracy";
    const SETTINGS: &'static [&'static [Column]] = &[TRANSFORMER, CIRCUIT, SETTINGS];

    fn resolve(&mut self, contents: &Contents) {
        self.transformer.resolve(contents);
    }

    fn idle(&self) -> Vec<Idle> {
        let mut idle = match self.condition {
            Condition::Softmax | Condition::Uniform => {
                Idle::all(&["circuit.features", "circuit.m"], "condition")
            }
            _ => self.circuit.idle(),
        };
        if !self.balances() {
            idle.extend(Idle::all(&["transformer.balanced_on"], "condition"));
        }
        if !self.tunes() {
            idle.extend(Idle::all(&FINE_TUNING, "condition"));
        }
        idle
    }

    fn memory(&self) -> Vec<(&'static str, f64)> {
        let m = self.circuit.count(ARCHITECTURE.head_dim()) as f64;
        let tokens = ARCHITECTURE.heads as f64 * 400.0;
        let image = tokens * (m + 100.0);
        vec![
            ("circuit.m", image * CHUNK as f64),
            ("fine_tuning.batch", image * self.fine_tuning.batch as f64),
        ]
    }

    fn check(&self, seed: u64) -> Result<()> {
        self.mechanism(&mut Streams::new(seed)).context("circuit")?;
        self.training().check().context("fine_tuning")?;
        ensure!(
            self.test.images > 0,
            "test.images = 0: at least 1 is needed"
        );
        ensure!(
            self.fine_tuning.images > 0,
            "fine_tuning.images = 0: at least 1 is needed"
        );
        self.transformer.check()
    }

    fn check_data(&self, data: &DataSets) -> Result<()> {
        self.transformer.check_data(data)
    }

    fn seconds(&self) -> f64 {
        let m = self.circuit.count(ARCHITECTURE.head_dim()) as f64;
        let test = self.test.images as f64;
        let tuned = self.fine_tuning.images as f64 * self.fine_tuning.epochs as f64;
        match self.condition {
            Condition::Softmax | Condition::Uniform => test * 1e-4,
            Condition::Swapped | Condition::Balanced => test * (1e-4 + 4e-6 * m),
            Condition::FineTuned => test * (1e-4 + 4e-6 * m) + tuned * (4e-4 + 9e-6 * m),
        }
    }

    fn run(&self, seed: u64, data: &DataSets, monitor: &Monitor<'_>) -> Result<Outcome> {
        let mut streams = Streams::new(seed);
        let mechanism = self.mechanism(&mut streams)?;
        let mut model = Transformer::clone(&*self.transformer.load(data)?);
        let digits = self.transformer.digits(data)?;
        if self.balances() {
            let images = self.transformer.calibration(&digits)?;
            let all: Vec<usize> = (0..images.len()).collect();
            model.balance(&images, &all, self.circuit.features)?;
        }
        let tuned_share = if self.tunes() { 0.7 } else { 0.0 };
        if self.tunes() {
            let images = first(&digits.train, &digits.train_labels, self.fine_tuning.images)?;
            let mut stopped = Ok(());
            train(
                &mut model,
                &images,
                &mechanism,
                &self.training(),
                &mut streams.order,
                |progress| {
                    stopped =
                        monitor.at(tuned_share * progress.step as f64 / progress.steps as f64);
                    if stopped.is_ok() {
                        ControlFlow::Continue(())
                    } else {
                        ControlFlow::Break(())
                    }
                },
            )?;
            stopped?;
        }
        let images = first(&digits.test, &digits.test_labels, self.test.images)?;
        let accuracy = accuracy(&model, &images, &mechanism, &|share| {
            monitor.at(tuned_share + (1.0 - tuned_share) * share)
        })?;
        let mut outcome = Outcome::default();
        outcome.metric("accuracy", accuracy);
        outcome.metric("images", images.len());
        Ok(outcome)
    }
}
