//! A pretrained sentence encoder, frozen, its attention computed by circuits.

mod sample;
mod whole;

use anyhow::{Context as _, Result, ensure};
use astro::attention::FeatureMap;
use astro::attention::language::{Distillation, Imitation};
use astro::numerics::random::Streams;
use serde::{Deserialize, Serialize};

use self::sample::Sample;
use self::whole::{Model, Reading, Text};
use super::features::{FIT, Fit};
use super::sequence::{CIRCUIT, Hidden};
use super::{Contents, DataSets, Idle, Metric, Monitor, Outcome, Study};
use crate::results::{Cell, Column, Table, columns};
use crate::sentences::{Fitting, LayerError};

/// One encoder, or a sample of its queries, keys and values; one kind of attention; one draw.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::studies) struct AttentionLanguage {
    source: Source,
    condition: Condition,
    encoder: Model,
    text: Text,
    sample: Sample,
    circuit: Hidden,
    fit: Fit,
    imitation: Imitation,
    distillation: Distillation,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Source {
    /// The whole encoder, reading text.
    Model,
    /// Queries, keys and values that some of its heads had.
    Sample,
}

/// What attends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Condition {
    /// Every token to all alike: no attention.
    Uniform,
    /// The circuit.
    Circuit,
}

const SETTINGS: &[Column] = &columns! {
    "source" ["word"] "what is compared: a whole encoder that reads text (model), or captured queries, keys and values of some of its heads (sample)",
    "condition" ["word"] "what attends: uniform (no attention) or circuit",
    "encoder.folder" ["path"] "folder of the encoder",
    "encoder.sha256" ["hexadecimal"] "digest of its weights",
    "text.held_out" ["path"] "text whose embeddings are compared",
    "text.held_out_sha256" ["hexadecimal"] "digest of it",
    "text.fit" ["path"] "text to which hidden neurons are fitted",
    "text.fit_sha256" ["hexadecimal"] "digest of it",
    "text.tokens" ["tokens"] "length of a sequence",
    "text.fit_sequences" ["sequences"] "sequences of the text of the fit: the first so many",
    "text.drawn_for" ["sequences"] "of these, the first so many say how neurons are drawn and balance queries and keys",
    "text.compared" ["sequences"] "sequences that are compared: the first so many",
    "sample.file" ["path"] "captured queries, keys and values",
    "sample.sha256" ["hexadecimal"] "digest of the file",
    "sample.fit_sequences" ["sequences"] "sequences that neurons are fitted to: the first so many; the others are compared",
    "imitation.steps" [""] "changes by which each head learns to attend as softmax does; 0: neurons stay as drawn",
    "imitation.batch" ["sequences"] "sequences per change, drawn at random",
    "imitation.rate" [""] "largest step of Adam; it rises over the first tenth and falls linearly to 0",
    "distillation.steps" [""] "changes by which, after that, all heads learn together what the layers of the softmax model do",
    "distillation.batch" ["sequences"] "sequences per change, drawn at random",
    "distillation.rate" [""] "largest step of Adam, likewise",
    "distillation.embedding" [""] "weight of the embeddings beside the layers",
};

/// Columns of table `layers`.
const LAYERS: [Column; 3] = columns! {
    "layer" [""] "layer, from 1",
    "attention_error" [""] "of the output of its attention, on the queries, keys and values of the softmax model: norm of the difference from softmax attention, relative",
    "state_error" [""] "of the tokens after it, the layers below having the same attention: norm of the difference from the softmax model, relative; empty for a sample",
};

/// What only a model has.
const MODEL_ONLY: [&str; 15] = [
    "encoder.folder",
    "encoder.sha256",
    "text.held_out",
    "text.held_out_sha256",
    "text.fit",
    "text.fit_sha256",
    "text.tokens",
    "text.fit_sequences",
    "text.drawn_for",
    "text.compared",
    "fit.balanced",
    "distillation.steps",
    "distillation.batch",
    "distillation.rate",
    "distillation.embedding",
];
/// What only a sample has.
const SAMPLE_ONLY: [&str; 3] = ["sample.file", "sample.sha256", "sample.fit_sequences"];
/// What only the circuit has.
const CIRCUIT_ONLY: [&str; 12] = [
    "circuit.features",
    "circuit.m",
    "fit.balanced",
    "fit.spread",
    "fit.pairs",
    "imitation.steps",
    "imitation.batch",
    "imitation.rate",
    "distillation.steps",
    "distillation.batch",
    "distillation.rate",
    "distillation.embedding",
];

impl AttentionLanguage {
    /// How neurons are found.
    fn fitting(&self) -> Fitting {
        Fitting {
            features: self.circuit.features,
            spread: self.fit.spread,
            pairs: self.fit.pairs,
            imitation: self.imitation,
            distillation: self.distillation,
        }
    }

