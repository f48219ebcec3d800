//! The circuit in continuous time: every quantity follows its own leaky dynamics.
//!
//! ```text
//! hidden neurons   τ_h ḣ = −h + φ(k_t) while writing, φ(q_t) while reading
//! output neurons   τ_h ȯ = −o + v_t while writing, x_t + H h / (g·h) while reading
//! synapses         τ_H Ḣ = −H + w (τ_H/T) (1/m) o hᵀ
//! astrocyte        τ_g ġ = −g + w (τ_g/T) (1/m) h         calcium of the processes, the slowest
//! ```
//!
//! A token lasts T ms, w is 1 while writing and 0 while reading. The drives of synapses and processes carry τ/T, so that one
//! presentation adds one unit of association, whatever the time constants. As the time scales separate,
//!
//! ```text
//! τ_h / T → 0   rates have settled before the token is over
//! T_total / τ_H, T_total / τ_g → 0   nothing written is forgotten before it is read
//! ```
//!
//! the output at the end of each reading presentation converges to that of [`super::Circuit`], with an error of first
//! order in the ratios: with one ε for both ([`TimeConstants::separated`]), the error is O(ε).

mod head;

use super::{AttentionError, FeatureMap, Features, Mask, Phase, Qkv};
use head::Head;
use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

pub use head::Instant;

/// Time constants, all in ms.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeConstants {
    /// τ_h: membrane time constant of hidden and output neurons.
    pub hidden_ms: f64,
    /// τ_H: decay of the Hebbian weights.
    pub synapse_ms: f64,
    /// τ_g: decay of calcium in the processes; at least τ_H.
    pub calcium_ms: f64,
    /// T: how long a token is presented.
    pub token_ms: f64,
    /// Integration step.
    pub dt_ms: f64,
}

impl TimeConstants {
    /// Time scales apart by ε for a sequence of so many presentations (tokens written plus tokens read) of `token_ms` each:
    ///
    /// ```text
    /// τ_h = ε T,   τ_H = T_total / ε,   τ_g = 2 τ_H,   dt = τ_h / 16
    /// ```
    pub fn separated(epsilon: f64, presentations: usize, token_ms: f64) -> Self {
        let synapse_ms = presentations as f64 * token_ms / epsilon;
        Self {
            hidden_ms: epsilon * token_ms,
            synapse_ms,
            calcium_ms: 2.0 * synapse_ms,
            token_ms,
            dt_ms: epsilon * token_ms / 16.0,
        }
    }

    /// Checks signs and the order of the time scales.
    ///
    /// # Errors
    /// [`AttentionError::TimeConstant`] names the first that is wrong.
    pub fn check(&self) -> Result<(), AttentionError> {
        let rules = [
            (
                "token_ms",
                self.token_ms,
                self.token_ms > 0.0,
                "must be positive",
            ),
            (
                "hidden_ms",
                self.hidden_ms,
                self.hidden_ms > 0.0,
                "must be positive",
            ),
            (
                "dt_ms",
                self.dt_ms,
                self.dt_ms > 0.0 && self.dt_ms <= self.hidden_ms.min(self.token_ms),
                "must be positive and at most hidden_ms and token_ms",
            ),
            (
                "synapse_ms",
                self.synapse_ms,
                self.synapse_ms > self.hidden_ms,
                "must exceed hidden_ms: synapses are slower than rates",
            ),
            (
                "calcium_ms",
                self.calcium_ms,
                self.calcium_ms >= self.synapse_ms,
                "must be at least synapse_ms: calcium is the slowest",
            ),
        ];
        match rules
            .into_iter()
            .find(|(_, value, holds, _)| !holds || !value.is_finite())
        {
            None => Ok(()),
            Some((what, value, _, right)) => {
                Err(AttentionError::TimeConstant { what, value, right })
            }
        }
    }
}

/// The time-resolved circuit. Double precision: it serves to show what the algebra leaves out, not speed.
#[derive(Debug, Clone)]
pub struct LeakyCircuit {
    features: FeatureMap<f64>,
    time: TimeConstants,
    heads: Vec<Head>,
    drive: Features<f64>,
    now_ms: f64,
}

