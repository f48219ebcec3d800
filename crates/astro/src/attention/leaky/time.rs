//! Time scales of the circuit.

use crate::attention::AttentionError;
use serde::{Deserialize, Serialize};

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
    /// Time scales apart by ε for a sequence of `presentations` (tokens written plus tokens read) of `token_ms` each:
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
