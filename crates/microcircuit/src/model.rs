//! What both networks can do.

use nalgebra::DMatrix;

use crate::compartment::Compartment;
use crate::observe::Observer;
use crate::tape::RestoreError;
use crate::weights::{ShapeError, Synapse, Weights};
use crate::{Params, Real};

/// A network that is shown patterns: the full simulation [`PyraLNet`](crate::PyraLNet) or its steady-state
/// approximation [`SteadNet`](crate::SteadNet).
///
/// Potentials, weights and Δ carry over from pattern to pattern; only [`Microcircuit::reset`] zeroes the former.
pub trait Microcircuit<T: Real> {
    /// The checked parameters it was made with.
    fn params(&self) -> &Params;

    /// How it is computed on this machine: the form of its steps or sweeps, and the vector unit.
    fn engine(&self) -> String;

    /// Presents a pattern, and returns the output layer's somatic potentials: averaged over the steps after
    /// `out_lag_ms` (PyraLNet), or in the steady state (SteadNet).
    ///
    /// # Errors
    ///
    /// [`PresentError`] if the pattern does not fit the network, before anything happens; or if a potential
    /// has become absurd at the end of it, in which case the network should be reset before it is used again.
    fn present(
        &mut self,
        pattern: &Pattern<'_>,
        observer: &mut dyn Observer<T>,
    ) -> Result<&[T], PresentError>;

    /// Zeroes potentials and Δ; the input and target filters restart at the next pattern's values, and time at 0.
    fn reset(&mut self);

    /// A copy of the weights.
    fn weights(&self) -> Weights<T>;

    /// Replaces the weights; potentials and Δ stay.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] if they do not fit the parameters.
    fn set_weights(&mut self, weights: &Weights<T>) -> Result<(), ShapeError>;

    /// A copy of the low-pass weight change Δ of `synapse` in `layer` (from 1); `None` where there is none, and
    /// where the learning rate is zero, unless the network was told to keep those too.
    fn delta(&self, layer: usize, synapse: Synapse) -> Option<DMatrix<T>>;

    /// A potential, one entry per neuron of `layer` (from 1) or per interneuron of it; `None` where there is no
    /// such compartment. Between patterns only somata are defined in PyraLNet: dendritic potentials are
    /// intermediate results of a step, and seen by observers.
    fn potential(&self, layer: usize, compartment: Compartment) -> Option<Vec<T>>;

    /// All that carries over to the next pattern, for [`Microcircuit::restore`]: bit by bit, weight changes that wait
    /// included. `None` for networks without such a form: plain implementations; noisy ones, whose noise comes from elsewhere;
    /// and those that keep the Δ of rules at rest.
    fn save(&mut self) -> Option<Vec<u8>> {
        None
    }

    /// Takes up what a network with the same parameters saved, to go on as that would have, to the last bit.
    ///
    /// # Errors
    ///
    /// [`RestoreError`] if it was saved by another kind of network, or on another vector unit, or is damaged. The network should
    /// then be made anew.
    fn restore(&mut self, _saved: &[u8]) -> Result<(), RestoreError> {
        Err(RestoreError::NoForm)
    }
}

/// One presentation: what the input layer and the target do, and what the network does with them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pattern<'a> {
    /// Rates of the input layer, one per input neuron.
    pub input: &'a [f64],
    /// Target somatic potentials of the output layer, one per output neuron. Their low-pass filter runs in
    /// every pattern, so they matter to the next pattern even if this one is not nudged.
    pub target: &'a [f64],
    /// Whether the target nudges the output layer.
    pub nudge: bool,
    /// Whether weights are plastic (after the learning-lag).
    pub learn: bool,
    /// Whether the somata are noisy, if the parameters say so at all.
    pub noise: bool,
}

impl<'a> Pattern<'a> {
    /// A training pattern: nudged, plastic, noisy.
    pub fn train(input: &'a [f64], target: &'a [f64]) -> Self {
        Self {
            input,
            target,
            nudge: true,
            learn: true,
            noise: true,
        }
    }

    /// A validation or test pattern: not nudged, not plastic, without noise.
    pub fn validate(input: &'a [f64], target: &'a [f64]) -> Self {
        Self {
            input,
            target,
            nudge: false,
            learn: false,
            noise: false,
        }
    }
}

/// Why a pattern could not be presented, or why the network diverged while it was.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PresentError {
    /// The input has the wrong length.
    #[error("the pattern has {found} inputs: the network takes {expected}")]
    Input {
        /// Entries it has.
        found: usize,
        /// Entries the network takes.
        expected: usize,
    },
    /// The target has the wrong length.
    #[error("the pattern has {found} targets: the network has {expected} outputs")]
    Target {
        /// Entries it has.
        found: usize,
        /// Output neurons of the network.
        expected: usize,
    },
    /// The network diverged.
    #[error(transparent)]
    Diverged(#[from] Diverged),
}

/// A network whose potentials have left every sensible range: a result, not a fault of the program.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error(
    "diverged: at {time_ms} ms the {compartment:?} potential of neuron {neuron} in layer {layer} is {value}, \
     beyond ±{ABSURD:e}; smaller learning rates or weights may help"
)]
pub struct Diverged {
    /// Simulated time since the last reset, ms (the end of the pattern, when it is noticed).
    pub time_ms: f64,
    /// Layer, from 1.
    pub layer: usize,
    /// Compartment: a soma of pyramidal neurons or interneurons.
    pub compartment: Compartment,
    /// Neuron within the layer, from 0.
    pub neuron: usize,
    /// The potential.
    pub value: f64,
}

/// Magnitude beyond which a potential has diverged.
pub const ABSURD: f64 = 1e6;

impl Pattern<'_> {
    pub(crate) fn check(&self, params: &Params) -> Result<(), PresentError> {
        let inputs = params.dim(0);
        let outputs = params.dim(params.n_hidden() + 1);
        if self.input.len() != inputs {
            return Err(PresentError::Input {
                found: self.input.len(),
                expected: inputs,
            });
        }
        if self.target.len() != outputs {
            return Err(PresentError::Target {
                found: self.target.len(),
                expected: outputs,
            });
        }
        Ok(())
    }
}

/// The first somatic potential that is not finite, or absurd.
pub(crate) fn check_somata<T: Real, Somata: AsRef<[T]>>(
    params: &Params,
    time_ms: f64,
    potential: impl Fn(usize, Compartment) -> Option<Somata>,
) -> Result<(), Diverged> {
    let sensible = |u: &T| u.to_f64().abs() <= ABSURD;
    for layer in 1..=params.n_hidden() + 1 {
        for compartment in [Compartment::Soma, Compartment::InnSoma] {
            let somata = potential(layer, compartment);
            let somata = somata.as_ref().map_or(&[][..], AsRef::as_ref);
            if let Some(neuron) = somata.iter().position(|u| !sensible(u)) {
                return Err(Diverged {
                    time_ms,
                    layer,
                    compartment,
                    neuron,
                    value: somata[neuron].to_f64(),
                });
            }
        }
    }
    Ok(())
}

/// Why a network could not be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BuildError {
    /// The weights do not fit the parameters.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The parameters ask for noise, but there is no source of it.
    #[error("network.noise = {0}: make the network with a source of noise, or set it to 0")]
    Noise(f64),
    /// A parameter that the steady-state approximation does not know is not at its default.
    #[error(
        "network.{0} has no effect on the steady-state approximation, which has neither time steps nor moving input: \
         leave it out"
    )]
    NoEffect(&'static str),
}