impl LeakyCircuit {
    /// A circuit at rest.
    ///
    /// * `features`: the map of every head, for queries and keys of its dimension
    /// * `heads`: number of heads
    /// * `value_dim`: output neurons of one head
    ///
    /// # Errors
    /// [`AttentionError::Heads`] without heads or output neurons, [`AttentionError::TimeConstant`] as [`TimeConstants::check`].
    pub fn new(
        features: FeatureMap<f64>,
        heads: usize,
        value_dim: usize,
        time: TimeConstants,
    ) -> Result<Self, AttentionError> {
        AttentionError::head_dim("values", heads * value_dim, heads)?;
        time.check()?;
        let hidden = features.hidden();
        Ok(Self {
            features,
            time,
            heads: vec![Head::new(hidden, value_dim); heads],
            drive: Features::silent(hidden),
            now_ms: 0.0,
        })
    }

    /// Attention over a whole sequence from rest: output rates at the end of each reading presentation, E × n, without
    /// residual. `observe` sees every head after every integration step.
    ///
    /// # Errors
    /// [`AttentionError::Size`] if the sequence does not fit the circuit, [`AttentionError::NoCalcium`] if the averaged
    /// calcium vanishes at any moment of reading.
    pub fn attend(
        &mut self,
        qkv: &Qkv<f64>,
        mask: Mask,
        observe: &mut impl FnMut(&Instant<'_>),
    ) -> Result<DMatrix<f64>, AttentionError> {
        AttentionError::size("heads", qkv.heads(), self.heads.len(), "as the circuit")?;
        let d = self.features.head_dim();
        AttentionError::size("head's keys", qkv.head_dim(), d, "as the feature map")?;
        let e = self.heads[0].outputs();
        AttentionError::size("head's values", qkv.value_dim(), e, "as the output neurons")?;
        self.heads.iter_mut().for_each(Head::rest);
        self.now_ms = 0.0;
        let mut output = DMatrix::zeros(qkv.value().nrows(), qkv.tokens());
        for t in 0..qkv.tokens() {
            self.present(qkv, t, Phase::Writing, &mut output, observe)?;
            if mask == Mask::Causal {
                self.present(qkv, t, Phase::Reading, &mut output, observe)?;
            }
        }
        if mask == Mask::Bidirectional {
            for t in 0..qkv.tokens() {
                self.present(qkv, t, Phase::Reading, &mut output, observe)?;
            }
        }
        Ok(output)
    }

    /// Presents token `t` for T ms in the given phase.
    fn present(
        &mut self,
        qkv: &Qkv<f64>,
        t: usize,
        phase: Phase,
        output: &mut DMatrix<f64>,
        observe: &mut impl FnMut(&Instant<'_>),
    ) -> Result<(), AttentionError> {
        let steps = (self.time.token_ms / self.time.dt_ms).round().max(1.0) as usize;
        let time = TimeConstants {
            dt_ms: self.time.token_ms / steps as f64,
            ..self.time
        };
        let (d, e) = (self.features.head_dim(), self.heads[0].outputs());
        let projected = match phase {
            Phase::Writing => qkv.key(),
            Phase::Reading => qkv.query(),
        };
        for (index, head) in self.heads.iter_mut().enumerate() {
            self.features.apply(
                &projected.column(t).as_slice()[index * d..][..d],
                &mut self.drive,
            );
            head.drive_hidden(&self.drive);
            for step in 1..=steps {
                match phase {
                    Phase::Writing => {
                        head.write(&qkv.value().column(t).as_slice()[index * e..][..e], &time)
                    }
                    Phase::Reading => {
                        head.read(&time)
                            .map_err(|calcium| AttentionError::NoCalcium {
                                token: t,
                                head: index,
                                calcium,
                            })?
                    }
                }
                observe(&head.instant(phase, t, index, self.now_ms + step as f64 * time.dt_ms));
            }
            if phase == Phase::Reading {
                output.column_mut(t).as_mut_slice()[index * e..][..e]
                    .copy_from_slice(head.output());
            }
        }
        self.now_ms += self.time.token_ms;
        Ok(())
    }
}
