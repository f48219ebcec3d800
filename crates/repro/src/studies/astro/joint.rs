//! Astrocytes and neurons beside each other on an autoencoder that is still learning.

use anyhow::{Result, ensure};
use astro::networks::Failure;
use astro::networks::classifier::{AstrocyteClassifier, neuron_classifier};
use astro::networks::layers::Wiring;
use astro::networks::network::Network;
use astro::networks::training::Trainer;
use astro::networks::vae::{Vae, VaeTrainer};
use astro::numerics::adam::AdamParams;
use astro::numerics::dense::Threads;
use astro::numerics::random::Streams;
use serde::{Deserialize, Serialize};

use super::super::circuits::DIVERGED;
use super::classifier::{TRAINING, Training};
use super::encoder::{DATA, Data, encode, sizes};
use super::{Contents, DataSets, Metric, Monitor, Outcome, Study};
use crate::results::started::STARTED;
use crate::results::{Column, Table, columns};

/// Settings of a run: one autoencoder, and the classifiers that read its codes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::studies) struct Joint {
    #[serde(default)]
    data: Data,
    encoder: JointEncoder,
    network: JointNetwork,
    training: Training,
}

/// The autoencoder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JointEncoder {
    learning_rate: f64,
}

/// The classifiers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JointNetwork {
    wiring: Wiring,
    /// Width of the neurons' hidden layer.
    hidden: usize,
    /// Classifiers of each kind on every autoencoder; the published runs had one.
    replicates: usize,
}

impl Joint {
    /// Name, replicate and network of every classifier.
    fn classifiers(&self) -> Result<Vec<(&'static str, usize, Network)>> {
        let JointNetwork {
            wiring,
            hidden,
            replicates,
        } = self.network;
        let mut all = Vec::new();
        for replicate in 0..replicates {
            all.push((
                "astrocytes",
                replicate,
                AstrocyteClassifier::talk(wiring).build()?,
            ));
            all.push(("neurons", replicate, neuron_classifier(&[20, hidden, 10])?));
        }
        Ok(all)
    }
}

/// Columns of table `classifiers`.
const CLASSIFIERS: [Column; 5] = columns! {
    "cells" ["word"] "astrocytes or neurons",
    "replicate" [""] "replicate, from 0",
    "test_accuracy" ["fraction"] "correct test images after training",
    "test_loss" ["nats"] "cross-entropy per test image after training",
    "started" ["0 or 1"] "whether it started to learn: test_accuracy is at least 0.2",
};

/// Columns of its own settings.
const SETTINGS: &[Column] = &columns! {
    "encoder.learning_rate" [""] "step size of Adam for the autoencoder",
    "network.wiring" ["word"] "whose connections astrocytes have",
    "network.hidden" ["neurons"] "width of the hidden layer of neurons",
    "network.replicates" [""] "classifiers of each kind on every autoencoder",
};

