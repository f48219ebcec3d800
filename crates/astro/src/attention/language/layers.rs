//! Affine maps, layer norms and the activation of an encoder, forward and backward, tokens as columns.

use crate::numerics::NumericsError;
use crate::numerics::dense::{Factor, Threads, multiply};
use nalgebra::DMatrix;

/// Sequences are parallel, not the products within one.
const ONE: Threads = Threads(1);

/// y = W x + b.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Linear {
    /// W, outputs × inputs.
    pub(super) weight: DMatrix<f32>,
    pub(super) bias: Vec<f32>,
}

impl Linear {
    pub(super) fn forward(&self, x: &DMatrix<f32>) -> Result<DMatrix<f32>, NumericsError> {
        let mut y = DMatrix::zeros(self.bias.len(), x.ncols());
        for column in y.as_mut_slice().chunks_exact_mut(self.bias.len()) {
            column.copy_from_slice(&self.bias);
        }
        let weight = Factor::Plain(self.weight.as_view());
        multiply(
            weight,
            Factor::Plain(x.as_view()),
            1.0,
            y.as_view_mut(),
            ONE,
        )?;
        Ok(y)
    }

    /// ∂L/∂x ← ∂L/∂x + Wᵀ ∂L/∂y.
    pub(super) fn pull_back(
        &self,
        dy: &DMatrix<f32>,
        dx: &mut DMatrix<f32>,
    ) -> Result<(), NumericsError> {
        let weight = Factor::Transposed(self.weight.as_view());
        multiply(
            weight,
            Factor::Plain(dy.as_view()),
            1.0,
            dx.as_view_mut(),
            ONE,
        )
    }
}

/// y = gain (x − mean) / √(variance + ε) + offset, over the components of each token.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Norm {
    pub(super) gain: Vec<f32>,
    pub(super) offset: Vec<f32>,
    pub(super) epsilon: f32,
}

/// What [`Norm::pull_back`] needs of the forward pass.
pub(super) struct Normalised {
    /// (x − mean) / deviation.
    unit: DMatrix<f32>,
    /// 1 / deviation of each token.
    inverse: Vec<f32>,
}

impl Norm {
    pub(super) fn forward(&self, x: &DMatrix<f32>) -> (DMatrix<f32>, Normalised) {
        let dim = self.gain.len();
        let mut unit = x.clone();
        let mut y = DMatrix::zeros(dim, x.ncols());
        let mut inverse = Vec::with_capacity(x.ncols());
        let ys = y.as_mut_slice().chunks_exact_mut(dim);
        for (unit, y) in unit.as_mut_slice().chunks_exact_mut(dim).zip(ys) {
            let mean = unit.iter().sum::<f32>() / dim as f32;
            unit.iter_mut().for_each(|x| *x -= mean);
            let variance = unit.iter().map(|x| x * x).sum::<f32>() / dim as f32;
            let scale = 1.0 / (variance + self.epsilon).sqrt();
            inverse.push(scale);
            for (i, (y, unit)) in y.iter_mut().zip(unit).enumerate() {
                *unit *= scale;
                *y = self.gain[i] * *unit + self.offset[i];
            }
        }
        (y, Normalised { unit, inverse })
    }

    /// ∂L/∂x.
    pub(super) fn pull_back(&self, normalised: &Normalised, dy: &DMatrix<f32>) -> DMatrix<f32> {
        let dim = self.gain.len();
        let mut dx = dy.clone();
        let columns = dx.as_mut_slice().chunks_exact_mut(dim);
        let units = normalised.unit.as_slice().chunks_exact(dim);
        for ((dx, unit), &inverse) in columns.zip(units).zip(&normalised.inverse) {
            let (mut mean, mut along) = (0.0, 0.0);
            for ((dx, gain), unit) in dx.iter_mut().zip(&self.gain).zip(unit) {
                *dx *= gain;
                mean += *dx;
                along += *dx * unit;
            }
            let (mean, along) = (mean / dim as f32, along / dim as f32);
            for (dx, unit) in dx.iter_mut().zip(unit) {
                *dx = inverse * (*dx - mean - unit * along);
            }
        }
        dx
    }
}

/// gelu(a) = a Φ(a).
pub(super) fn gelu(a: &DMatrix<f32>) -> DMatrix<f32> {
    a.map(|a| a * normal(a).0)
}

/// ∂L/∂a = gelu′(a) ∂L/∂gelu(a), in place of the latter.
pub(super) fn gelu_pull_back(a: &DMatrix<f32>, gradient: &mut DMatrix<f32>) {
    for (gradient, &a) in gradient.as_mut_slice().iter_mut().zip(a.as_slice()) {
        let (below, density) = normal(a);
        *gradient *= below + a * density;
    }
}

/// Distribution Φ(a) and density of the standard normal; Φ to 1.5e-7 (Abramowitz & Stegun 1964, 7.1.26).
fn normal(a: f32) -> (f32, f32) {
    const ROOT_2_PI: f32 = 2.506_628_3;
    let fall = (-0.5 * a * a).exp();
    let t = 1.0 / (1.0 + 0.327_591_1 * std::f32::consts::FRAC_1_SQRT_2 * a.abs());
    let series = t
        * (0.254_829_6
            + t * (-0.284_496_74 + t * (1.421_413_7 + t * (-1.453_152 + t * 1.061_405_4))));
    let tail = 0.5 * series * fall;
    (if a < 0.0 { tail } else { 1.0 - tail }, fall / ROOT_2_PI)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_activation_is_that_of_tables() {
        // Φ of a table of the normal distribution.
        for (a, below) in [
            (0.0, 0.5),
            (1.0, 0.841_344_7),
            (-1.96, 0.024_997_9),
            (3.0, 0.998_650_1),
        ] {
            assert!((normal(a).0 - below).abs() < 5e-7, "{a}");
        }
        let slope = |a: f32| {
            let mut one = DMatrix::repeat(1, 1, 1.0);
            gelu_pull_back(&DMatrix::repeat(1, 1, a), &mut one);
            one[0]
        };
        for a in [-2.0f32, -0.3, 0.0, 0.7, 4.0] {
            let of = |a: f32| f64::from(gelu(&DMatrix::repeat(1, 1, a))[0]);
            let measured = (of(a + 1e-2) - of(a - 1e-2)) / 2e-2;
            assert!((f64::from(slope(a)) - measured).abs() < 1e-4, "{a}");
        }
    }
}
