//! Derivatives of the feature maps, for training with the circuit in place.

use super::{FeatureKind, FeatureMap, Features};
use crate::attention::Real;

impl<T: Real> FeatureMap<T> {
    /// Pulls a gradient back through the map.
    ///
    /// ```text
    /// positive:       ∂φ_i/∂x = φ_i (ω_i − x̂) d^{−¼}
    /// trigonometric:  ∂φ/∂x   = φ x̂ d^{−¼} + e^{|x̂|²/2} √2 (−sin, cos) ω d^{−¼}
    /// elu+1:          ∂φ_i/∂x_i = 1 for x_i > 0, e^{x_i} otherwise
    /// ```
    ///
    /// * `x`: the query or key, length d
    /// * `phi`: what [`FeatureMap::apply`] made of it
    /// * `weighted`: (∂L/∂φ_i) · e^{log_gain_i}, length m: the gradient with respect to the mantissas
    /// * `gradient`: ∂L/∂x is added to it, length d
    pub(crate) fn pull_back(&self, x: &[T], phi: &Features<T>, weighted: &[T], gradient: &mut [T]) {
        match self.kind {
            FeatureKind::EluPlusOne => {
                // rate = 1 + x, log gain 0 above zero; rate = 1, log gain x below: both slopes are 1 in these units.
                for (gradient, &weighted) in gradient.iter_mut().zip(weighted) {
                    *gradient += weighted;
                }
            }
            FeatureKind::Positive
            | FeatureKind::PositiveOrthogonal
            | FeatureKind::PositiveAntithetic => {
                self.pull_back_norm(x, weighted, &phi.rate, -T::one(), gradient);
                self.pull_back_projection(weighted, gradient);
            }
            FeatureKind::Trigonometric => {
                self.pull_back_norm(x, weighted, &phi.rate, T::one(), gradient);
                let half = self.hidden / 2;
                let (cos, sin) = phi.rate.split_at(half);
                let phase: Vec<T> = (0..half)
                    .map(|i| weighted[half + i] * cos[i] - weighted[i] * sin[i])
                    .collect();
                self.pull_back_projection(&phase, gradient);
            }
        }
    }

    /// The part through e^{±|x̂|²/2}.
    fn pull_back_norm(&self, x: &[T], weighted: &[T], rate: &[T], sign: T, gradient: &mut [T]) {
        let total = weighted
            .iter()
            .zip(rate)
            .fold(T::zero(), |sum, (&w, &r)| sum + w * r);
        let factor = sign * total * T::of(1.0 / (self.head_dim as f64).sqrt());
        for (gradient, &x) in gradient.iter_mut().zip(x) {
            *gradient += factor * x;
        }
    }

    /// The part through ω·x̂.
    fn pull_back_projection(&self, weighted: &[T], gradient: &mut [T]) {
        let columns = self.frequencies.as_slice().chunks_exact(weighted.len());
        for (gradient, column) in gradient.iter_mut().zip(columns) {
            for (&w, &weighted) in column.iter().zip(weighted) {
                *gradient += w * weighted;
            }
        }
    }
}
