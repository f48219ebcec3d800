//! The circuit as its authors later wrote it: calcium diffuses from process to process, and sets how fast a synapse
//! forgets.
//!
//! ```text
//! output neurons   τ_n ẋ_i = −x_i + r Σ_j s_ij I_j + (1 − r) v_i        I_j = r q̃_j + (1 − r) k̃_j
//! synapses         τ_s ṡ_ij = −p_ij s_ij + c_ij
//! processes        τ_p ṗ_ij = Σ_kl (p_kl − p_ij)
//!
//! writing, r = 0   c_ij ← c_ij + (1/m) v_i k̃_j
//! reading, r = 1   p_ij(0) = q̃_j Σ_σ k̃_σj
//! ```
//!
//! (Kozachkov, Slotine & Krotov, arXiv 2311.08135, appendix C.) k̃ = φ(k)/√m and q̃ = φ(q)/√m are what the m hidden neurons
//! carry, N the output neurons of a head, c the Hebbian trace. Diffusion keeps the sum of calcium, so that all N m
//! processes end at its mean p*, after which the output is that of [`super::Circuit`]:
//!
//! ```text
//! p_ij(t) = p* + (p_ij(0) − p*) e^{−t/τ_d},   τ_d = τ_p/(N m)
//! s → c/p*,   x_i → Σ_j c_ij q̃_j / p* = Σ_σ v_σi φ(k_σ)·φ(q) / Σ_σ φ(k_σ)·φ(q)
//! ```
//!
//! Two things that the algebra leaves out are left in. A synapse settles with the time constant τ_s/p*: a query that
//! matches few keys raises little calcium and is read *slowly*. And before calcium has evened out, each synapse is divided by
//! that of its own process, c_ij/p_ij(0) q̃_j = c_ij/Σ_σ k̃_σj, in which the query cancels: without diffusion the circuit
//! cannot attend.
//!
//! The authors do not say what synapses do while r = 0, where nothing reads them; here they hold, and [`Start`] says what
//! the next query finds. Writing is taken as settled, x = v.

mod head;
mod time;

use super::{AttentionError, FeatureMap, Features, Mask, Phase, Qkv};
use head::Head;
use nalgebra::DMatrix;

pub use head::Instant;
pub use time::{Start, TimeConstants};

/// The circuit with calcium that diffuses. Double precision, plain units: it serves to show what settling costs.
#[derive(Debug, Clone)]
pub struct DiffusingCircuit {
    features: FeatureMap<f64>,
    time: TimeConstants,
    start: Start,
    heads: Vec<Head>,
}

impl DiffusingCircuit {
    /// A circuit that has not seen anything.
    ///
    /// * `features`: the positive map of every head, for queries and keys of its dimension
    /// * `heads`: number of heads
    /// * `value_dim`: output neurons N of one head
    ///
    /// # Errors
    /// [`AttentionError::Heads`] without heads or output neurons, [`AttentionError::TimeConstant`] as
    /// [`TimeConstants::check`], [`AttentionError::Features`] if features are not positive: calcium is a decay rate here.
    pub fn new(
        features: FeatureMap<f64>,
        heads: usize,
        value_dim: usize,
        time: TimeConstants,
        start: Start,
    ) -> Result<Self, AttentionError> {
        AttentionError::head_dim("values", heads * value_dim, heads)?;
        time.check()?;
        if !features.kind().is_positive() {
            return Err(AttentionError::Features {
                features: features.kind().name(),
                head_dim: features.head_dim(),
                asked: features.hidden(),
                right: "but calcium is the rate at which synapses decay: take a map of exponential features",
            });
        }
        let hidden = features.hidden();
        Ok(Self {
            features,
            time,
            start,
            heads: vec![Head::new(hidden, value_dim); heads],
        })
    }

    /// Attention over a whole sequence from a fresh start: output rates when each token has been read for T ms, E × n,
    /// without residual. `observe` sees every head after every integration step of reading.
    ///
    /// # Errors
    /// [`AttentionError::Size`] if the sequence does not fit the circuit, [`AttentionError::NoCalcium`] if a query raises
    /// none (or more than a double can hold).
    pub fn attend(
        &mut self,
        qkv: &Qkv<f64>,
        mask: Mask,
        observe: &mut impl FnMut(&Instant<'_>),
    ) -> Result<DMatrix<f64>, AttentionError> {
        let (d, e) = (self.features.head_dim(), self.heads[0].outputs());
        qkv.check_fits(self.heads.len(), d, e)?;
        let mut phi = Features::silent(self.features.hidden());
        let mut output = DMatrix::zeros(qkv.value().nrows(), qkv.tokens());
        for (index, head) in self.heads.iter_mut().enumerate() {
            head.reset();
            for (phase, t) in mask.presentations(qkv.tokens()) {
                let projected = match phase {
                    Phase::Writing => qkv.key(),
                    Phase::Reading => qkv.query(),
                };
                self.features
                    .apply(&projected.column(t).as_slice()[index * d..][..d], &mut phi);
                head.present(&phi);
                if phase == Phase::Writing {
                    head.write(&qkv.value().column(t).as_slice()[index * e..][..e]);
                    continue;
                }
                if self.start == Start::Rest {
                    head.rest();
                }
                head.release()
                    .map_err(|calcium| AttentionError::NoCalcium {
                        token: t,
                        head: index,
                        calcium,
                    })?;
                for step in 0..self.time.steps() {
                    head.read(step, &self.time);
                    observe(&head.instant(t, index));
                }
                output.column_mut(t).as_mut_slice()[index * e..][..e]
                    .copy_from_slice(head.output());
            }
        }
        Ok(output)
    }
}
