//! Classifiers of astrocytes, or of neurons, on the codes of a fixed encoder.

use std::ops::ControlFlow;

use anyhow::{Result, ensure};
use astro::networks::Failure;
use astro::networks::classifier::{AstrocyteClassifier, Disturbance, neuron_classifier};
use astro::networks::layers::{Initial, Spillover, Wiring};
use astro::networks::network::Network;
use astro::networks::training::{Epoch, Trainer, TrainingParams};
use astro::numerics::adam::AdamParams;
use astro::numerics::random::Streams;
use serde::{Deserialize, Serialize};

use super::super::circuits::DIVERGED;
use super::encoder::{DATA, Data, ENCODER, Encoder, Kind};
use super::{Contents, DataSets, Idle, Metric, Monitor, Outcome, Preparation, Study};
use crate::results::started::STARTED;
use crate::results::{Cell, Column, Table, columns};

/// Settings of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::studies) struct Classifier {
    #[serde(default)]
    data: Data,
    #[serde(default)]
    encoder: Encoder,
    network: NetworkSettings,
    #[serde(default)]
    disturbance: DisturbanceSettings,
    pub(super) training: Training,
    #[serde(default)]
    record: Record,
}

/// The network, from a code of 20 numbers to ten classes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NetworkSettings {
    cells: Cells,
    /// Astrocytes: whose connections and bias.
    #[serde(default = "published")]
    wiring: Wiring,
    /// Astrocytes: what initial values are drawn from.
    #[serde(default)]
    initial: Initial,
    /// Neurons: width of the hidden layer.
    #[serde(default = "twenty")]
    hidden: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Cells {
    Astrocytes,
    Neurons,
}

fn published() -> Wiring {
    Wiring::Published
}

fn twenty() -> usize {
    20
}

/// What acts on every astrocyte layer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct DisturbanceSettings {
    kind: DisturbanceKind,
    /// σ of a diffusion in cells, standard deviation of noise, or probability of a loss.
    level: f64,
    /// Which diffusion.
    spillover: Spillover,
}

