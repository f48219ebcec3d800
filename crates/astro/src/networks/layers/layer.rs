//! What a layer is, and what passes through it.

use std::fmt::Debug;

use nalgebra::DMatrix;
use rand::Rng;

use crate::numerics::NumericsError;
use crate::numerics::tensors::TensorError;

/// One stage of a [`Network`](crate::networks::network::Network): a map from features to features, and its gradient.
///
/// Only the first four methods have to be written; the others are for layers that change the number of features, have values or
/// draw.
///
/// ```
/// use astro::networks::layers::{Band, Gradients, Kind, Layer, Pass, Passed, Wiring};
/// use astro::networks::network::Network;
/// use astro::numerics::{NumericsError, random::Streams};
/// use nalgebra::DMatrix;
/// use std::sync::Arc;
///
/// /// y = 2x.
/// #[derive(Debug)]
/// struct Double(usize);
///
/// impl Layer for Double {
///     fn name(&self) -> &'static str {
///         "double"
///     }
///     fn inputs(&self) -> usize {
///         self.0
///     }
///     fn forward(
///         &self, _: &[f32], x: &DMatrix<f32>, y: &mut DMatrix<f32>, _: Pass<'_>,
///     ) -> Result<(), NumericsError> {
///         NumericsError::check_shape("the input of a doubling", x.shape(), (x.nrows(), self.0))?;
///         y.copy_from(&(x * 2.0));
///         Ok(())
///     }
///     fn backward(&self, _: &[f32], _: Passed<'_>, grad: Gradients<'_>) -> Result<(), NumericsError> {
///         grad.x.copy_from(&(grad.y * 2.0));
///         Ok(())
///     }
/// }
///
/// let slide = Band::new(Kind::Slide, Wiring::Lattice, 4, true)?;
/// let mut network = Network::new(vec![Arc::new(slide), Arc::new(Double(4))])?;
/// network.theta_mut().fill(1.0);
/// let y = network.predict(&DMatrix::from_element(1, 4, 1.0), &mut Streams::new(1).layers)?;
/// // Two or three neighbours and the bias, doubled.
/// assert_eq!(y.as_slice(), [6.0, 8.0, 8.0, 6.0]);
/// # Ok::<(), astro::networks::NetworkError>(())
/// ```
pub trait Layer: Debug + Send + Sync {
    /// What it is called in results.
    fn name(&self) -> &'static str;

    /// Number of input features.
    fn inputs(&self) -> usize;

    /// y from x, both \[sample, feature\]; `theta` holds the layer's values.
    ///
    /// # Errors
    ///
    /// [`NumericsError`] naming what does not fit the layer.
    fn forward(
        &self,
        theta: &[f32],
        x: &DMatrix<f32>,
        y: &mut DMatrix<f32>,
        pass: Pass<'_>,
    ) -> Result<(), NumericsError>;

    /// ∂L/∂x and the gradient of the values from ∂L/∂y.
    ///
    /// # Errors
    ///
    /// As [`Layer::forward`].
    fn backward(
        &self,
        theta: &[f32],
        passed: Passed<'_>,
        grad: Gradients<'_>,
    ) -> Result<(), NumericsError>;

    /// Number of output features.
    fn outputs(&self) -> usize {
        self.inputs()
    }

    /// Number of trainable values.
    fn values(&self) -> usize {
        0
    }

    /// Number of trainable weights between an input and an output feature: the values without biases.
    fn connections(&self) -> usize {
        0
    }

    /// Draws initial values.
    fn initialise(&self, _theta: &mut [f32], _rng: &mut dyn Rng) {}

    /// The values as whole tensors for a file: name, shape and numbers, the last axis fastest.
    ///
    /// # Errors
    ///
    /// [`NumericsError::Length`] if `theta` is not of this layer's size.
    fn tensors(&self, _theta: &[f32]) -> Result<Vec<LayerTensor>, NumericsError> {
        Ok(Vec::new())
    }

    /// The values from whole tensors, the opposite of [`Layer::tensors`].
    ///
    /// # Errors
    ///
    /// What `read` returns.
    fn read_tensors(&self, _read: &mut ReadTensor<'_>) -> Result<Vec<f32>, TensorError> {
        Ok(Vec::new())
    }
}

/// Name within the layer, shape and numbers of a tensor.
pub type LayerTensor = (&'static str, Vec<usize>, Vec<f32>);

/// Gives the numbers of the tensor of this name and shape, the last axis fastest.
pub type ReadTensor<'a> = dyn FnMut(&str, &[usize]) -> Result<Vec<f32>, TensorError> + 'a;

/// What differs between training and testing: connections are lost in training only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Learn from this batch.
    Train,
    /// Only measure.
    Test,
}

/// The circumstances of a forward pass.
pub struct Pass<'a> {
    /// Training or testing.
    pub mode: Mode,
    /// For layers that draw.
    pub rng: &'a mut dyn Rng,
    /// Whatever the layer must tell its backward pass, as what it drew: 0×0 at first, and the layer's to size.
    pub memory: &'a mut DMatrix<f32>,
}

/// What a forward pass left behind.
#[derive(Clone, Copy, Debug)]
pub struct Passed<'a> {
    /// The input.
    pub x: &'a DMatrix<f32>,
    /// The output.
    pub y: &'a DMatrix<f32>,
    /// [`Pass::memory`].
    pub memory: &'a DMatrix<f32>,
}

/// Gradients of the loss.
#[derive(Debug)]
pub struct Gradients<'a> {
    /// With respect to the output.
    pub y: &'a DMatrix<f32>,
    /// With respect to the input, to be overwritten.
    pub x: &'a mut DMatrix<f32>,
    /// With respect to the layer's values, to be overwritten.
    pub theta: &'a mut [f32],
}
