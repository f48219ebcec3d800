//! A feed-forward network of settled potentials.

use super::error::TeacherError;
use crate::Regression;
use nalgebra::{DMatrix, DVector};
use rand::{Rng, RngExt};
use vecmath::Activation;

/// A feed-forward network whose settled output potentials are a student's targets.
///
/// ```text
/// u_1 = g_1 W_1 r_in,   u_k = g_k W_k φ(u_{k-1})
/// ```
///
/// with `W_k` [post, pre] without bias, gain `g_k`, potentials `u_k` and inputs `r_in` without
/// dimension. The activation function φ applies to hidden layers only.
#[derive(Clone, Debug, PartialEq)]
pub struct Teacher {
    weights: Vec<DMatrix<f64>>,
    gains: Vec<f64>,
    activation: Activation,
}

impl Teacher {
    /// A teacher with the weights given, from the first hidden layer up to the output, and one gain
    /// for each.
    ///
    /// # Errors
    /// If there are no weights, their shapes do not chain, a layer is empty, a weight is not finite,
    /// or gains are missing, infinite or not positive.
    pub fn new(
        weights: Vec<DMatrix<f64>>,
        activation: Activation,
        gains: &[f64],
    ) -> Result<Self, TeacherError> {
        let dims: Vec<usize> = weights
            .first()
            .map(DMatrix::ncols)
            .into_iter()
            .chain(weights.iter().map(DMatrix::nrows))
            .collect();
        check_dims(&dims)?;
        check_gains(gains, weights.len())?;
        for (below, matrix) in weights.iter().enumerate() {
            check_weights(below + 1, matrix, dims[below])?;
        }
        Ok(Self {
            weights,
            gains: gains.to_vec(),
            activation,
        })
    }

    /// A teacher of the given layer sizes, input first, with weights drawn uniformly from
    /// `[-half_width, half_width)`: from the first hidden layer up, each matrix row by row.
    ///
    /// # Errors
    /// If there are fewer than two layers, one is empty, gains are missing, infinite or not
    /// positive, or the half-width is infinite or negative.
    pub fn draw<R: Rng + ?Sized>(
        dims: &[usize],
        activation: Activation,
        gains: &[f64],
        half_width: f64,
        rng: &mut R,
    ) -> Result<Self, TeacherError> {
        check_dims(dims)?;
        // Before anything is drawn, and before sizes are trusted.
        check_gains(gains, dims.len() - 1)?;
        if !(half_width.is_finite() && half_width >= 0.0) {
            return Err(TeacherError::HalfWidth { half_width });
        }
        let weights = dims
            .windows(2)
            .map(|pair| {
                let draw = || (2.0 * rng.random::<f64>() - 1.0) * half_width;
                DMatrix::from_row_iterator(
                    pair[1],
                    pair[0],
                    std::iter::repeat_with(draw).take(pair[0] * pair[1]),
                )
            })
            .collect();
        Self::new(weights, activation, gains)
    }

    /// Output potentials for one input of rates.
    ///
    /// # Errors
    /// If the input's length is not the size of the input layer.
    pub fn respond(&self, input: &[f64]) -> Result<Vec<f64>, TeacherError> {
        if input.len() != self.n_inputs() {
            return Err(TeacherError::InputLength {
                found: input.len(),
                expected: self.n_inputs(),
            });
        }
        Ok(self.settle(DVector::from_column_slice(input)).data.into())
    }

    /// `n` inputs drawn uniformly from `[0, 1)`, sample by sample, with the responses to them.
    pub fn samples<R: Rng + ?Sized>(&self, n: usize, rng: &mut R) -> Regression {
        let width = self.n_inputs();
        let draws = std::iter::repeat_with(|| rng.random::<f64>()).take(n * width);
        let inputs = DMatrix::from_row_iterator(n, width, draws);
        let mut targets = DMatrix::zeros(n, self.n_outputs());
        for i in 0..n {
            let response = self.settle(inputs.row(i).transpose());
            targets.set_row(i, &response.transpose());
        }
        Regression { inputs, targets }
    }

    /// Weight matrices [post, pre], from the first hidden layer up to the output.
    pub fn weights(&self) -> &[DMatrix<f64>] {
        &self.weights
    }

    /// Gains, from the first hidden layer up to the output.
    pub fn gains(&self) -> &[f64] {
        &self.gains
    }

    /// The hidden layers' activation function.
    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// Layer sizes, input first.
    pub fn dims(&self) -> Vec<usize> {
        std::iter::once(self.n_inputs())
            .chain(self.weights.iter().map(DMatrix::nrows))
            .collect()
    }

    fn n_inputs(&self) -> usize {
        self.weights[0].ncols()
    }

    fn n_outputs(&self) -> usize {
        self.weights[self.weights.len() - 1].nrows()
    }

    fn settle(&self, input: DVector<f64>) -> DVector<f64> {
        let mut layers = self.weights.iter().zip(&self.gains);
        let first = layers
            .next()
            .map(|(weights, &gain)| weights * &input * gain);
        // A checked teacher has a first layer; without one the input would pass unchanged.
        layers.fold(first.unwrap_or(input), |potentials, (weights, &gain)| {
            let rates = potentials.map(|u| self.activation.rate(u));
            weights * rates * gain
        })
    }
}

fn check_dims(dims: &[usize]) -> Result<(), TeacherError> {
    if dims.len() < 2 {
        return Err(TeacherError::TooFewLayers { found: dims.len() });
    }
    match dims.iter().position(|&n| n == 0) {
        Some(layer) => Err(TeacherError::EmptyLayer { layer }),
        None => Ok(()),
    }
}

fn check_gains(gains: &[f64], expected: usize) -> Result<(), TeacherError> {
    if gains.len() != expected {
        return Err(TeacherError::GainCount {
            found: gains.len(),
            expected,
        });
    }
    match gains.iter().position(|g| !(g.is_finite() && *g > 0.0)) {
        Some(k) => Err(TeacherError::Gain {
            layer: k + 1,
            gain: gains[k],
        }),
        None => Ok(()),
    }
}

fn check_weights(layer: usize, matrix: &DMatrix<f64>, below: usize) -> Result<(), TeacherError> {
    if matrix.ncols() != below {
        return Err(TeacherError::Shape {
            layer,
            columns: matrix.ncols(),
            expected: below,
        });
    }
    for (row, weights) in matrix.row_iter().enumerate() {
        if let Some(column) = weights.iter().position(|w| !w.is_finite()) {
            return Err(TeacherError::Weight {
                layer,
                row,
                column,
                value: weights[column],
            });
        }
    }
    Ok(())
}
