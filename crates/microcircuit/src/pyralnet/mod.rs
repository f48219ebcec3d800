//! The full simulation.
#![allow(unreachable_pub, reason = "sealed traits name what is private")]

mod core;
mod engine;
mod first;
mod input;
mod leap;
mod memory;
mod past;
mod powers;
mod settled;
mod shallow;
mod stage;
mod step;
mod turn;

use nalgebra::DMatrix;

use self::core::{Core, Dendrites};
pub(crate) use self::engine::Engine;
pub use self::input::InputForm;
use crate::kernels::simd::Simd;
use crate::model::{BuildError, Compartment, Microcircuit, Pattern, PresentError, check_somata};
use crate::observe::{Observer, Snapshot, View};
use crate::weights::{ShapeError, Synapse, Weights};
use crate::{NoiseSource, Params, Real};

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
pub struct PyraLNet<T: Real> {
    core: Core<T>,
    out_average: Vec<T>,
    step: u64,
    /// Dendritic potentials of the step that is being observed.
    dendrites: Vec<Dendrites<T>>,
}

/// How a network is computed; what it computes is the same to rounding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tuning {
    /// Coordinates of the input layer.
    pub input: InputForm,
    /// Vector unit.
    pub simd: Simd,
    /// Whether Δ are computed also of rules whose rate is zero, so that they can be looked at.
    pub resting_deltas: bool,
}

impl<T: Real> PyraLNet<T> {
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
        let mut core = Core::new(params, tuning, noise);
        core.set_weights(weights);
        Ok(Self {
            core,
            out_average: vec![T::default(); outputs],
            step: 0,
            dendrites: Vec::new(),
        })
    }

    /// How it is computed.
    pub fn tuning(&self) -> Tuning {
        self.core.tuning()
    }

    fn time_ms(&self) -> f64 {
        self.step as f64 * self.core.params.raw().dt_ms
    }

    /// Advances to step `to` of the pattern, stopping to let `observer` look.
    fn advance(
        &mut self,
        steps: std::ops::Range<usize>,
        pattern: &Pattern<'_>,
        observer: &mut dyn Observer<T>,
    ) {
        let params = &self.core.params;
        let plastic = pattern.learn && steps.start >= params.learning_lag_steps();
        let average = steps.start >= params.out_lag_steps();
        let every = observer.every();
        let mut left = steps.len() as u64;
        while left > 0 {
            // Steps until the next look; the one that is looked at goes alone.
            let unobserved = match every {
                0 => left,
                _ => left.min(every - self.step % every - 1),
            };
            self.core.advance(unobserved as usize, plastic, average);
            self.step += unobserved;
            left -= unobserved;
            if left > 0 {
                self.dendrites = self.core.dendrites();
                self.core.advance(1, plastic, average);
                self.step += 1;
                left -= 1;
                observer.observe(&View::new(self.step, self.time_ms(), self));
            }
        }
    }
}

impl<T: Real> Microcircuit<T> for PyraLNet<T> {
    fn params(&self) -> &Params {
        &self.core.params
    }

    fn present(
        &mut self,
        pattern: &Pattern<'_>,
        observer: &mut dyn Observer<T>,
    ) -> Result<&[T], PresentError> {
        let params = &self.core.params;
        pattern.check(params)?;
        let n_steps = params.steps_per_pattern();
        let (lag, out_lag) = (
            params.learning_lag_steps().min(n_steps),
            params.out_lag_steps(),
        );
        self.core.begin(pattern);
        let (first, second) = (lag.min(out_lag), lag.max(out_lag));
        for steps in [0..first, first..second, second..n_steps] {
            self.advance(steps, pattern, observer);
        }
        if self.core.params.raw().reset_deltas {
            self.core.zero_deltas();
        }
        let time_ms = self.time_ms();
        for layer in 1..=self.core.params.n_hidden() + 1 {
            check_somata(time_ms, layer, Compartment::Soma, &self.core.soma(layer))?;
            if layer <= self.core.params.n_hidden() {
                check_somata(
                    time_ms,
                    layer,
                    Compartment::InnSoma,
                    self.core.inn_soma(layer),
                )?;
            }
        }
        self.core.average(n_steps - out_lag, &mut self.out_average);
        Ok(&self.out_average)
    }

    fn reset(&mut self) {
        self.core.reset();
        self.step = 0;
    }

    fn weights(&self) -> Weights<T> {
        Weights::from_fn(&self.core.params, |layer, synapse, _| {
            self.core
                .weights_of(layer, synapse)
                .expect("every synapse is held somewhere")
        })
    }

    fn set_weights(&mut self, weights: &Weights<T>) -> Result<(), ShapeError> {
        weights.check(&self.core.params)?;
        self.core.set_weights(weights);
        Ok(())
    }

    fn delta(&self, layer: usize, synapse: Synapse) -> Option<DMatrix<T>> {
        self.core.delta_of(layer, synapse)
    }

    fn potential(&self, layer: usize, compartment: Compartment) -> Option<Vec<T>> {
        let n_hidden = self.core.params.n_hidden();
        match compartment {
            Compartment::Soma if (1..=n_hidden + 1).contains(&layer) => Some(self.core.soma(layer)),
            Compartment::InnSoma if (1..=n_hidden).contains(&layer) => {
                Some(self.core.inn_soma(layer).to_vec())
            }
            _ => None,
        }
    }
}

impl<T: Real> Snapshot<T> for PyraLNet<T> {
    fn input(&self) -> Vec<f64> {
        let mut rates = self.core.input.rates();
        rates.truncate(self.core.params.dim(0));
        rates
    }

    fn target(&self) -> Vec<f64> {
        self.core.target.clone()
    }

    fn potential(&self, layer: usize, compartment: Compartment) -> Option<Vec<T>> {
        Microcircuit::potential(self, layer, compartment)
            .or_else(|| self.dendrites.get(layer.checked_sub(1)?)?.of(compartment))
    }

    fn weights_of(&self, layer: usize, synapse: Synapse) -> Option<DMatrix<T>> {
        self.core.weights_of(layer, synapse)
    }

    fn delta_of(&self, layer: usize, synapse: Synapse) -> Option<DMatrix<T>> {
        self.core.delta_of(layer, synapse)
    }
}
