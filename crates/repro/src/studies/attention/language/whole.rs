//! The whole encoder, reading text.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use astro::attention::language::{Encoder, Heads, Teacher, WordPiece};
use astro::attention::{HeadTokens, Mask, Qkv, uniform};
use astro::numerics::random::Streams;
use serde::{Deserialize, Serialize};

use crate::datasets::DataSets;
use crate::sentences::{Corpus, Fitting, Judged, Presented, Select, Targets, judge};
use crate::studies::Monitor;

/// The encoder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Model {
    /// Its folder, where the program runs; it does not ship.
    pub(super) folder: String,
    /// SHA-256 of its weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sha256: Option<String>,
}

impl Model {
    pub(super) fn weights(&self) -> String {
        format!("{}/model.safetensors", self.folder)
    }
}

/// What it reads.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Text {
    pub(super) held_out: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) held_out_sha256: Option<String>,
    pub(super) fit: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) fit_sha256: Option<String>,
    /// Tokens of a sequence.
    pub(super) tokens: usize,
    /// Number of sequences of the text of the fit, the first ones.
    pub(super) fit_sequences: usize,
    /// Number of these that say how neurons are drawn, the first ones.
    pub(super) drawn_for: usize,
    /// Number of sequences of the other that are compared, the first ones.
    pub(super) compared: usize,
}

/// An encoder as it is compared, and the texts.
pub(super) struct Loaded {
    encoder: Encoder,
    fit: Corpus,
    /// What the softmax model makes of the text that is held out.
    targets: Targets,
}

impl Loaded {
    /// Number of sequences that are compared.
    pub(super) fn compared(&self) -> usize {
        self.targets.len()
    }
}

/// An encoder, what it reads, and where both are.
pub(super) struct Reading<'a> {
    pub(super) model: &'a Model,
    pub(super) text: &'a Text,
    pub(super) data: &'a DataSets,
}

impl Reading<'_> {
    /// Model and texts, read once by a process.
    pub(super) fn load(&self) -> Result<Arc<Loaded>> {
        let folder = self.data.find(&self.model.folder);
        let Text {
            tokens,
            fit_sequences,
            compared,
            ..
        } = *self.text;
        let key = format!(
            "encoder {} {} {} {tokens} {fit_sequences} {compared}",
            folder.display(),
            self.text.fit,
            self.text.held_out
        );
        self.data.shared(&key, || {
            let open = |folder: &Path| -> Result<_> {
                Ok((Encoder::open(folder)?, WordPiece::open(folder)?))
            };
            let (encoder, pieces) = open(&folder).context(
                "encoder.folder: the model does not ship; datasets/language/README.md says where it is from",
            )?;
            let read = |name: &str, most| {
                Corpus::read(&self.data.find(name), &pieces, &encoder, tokens, most)
            };
            let fit = read(&self.text.fit, fit_sequences).context(
                "text.fit: it does not ship; datasets/language/README.md says how it is made",
            )?;
            let held_out = read(&self.text.held_out, compared).context("text.held_out")?;
            fit.check_apart(&held_out, &pieces)?;
            Ok(Loaded {
                targets: Targets::new(&encoder, &held_out.sequences)?,
                encoder,
                fit,
            })
        })
    }

    /// Every token attends to all alike.
    pub(super) fn uniform(&self) -> Result<Judged> {
        let loaded = self.load()?;
        let none = |_: usize, qkv: &Qkv<f32>| Ok(uniform(qkv, Mask::Bidirectional));
        judge(&loaded.encoder, &none, &loaded.targets)
    }

    /// Every head is a circuit.
    pub(super) fn circuit(
        &self,
        fitting: &Fitting,
        m: usize,
        balanced: bool,
        seed: u64,
        monitor: &Monitor<'_>,
    ) -> Result<Judged> {
        let loaded = self.load()?;
        let (encoder, presented) = self.present(&loaded, fitting, balanced, monitor)?;
        let streams = &mut Streams::new(seed);
        let at = |share: f64| monitor.at(0.9 * share);
        let select = Select::default();
        let neurons = fitting.neurons(&encoder, &presented, &select, m, streams, &at)?;
        let heads = Heads::new(&neurons, encoder.head_dim())?;
        let attend = |layer: usize, qkv: &Qkv<f32>| heads.attend(layer, qkv);
        monitor.at(0.95)?;
        judge(&encoder, &attend, &loaded.targets)
    }

    /// The encoder whose heads are replaced, and what neurons are fitted to.
    fn present(
        &self,
        loaded: &Loaded,
        fitting: &Fitting,
        balanced: bool,
        monitor: &Monitor<'_>,
    ) -> Result<(Encoder, Presented)> {
        let mut encoder = loaded.encoder.clone();
        let fit = &loaded.fit.sequences;
        let some = &fit[..self.text.drawn_for.min(fit.len())];
        if balanced {
            encoder.balance(some)?;
        }
        let name = format!(
            "{} {} {} {}",
            self.model.folder, self.text.fit, self.text.tokens, self.text.fit_sequences
        );
        monitor.at(0.0)?;
        // Balancing changes nothing of what a softmax model does.
        let teacher = match fitting.imitation.steps + fitting.distillation.steps {
            0 => None,
            _ => Some(self.data.shared(&format!("teacher {name}"), || {
                Ok(Teacher::new(&loaded.encoder, fit)?)
            })?),
        };
        let tokens: Arc<Vec<Vec<HeadTokens>>> = self.data.shared(
            &format!("tokens {name} {} {}", self.text.drawn_for, balanced),
            || Ok(encoder.head_tokens(some)?),
        )?;
        let presented = Presented { tokens, teacher };
        Ok((encoder, presented))
    }
}
