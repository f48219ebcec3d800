//! Looking at a simulation while it runs.

use nalgebra::DMatrix;

use crate::Real;
use crate::compartment::Compartment;
use crate::weights::Synapse;

/// Something that looks at the state of a network at a regular interval.
///
/// `()` is the observer that never looks; it costs nothing.
pub trait Observer<T: Real> {
    /// Steps between looks, counted from the last reset: after step `every`, 2·`every`, …; 0 means never.
    /// Asked once per pattern. For SteadNet a step is an exposure.
    fn every(&self) -> u64;

    /// Looks at the state after a step.
    fn observe(&mut self, view: &View<'_, T>);
}

impl<T: Real> Observer<T> for () {
    fn every(&self) -> u64 {
        0
    }

    fn observe(&mut self, _: &View<'_, T>) {}
}

/// An observer that calls a function after every n-th step.
#[derive(Clone, Copy, Debug)]
pub struct Every<F>(
    /// Steps between calls.
    pub u64,
    /// The function.
    pub F,
);

impl<T: Real, F: FnMut(&View<'_, T>)> Observer<T> for Every<F> {
    fn every(&self) -> u64 {
        self.0
    }

    fn observe(&mut self, view: &View<'_, T>) {
        (self.1)(view);
    }
}

/// The state of a network after a step. Everything is computed when it is asked for.
pub struct View<'a, T> {
    /// Steps since the last reset, from 1.
    pub step: u64,
    /// Time since the last reset, ms.
    pub time_ms: f64,
    state: &'a dyn Snapshot<T>,
}

impl<'a, T: Real> View<'a, T> {
    pub(crate) fn new(step: u64, time_ms: f64, state: &'a dyn Snapshot<T>) -> Self {
        Self {
            step,
            time_ms,
            state,
        }
    }

    /// Low-passed rates of the input layer, as used in this step.
    pub fn input(&self) -> Vec<f64> {
        self.state.input()
    }

    /// Low-passed target potentials of the output layer, as used in this step (whether it nudged or not).
    pub fn target(&self) -> Vec<f64> {
        self.state.target()
    }

    /// A potential of `layer` (from 1), one entry per neuron; `None` where there is no such compartment.
    ///
    /// Somata are those after the step. Dendritic potentials are those computed in the step, hence from the
    /// somata and weights before it.
    pub fn potential(&self, layer: usize, compartment: Compartment) -> Option<Vec<T>> {
        self.state.potential(layer, compartment)
    }

    /// The weights of `synapse` in `layer` (from 1) after the step; `None` where there are none.
    pub fn weights(&self, layer: usize, synapse: Synapse) -> Option<DMatrix<T>> {
        self.state.weights_of(layer, synapse)
    }

    /// The low-pass weight change Δ after the step; `None` where there is none, and where the learning rate is
    /// zero, unless the network was told to keep those too.
    pub fn delta(&self, layer: usize, synapse: Synapse) -> Option<DMatrix<T>> {
        self.state.delta_of(layer, synapse)
    }
}

/// What a network shows to observers.
pub(crate) trait Snapshot<T> {
    fn input(&self) -> Vec<f64>;
    fn target(&self) -> Vec<f64>;
    fn potential(&self, layer: usize, compartment: Compartment) -> Option<Vec<T>>;
    fn weights_of(&self, layer: usize, synapse: Synapse) -> Option<DMatrix<T>>;
    fn delta_of(&self, layer: usize, synapse: Synapse) -> Option<DMatrix<T>>;
}
