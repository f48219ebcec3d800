//! The steady-state approximation.
#![allow(unreachable_pub, reason = "sealed traits name what is private")]

mod engine;
mod feedback;
mod forward;
mod state;
mod sweep;

use std::borrow::Cow;

use nalgebra::DMatrix;

pub use self::engine::Engine;
use self::state::State;
use self::sweep::Job;
use crate::compartment::Compartment;
use crate::model::{BuildError, Microcircuit, Pattern, PresentError, check_somata};
use crate::observe::{Observer, Snapshot, View};
use crate::tape::{RestoreError, Tape};
use crate::weights::{ShapeError, Synapse, Weights};
use crate::{InputForm, Integrator, Params, Tuning, resting};

/// The steady-state approximation of a dendritic cortical microcircuit.
///
/// Instead of simulating the way into the steady state of a pattern, sweeps through the layers compute an
/// approximation of it; weights are updated a few times per pattern. Potentials v of dendrites, u of somata, rates
/// r = f(u), all of layer l unless marked. An exposure of a pattern is `n_passes` times
///
/// ```text
/// upward, from the first hidden layer to the output
///   v_basal = W_up r(l-1)
///   u       = ĝ_b v_basal                    + λ_a v_apical               from the second pass on
///   v_inn   = W_ip r,  u_inn = ĝ_d v_inn     in the first pass
///                      u_inn = (1-λ_i) ĝ_d v_inn + λ_i u(l+1)             from the second pass on
///   output: u = ĝ_b v_basal, or (1-λ_o) ĝ_b v_basal + λ_o u_target if nudged
/// downward, see below
///   u_inn    = (1-λ_i) ĝ_d v_inn + λ_i u(l+1)
///   v_apical = W_down r(l+1) + W_pi r_inn
///   u        = ĝ_b v_basal + λ_a v_apical
/// ```
///
/// with `ĝ_b = g_b / (g_l + g_b + g_a)` (output: without g_a), `ĝ_d = g_d / (g_l + g_d)`,
/// `λ_a = g_a / (g_l + g_b + g_a)`, `λ_i = g_som / (g_l + g_d + g_som)`, `λ_o = g_som / (g_l + g_b + g_som)`. Then,
/// if the pattern is plastic, one update of all weights, with the errors e of the full simulation
/// ([`PyraLNet`](crate::PyraLNet)):
///
/// ```text
/// dT = (t_pattern - learning_lag) / n_exposures,  a = dT / (τ_w + dT)
/// Δ ← (1-a) Δ + a e r_preᵀ,  then  W ← W + dT η Δ      with the new Δ, the other way round than the simulation
/// ```
///
/// Two orders of the downward sweep are offered ([`Sweep`](crate::Sweep)). `downward` revisits all hidden layers,
/// from the last to the first, as the text describes it. `published` revisits the first only, as the published
/// program does: its loop over the others covers an empty range, so that they feel the layers above only in upward
/// sweeps from the second pass on, and never with one pass. With one hidden layer the two are the same. In both,
/// the output is not recomputed after a downward sweep, and the updates use the somata from after it.
///
/// Inputs and targets are not low-pass filtered, there is no noise, and the output is the final output soma.
/// `reset_deltas` zeroes the Δ of the first hidden layer's synapses only, before the first update of each pattern,
/// again as published.
///
/// Source: P. Hill, *Neuro-Backprop* (2020), section 1.4.
pub struct SteadNet<T: Engine> {
    state: State<T>,
    input: Vec<f64>,
    target: Vec<f64>,
    exposures: u64,
    time_ms: f64,
    /// Δ of the rules at rest, if they are kept.
    resting: Option<Weights<T>>,
}

impl<T: Engine> SteadNet<T> {
    /// A network at rest.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the weights do not fit the parameters.
    pub fn new(params: Params, weights: &Weights<T>) -> Result<Self, BuildError> {
        Self::build(params, weights, Tuning::default())
    }

    /// A network at rest, with everything said explicitly.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the weights do not fit the parameters, or these hold a setting that only the full simulation
    /// knows.
    pub fn build(params: Params, weights: &Weights<T>, tuning: Tuning) -> Result<Self, BuildError> {
        weights.check(&params)?;
        refuse_unused(&params)?;
        let resting = tuning.resting_deltas.then(|| Weights::zeros(&params));
        let (input, target) = (
            vec![0.0; params.dim(0)],
            vec![0.0; params.dim(params.n_hidden() + 1)],
        );
        let mut state = State::new(params, tuning);
        state.set_weights(weights);
        Ok(Self {
            state,
            input,
            target,
            exposures: 0,
            time_ms: 0.0,
            resting,
        })
    }

    fn learn(&mut self, first_exposure: bool) {
        if first_exposure && self.state.params().raw().reset_deltas {
            // The sweeps have applied whatever was left.
            self.state.zero_first_deltas();
            if let Some(resting) = &mut self.resting {
                resting.hidden[0] = Weights::zeros(self.state.params()).hidden.swap_remove(0);
            }
        }
        self.resting_plasticity();
        T::run(&mut self.state, Job::Learn);
    }

    /// Updates Δ of the rules at rest.
    fn resting_plasticity(&mut self) {
        let Some(mut deltas) = self.resting.take() else {
            return;
        };
        let params = self.state.params();
        let bias = params.raw().bias_rate.map(T::from_f64);
        let input = self.input.iter().map(|r| T::from_f64(*r)).chain(bias);
        let share = T::from_f64(self.state.low_pass);
        let potential = |layer, compartment| {
            let potential = self.state.potential(layer, compartment);
            potential.unwrap_or_default().to_vec()
        };
        resting::low_pass(&mut deltas, params, share, input.collect(), potential);
        self.resting = Some(deltas);
    }

