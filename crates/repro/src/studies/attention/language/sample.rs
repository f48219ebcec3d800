//! Captured queries, keys and values, head by head.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use astro::attention::language::Heads;
use astro::attention::{Mask, Qkv, uniform};
use astro::numerics::random::Streams;
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::datasets::DataSets;
use crate::sentences::{Attention, Captured, Fitting, LayerError};
use crate::studies::Monitor;

/// Captured queries, keys and values.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sample {
    pub(super) file: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sha256: Option<String>,
    /// Number of sequences that neurons are fitted to, the first ones; the others are compared.
    pub(super) fit_sequences: usize,
}

impl Sample {
    /// The file, read once by a process.
    pub(super) fn captured(&self, data: &DataSets) -> Result<Arc<Captured>> {
        let path = data.find(&self.file);
        let captured = data.shared(&format!("captured {}", path.display()), || {
            Captured::read(&path).context("sample.file")
        })?;
        let all = captured.sequences();
        ensure!(
            (1..all).contains(&self.fit_sequences),
            "sample.fit_sequences = {}: {} holds {all} sequences, of which at least one must be left to compare",
            self.fit_sequences,
            path.display()
        );
        Ok(captured)
    }

    /// Every token attends to all alike.
    pub(super) fn uniform(&self, captured: &Captured) -> Result<Vec<LayerError>> {
        let layers = captured.layers.iter();
        layers
            .map(|qkv| {
                let none = |qkv: &Qkv<f32>| Ok(uniform(qkv, Mask::Bidirectional));
                self.error(captured, qkv, &none)
            })
            .collect()
    }

    /// Every head is a circuit, fitted to the first sequences.
    pub(super) fn circuit(
        &self,
        captured: &Captured,
        fitting: &Fitting,
        m: usize,
        seed: u64,
        monitor: &Monitor<'_>,
    ) -> Result<Vec<LayerError>> {
        let count = self.fit_sequences;
        let streams = &mut Streams::new(seed);
        let mut layers = Vec::new();
        for (layer, qkv) in captured.layers.iter().enumerate() {
            monitor.at(layer as f64 / captured.layers.len() as f64)?;
            let mut heads = Vec::new();
            for (head, tokens) in captured.head_tokens(layer, count)?.iter().enumerate() {
                let mut neurons = fitting.draw(tokens, m, streams)?;
                let presentations = fitting.imitation.steps * fitting.imitation.batch;
                let order: Vec<usize> = (0..presentations)
                    .map(|_| streams.order.random_range(0..count))
                    .collect();
                let (seen, _) = qkv.split_at(count);
                fitting.imitation.fit(&mut neurons, seen, head, &order)?;
                heads.push(Some(neurons));
            }
            let heads = Heads::new(&[heads], qkv[0].head_dim())?;
            layers.push(self.error(captured, qkv, &|qkv| heads.attend(0, qkv))?);
        }
        Ok(layers)
    }

    /// Error of a layer on the sequences that are compared.
    fn error(
        &self,
        captured: &Captured,
        layer: &[Qkv<f32>],
        attend: &Attention<'_>,
    ) -> Result<LayerError> {
        let (_, unseen) = layer.split_at(self.fit_sequences);
        Ok(LayerError {
            attention: captured.error(unseen, attend)?,
            state: f64::NAN,
        })
    }
}
