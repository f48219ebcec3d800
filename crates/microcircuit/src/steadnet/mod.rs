//! The steady-state approximation.

use nalgebra::DMatrix;

use crate::model::{BuildError, Compartment, Microcircuit, Pattern, PresentError};
use crate::observe::Observer;
use crate::reference::PlainSteadNet;
use crate::weights::{ShapeError, Synapse, Weights};
use crate::{Params, Real};

/// The steady-state approximation.
pub struct SteadNet<T: Real>(PlainSteadNet<T>);

impl<T: Real> SteadNet<T> {
    /// A network at rest.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the weights do not fit the parameters.
    pub fn new(params: Params, weights: Weights<T>) -> Result<Self, BuildError> {
        Ok(Self(PlainSteadNet::new(params, weights)?))
    }
}

impl<T: Real> Microcircuit<T> for SteadNet<T> {
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