    fn reading<'a>(&'a self, data: &'a DataSets) -> Reading<'a> {
        Reading {
            model: &self.encoder,
            text: &self.text,
            data,
        }
    }

    /// The whole encoder.
    fn read_text(&self, seed: u64, data: &DataSets, monitor: &Monitor<'_>) -> Result<Outcome> {
        let reading = self.reading(data);
        let (m, balanced) = (self.circuit.m, self.fit.balanced);
        let judged = match self.condition {
            Condition::Uniform => reading.uniform()?,
            Condition::Circuit => reading.circuit(&self.fitting(), m, balanced, seed, monitor)?,
        };
        let mut outcome = Outcome::default();
        outcome.metric("cosine", judged.cosine);
        outcome.metric("worst_cosine", judged.worst);
        outcome.metric("correlation", judged.correlation);
        outcome.metric("neighbours", judged.neighbours);
        report(&mut outcome, &judged.layers, reading.load()?.compared());
        Ok(outcome)
    }

    /// Captured heads, each by itself.
    fn read_sample(&self, seed: u64, data: &DataSets, monitor: &Monitor<'_>) -> Result<Outcome> {
        let captured = self.sample.captured(data)?;
        let layers = match self.condition {
            Condition::Uniform => self.sample.uniform(&captured)?,
            Condition::Circuit => {
                let (fitting, m) = (self.fitting(), self.circuit.m);
                self.sample.circuit(&captured, &fitting, m, seed, monitor)?
            }
        };
        let mut outcome = Outcome::default();
        let compared = captured.sequences() - self.sample.fit_sequences;
        report(&mut outcome, &layers, compared);
        Ok(outcome)
    }
}

/// Metrics and table of the layers.
fn report(outcome: &mut Outcome, layers: &[LayerError], compared: usize) {
    let mean = layers.iter().map(|layer| layer.attention).sum::<f64>() / layers.len() as f64;
    outcome.metric("attention_error", mean);
    outcome.metric("compared", compared);
    let mut table = Table::new(LAYERS);
    for (number, layer) in layers.iter().enumerate() {
        table.push([
            (number + 1).into(),
            Cell::rounded(layer.attention, 6),
            Cell::rounded(layer.state, 6),
        ]);
    }
    outcome.table("layers", table);
}

