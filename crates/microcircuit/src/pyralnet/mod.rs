//! The full simulation: [`state`] knows no kernel, [`kernels`] work on it, [`engine`] compiles them, and [`drive`] turns
//! patterns into steps; [`view`] is for observers.
#![allow(unreachable_pub, reason = "sealed traits name what is private")]
#![allow(
    clippy::needless_range_loop,
    reason = "an iterator that is not inlined is not compiled for the vector unit"
)]

mod drive;
mod engine;
mod job;
mod kernels;
mod state;
mod view;

use nalgebra::DMatrix;

use self::drive::Driver;
pub use self::engine::Engine;
pub use self::kernels::Form;
use crate::compartment::Compartment;
use crate::model::{BuildError, Microcircuit, Pattern, PresentError};
use crate::observe::{Observer, Snapshot};
use crate::tape::{RestoreError, Tape};
use crate::weights::{ShapeError, Synapse, Weights};
use crate::{NoiseSource, Params, Tuning};

/// The full simulation of a dendritic cortical microcircuit.
///
/// With potentials u (somata), v (dendrites), rates r = f(u), all of layer l unless marked, one Euler step of `dt`
/// computes, all right-hand sides taken before the step:
///
/// ```text
/// r_in     += dt/τ_0 (input - r_in)                                  u_target likewise; used at once
/// v_basal   = W_up r(l-1)        v_apical = W_down r(l+1) + W_pi r_inn        v_inn = W_ip r
/// u        += dt (-g_l u + g_b (v_basal - u) + g_a (v_apical - u) + noise)    hidden
/// u_inn    += dt (-g_l u_inn + g_d (v_inn - u_inn) + g_som (u(l+1) - u_inn) + noise)
/// u        += dt (-g_l u + g_b (v_basal - u) [+ g_som (u_target - u)] + noise)    output [if nudged]
///
/// if plastic:  W += dt η Δ,  then  Δ += dt/τ_w (-Δ + e r_preᵀ)    with the old Δ in both
///   W_up   e = r - f(g_b / (g_l + g_b + g_a) v_basal)             output: without g_a
///   W_ip   e = r_inn - f(g_d / (g_l + g_d) v_inn)
///   W_pi   e = -v_apical
/// ```
///
/// The bias neuron, if there is one, is a last presynaptic neuron of `W_up` and `W_ip`. A step of a pattern is
/// plastic from step `learning_lag / dt` on; before that, and in patterns without plasticity, W and Δ are frozen.
/// Δ carries over to the next pattern, or is zeroed in all layers after every pattern (`reset_deltas`; the
/// published sweeps at learning-lag 0 were made by a program that left it out there). The output of a pattern is
/// the mean of the output somata from step `out_lag / dt` on.
///
/// Source: Sacramento, Costa, Bengio and Senn, arXiv:1801.00062, in the discretisation of P. Hill,
/// *Neuro-Backprop* (2020). Results agree with that program to rounding.
///
/// Nothing is computed that cannot change anything: Δ of rules whose rate is zero are left out (unless
/// [`Tuning::resting_deltas`] asks for them), errors in steps without plasticity too.
pub struct PyraLNet<T: Engine> {
    driver: Driver<T>,
    out_average: Vec<T>,
}

impl<T: Engine> PyraLNet<T> {
    /// A network at rest, without noise.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the weights do not fit the parameters, or these ask for noise.
    pub fn new(params: Params, weights: &Weights<T>) -> Result<Self, BuildError> {
        Self::build(params, weights, Tuning::default(), None)
    }

    /// A network at rest, whose noise is drawn from `source` if the parameters ask for noise.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the weights do not fit the parameters.
    pub fn with_noise(
        params: Params,
        weights: &Weights<T>,
        source: impl NoiseSource + 'static,
    ) -> Result<Self, BuildError> {
        Self::build(params, weights, Tuning::default(), Some(Box::new(source)))
    }

    /// A network at rest, with everything said explicitly.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the weights do not fit the parameters, or these ask for noise and there is no source.
    pub fn build(
        params: Params,
        weights: &Weights<T>,
        tuning: Tuning,
        noise: Option<Box<dyn NoiseSource>>,
    ) -> Result<Self, BuildError> {
        weights.check(&params)?;
        if params.raw().noise > 0.0 && noise.is_none() {
            return Err(BuildError::Noise(params.raw().noise));
        }
        let outputs = params.dim(params.n_hidden() + 1);
        Ok(Self {
            driver: Driver::new(params, weights, tuning, noise),
            out_average: vec![T::default(); outputs],
        })
    }

    /// How often potentials, rates and errors were computed since it was made or, with fixed steps, reset: once per step, or
    /// once per leap of the adaptive integrator.
    pub fn evaluations(&self) -> u64 {
        self.driver.evaluations()
    }

    /// The form that its steps take.
    pub fn form(&self) -> Form {
        self.driver.form()
    }
}

impl<T: Engine> Microcircuit<T> for PyraLNet<T> {
    fn params(&self) -> &Params {
        self.driver.params()
    }

    fn engine(&self) -> String {
        format!("{} {}", self.form(), self.driver.unit())
    }

    fn present(
        &mut self,
        pattern: &Pattern<'_>,
        observer: &mut dyn Observer<T>,
    ) -> Result<&[T], PresentError> {
        self.driver
            .present(pattern, observer, &mut self.out_average)?;
        Ok(&self.out_average)
    }

    fn reset(&mut self) {
        self.driver.reset();
    }

    fn weights(&self) -> Weights<T> {
        self.driver.weights()
    }

    fn set_weights(&mut self, weights: &Weights<T>) -> Result<(), ShapeError> {
        weights.check(self.driver.params())?;
        self.driver.set_weights(weights);
        Ok(())
    }

    fn delta(&self, layer: usize, synapse: Synapse) -> Option<DMatrix<T>> {
        self.driver.delta_of(layer, synapse)
    }

    fn potential(&self, layer: usize, compartment: Compartment) -> Option<Vec<T>> {
        self.driver.somata(layer, compartment)
    }

    fn save(&mut self) -> Option<Vec<u8>> {
        if !self.driver.is_self_contained() {
            return None;
        }
        let mut tape = Tape::write::<T>(&self.engine());
        self.driver.tape(&mut tape).ok()?;
        Some(tape.written())
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), RestoreError> {
        if !self.driver.is_self_contained() {
            return Err(RestoreError::NoForm);
        }
        self.driver
            .tape(&mut Tape::read::<T>(&self.engine(), saved)?)
    }
}
