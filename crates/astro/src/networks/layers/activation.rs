//! The calcium of an astrocyte as a function of its summed input.

use nalgebra::DMatrix;
use pulp::{Simd, WithSimd};
use vecmath::exp::exp;
use vecmath::slots::{Slot, for_each_vector};

use super::layer::{Gradients, Layer, Pass, Passed};
use crate::numerics::NumericsError;
use crate::numerics::softmax;

/// A nonlinearity φ, without parameters.
///
/// Softmax and its logarithm mix all features of a sample (see [`crate::numerics::softmax`]); the others act on each alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// exp x_i / Σ_j exp x_j.
    Softmax,
    /// Its logarithm.
    LogSoftmax,
    /// max(0, x).
    Relu,
    /// 1 / (1 + exp(−x)); relative error below 4e-7.
    Sigmoid,
    /// tanh x; absolute error below 3e-7.
    Tanh,
}

impl Activation {
    /// y = φ(x).
    ///
    /// # Errors
    ///
    /// [`NumericsError::Shape`] if y is not as large as x.
    pub fn forward(self, x: &DMatrix<f32>, y: &mut DMatrix<f32>) -> Result<(), NumericsError> {
        match self {
            Self::Softmax => softmax::softmax(x, y),
            Self::LogSoftmax => softmax::log_softmax(x, y),
            Self::Relu | Self::Sigmoid | Self::Tanh => {
                NumericsError::check_shape("the output of an activation", y.shape(), x.shape())?;
                vecmath::run(Forward {
                    function: self,
                    x: x.as_slice(),
                    y: y.as_mut_slice(),
                });
                Ok(())
            }
        }
    }

    /// ∂L/∂x from y = φ(x) and ∂L/∂y.
    ///
    /// # Errors
    ///
    /// [`NumericsError::Shape`] if the matrices differ in size.
    pub fn backward(
        self,
        y: &DMatrix<f32>,
        grad_y: &DMatrix<f32>,
        grad_x: &mut DMatrix<f32>,
    ) -> Result<(), NumericsError> {
        match self {
            Self::Softmax => softmax::softmax_backward(y, grad_y, grad_x),
            Self::LogSoftmax => softmax::log_softmax_backward(y, grad_y, grad_x),
            Self::Relu | Self::Sigmoid | Self::Tanh => {
                NumericsError::check_shape(
                    "the gradient of an activation's output",
                    grad_y.shape(),
                    y.shape(),
                )?;
                NumericsError::check_shape(
                    "the gradient of an activation's input",
                    grad_x.shape(),
                    y.shape(),
                )?;
                let (y, grad_y, grad_x) = (y.as_slice(), grad_y.as_slice(), grad_x.as_mut_slice());
                vecmath::run(Backward {
                    function: self,
                    y,
                    grad_y,
                    grad_x,
                });
                Ok(())
            }
        }
    }
}

/// An [`Activation`] as a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nonlinearity {
    /// The function.
    pub function: Activation,
    /// Number of features, in and out.
    pub features: usize,
}

impl Layer for Nonlinearity {
    fn name(&self) -> &'static str {
        match self.function {
            Activation::Softmax => "softmax",
            Activation::LogSoftmax => "log-softmax",
            Activation::Relu => "relu",
            Activation::Sigmoid => "sigmoid",
            Activation::Tanh => "tanh",
        }
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
        self.function.forward(x, y)
    }

    fn backward(
        &self,
        _: &[f32],
        passed: Passed<'_>,
        grad: Gradients<'_>,
    ) -> Result<(), NumericsError> {
        self.function.backward(passed.y, grad.y, grad.x)
    }
}

/// 1 / (1 + exp(−x)).
#[inline(always)]
fn sigmoid<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let one = simd.splat_f32s(1.0);
    simd.div_f32s(
        one,
        simd.add_f32s(one, exp::<f32, S>(simd, simd.neg_f32s(x))),
    )
}

struct Forward<'a> {
    function: Activation,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { function, x, y } = self;
        let (zero, one, two) = (
            simd.splat_f32s(0.0),
            simd.splat_f32s(1.0),
            simd.splat_f32s(2.0),
        );
        match function {
            Activation::Relu => for_each_vector!(f32, S, x.len(), slot => {
                let x = slot.load(simd, x);
                // A NaN is not below 0 and stays one.
                slot.store(simd, y, simd.select_f32s(simd.less_than_f32s(x, zero), zero, x));
            }),
            Activation::Tanh => for_each_vector!(f32, S, x.len(), slot => {
                let twice = simd.mul_f32s(two, slot.load(simd, x));
                slot.store(simd, y, simd.sub_f32s(simd.mul_f32s(two, sigmoid(simd, twice)), one));
            }),
            _ => for_each_vector!(f32, S, x.len(), slot => {
                slot.store(simd, y, sigmoid(simd, slot.load(simd, x)));
            }),
        }
    }
}

struct Backward<'a> {
    function: Activation,
    y: &'a [f32],
    grad_y: &'a [f32],
    grad_x: &'a mut [f32],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            function,
            y,
            grad_y,
            grad_x,
        } = self;
        let (zero, one) = (simd.splat_f32s(0.0), simd.splat_f32s(1.0));
        for_each_vector!(f32, S, y.len(), slot => {
            let (y, g) = (slot.load(simd, y), slot.load(simd, grad_y));
            let value = match function {
                Activation::Relu => simd.select_f32s(simd.less_than_f32s(zero, y), g, zero),
                Activation::Tanh => simd.mul_f32s(g, simd.negate_mul_add_f32s(y, y, one)),
                _ => simd.mul_f32s(g, simd.mul_f32s(y, simd.sub_f32s(one, y))),
            };
            slot.store(simd, grad_x, value);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activations_keep_their_bounds() {
        let x = DMatrix::from_fn(1999, 3, |i, j| (i as f32 - 1000.0) * [0.01, 0.001, 0.08][j]);
        let mut y = x.clone();
        Activation::Sigmoid.forward(&x, &mut y).unwrap();
        for (&x, &y) in x.iter().zip(&y) {
            let truth = 1.0 / (1.0 + (-f64::from(x)).exp());
            assert!(
                (f64::from(y) - truth).abs() < 4e-7 * truth,
                "sigmoid({x}) = {y}"
            );
        }
        Activation::Tanh.forward(&x, &mut y).unwrap();
        for (&x, &y) in x.iter().zip(&y) {
            assert!(
                (f64::from(y) - f64::from(x).tanh()).abs() < 3e-7,
                "tanh({x}) = {y}"
            );
        }
        Activation::Relu.forward(&x, &mut y).unwrap();
        assert!(x.iter().zip(&y).all(|(&x, &y)| y == x.max(0.0)));
    }

    #[test]
    fn nan_is_passed_on() {
        let x = DMatrix::from_element(2, 3, f32::NAN);
        for function in [
            Activation::Softmax,
            Activation::LogSoftmax,
            Activation::Relu,
            Activation::Sigmoid,
            Activation::Tanh,
        ] {
            let mut y = DMatrix::zeros(2, 3);
            function.forward(&x, &mut y).unwrap();
            assert!(y.iter().all(|y| y.is_nan()), "{function:?}: {y}");
        }
    }
}