impl Default for DisturbanceSettings {
    fn default() -> Self {
        Self {
            kind: DisturbanceKind::None,
            level: 0.0,
            spillover: Spillover::Published,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum DisturbanceKind {
    None,
    Diffusion,
    Noise,
    Dropout,
}

/// How long, and how.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Training {
    pub(super) epochs: usize,
    #[serde(default = "rate")]
    pub(super) learning_rate: f64,
    #[serde(default = "batch")]
    pub(super) batch: usize,
}

/// Columns of [`Training`].
pub(super) const TRAINING: &[Column] = &columns! {
    "training.epochs" ["epochs"] "epochs of training",
    "training.learning_rate" [""] "step size of Adam",
    "training.batch" ["images"] "images per step",
};

fn rate() -> f64 {
    0.004
}

fn batch() -> usize {
    128
}

impl Training {
    pub(super) fn check(&self) -> Result<()> {
        let Self {
            epochs,
            learning_rate,
            batch,
        } = self;
        ensure!(*epochs > 0, "training.epochs = 0: at least one is needed");
        ensure!(
            *batch > 0,
            "training.batch = 0: at least one sample is needed"
        );
        ensure!(
            *learning_rate > 0.0,
            "training.learning_rate = {learning_rate}: it must be above 0"
        );
        Ok(())
    }

    pub(super) fn params(&self) -> TrainingParams {
        let Self {
            epochs,
            learning_rate,
            batch,
        } = *self;
        TrainingParams {
            adam: AdamParams::with_rate(learning_rate as f32),
            batch,
            epochs,
        }
    }
}

/// Longer results to keep.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Record {
    /// Epochs between the rows of table `history` of losses and accuracies; 0 for no table.
    every: usize,
}

impl Classifier {
    fn network(&self) -> Result<Network> {
        let NetworkSettings {
            cells,
            wiring,
            initial,
            hidden,
        } = self.network;
        let DisturbanceSettings {
            kind,
            level,
            spillover,
        } = self.disturbance;
        Ok(match cells {
            Cells::Neurons => {
                ensure!(
                    kind == DisturbanceKind::None,
                    "disturbance.kind: only networks of astrocytes are disturbed, leave it at \"none\""
                );
                neuron_classifier(&[20, hidden, 10])?
            }
            Cells::Astrocytes => {
                let disturbance = match kind {
                    DisturbanceKind::None => Disturbance::None,
                    DisturbanceKind::Diffusion => Disturbance::Diffusion(spillover, level),
                    DisturbanceKind::Noise => Disturbance::Noise(level),
                    DisturbanceKind::Dropout => Disturbance::Dropout(level),
                };
                let talk = AstrocyteClassifier::talk(wiring);
                AstrocyteClassifier {
                    initial,
                    disturbance,
                    ..talk
                }
                .build()?
            }
        })
    }
}

/// Columns of its own settings.
const SETTINGS: &[Column] = &columns! {
    "network.cells" ["word"] "astrocytes, or neurons in their place",
    "network.wiring" ["word"] "astrocytes: whose connections and bias",
    "network.initial" ["word"] "astrocytes: what initial values are drawn from",
    "network.hidden" ["neurons"] "neurons: width of the hidden layer",
    "disturbance.kind" ["word"] "what acts on every astrocyte layer: none, diffusion, noise or dropout",
    "disturbance.level" [""] "σ of a diffusion in cells, standard deviation of noise, or probability p of dropout",
    "disturbance.spillover" ["word"] "which diffusion: as published, or conserving",
    "record.every" ["epochs"] "epochs between the rows of table history; 0: no table",
};

impl Study for Classifier {
    const NAME: &'static str = "astro-classifier";
    const METRICS: &'static [Metric] = &[
        Metric::higher(
            "test_accuracy",
            "fraction",
            "correct test images after training",
        )
        .of_test_data(),
        Metric::lower(
            "test_loss",
            "nats",
            "cross-entropy per test image after training",
        )
        .of_test_data(),
        Metric::lower(
            "train_loss",
            "nats",
            "cross-entropy per training image in the last epoch",
        ),
        Metric::higher(
            "started",
            "0 or 1",
            "whether the run started to learn: test_accuracy is at least 0.2",
        )
        .of_test_data(),
        DIVERGED,
    ];
    const HEADLINE: &'static str = "train_loss";
    const SETTINGS: &'static [&'static [Column]] = &[DATA, ENCODER, TRAINING, SETTINGS];
    const TABLES: &'static [(&'static str, &'static [Column])] = &[("history", &HISTORY)];

    fn tables(&self) -> Vec<(&'static str, Table)> {
        let history = || ("history", Table::new(HISTORY));
        (self.record.every > 0).then(history).into_iter().collect()
    }

    fn resolve(&mut self, contents: &Contents) {
        self.data.resolve(contents);
        self.encoder.resolve(&self.data, contents);
    }

    fn idle(&self) -> Vec<Idle> {
        let cells: &[_] = match self.network.cells {
            Cells::Astrocytes => &["network.hidden"],
            Cells::Neurons => &["network.wiring", "network.initial"],
        };
        let kind: &[_] = match self.disturbance.kind {
            DisturbanceKind::None => &["disturbance.level", "disturbance.spillover"],
            DisturbanceKind::Diffusion => &[],
            DisturbanceKind::Noise | DisturbanceKind::Dropout => &["disturbance.spillover"],
        };
        let cells = Idle::all(cells, "network.cells");
        let kind = Idle::all(kind, "disturbance.kind");
        [cells, kind, self.encoder.idle()].concat()
    }

    fn memory(&self) -> Vec<(&'static str, f64)> {
        let hidden = self.network.hidden as f64;
        let Training { epochs, batch, .. } = self.training;
        vec![
            ("network.hidden", 500.0 * hidden),
            ("training.batch", batch as f64 * (1e3 + 16.0 * hidden)),
            ("training.epochs", 300.0 * epochs as f64),
        ]
    }

    fn check(&self, _: u64) -> Result<()> {
        self.network()?;
        self.encoder.check()?;
        self.training.check()
    }

    fn check_data(&self, data: &DataSets) -> Result<()> {
        self.encoder.check_data(&self.data, data)
    }

    fn waits_for(&self, data: &DataSets) -> Option<Preparation> {
        self.encoder.training(&self.data, data)
    }

    fn seconds(&self) -> f64 {
        let noisy = self.disturbance.kind == DisturbanceKind::Noise;
        let per_epoch = if noisy { 0.045 } else { 0.02 };
        let setup = if self.encoder.kind == Kind::RandomProjection {
            0.5
        } else {
            0.0
        };
        setup + per_epoch * self.training.epochs as f64
    }

    fn run(&self, seed: u64, data: &DataSets, monitor: &Monitor<'_>) -> Result<Outcome> {
        let codes = self.encoder.encode(&self.data, data, seed, monitor)?;
        let streams = Streams::new(seed);
        let network = self.network()?.initialised(&mut streams.weights.clone());
        let mut trainer = Trainer::new(network, &self.training.params(), streams)?;
        let mut history = Table::new(HISTORY);
        let mut stopped = None;
        let every = self.record.every;
        let epochs = self.training.epochs;
        let result = trainer.run(epochs, &codes.train, &codes.test, |epoch| {
            if every > 0 && (epoch.epoch == 1 || epoch.epoch % every == 0) {
                history.push(history_row(epoch));
            }
            match monitor.at(epoch.epoch as f64 / epochs as f64) {
                Ok(()) => ControlFlow::Continue(()),
                Err(stop) => {
                    stopped = Some(stop);
                    ControlFlow::Break(())
                }
            }
        });
        if let Some(stop) = stopped {
            return Err(stop.into());
        }
        let mut outcome = Outcome::default();
        record(&mut outcome, result)?;
        if every > 0 {
            outcome.table("history", history);
        }
        Ok(outcome)
    }
}

const HISTORY: [Column; 4] = columns! {
    "epoch" ["epochs"] "epochs of training done",
    "train_loss" ["nats"] "cross-entropy per training image in that epoch",
    "test_loss" ["nats"] "cross-entropy per test image after it",
    "test_accuracy" ["fraction"] "correct test images after it",
};

fn history_row(epoch: &Epoch) -> [Cell; 4] {
    let Epoch {
        epoch,
        train_loss,
        test_loss,
        test_accuracy,
    } = *epoch;
    [
        epoch.into(),
        train_loss.into(),
        test_loss.into(),
        test_accuracy.into(),
    ]
}

/// Metrics of the last epoch; divergence is one of the results.
fn record(outcome: &mut Outcome, result: Result<Vec<Epoch>, Failure>) -> Result<()> {
    let (last, diverged) = match result {
        Ok(history) => (history.last().copied(), String::new()),
        Err(error @ Failure::Diverged(_)) => (None, error.to_string()),
        Err(error) => return Err(error.into()),
    };
    let last = last.unwrap_or(Epoch {
        epoch: 0,
        train_loss: f64::NAN,
        test_loss: f64::NAN,
        test_accuracy: f64::NAN,
    });
    outcome.metric("test_accuracy", last.test_accuracy);
    outcome.metric("test_loss", last.test_loss);
    outcome.metric("train_loss", last.train_loss);
    outcome.metric("started", usize::from(last.test_accuracy >= STARTED));
    outcome.metric("diverged", diverged);
    Ok(())
}
