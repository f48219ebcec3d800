//! How close the circuit comes to softmax attention.

use anyhow::Result;
use astro::attention::{AttentionError, Circuit, Fidelity, softmax};
use astro::numerics::random::Streams;
use serde::{Deserialize, Serialize};

use super::super::circuits::DIVERGED;
use super::sequence::{CIRCUIT, Hidden, SEQUENCE, Sequence, memory};
use super::{DataSets, Idle, Metric, Monitor, Outcome, Study};
use crate::results::Column;

/// One random sequence, read by one circuit.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::studies) struct AttentionErrorStudy {
    sequence: Sequence,
    circuit: Hidden,
}

impl Study for AttentionErrorStudy {
    const NAME: &'static str = "attention-error";
    const METRICS: &'static [Metric] = &[
        Metric::lower(
            "relative_error",
            "",
            "norm of the difference from softmax attention, relative to the norm of softmax attention",
        ),
        Metric::higher(
            "mean_cosine",
            "",
            "cosine between the output and that of softmax attention, mean over tokens and heads",
        ),
        Metric::higher("min_cosine", "", "the smallest of those cosines"),
        DIVERGED,
    ];
    const HEADLINE: &'static str = "relative_error";
    const SETTINGS: &'static [&'static [Column]] = &[SEQUENCE, CIRCUIT];

    fn idle(&self) -> Vec<Idle> {
        self.circuit.idle()
    }

    fn memory(&self) -> Vec<(&'static str, f64)> {
        memory(&self.sequence, &self.circuit)
    }

    fn check(&self, seed: u64) -> Result<()> {
        self.sequence.check()?;
        self.circuit
            .draw::<f64>(self.sequence.head_dim, &mut Streams::new(seed))?;
        Ok(())
    }

    fn seconds(&self) -> f64 {
        let Sequence {
            tokens,
            heads,
            head_dim,
            ..
        } = self.sequence;
        let per_token = 4.0 * self.circuit.m as f64 * (head_dim as f64 + 4.0);
        0.002 + tokens as f64 * heads as f64 * per_token * 1e-9
    }

    fn run(&self, seed: u64, _: &DataSets, monitor: &Monitor<'_>) -> Result<Outcome> {
        monitor.at(0.0)?;
        let mut streams = Streams::new(seed);
        let qkv = self.sequence.draw(&mut streams)?;
        let map = self.circuit.draw(self.sequence.head_dim, &mut streams)?;
        let mut circuit = Circuit::new(map, self.sequence.heads, self.sequence.head_dim)?;
        let mut outcome = Outcome::default();
        match circuit.attend(&qkv, self.sequence.mask, &mut ()) {
            Ok(output) => {
                let reference = softmax(&qkv, self.sequence.mask);
                if let Some(fidelity) = Fidelity::compare(&output, &reference) {
                    outcome.metric("relative_error", fidelity.relative_error);
                    outcome.metric("mean_cosine", fidelity.mean_cosine);
                    outcome.metric("min_cosine", fidelity.min_cosine);
                }
                outcome.metric("diverged", "");
            }
            Err(error @ AttentionError::NoCalcium { .. }) => {
                outcome.metric("relative_error", f64::NAN);
                outcome.metric("mean_cosine", f64::NAN);
                outcome.metric("min_cosine", f64::NAN);
                outcome.metric("diverged", error.to_string());
            }
            Err(error) => return Err(error.into()),
        }
        Ok(outcome)
    }
}
