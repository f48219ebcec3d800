//! The optimiser Adam (Kingma & Ba, 2015), in the form that PyTorch computes.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;
use vecmath::slots::{Slot, for_each_vector};

use crate::numerics::NumericsError;

/// Step size, memory and floor of [`Adam`].
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdamParams {
    /// Step size η, above 0.
    pub learning_rate: f32,
    /// Memory of the mean gradient, in \[0, 1).
    pub beta1: f32,
    /// Memory of the mean squared gradient, in \[0, 1).
    pub beta2: f32,
    /// Floor ε of the denominator, at least 0. It is added outside the root and after the bias correction, so
    /// gradients well below ε barely move a parameter.
    pub epsilon: f32,
}

impl AdamParams {
    /// The usual memory and floor (0.9, 0.999, 1e-8) with this step size.
    pub const fn with_rate(learning_rate: f32) -> Self {
        Self {
            learning_rate,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
        }
    }
}

/// Adam's state for one flat vector of parameters.
///
/// ```text
/// m ← m + (1 − β₁)(g − m)        v ← β₂ v + (1 − β₂) g²        t ← t + 1
/// θ ← θ − η / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)
/// ```
///
/// ```
/// use astro::numerics::adam::{Adam, AdamParams};
///
/// let mut theta = [1.0_f32, -1.0];
/// let mut adam = Adam::new(AdamParams::with_rate(0.1), theta.len());
/// adam.step(&mut theta, &[0.5, 0.0])?;
/// assert!((theta[0] - 0.9).abs() < 1e-6); // the first step has size η whatever the gradient
/// assert_eq!(theta[1], -1.0);
/// # Ok::<(), astro::numerics::NumericsError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Adam {
    params: AdamParams,
    mean: Vec<f32>,
    square: Vec<f32>,
    steps: i32,
}

/// Parameters that one thread moves at a time; networks with fewer are moved by the caller alone.
const SHARE: usize = 1 << 15;

impl Adam {
    /// The state before the first step, for `len` parameters.
    pub fn new(params: AdamParams, len: usize) -> Self {
        Self {
            params,
            mean: vec![0.0; len],
            square: vec![0.0; len],
            steps: 0,
        }
    }

    /// Changes the step size η from the next step on, as a schedule does; the moments are kept.
    pub fn set_rate(&mut self, learning_rate: f32) {
        self.params.learning_rate = learning_rate;
    }

    /// Moves the parameters one step against their gradient.
    ///
    /// # Errors
    ///
    /// [`NumericsError::Length`] if parameters or gradient are not as many as the state was made for.
    pub fn step(&mut self, theta: &mut [f32], gradient: &[f32]) -> Result<(), NumericsError> {
        let update = self.advance(theta.len(), gradient.len())?;
        vecmath::run(Step {
            update,
            theta,
            gradient,
            mean: &mut self.mean,
            square: &mut self.square,
        });
        Ok(())
    }

    /// The same step, shared among the threads of the current rayon pool; the same result to the last bit.
    ///
    /// # Errors
    ///
    /// As [`Adam::step`].
    pub fn par_step(&mut self, theta: &mut [f32], gradient: &[f32]) -> Result<(), NumericsError> {
        let update = self.advance(theta.len(), gradient.len())?;
        let moments = self
            .mean
            .par_chunks_mut(SHARE)
            .zip(self.square.par_chunks_mut(SHARE));
        theta
            .par_chunks_mut(SHARE)
            .zip(gradient.par_chunks(SHARE))
            .zip(moments)
            .for_each(|((theta, gradient), (mean, square))| {
                vecmath::run(Step {
                    update,
                    theta,
                    gradient,
                    mean,
                    square,
                });
            });
        Ok(())
    }

    fn advance(&mut self, theta: usize, gradient: usize) -> Result<Update, NumericsError> {
        NumericsError::check_length("the parameter vector", theta, self.mean.len())?;
        NumericsError::check_length("the gradient", gradient, self.mean.len())?;
        self.steps = self.steps.saturating_add(1);
        // The powers are taken in double, as the definition's authors do: 1 − β₂ᵗ starts at 1e-3.
        let correction = |beta: f32| 1.0 - f64::from(beta).powi(self.steps);
        Ok(Update {
            params: self.params,
            rate: (f64::from(self.params.learning_rate) / correction(self.params.beta1)) as f32,
            root_scale: correction(self.params.beta2).sqrt().recip() as f32,
        })
    }
}

