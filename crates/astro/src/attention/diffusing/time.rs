//! Time scales, and what a query finds.

use crate::attention::AttentionError;
use serde::{Deserialize, Serialize};

/// Time constants, all in ms.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeConstants {
    /// τ_n: membrane time constant of the output neurons.
    pub neuron_ms: f64,
    /// τ_s: a synapse settles in τ_s/p.
    pub synapse_ms: f64,
    /// τ_d = τ_p/(N m): in which calcium evens out.
    pub diffusion_ms: f64,
    /// T: how long a token is read.
    pub token_ms: f64,
    /// Integration step.
    pub dt_ms: f64,
}

/// What a query finds in synapses and output neurons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// Nothing.
    Rest,
    /// What the query before left there.
    Previous,
}

impl TimeConstants {
    /// Checks signs, and that the step resolves neurons and tokens.
    ///
    /// # Errors
    /// [`AttentionError::TimeConstant`] names the first that is wrong.
    pub fn check(&self) -> Result<(), AttentionError> {
        let positive = [
            ("neuron_ms", self.neuron_ms),
            ("synapse_ms", self.synapse_ms),
            ("diffusion_ms", self.diffusion_ms),
            ("token_ms", self.token_ms),
            ("dt_ms", self.dt_ms),
        ];
        for (what, value) in positive {
            if !(value > 0.0 && value.is_finite()) {
                let right = "must be positive and finite";
                return Err(AttentionError::TimeConstant { what, value, right });
            }
        }
        if self.dt_ms > self.neuron_ms.min(self.token_ms) {
            return Err(AttentionError::TimeConstant {
                what: "dt_ms",
                value: self.dt_ms,
                right: "must be at most neuron_ms and token_ms",
            });
        }
        Ok(())
    }

    /// Integration steps of one token.
    pub fn steps(&self) -> usize {
        (self.token_ms / self.dt_ms).round().max(1.0) as usize
    }
}
