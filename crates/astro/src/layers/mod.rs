//! The layers that networks are made of.
//!
//! A layer is structure only: its values and their gradients live in flat slices that the caller holds, so that one
//! optimiser step, one file or one comparison covers a whole network. Matrices are \[sample, feature\].

mod activation;
mod band;
mod band_kernel;
mod diffusion;
mod perturbation;
mod wiring;

use nalgebra::{DMatrix, DMatrixView, DMatrixViewMut};
use rand::Rng;

pub use activation::Activation;
pub use band::{Band, Initial};
pub use diffusion::{Diffusion, Spillover};
pub use perturbation::{Dropout, Noise};
pub use wiring::{Kind, Wiring};

use crate::dense::{self, Threads};
use crate::error::Error;
use crate::random::fill_uniform;

/// One stage of a [`crate::network::Network`].
#[derive(Clone, Debug)]
pub enum Layer {
    /// Gather, slide or spread.
    Band(Band),
    /// Every input to every output, with bias. Values: weight \[output, input\] column by column, then the bias.
    Dense {
        /// Input features.
        inputs: usize,
        /// Output features.
        outputs: usize,
    },
    /// Exchange between neighbours.
    Diffusion(Diffusion),
    /// A nonlinearity on this many features.
    Activation(Activation, usize),
    /// Additive noise.
    Noise(Noise),
    /// Lost connections.
    Dropout(Dropout),
}

/// What differs between training and testing: connections are lost in training only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Learn from this batch.
    Train,
    /// Only measure.
    Test,
}

impl Layer {
    /// Number of input features.
    pub fn inputs(&self) -> usize {
        match self {
            Self::Band(band) => band.inputs(),
            Self::Dense { inputs, .. } => *inputs,
            _ => self.outputs(),
        }
    }

    /// Number of output features.
    pub fn outputs(&self) -> usize {
        match self {
            Self::Band(band) => band.outputs(),
            Self::Dense { outputs, .. } => *outputs,
            Self::Diffusion(diffusion) => diffusion.features(),
            Self::Activation(_, features) => *features,
            Self::Noise(noise) => noise.features(),
            Self::Dropout(dropout) => dropout.features(),
        }
    }

    /// Number of trainable values.
    pub fn len(&self) -> usize {
        match self {
            Self::Band(band) => band.sizes().1,
            Self::Dense { inputs, outputs } => (inputs + 1) * outputs,
            _ => 0,
        }
    }

    /// Whether the layer has nothing to train.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Draws initial values: weights, then biases, uniform within ±1/√inputs (or as [`Initial`] says).
    pub fn initialise(&self, theta: &mut [f32], rng: &mut dyn Rng) {
        match self {
            Self::Band(band) => {
                let (weight, bias) = band.initial_widths();
                let (weights, biases) = theta.split_at_mut(band.sizes().0);
                fill_uniform(rng, weight, weights);
                fill_uniform(rng, bias, biases);
            }
            Self::Dense { inputs, .. } => fill_uniform(rng, 1.0 / (*inputs as f32).sqrt(), theta),
            _ => {}
        }
    }

    /// y from x. `mask` is written by the layers that the backward pass must tell what was drawn.
    pub(crate) fn forward(
        &self,
        theta: &[f32],
        x: &DMatrix<f32>,
        y: &mut DMatrix<f32>,
        mask: &mut DMatrix<f32>,
        (mode, rng): (Mode, &mut dyn Rng),
    ) -> Result<(), Error> {
        match self {
            Self::Band(band) => band.forward(theta, x, y),
            &Self::Dense { inputs, outputs } => {
                let (weight, bias) = theta.split_at(inputs * outputs);
                let weight = DMatrixView::from_slice(weight, outputs, inputs);
                dense::forward(weight, bias, x, y, Threads(1))
            }
            Self::Diffusion(diffusion) => diffusion.apply(x, y),
            Self::Activation(function, _) => function.forward(x, y),
            Self::Noise(noise) => {
                noise.forward(x, y, rng);
                Ok(())
            }
            Self::Dropout(dropout) => {
                if mode == Mode::Train {
                    dropout.draw(mask, rng);
                    multiply_entries(x, mask, y);
                } else {
                    y.copy_from(x);
                }
                Ok(())
            }
        }
    }

    /// ∂L/∂x and the gradient of the values from ∂L/∂y; both are overwritten.
    pub(crate) fn backward(
        &self,
        theta: &[f32],
        (x, y, mask): (&DMatrix<f32>, &DMatrix<f32>, &DMatrix<f32>),
        grad_y: &DMatrix<f32>,
        grad_x: &mut DMatrix<f32>,
        grad_theta: &mut [f32],
    ) -> Result<(), Error> {
        match self {
            Self::Band(band) => band.backward(theta, x, grad_y, grad_x, grad_theta),
            &Self::Dense { inputs, outputs } => {
                let weight = DMatrixView::from_slice(&theta[..inputs * outputs], outputs, inputs);
                let (grad_weight, grad_bias) = grad_theta.split_at_mut(inputs * outputs);
                let grad_weight = DMatrixViewMut::from_slice(grad_weight, outputs, inputs);
                dense::backward(
                    weight,
                    x,
                    grad_y,
                    Some(grad_x),
                    grad_weight,
                    grad_bias,
                    Threads(1),
                )
            }
            Self::Diffusion(diffusion) => diffusion.apply(grad_y, grad_x),
            Self::Activation(function, _) => function.backward(y, grad_y, grad_x),
            Self::Noise(_) => {
                grad_x.copy_from(grad_y);
                Ok(())
            }
            Self::Dropout(_) => {
                multiply_entries(grad_y, mask, grad_x);
                Ok(())
            }
        }
    }
}

/// Product of two matrices, entry by entry.
fn multiply_entries(a: &DMatrix<f32>, b: &DMatrix<f32>, into: &mut DMatrix<f32>) {
    for ((into, a), b) in into.iter_mut().zip(a).zip(b) {
        *into = a * b;
    }
}