    fn tape(&mut self, tape: &mut Tape<'_>) -> Result<(), RestoreError> {
        self.state.tape(tape)?;
        tape.total(&mut self.exposures)?;
        tape.doubles(std::slice::from_mut(&mut self.time_ms))?;
        tape.end()
    }

    /// The network with all updates applied: a copy, if any wait.
    fn up_to_date(&self) -> Cow<'_, State<T>> {
        if self.state.is_up_to_date() {
            return Cow::Borrowed(&self.state);
        }
        let mut copy = self.state.clone();
        T::run(&mut copy, Job::CatchUp);
        Cow::Owned(copy)
    }
}

/// Settings that would have no effect.
fn refuse_unused(params: &Params) -> Result<(), BuildError> {
    let raw = params.raw();
    if raw.integrator != Integrator::default() {
        return Err(BuildError::NoEffect("integrator"));
    }
    if raw.input != InputForm::default() {
        return Err(BuildError::NoEffect("input"));
    }
    Ok(())
}

impl<T: Engine> Microcircuit<T> for SteadNet<T> {
    fn params(&self) -> &Params {
        self.state.params()
    }

    fn engine(&self) -> String {
        format!("sweeps {}", self.state.tuning().simd.name())
    }

    fn present(
        &mut self,
        pattern: &Pattern<'_>,
        observer: &mut dyn Observer<T>,
    ) -> Result<&[T], PresentError> {
        pattern.check(self.state.params())?;
        self.input.copy_from_slice(pattern.input);
        self.target.copy_from_slice(pattern.target);
        let rates = self.state.forward[0].synapses.rate_mut();
        for (rate, r) in rates.iter_mut().zip(pattern.input) {
            *rate = T::from_f64(*r);
        }
        for (target, u) in self.state.target.iter_mut().zip(pattern.target) {
            *target = T::from_f64(*u);
        }
        let every = observer.every();
        let raw = self.state.params().raw();
        let (n_exposures, t_pattern) = (raw.n_exposures, raw.t_pattern_ms);
        for exposure in 0..n_exposures {
            let nudge = pattern.nudge;
            T::run(&mut self.state, Job::Settle { nudge });
            if pattern.learn {
                self.learn(exposure == 0);
            }
            self.exposures += 1;
            self.time_ms += t_pattern / n_exposures as f64;
            if every != 0 && self.exposures.is_multiple_of(every) {
                observer.observe(&View::new(self.exposures, self.time_ms, self));
            }
        }
        let (params, state) = (self.state.params(), &self.state);
        check_somata(params, self.time_ms, |layer, compartment| {
            state.potential(layer, compartment)
        })?;
        let output = state.potential(params.n_hidden() + 1, Compartment::Soma);
        Ok(output.unwrap_or_default())
    }

    fn reset(&mut self) {
        T::run(&mut self.state, Job::CatchUp);
        self.state.reset();
        self.resting = self
            .resting
            .take()
            .map(|_| Weights::zeros(self.state.params()));
        self.exposures = 0;
        self.time_ms = 0.0;
    }

    fn weights(&self) -> Weights<T> {
        let state = self.up_to_date();
        Weights::from_fn(state.params(), |layer, synapse, _| {
            state
                .weights_of(layer, synapse)
                .expect("every synapse is held somewhere")
        })
    }

    fn set_weights(&mut self, weights: &Weights<T>) -> Result<(), ShapeError> {
        weights.check(self.state.params())?;
        T::run(&mut self.state, Job::CatchUp);
        self.state.set_weights(weights);
        Ok(())
    }

    fn delta(&self, layer: usize, synapse: Synapse) -> Option<DMatrix<T>> {
        let changing = self.up_to_date().delta_of(layer, synapse);
        changing.or_else(|| resting::delta_of(self.resting.as_ref(), layer, synapse))
    }

    fn potential(&self, layer: usize, compartment: Compartment) -> Option<Vec<T>> {
        self.state.potential(layer, compartment).map(<[T]>::to_vec)
    }

    fn save(&mut self) -> Option<Vec<u8>> {
        if self.resting.is_some() {
            return None;
        }
        let mut tape = Tape::write::<T>(&self.engine());
        self.tape(&mut tape).ok()?;
        Some(tape.written())
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), RestoreError> {
        if self.resting.is_some() {
            return Err(RestoreError::NoForm);
        }
        self.tape(&mut Tape::read::<T>(&self.engine(), saved)?)
    }
}

impl<T: Engine> Snapshot<T> for SteadNet<T> {
    fn input(&self) -> Vec<f64> {
        self.input.clone()
    }

    fn target(&self) -> Vec<f64> {
        self.target.clone()
    }

    fn potential(&self, layer: usize, compartment: Compartment) -> Option<Vec<T>> {
        Microcircuit::potential(self, layer, compartment)
    }

    fn weights_of(&self, layer: usize, synapse: Synapse) -> Option<DMatrix<T>> {
        self.up_to_date().weights_of(layer, synapse)
    }

    fn delta_of(&self, layer: usize, synapse: Synapse) -> Option<DMatrix<T>> {
        self.delta(layer, synapse)
    }
}
