//! A trained transformer whose softmax attention is replaced.

use std::ops::ControlFlow;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use astro::attention::transformer::{
    Architecture, LabelledImages, Mechanism, Training, Transformer, train,
};
use astro::numerics::random::Streams;
use serde::{Deserialize, Serialize};

use super::sequence::{CIRCUIT, Hidden};
use super::{Contents, DataSets, Idle, Metric, Monitor, Outcome, Study};
use crate::results::{Column, columns};

/// Sizes of the transformer that ships.
pub(crate) const ARCHITECTURE: Architecture = Architecture::MNIST;
/// Images classified between two looks at the clock.
const CHUNK: usize = 64;

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

/// A trained transformer and its images.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Trained {
    /// In the folder of data sets, or where the program runs; made by `repro transformer`.
    file: String,
    /// SHA-256 of it, but of the one that ships.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    /// Folder of the images, likewise.
    images: String,
    /// SHA-256 of their files, but of those that ship.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    images_sha256: Option<String>,
    /// Training images by which queries and keys are balanced where the condition asks for it.
    balanced_on: usize,
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
    /// The first so many training images.
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
    /// The first so many test images.
    images: usize,
}

impl AttentionSwap {
    fn mechanism(&self, streams: &mut Streams) -> Result<Mechanism<f32>> {
        Ok(match self.condition {
            Condition::Softmax => Mechanism::Softmax,
            Condition::Uniform => Mechanism::Uniform,
            Condition::Swapped | Condition::Balanced | Condition::FineTuned => {
                let map = |_| self.circuit.draw(ARCHITECTURE.head_dim(), streams);
                Mechanism::Circuit(
                    (0..ARCHITECTURE.blocks)
                        .map(map)
                        .collect::<Result<_, _>>()?,
                )
            }
        })
    }

    /// The transformer as it was trained.
    fn trained(&self, data: &DataSets) -> Result<Arc<Transformer<f32>>> {
        let path = data.find(&self.transformer.file);
        data.shared(&format!("transformer {}", path.display()), || {
            Transformer::load(&path, ARCHITECTURE).context("transformer.file")
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
    "transformer.file" ["path"] "trained transformer",
    "transformer.sha256" ["hexadecimal"] "digest of its file; empty: as shipped",
    "transformer.images" ["path"] "folder of its images",
    "transformer.images_sha256" ["hexadecimal"] "digest of their files; empty: as shipped",
    "transformer.balanced_on" ["images"] "training images by which queries and keys are balanced",
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
    const SETTINGS: &'static [&'static [Column]] = &[CIRCUIT, SETTINGS];

    fn resolve(&mut self, contents: &Contents) {
        let Trained {
            file,
            sha256,
            images,
            images_sha256,
            ..
        } = &mut self.transformer;
        *sha256 = sha256.take().or_else(|| contents.sha256(file));
        *images_sha256 = images_sha256.take().or_else(|| contents.sha256(images));
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
        ensure!(
            self.transformer.balanced_on > 0,
            "transformer.balanced_on = 0: at least 1 is needed"
        );
        Ok(())
    }

    fn check_data(&self, data: &DataSets) -> Result<()> {
        let Trained {
            file,
            sha256,
            images,
            images_sha256,
            ..
        } = &self.transformer;
        let contents = data.contents();
        contents.check("transformer.sha256", file, sha256.as_deref())?;
        contents.check(
            "transformer.images_sha256",
            images,
            images_sha256.as_deref(),
        )?;
        self.trained(data)?;
        data.images(&self.transformer.images)
            .context("transformer.images")?;
        Ok(())
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
        let mut model = Transformer::clone(&*self.trained(data)?);
        let digits = data.images(&self.transformer.images)?;
        if self.balances() {
            let images = first(
                &digits.train,
                &digits.train_labels,
                self.transformer.balanced_on,
            )?;
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
        let mut right = 0;
        for start in (0..images.len()).step_by(CHUNK) {
            let share = start as f64 / images.len() as f64;
            monitor.at(tuned_share + (1.0 - tuned_share) * share)?;
            let chunk = images.range(start..(start + CHUNK).min(images.len()))?;
            let classes = model.classify(&chunk, &mechanism)?;
            right += classes
                .iter()
                .enumerate()
                .filter(|&(i, &class)| class == chunk.label(i))
                .count();
        }
        let mut outcome = Outcome::default();
        outcome.metric("accuracy", right as f64 / images.len() as f64);
        outcome.metric("images", images.len());
        Ok(outcome)
    }
}

/// The first images of a set.
fn first(
    images: &astro::networks::images::Images,
    labels: &[u8],
    count: usize,
) -> Result<LabelledImages> {
    let count = count.min(labels.len());
    let pixels = (0..count).flat_map(|i| images.image(i)).copied().collect();
    Ok(LabelledImages::new(
        images.pixels().isqrt(),
        pixels,
        labels[..count].to_vec(),
    )?)
}
