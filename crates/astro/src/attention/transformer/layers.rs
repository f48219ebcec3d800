//! Affine maps, layer normalisation and the rectifier, forward and backward, tokens as columns.

use super::architecture::{AffineAt, NormAt};
use crate::attention::Real;
use crate::numerics::NumericsError;
use crate::numerics::dense::{Factor, Threads, multiply};
use nalgebra::{DMatrix, DMatrixView, DMatrixViewMut};

/// Runs are parallel, not the products within one.
const ONE: Threads = Threads(1);

/// Added to the variance under the root, as everywhere.
const EPSILON: f64 = 1e-5;

impl AffineAt {
    /// Wᵀ, inputs × outputs: W in row-major storage is Wᵀ in column-major storage.
    fn transposed<'a, T: Real>(&self, parameters: &'a [T]) -> DMatrixView<'a, T> {
        let weight = &parameters[self.weight..][..self.inputs * self.outputs];
        DMatrixView::from_slice(weight, self.inputs, self.outputs)
    }

    /// y = W x + b.
    pub(super) fn forward<T: Real>(
        &self,
        parameters: &[T],
        x: &DMatrix<T>,
    ) -> Result<DMatrix<T>, NumericsError> {
        let mut y = DMatrix::zeros(self.outputs, x.ncols());
        let bias = &parameters[self.bias..][..self.outputs];
        for column in y.as_mut_slice().chunks_exact_mut(self.outputs) {
            column.copy_from_slice(bias);
        }
        let weight = Factor::Transposed(self.transposed(parameters));
        multiply(
            weight,
            Factor::Plain(x.as_view()),
            T::one(),
            y.as_view_mut(),
            ONE,
        )?;
        Ok(y)
    }

    /// Adds ∂L/∂W = ∂L/∂y xᵀ and ∂L/∂b = Σ ∂L/∂y to `gradient`.
    pub(super) fn learn<T: Real>(
        &self,
        x: &DMatrix<T>,
        dy: &DMatrix<T>,
        gradient: &mut [T],
    ) -> Result<(), NumericsError> {
        let weight = &mut gradient[self.weight..][..self.inputs * self.outputs];
        let transposed = DMatrixViewMut::from_slice(weight, self.inputs, self.outputs);
        let (x, dy_transposed) = (Factor::Plain(x.as_view()), Factor::Transposed(dy.as_view()));
        multiply(x, dy_transposed, T::one(), transposed, ONE)?;
        let bias = &mut gradient[self.bias..][..self.outputs];
        for column in dy.as_slice().chunks_exact(self.outputs) {
            for (bias, &dy) in bias.iter_mut().zip(column) {
                *bias += dy;
            }
        }
        Ok(())
    }

    /// ∂L/∂x ← keep · ∂L/∂x + Wᵀ ∂L/∂y.
    pub(super) fn pull_back<T: Real>(
        &self,
        parameters: &[T],
        dy: &DMatrix<T>,
        keep: T,
        dx: &mut DMatrix<T>,
    ) -> Result<(), NumericsError> {
        let weight = Factor::Plain(self.transposed(parameters));
        multiply(
            weight,
            Factor::Plain(dy.as_view()),
            keep,
            dx.as_view_mut(),
            ONE,
        )
    }
}

/// What [`NormAt::pull_back`] needs of the forward pass.
#[derive(Debug, Clone)]
pub(super) struct Normalised<T> {
    /// (x − mean) / deviation.
    pub(super) unit: DMatrix<T>,
    /// 1 / deviation of each token.
    pub(super) inverse: Vec<T>,
}

impl NormAt {
    /// y = gain (x − mean) / √(variance + ε) + offset, over the components of each token.
    pub(super) fn forward<T: Real>(
        &self,
        parameters: &[T],
        x: &DMatrix<T>,
    ) -> (DMatrix<T>, Normalised<T>) {
        let (gain, offset) = (
            &parameters[self.gain..][..self.dim],
            &parameters[self.offset..][..self.dim],
        );
        let mut y = DMatrix::zeros(self.dim, x.ncols());
        let mut unit = DMatrix::zeros(self.dim, x.ncols());
        let mut inverse = Vec::with_capacity(x.ncols());
        let per = T::of(1.0 / self.dim as f64);
        let columns = x.as_slice().chunks_exact(self.dim);
        let outs = y
            .as_mut_slice()
            .chunks_exact_mut(self.dim)
            .zip(unit.as_mut_slice().chunks_exact_mut(self.dim));
        for (x, (y, unit)) in columns.zip(outs) {
            let mean = x.iter().fold(T::zero(), |sum, &x| sum + x) * per;
            let variance = x
                .iter()
                .fold(T::zero(), |sum, &x| sum + (x - mean) * (x - mean))
                * per;
            let scale = T::one() / (variance + T::of(EPSILON)).sqrt();
            inverse.push(scale);
            for (i, (y, unit)) in y.iter_mut().zip(unit).enumerate() {
                *unit = (x[i] - mean) * scale;
                *y = gain[i] * *unit + offset[i];
            }
        }
        (y, Normalised { unit, inverse })
    }

    /// Adds ∂L/∂gain and ∂L/∂offset to `gradient`, and ∂L/∂x to `dx`.
    pub(super) fn pull_back<T: Real>(
        &self,
        parameters: &[T],
        normalised: &Normalised<T>,
        dy: &DMatrix<T>,
        gradient: &mut [T],
        dx: &mut DMatrix<T>,
    ) {
        let gain = &parameters[self.gain..][..self.dim];
        let per = T::of(1.0 / self.dim as f64);
        let columns = dy
            .as_slice()
            .chunks_exact(self.dim)
            .zip(normalised.unit.as_slice().chunks_exact(self.dim));
        let outs = dx
            .as_mut_slice()
            .chunks_exact_mut(self.dim)
            .zip(&normalised.inverse);
        for ((dy, unit), (dx, &inverse)) in columns.zip(outs) {
            let (mut mean, mut along) = (T::zero(), T::zero());
            for i in 0..self.dim {
                gradient[self.gain + i] += dy[i] * unit[i];
                gradient[self.offset + i] += dy[i];
                let scaled = dy[i] * gain[i];
                mean += scaled * per;
                along += scaled * unit[i] * per;
            }
            for i in 0..self.dim {
                dx[i] += inverse * (dy[i] * gain[i] - mean - unit[i] * along);
            }
        }
    }
}

/// x ← max(0, x).
pub(super) fn rectify<T: Real>(x: &mut DMatrix<T>) {
    for x in x.as_mut_slice() {
        *x = if *x > T::zero() { *x } else { T::zero() };
    }
}

/// Silences the gradient of units that were silent.
pub(super) fn rectify_gradient<T: Real>(y: &DMatrix<T>, dy: &mut DMatrix<T>) {
    for (dy, &y) in dy.as_mut_slice().iter_mut().zip(y.as_slice()) {
        *dy = if y > T::zero() { *dy } else { T::zero() };
    }
}
