//! Diffusion of transmitter between neighbouring astrocytes.

use nalgebra::DMatrix;
use pulp::{Simd, WithSimd};
use vecmath::slots::{Slot, for_each_vector};

use super::layer::{Gradients, Layer, Pass, Passed};
use crate::numerics::NumericsError;

/// Which blur a diffusion of width σ is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Spillover {
    /// A 3×3 Gaussian on an image one pixel wide with zeros around it, as the published program computes it. Its two side
    /// columns fall outside the image, so that it shrinks every signal besides blurring it.
    Published,
    /// The one-dimensional Gaussian of the same σ between closed ends: what leaves one cell arrives in the next, and the sum over
    /// the features stays what it was.
    Conserving,
}

/// Exchange with the two neighbours, without parameters.
///
/// ```text
/// e = exp(−1/(2σ²)),   c = 1/(1 + 2e),   d = e/(1 + 2e)
/// published    y_i = c (d x_{i−1} + c x_i + d x_{i+1}),   x_{−1} = x_N = 0
/// conserving   y_i = x_i + d (x_{i−1} − x_i) + d (x_{i+1} − x_i), without the terms that leave the line
/// ```
///
/// The map is symmetric, so it is its own gradient. It does not close to a ring, even between published layers that do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Diffusion {
    features: usize,
    inner: f32,
    end: f32,
    neighbour: f32,
}

impl Diffusion {
    /// Diffusion of width σ (in cells) between `features` neighbours; σ = 0 is the identity.
    ///
    /// # Errors
    ///
    /// [`NumericsError::Range`] unless σ is finite and at least 0.
    pub fn new(spillover: Spillover, features: usize, sigma: f64) -> Result<Self, NumericsError> {
        if !(sigma.is_finite() && sigma >= 0.0) {
            return Err(NumericsError::Range {
                what: "the width σ of a diffusion",
                value: sigma,
                range: "finite and at least 0",
            });
        }
        let e = (-0.5 / (sigma * sigma)).exp();
        let (c, d) = (1.0 / (1.0 + 2.0 * e), e / (1.0 + 2.0 * e));
        let (inner, end, neighbour) = match (spillover, features) {
            (Spillover::Published, _) => (c * c, c * c, c * d),
            (Spillover::Conserving, 0 | 1) => (1.0, 1.0, d),
            (Spillover::Conserving, _) => (1.0 - 2.0 * d, 1.0 - d, d),
        };
        Ok(Self {
            features,
            inner: inner as f32,
            end: end as f32,
            neighbour: neighbour as f32,
        })
    }

    /// y from x, and likewise ∂L/∂x from ∂L/∂y; matrices are \[sample, feature\].
    ///
    /// # Errors
    ///
    /// [`NumericsError::Shape`] if a matrix does not have this layer's number of features.
    pub fn apply(&self, x: &DMatrix<f32>, y: &mut DMatrix<f32>) -> Result<(), NumericsError> {
        NumericsError::check_shape(
            "the input of a diffusion",
            x.shape(),
            (x.nrows(), self.features),
        )?;
        NumericsError::check_shape("the output of a diffusion", y.shape(), x.shape())?;
        vecmath::run(Apply {
            layer: self,
            samples: x.nrows(),
            x: x.as_slice(),
            y: y.as_mut_slice(),
        });
        Ok(())
    }
}

impl Layer for Diffusion {
    fn name(&self) -> &'static str {
        "diffusion"
    }

    fn inputs(&self) -> usize {
        self.features
    }

    fn forward(
        &self,
        _: &[f32],
        x: &DMatrix<f32>,
        y: &mut DMatrix<f32>,
        _: Pass<'_>,
    ) -> Result<(), NumericsError> {
        self.apply(x, y)
    }

    fn backward(&self, _: &[f32], _: Passed<'_>, grad: Gradients<'_>) -> Result<(), NumericsError> {
        self.apply(grad.y, grad.x)
    }
}

struct Apply<'a> {
    layer: &'a Diffusion,
    samples: usize,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl WithSimd for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            layer:
                &Diffusion {
                    features,
                    inner,
                    end,
                    neighbour,
                },
            samples,
            x,
            y,
        } = self;
        let d = simd.splat_f32s(neighbour);
        let column = |i: usize| &x[i * samples..(i + 1) * samples];
        for i in 0..features {
            let y = &mut y[i * samples..(i + 1) * samples];
            let at_end = i == 0 || i + 1 == features;
            let own = simd.splat_f32s(if at_end { end } else { inner });
            let centre = column(i);
            if at_end {
                for_each_vector!(f32, S, samples, slot => {
                    slot.store(simd, y, simd.mul_f32s(own, slot.load(simd, centre)));
                });
                for next in [i.checked_sub(1), Some(i + 1).filter(|&n| n < features)]
                    .into_iter()
                    .flatten()
                {
                    let next = column(next);
                    for_each_vector!(f32, S, samples, slot => {
                        let sum = simd.mul_add_f32s(d, slot.load(simd, next), slot.load(simd, y));
                        slot.store(simd, y, sum);
                    });
                }
            } else {
                let (left, right) = (column(i - 1), column(i + 1));
                for_each_vector!(f32, S, samples, slot => {
                    let sides = simd.add_f32s(slot.load(simd, left), slot.load(simd, right));
                    let own = simd.mul_f32s(own, slot.load(simd, centre));
                    slot.store(simd, y, simd.mul_add_f32s(d, sides, own));
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    fn spread_of_a_pulse(spillover: Spillover, features: usize, sigma: f64) -> DMatrix<f32> {
        let pulses = DMatrix::identity(features, features);
        let mut y = DMatrix::zeros(features, features);
        Diffusion::new(spillover, features, sigma)
            .unwrap()
            .apply(&pulses, &mut y)
            .unwrap();
        y
    }

    #[test]
    fn sigma_0_is_the_identity() {
        for spillover in [Spillover::Published, Spillover::Conserving] {
            assert_eq!(
                spread_of_a_pulse(spillover, 7, 0.0),
                DMatrix::identity(7, 7)
            );
        }
    }

    #[test]
    fn the_published_blur_loses_what_the_readers_of_the_program_measured() {
        let y = spread_of_a_pulse(Spillover::Published, 18, 0.5);
        assert!((y[(5, 5)] - 0.61935).abs() < 1e-5 && (y[(5, 6)] - 0.0838).abs() < 5e-5);
        assert!((y.column(5).sum() - 0.787).abs() < 1e-3);
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(13), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_conserving_diffusion_conserves(features in 1_usize..40, sigma in 0.0..3.0) {
            let y = spread_of_a_pulse(Spillover::Conserving, features, sigma);
            for sum in y.row_sum().iter().chain(y.column_sum().iter()) {
                prop_assert!((sum - 1.0).abs() < 1e-6);
            }
            prop_assert!(y.iter().all(|&share| share >= 0.0));
        }

        #[test]
        fn diffusion_is_symmetric(features in 1_usize..40, sigma in 0.0..3.0, published: bool) {
            let spillover = if published { Spillover::Published } else { Spillover::Conserving };
            let y = spread_of_a_pulse(spillover, features, sigma);
            prop_assert_eq!(y.transpose(), y);
        }
    }

    #[test]
    fn a_negative_width_is_named() {
        let error = Diffusion::new(Spillover::Published, 3, -0.5).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the width σ of a diffusion is -0.5, it must be finite and at least 0"
        );
    }
}
