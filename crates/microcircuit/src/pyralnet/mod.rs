//! The full simulation.

use nalgebra::DMatrix;

use crate::model::{BuildError, Compartment, Microcircuit, Pattern, PresentError};
use crate::observe::Observer;
use crate::reference::PlainPyraLNet;
use crate::weights::{ShapeError, Synapse, Weights};
use crate::{NoiseSource, Params, Real};

/// The full simulation.
pub struct PyraLNet<T: Real>(PlainPyraLNet<T>);

impl<T: Real> PyraLNet<T> {
    /// A network at rest, without noise.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the weights do not fit the parameters, or these ask for noise.
    pub fn new(params: Params, weights: Weights<T>) -> Result<Self, BuildError> {
        if params.raw().noise > 0.0 {
            return Err(BuildError::Noise(params.raw().noise));
        }
        Ok(Self(PlainPyraLNet::new(params, weights, || 0.0)?))
    }

    /// A network at rest, whose noise is drawn from `source` if the parameters ask for noise.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the weights do not fit the parameters.
    pub fn with_noise(
        params: Params,
        weights: Weights<T>,
        source: impl NoiseSource + 'static,
    ) -> Result<Self, BuildError> {
        Ok(Self(PlainPyraLNet::new(params, weights, source)?))
    }
}

impl<T: Real> Microcircuit<T> for PyraLNet<T> {
    fn params(&self) -> &Params {
        self.0.params()
    }
    fn present(
        &mut self,
        pattern: &Pattern<'_>,
        observer: &mut dyn Observer<T>,
    ) -> Result<&[T], PresentError> {
        self.0.present(pattern, observer)
    }
    fn reset(&mut self) {
        self.0.reset();
    }
    fn weights(&self) -> Weights<T> {
        self.0.weights()
    }
    fn set_weights(&mut self, weights: &Weights<T>) -> Result<(), ShapeError> {
        self.0.set_weights(weights)
    }
    fn delta(&self, layer: usize, synapse: Synapse) -> Option<DMatrix<T>> {
        self.0.delta(layer, synapse)
    }
    fn potential(&self, layer: usize, compartment: Compartment) -> Option<Vec<T>> {
        self.0.potential(layer, compartment)
    }
}