impl Study for Joint {
    const NAME: &'static str = "astro-joint";
    /// 2: classifiers carry the mark of having started.
    const VERSION: u32 = 2;
    const METRICS: &'static [Metric] = &[
        Metric::higher(
            "astrocytes_accuracy",
            "fraction",
            "test accuracy of astrocytes, mean over replicates",
        )
        .of_test_data(),
        Metric::higher(
            "neurons_accuracy",
            "fraction",
            "test accuracy of neurons, mean over replicates",
        )
        .of_test_data(),
        Metric::lower(
            "vae_loss",
            "nats",
            "loss of the autoencoder per training image in its last epoch",
        ),
        DIVERGED,
    ];
    const HEADLINE: &'static str = "astrocytes_accuracy";
    const SETTINGS: &'static [&'static [Column]] = &[DATA, TRAINING, SETTINGS];
    const TABLES: &'static [(&'static str, &'static [Column])] = &[("classifiers", &CLASSIFIERS)];

    fn resolve(&mut self, contents: &Contents) {
        self.data.resolve(contents);
    }

    fn memory(&self) -> Vec<(&'static str, f64)> {
        let JointNetwork {
            hidden, replicates, ..
        } = self.network;
        let classifier = 1e5 + 5e2 * hidden as f64;
        vec![
            ("network.hidden", classifier),
            ("network.replicates", classifier * replicates as f64),
            // The autoencoder's activities and their gradients, and the classifiers'.
            ("training.batch", 4e4 * self.training.batch as f64),
        ]
    }

    fn check(&self, _: u64) -> Result<()> {
        ensure!(
            self.encoder.learning_rate > 0.0,
            "encoder.learning_rate = {}: it must be above 0",
            self.encoder.learning_rate
        );
        ensure!(
            self.network.replicates > 0,
            "network.replicates = 0: at least one is needed"
        );
        self.classifiers()?;
        self.training.check()
    }

    fn check_data(&self, data: &DataSets) -> Result<()> {
        self.data.check(data)?;
        self.data.load(data).map(drop)
    }

    fn seconds(&self) -> f64 {
        self.training.epochs as f64 * (2.8 + 0.04 * self.network.replicates as f64)
    }

    /// Every epoch trains the autoencoder for one epoch, then each classifier on the codes that it gives
    /// now. Classifiers never shape the code: in the published program their gradient reaches the autoencoder but is cleared before its
    /// next step.
    fn run(&self, seed: u64, data: &DataSets, monitor: &Monitor<'_>) -> Result<Outcome> {
        let digits = self.data.load(data)?;
        let streams = Streams::new(seed);
        let vae = Vae::draw(sizes(&digits), &mut streams.weights.clone())?;
        let adam = AdamParams::with_rate(self.encoder.learning_rate as f32);
        let mut vae = VaeTrainer::new(vae, adam, self.training.batch, streams, Threads(1))?;
        let mut trainers = Vec::new();
        for (kind, replicate, network) in self.classifiers()? {
            // Far from the seeds of the autoencoders, and the same for both kinds.
            let streams = Streams::new(seed + 1_000_000 * (replicate as u64 + 1));
            let network = network.initialised(&mut streams.weights.clone());
            trainers.push((
                kind,
                replicate,
                Trainer::new(network, &self.training.params(), streams)?,
            ));
        }
        let mut diverged = String::new();
        let mut results = vec![(f64::NAN, f64::NAN); trainers.len()];
        let (mut vae_loss, epochs) = (f64::NAN, self.training.epochs);
        'training: for epoch in 1..=epochs {
            vae_loss = match vae.train_epoch(&digits.train) {
                Ok(loss) => loss.total(),
                Err(error @ Failure::Diverged(_)) => {
                    diverged = error.to_string();
                    break;
                }
                Err(error) => return Err(error.into()),
            };
            let codes = encode(vae.vae(), &digits)?;
            for ((_, _, trainer), result) in trainers.iter_mut().zip(&mut results) {
                let epoch = trainer
                    .train_epoch(&codes.train)
                    .and_then(|_| trainer.test(&codes.test));
                *result = match epoch {
                    Ok(result) => result,
                    Err(error @ Failure::Diverged(_)) => {
                        diverged = error.to_string();
                        break 'training;
                    }
                    Err(error) => return Err(error.into()),
                };
            }
            monitor.at(epoch as f64 / epochs as f64)?;
        }
        let mut table = Table::new(CLASSIFIERS);
        for ((kind, replicate, _), &(loss, accuracy)) in trainers.iter().zip(&results) {
            table.push([
                (*kind).into(),
                (*replicate).into(),
                accuracy.into(),
                loss.into(),
                usize::from(accuracy >= STARTED).into(),
            ]);
        }
        let mean = |which: &str| {
            let of = trainers
                .iter()
                .zip(&results)
                .filter(|((kind, ..), _)| *kind == which);
            of.map(|(_, &(_, accuracy))| accuracy).sum::<f64>() / self.network.replicates as f64
        };
        let mut outcome = Outcome::default();
        outcome.metric("astrocytes_accuracy", mean("astrocytes"));
        outcome.metric("neurons_accuracy", mean("neurons"));
        outcome.metric("vae_loss", vae_loss);
        outcome.metric("diverged", diverged);
        outcome.table("classifiers", table);
        Ok(outcome)
    }
}