impl Study for AttentionLanguage {
    const NAME: &'static str = "attention-language";
    const METRICS: &'static [Metric] = &[
        Metric::higher(
            "cosine",
            "",
            "cosine of the embeddings with circuits and with softmax attention, mean over sequences",
        ),
        Metric::higher("worst_cosine", "", "the smallest of those cosines"),
        Metric::higher(
            "correlation",
            "",
            "correlation of the cosines of all pairs of sequences, with circuits and with softmax attention",
        ),
        Metric::higher(
            "neighbours",
            "fraction",
            "sequences whose nearest other sequence is the same with circuits and with softmax attention",
        ),
        Metric::lower(
            "attention_error",
            "",
            "relative error of a layer's attention, as in table layers, mean over layers",
        ),
        Metric::neutral("compared", "sequences", "sequences compared"),
    ];
    const HEADLINE: &'static str = "attention_error";
    const SETTINGS: &'static [&'static [Column]] = &[SETTINGS, CIRCUIT, FIT];
    const TABLES: &'static [(&'static str, &'static [Column])] = &[("layers", &LAYERS)];

    fn resolve(&mut self, contents: &Contents) {
        let fill = |sha256: &mut Option<String>, name: &str| {
            *sha256 = sha256.take().or_else(|| contents.sha256(name));
        };
        match self.source {
            Source::Model => {
                let weights = self.encoder.weights();
                fill(&mut self.encoder.sha256, &weights);
                fill(&mut self.text.fit_sha256, &self.text.fit);
                fill(&mut self.text.held_out_sha256, &self.text.held_out);
            }
            Source::Sample => fill(&mut self.sample.sha256, &self.sample.file),
        }
    }

    fn idle(&self) -> Vec<Idle> {
        let mut idle = match self.source {
            Source::Model => Idle::all(&SAMPLE_ONLY, "source"),
            Source::Sample => Idle::all(&MODEL_ONLY, "source"),
        };
        match self.condition {
            Condition::Uniform => idle.extend(Idle::all(&CIRCUIT_ONLY, "condition")),
            Condition::Circuit => {
                idle.extend(self.fit.idle(&self.circuit));
                if self.imitation.steps == 0 {
                    let all = ["imitation.batch", "imitation.rate"];
                    idle.extend(Idle::all(&all, "imitation.steps"));
                }
                if self.distillation.steps == 0 {
                    let all = [
                        "distillation.batch",
                        "distillation.rate",
                        "distillation.embedding",
                    ];
                    idle.extend(Idle::all(&all, "distillation.steps"));
                }
            }
        }
        idle
    }

    fn memory(&self) -> Vec<(&'static str, f64)> {
        let m = self.circuit.m as f64;
        match self.source {
            // Of a base model of 12 layers of 768.
            Source::Model => {
                let token = 12.0 * 768.0;
                let tokens = self.text.tokens as f64;
                vec![
                    ("circuit.m", 12.0 * token * m),
                    (
                        "text.fit_sequences",
                        8.0 * token * tokens * self.text.fit_sequences as f64,
                    ),
                    (
                        "text.drawn_for",
                        32.0 * token * tokens * self.text.drawn_for as f64,
                    ),
                    (
                        "text.compared",
                        24.0 * token * tokens * self.text.compared as f64,
                    ),
                    ("text.tokens", 24.0 * token * tokens),
                    ("imitation.batch", 8.0 * steps(&self.imitation)),
                    (
                        "distillation.batch",
                        (12.0 * token * (10.0 * tokens + 4.0 * m)) * self.distillation.batch as f64,
                    ),
                ]
            }
            Source::Sample => vec![
                ("circuit.m", 4e3 * m),
                ("imitation.batch", 8.0 * steps(&self.imitation)),
            ],
        }
    }

    fn check(&self, seed: u64) -> Result<()> {
        ensure!(
            self.circuit.features.is_positive(),
            "circuit.features = {:?}: positive features are needed, they are what exponential neurons compute",
            self.circuit.features.name()
        );
        let rng = &mut Streams::new(seed).layers;
        FeatureMap::<f64>::draw(self.circuit.features, 2, self.circuit.m, rng)
            .context("circuit")?;
        for (key, value, least) in [
            ("text.drawn_for", self.text.drawn_for, 1),
            ("text.fit_sequences", self.text.fit_sequences, 2),
            ("text.compared", self.text.compared, 2),
            ("text.tokens", self.text.tokens, 3),
            ("sample.fit_sequences", self.sample.fit_sequences, 1),
            ("imitation.batch", self.imitation.batch, 1),
            ("distillation.batch", self.distillation.batch, 1),
        ] {
            ensure!(
                value >= least,
                "{key} = {value}: at least {least} is needed"
            );
        }
        for (key, value, least) in [
            ("imitation.rate", self.imitation.rate, f64::MIN_POSITIVE),
            (
                "distillation.rate",
                self.distillation.rate,
                f64::MIN_POSITIVE,
            ),
            ("distillation.embedding", self.distillation.embedding, 0.0),
        ] {
            let range = if least > 0.0 { "above" } else { "of at least" };
            ensure!(
                value >= least && value.is_finite(),
                "{key} = {value}: a number {range} 0 is needed"
            );
        }
        Ok(())
    }

    fn check_data(&self, data: &DataSets) -> Result<()> {
        let contents = data.contents();
        match self.source {
            Source::Model => {
                self.reading(data).load()?;
                let name = self.encoder.weights();
                let sha256 = self.encoder.sha256.as_deref();
                contents.check("encoder.sha256", &name, sha256)?;
                let Text {
                    held_out,
                    held_out_sha256,
                    fit,
                    fit_sha256,
                    ..
                } = &self.text;
                contents.check("text.fit_sha256", fit, fit_sha256.as_deref())?;
                contents.check("text.held_out_sha256", held_out, held_out_sha256.as_deref())?;
                Ok(())
            }
            Source::Sample => {
                self.sample.captured(data)?;
                let Sample { file, sha256, .. } = &self.sample;
                contents.check("sample.sha256", file, sha256.as_deref())
            }
        }
    }

    fn seconds(&self) -> f64 {
        let m = self.circuit.m as f64;
        let presented = steps(&self.imitation);
        match (self.source, self.condition) {
            (Source::Model, Condition::Uniform) => 0.04 * self.text.compared as f64,
            (Source::Model, Condition::Circuit) => {
                let drawn = 0.03 * self.text.drawn_for as f64;
                let distilled = self.distillation.steps as f64 * self.distillation.batch as f64;
                let learnt = match presented + distilled {
                    0.0 => 0.0,
                    _ => {
                        let taught = 0.06 * self.text.fit_sequences as f64;
                        let imitated = (5e-4 + 1.5e-5 * m) * presented;
                        taught + imitated + (0.06 + 3e-4 * m) * distilled
                    }
                };
                drawn + learnt + self.text.compared as f64 * (0.04 + 1e-4 * m)
            }
            (Source::Sample, _) => 0.1 + 2e-6 * m * (100.0 + 6.0 * presented),
        }
    }

    fn run(&self, seed: u64, data: &DataSets, monitor: &Monitor<'_>) -> Result<Outcome> {
        match self.source {
            Source::Model => self.read_text(seed, data, monitor),
            Source::Sample => self.read_sample(seed, data, monitor),
        }
    }
}

/// Sequences that are presented.
fn steps(imitation: &Imitation) -> f64 {
    imitation.steps as f64 * imitation.batch as f64
}
