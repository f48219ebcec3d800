//! What the task finds wrong with the output of a head.

use super::neurons::{Change, HiddenNeurons};
use super::recall::Association;
use crate::attention::{AttentionError, HeadTokens};
use nalgebra::DMatrix;

/// Queries, keys and values of a head in some sequences, and the errors of its output there.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadErrors {
    tokens: HeadTokens,
    value: DMatrix<f64>,
    error: DMatrix<f64>,
}

impl HeadErrors {
    /// * `value`: v, d × (sequences · n)
    /// * `error`: δ = ∂L/∂o of the output o_i = Σ_j Â_ij v_j, in the same shape
    ///
    /// # Errors
    /// [`AttentionError::Size`] if values or errors are not as many as queries.
    pub fn new(
        tokens: HeadTokens,
        value: DMatrix<f64>,
        error: DMatrix<f64>,
    ) -> Result<Self, AttentionError> {
        let count = tokens.sequences() * tokens.tokens();
        AttentionError::size("number of values", value.ncols(), count, "as queries")?;
        AttentionError::size("number of errors", error.ncols(), count, "as queries")?;
        let why = "as the values'";
        AttentionError::size("errors' dimension", error.nrows(), value.nrows(), why)?;
        Ok(Self {
            tokens,
            value,
            error,
        })
    }

    /// Queries and keys.
    pub fn tokens(&self) -> &HeadTokens {
        &self.tokens
    }

    /// −∂L/∂U and −∂L/∂e of one of the sequences, where circuits compute attention.
    pub fn gradient(&self, neurons: &HiddenNeurons, sequence: usize) -> Change {
        let association = Association::of(neurons, &self.tokens, sequence);
        let advantage = self.advantage_of(&association, sequence);
        association.change(advantage.component_mul(&association.circuit))
    }

    /// By how much the task's loss would fall if query i recalled item j alone, to first order: −δ_i·(v_j − o_i), a query a column.
    pub(super) fn advantage(&self, neurons: &HiddenNeurons, sequence: usize) -> DMatrix<f64> {
        let association = Association::of(neurons, &self.tokens, sequence);
        self.advantage_of(&association, sequence)
    }

    fn advantage_of(&self, association: &Association<'_>, sequence: usize) -> DMatrix<f64> {
        let n = self.tokens.tokens();
        let value = self.value.columns(sequence * n, n);
        let error = self.error.columns(sequence * n, n);
        let mut advantage = value.tr_mul(&error) * -1.0;
        for (mut column, recalled) in advantage
            .column_iter_mut()
            .zip(association.circuit.column_iter())
        {
            let mean = column.dot(&recalled);
            column.add_scalar_mut(-mean);
        }
        advantage
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::recall::tests::{neurons, tokens};
    use super::*;

    pub(in super::super) fn errors(n: usize) -> HeadErrors {
        let matrix =
            |phase: f64| DMatrix::from_fn(2, 2 * n, |i, t| (phase + (5 * i + t * t) as f64).cos());
        HeadErrors::new(tokens(n), matrix(0.3), matrix(2.1)).unwrap()
    }

    #[test]
    fn the_gradient_matches_finite_differences() {
        let (errors, mut neurons) = (errors(6), neurons(4));
        // A loss whose errors are these, whatever the output: L = Σ δ·o.
        let loss = |neurons: &HiddenNeurons| {
            let association = Association::of(neurons, errors.tokens(), 1);
            let output = errors.value.columns(6, 6) * &association.circuit;
            output.dot(&errors.error.columns(6, 6))
        };
        let exact: Vec<f64> = errors.gradient(&neurons, 1).iter().collect();
        for (i, exact) in exact.into_iter().enumerate() {
            let mut at = |step: f64| {
                let parameter = match i.checked_sub(neurons.weights.len()) {
                    None => &mut neurons.weights[i],
                    Some(u) => &mut neurons.excitability[u],
                };
                *parameter += step;
                loss(&neurons)
            };
            let up = at(1e-5);
            let slope = (up - at(-2e-5)) / 2e-5;
            at(1e-5);
            assert!((exact + slope).abs() < 1e-8, "{i}: {exact}, {slope}");
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let wrong = |values, errors| {
            let made = HeadErrors::new(tokens(3), values, errors);
            made.unwrap_err().to_string()
        };
        let message = wrong(DMatrix::zeros(2, 5), DMatrix::zeros(2, 6));
        assert!(message.contains("number of values"), "{message}");
        let message = wrong(DMatrix::zeros(2, 6), DMatrix::zeros(3, 6));
        assert!(message.contains("errors' dimension"), "{message}");
    }
}
