//! One head's attention over one sequence, forward and backward.
//!
//! Softmax attention and that of the circuit are the same two steps: scores of every key, s = K' q', and their
//! normalisation to weights p that average the values, o = Σ_s p_s v_s.
//!
//! ```text
//! softmax    q' = q/√d, k' = k          p = e^s / Σ e^s      ∂L/∂s = p (∂L/∂p − p·∂L/∂p)
//! circuit    q' = φ(q), k' = φ(k)       p = s / Σ s          ∂L/∂s = (∂L/∂p − p·∂L/∂p) / Σ s
//! ```

use crate::attention::{Real, kernels};
use pulp::{Simd, WithSimd};
use vecmath::reduce::{dot, sum};

/// How scores become weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Normalisation {
    Exponential,
    Linear,
}

/// Forward pass of one head.
pub(super) struct Forward<'a, T> {
    pub(super) normalisation: Normalisation,
    /// K', n × r, a key a row.
    pub(super) keys: &'a [T],
    /// q', r × n, a query a column.
    pub(super) queries: &'a [T],
    /// Values, n × d, a token a row.
    pub(super) values: &'a [T],
    /// Weights p, n × n, a query a column.
    pub(super) weights: &'a mut [T],
    /// 1/Σ s, one a query (linear normalisation only).
    pub(super) inverse: &'a mut [T],
    /// o, d × n, a query a column.
    pub(super) output: &'a mut [T],
}

impl<T: Real> WithSimd for Forward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let n = self.inverse.len();
        let (r, d) = (self.queries.len() / n, self.values.len() / n);
        self.output.fill(T::zero());
        for t in 0..n {
            let weights = &mut self.weights[t * n..][..n];
            kernels::combine_columns(s, self.keys, &self.queries[t * r..][..r], weights);
            match self.normalisation {
                Normalisation::Exponential => kernels::softmax(s, weights),
                Normalisation::Linear => {
                    let inverse = T::one() / sum(s, weights);
                    weights.iter_mut().for_each(|p| *p *= inverse);
                    self.inverse[t] = inverse;
                }
            }
            kernels::add_products(
                s,
                self.values,
                weights,
                T::one(),
                &mut self.output[t * d..][..d],
            );
        }
    }
}

/// Backward pass of one head; gradients are added in the layouts of [`Forward`].
pub(super) struct Backward<'a, T> {
    pub(super) normalisation: Normalisation,
    pub(super) keys: &'a [T],
    pub(super) queries: &'a [T],
    pub(super) values: &'a [T],
    pub(super) weights: &'a [T],
    pub(super) inverse: &'a [T],
    /// ∂L/∂o, d × n.
    pub(super) output: &'a [T],
    pub(super) d_keys: &'a mut [T],
    pub(super) d_queries: &'a mut [T],
    pub(super) d_values: &'a mut [T],
    /// n numbers to work with.
    pub(super) scratch: &'a mut [T],
}

impl<T: Real> WithSimd for Backward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let n = self.inverse.len();
        let (r, d) = (self.queries.len() / n, self.values.len() / n);
        let d_scores = self.scratch;
        for t in 0..n {
            let weights = &self.weights[t * n..][..n];
            let d_output = &self.output[t * d..][..d];
            kernels::add_outer(s, weights, d_output, self.d_values);
            kernels::combine_columns(s, self.values, d_output, d_scores);
            let mean = dot(s, weights, d_scores);
            match self.normalisation {
                Normalisation::Exponential => {
                    for (ds, &p) in d_scores.iter_mut().zip(weights) {
                        *ds = p * (*ds - mean);
                    }
                }
                Normalisation::Linear => {
                    let inverse = self.inverse[t];
                    d_scores
                        .iter_mut()
                        .for_each(|ds| *ds = (*ds - mean) * inverse);
                }
            }
            kernels::add_outer(s, d_scores, &self.queries[t * r..][..r], self.d_keys);
            kernels::add_products(
                s,
                self.keys,
                d_scores,
                T::one(),
                &mut self.d_queries[t * r..][..r],
            );
        }
    }
}
