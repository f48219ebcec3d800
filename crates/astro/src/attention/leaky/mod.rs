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
mod time;

use super::{AttentionError, FeatureMap, Features, Mask, Phase, Qkv};
use head::Head;
use nalgebra::DMatrix;

pub use head::Instant;
pub use time::TimeConstants;

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
        qkv.check_fits(
            self.heads.len(),
            self.features.head_dim(),
            self.heads[0].outputs(),
        )?;
        self.heads.iter_mut().for_each(Head::rest);
        self.now_ms = 0.0;
        let mut output = DMatrix::zeros(qkv.value().nrows(), qkv.tokens());
        for (phase, t) in mask.presentations(qkv.tokens()) {
            self.present(qkv, t, phase, &mut output, observe)?;
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