/// What one step multiplies by.
#[derive(Clone, Copy)]
struct Update {
    params: AdamParams,
    rate: f32,
    root_scale: f32,
}

struct Step<'a> {
    update: Update,
    theta: &'a mut [f32],
    gradient: &'a [f32],
    mean: &'a mut [f32],
    square: &'a mut [f32],
}

impl WithSimd for Step<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            update:
                Update {
                    params,
                    rate,
                    root_scale,
                },
            theta,
            gradient,
            mean,
            square,
        } = self;
        let beta2 = simd.splat_f32s(params.beta2);
        let fresh1 = simd.splat_f32s(1.0 - params.beta1);
        let fresh2 = simd.splat_f32s(1.0 - params.beta2);
        let epsilon = simd.splat_f32s(params.epsilon);
        let (rate, root_scale) = (simd.splat_f32s(-rate), simd.splat_f32s(root_scale));
        for_each_vector!(f32, S, theta.len(), slot => {
            let g = slot.load(simd, gradient);
            let m = slot.load(simd, mean);
            let m = simd.mul_add_f32s(fresh1, simd.sub_f32s(g, m), m);
            let v = simd.mul_f32s(beta2, slot.load(simd, square));
            let v = simd.mul_add_f32s(simd.mul_f32s(fresh2, g), g, v);
            let denominator = simd.mul_add_f32s(simd.sqrt_f32s(v), root_scale, epsilon);
            let moved = simd.div_f32s(m, denominator);
            let moved = simd.mul_add_f32s(rate, moved, slot.load(simd, theta));
            slot.store(simd, mean, m);
            slot.store(simd, square, v);
            slot.store(simd, theta, moved);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition in double precision, one parameter at a time.
    fn reference(params: AdamParams, theta: f64, gradients: &[f64]) -> f64 {
        let (b1, b2) = (f64::from(params.beta1), f64::from(params.beta2));
        let (mut theta, mut m, mut v) = (theta, 0.0, 0.0);
        for (t, g) in gradients.iter().enumerate() {
            m = b1 * m + (1.0 - b1) * g;
            v = b2 * v + (1.0 - b2) * g * g;
            let t = t as i32 + 1;
            let (m_hat, v_hat) = (m / (1.0 - b1.powi(t)), v / (1.0 - b2.powi(t)));
            theta -= f64::from(params.learning_rate) * m_hat
                / (f64::sqrt(v_hat) + f64::from(params.epsilon));
        }
        theta
    }

    #[test]
    fn follows_the_definition_at_every_scale_of_gradient() {
        let params = AdamParams::with_rate(0.004);
        // 1e-9 is below ε: there ε decides the step.
        let scales: Vec<f32> = (0..37).map(|i| 10.0_f32.powi(2 - i % 12)).collect();
        let gradients: Vec<Vec<f32>> = (0..50)
            .map(|t| {
                scales
                    .iter()
                    .map(|s| s * ((t * 7 % 11) as f32 - 4.0))
                    .collect()
            })
            .collect();
        let mut theta = vec![0.5_f32; scales.len()];
        let mut shared = theta.clone();
        let (mut adam, mut par_adam) = (
            Adam::new(params, theta.len()),
            Adam::new(params, theta.len()),
        );
        for g in &gradients {
            adam.step(&mut theta, g).unwrap();
            par_adam.par_step(&mut shared, g).unwrap();
        }
        assert_eq!(theta, shared);
        for (i, &found) in theta.iter().enumerate() {
            let g: Vec<f64> = gradients.iter().map(|g| f64::from(g[i])).collect();
            let expected = reference(params, 0.5, &g);
            assert!(
                (f64::from(found) - expected).abs() < 2e-6,
                "{i}: {found} {expected}"
            );
        }
    }

    #[test]
    fn names_a_gradient_of_the_wrong_length() {
        let error = Adam::new(AdamParams::with_rate(0.1), 3).step(&mut [0.0; 3], &[0.0; 2]);
        assert_eq!(
            error.unwrap_err().to_string(),
            "the gradient holds 2 values, it must hold 3"
        );
    }
}
