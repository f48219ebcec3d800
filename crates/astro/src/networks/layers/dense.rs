//! Every input to every output, with bias.

use nalgebra::{DMatrix, DMatrixView, DMatrixViewMut};
use rand::Rng;

use super::layer::{Gradients, Layer, LayerTensor, Pass, Passed, ReadTensor};
use crate::numerics::NumericsError;
use crate::numerics::dense::{self, Threads};
use crate::numerics::random::fill_uniform;
use crate::numerics::tensors::TensorError;

/// A dense layer, y = W x + b. Values: the weight \[output, input\] column by column, then the bias, drawn uniformly within
/// ±1/√inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dense {
    /// Input features.
    pub inputs: usize,
    /// Output features.
    pub outputs: usize,
}

impl Layer for Dense {
    fn name(&self) -> &'static str {
        "dense"
    }

    fn inputs(&self) -> usize {
        self.inputs
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    fn values(&self) -> usize {
        self.connections() + self.outputs
    }

    fn connections(&self) -> usize {
        self.inputs * self.outputs
    }

    fn initialise(&self, theta: &mut [f32], rng: &mut dyn Rng) {
        fill_uniform(rng, 1.0 / (self.inputs as f32).sqrt(), theta);
    }

    fn forward(
        &self,
        theta: &[f32],
        x: &DMatrix<f32>,
        y: &mut DMatrix<f32>,
        _: Pass<'_>,
    ) -> Result<(), NumericsError> {
        let (weight, bias) = theta.split_at(self.connections());
        let weight = DMatrixView::from_slice(weight, self.outputs, self.inputs);
        dense::forward(weight, bias, x, y, Threads(1))
    }

    fn backward(
        &self,
        theta: &[f32],
        passed: Passed<'_>,
        grad: Gradients<'_>,
    ) -> Result<(), NumericsError> {
        let (outputs, inputs) = (self.outputs, self.inputs);
        let weight = DMatrixView::from_slice(&theta[..self.connections()], outputs, inputs);
        let (grad_weight, grad_bias) = grad.theta.split_at_mut(self.connections());
        let grad_weight = DMatrixViewMut::from_slice(grad_weight, outputs, inputs);
        dense::backward(
            weight,
            passed.x,
            grad.y,
            Some(grad.x),
            grad_weight,
            grad_bias,
            Threads(1),
        )
    }

    fn tensors(&self, theta: &[f32]) -> Result<Vec<LayerTensor>, NumericsError> {
        NumericsError::check_length("the values of a dense layer", theta.len(), self.values())?;
        let (weight, bias) = theta.split_at(self.connections());
        let weight = DMatrixView::from_slice(weight, self.outputs, self.inputs).transpose();
        Ok(vec![
            (
                "weight",
                vec![self.outputs, self.inputs],
                weight.data.into(),
            ),
            ("bias", vec![self.outputs], bias.to_vec()),
        ])
    }

    fn read_tensors(&self, read: &mut ReadTensor<'_>) -> Result<Vec<f32>, TensorError> {
        let weight = read("weight", &[self.outputs, self.inputs])?;
        let mut theta: Vec<f32> = DMatrix::from_row_slice(self.outputs, self.inputs, &weight)
            .data
            .into();
        theta.extend(read("bias", &[self.outputs])?);
        Ok(theta)
    }
}
