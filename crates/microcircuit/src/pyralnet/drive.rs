//! Turns a pattern into steps: the only caller of the engine.

use std::borrow::Cow;

use nalgebra::DMatrix;

use super::engine::Engine;
use super::job::{Job, Segment};
use super::kernels::{Form, leaps_on};
use super::state::State;
use super::state::nodes::Memory;
use super::view;
use crate::compartment::Compartment;
use crate::model::{Pattern, PresentError, check_somata};
use crate::noise::Noise;
use crate::observe::{Observer, Snapshot, View};
use crate::params::Integrator;
use crate::tape::{RestoreError, Tape};
use crate::weights::{Synapse, Weights};
use crate::{NoiseSource, Params, Tuning, resting};

/// A state with what drives it through patterns.
pub(super) struct Driver<T: Engine> {
    state: State<T>,
    /// The state before the step that is being observed, whose dendrites the observer may ask for.
    before: Option<State<T>>,
    noise: Option<Noise>,
    /// State of the adaptive integrator; `None` with fixed steps, which noise requires.
    leaps: Option<Memory<T>>,
    /// Δ of the rules at rest, if they are kept.
    resting: Option<Weights<T>>,
    /// Steps since the last reset.
    step: u64,
}

/// The segments of a pattern: not plastic before the learning-lag, averaged from the output's lag on. Leaps that nobody
/// looks into, `free` ones, go on beyond the latter.
fn segments(params: &Params, learn: bool, free: bool) -> [Segment; 3] {
    let n = params.steps_per_pattern();
    let lag = if learn {
        params.learning_lag_steps().min(n)
    } else {
        n
    };
    let out_lag = params.out_lag_steps();
    let first = lag.min(out_lag);
    let second = if free && lag < out_lag {
        n
    } else {
        lag.max(out_lag)
    };
    [(0, first), (first, second), (second, n)].map(|(start, end)| Segment {
        steps: end - start,
        plastic: start >= lag,
        averaged: end.saturating_sub(out_lag).min(end - start),
    })
}

impl<T: Engine> Driver<T> {
    pub(super) fn new(
        params: Params,
        weights: &Weights<T>,
        tuning: Tuning,
        noise: Option<Box<dyn NoiseSource>>,
    ) -> Self {
        let noisy = params.raw().noise > 0.0;
        let adaptive = params.raw().integrator == Integrator::Adaptive;
        let resting = tuning.resting_deltas.then(|| Weights::zeros(&params));
        let simd = if adaptive {
            leaps_on::<T>(tuning.simd)
        } else {
            tuning.simd
        };
        let mut state = State::new(params, Tuning { simd, ..tuning });
        state.set_weights(weights);
        bring_up_to_date(&mut state);
        Self {
            leaps: adaptive.then(|| Memory::new(&state)),
            noise: noise.filter(|_| noisy).map(Noise::new),
            before: None,
            step: 0,
            resting,
            state,
        }
    }

    pub(super) fn params(&self) -> &Params {
        self.state.params()
    }

    pub(super) fn form(&self) -> Form {
        Form::of(&self.state, self.noise.is_some())
    }

    /// Name of the vector unit.
    pub(super) fn unit(&self) -> &'static str {
        self.state.tuning().simd.name()
    }

    /// Steps or, if it is adaptive, evaluations of the network so far.
    pub(super) fn evaluations(&self) -> u64 {
        self.leaps
            .as_ref()
            .map_or(self.step, |leaps| leaps.pace.evaluations)
    }

    fn time_ms(&self) -> f64 {
        self.step as f64 * self.params().raw().dt_ms
    }

    /// Presents a pattern, and writes the mean output.
    pub(super) fn present(
        &mut self,
        pattern: &Pattern<'_>,
        observer: &mut dyn Observer<T>,
        output: &mut [T],
    ) -> Result<(), PresentError> {
        pattern.check(self.params())?;
        self.begin(pattern);
        let free = self.leaps.is_some() && observer.every() == 0 && self.resting.is_none();
        for segment in segments(self.params(), pattern.learn, free) {
            let skipped = if free { self.settle(segment) } else { 0 };
            let steps = segment.steps - skipped;
            self.take(Segment { steps, ..segment }, observer);
        }
        if self.params().raw().reset_deltas {
            self.zero_deltas();
        }
        check_somata(self.params(), self.time_ms(), |layer, compartment| {
            self.state.somata(layer, compartment)
        })?;
        let averaged = self.params().steps_per_pattern() - self.params().out_lag_steps();
        self.state.average(averaged, output);
        Ok(())
    }

    fn begin(&mut self, pattern: &Pattern<'_>) {
        if let Some(basis) = self.state.begin(pattern) {
            T::run(&mut self.state, Job::Project(basis));
        }
        if let Some(leaps) = &mut self.leaps {
            leaps.begin();
        }
        let raw = self.state.params().raw();
        if let Some(noise) = &mut self.noise {
            noise.set(if pattern.noise {
                raw.dt_ms * raw.noise
            } else {
                0.0
            });
        }
    }

    /// Passes over steps that need not be taken, and returns how many.
    fn settle(&mut self, segment: Segment) -> usize {
        let Some(memory) = &mut self.leaps else {
            return 0;
        };
        if segment.plastic || segment.steps == 0 {
            return 0;
        }
        T::run(&mut self.state, Job::Settle(segment, memory));
        self.step += memory.skipped as u64;
        memory.skipped
    }

    /// Takes the steps of a segment, and shows the state to `observer` where it asks to look.
    fn take(&mut self, segment: Segment, observer: &mut dyn Observer<T>) {
        let every = observer.every();
        let mut left = segment.steps as u64;
        while left > 0 {
            // Steps until the next look; the one that is looked at goes alone.
            let unobserved = match every {
                0 => left,
                _ => left.min(every - self.step % every - 1),
            };
            self.advance(segment.of(unobserved as usize));
            left -= unobserved;
            if left > 0 {
                self.before = Some(self.state.clone());
                self.advance(segment.of(1));
                left -= 1;
                observer.observe(&View::new(self.step, self.time_ms(), self));
            }
        }
    }

    /// Advances by steps of the same kind.
    fn advance(&mut self, segment: Segment) {
        let Segment { steps, plastic, .. } = segment;
        self.step += steps as u64;
        if plastic {
            let beta = self.state.decay().to_f64();
            self.state.input.synapses.count(beta, steps);
        }
        if !(plastic && self.resting.is_some()) {
            return self.run(segment);
        }
        for _ in 0..steps {
            self.resting_plasticity();
            self.run(segment.of(1));
        }
    }

    /// Runs a segment, by leaps if the parameters say so.
    fn run(&mut self, segment: Segment) {
        if let Some(memory) = &mut self.leaps {
            return T::run(&mut self.state, Job::Leaps(segment, memory));
        }
        if !segment.plastic {
            T::run(&mut self.state, Job::CatchUp);
        }
        T::run(&mut self.state, Job::Steps(segment, self.noise.as_mut()));
    }

    /// What the next step does to the Δ of rules at rest.
    fn resting_plasticity(&mut self) {
        let Some(mut deltas) = self.resting.take() else {
            return;
        };
        let state = self.up_to_date();
        let raw = state.params().raw();
        let share = T::from_f64(raw.dt_ms / raw.tau_w_ms);
        let input = state.input.next_rates();
        let input = input.into_iter().map(T::from_f64).collect();
        resting::low_pass(
            &mut deltas,
            state.params(),
            share,
            input,
            |layer, compartment| {
                let potential = view::potential(&state, layer, compartment);
                potential.unwrap_or_default()
            },
        );
        drop(state);
        self.resting = Some(deltas);
    }

    /// The state with all changes of weights applied: a copy, if any wait.
    fn up_to_date(&self) -> Cow<'_, State<T>> {
        up_to_date(&self.state)
    }

    /// Whether all that carries over to the next pattern is here.
    pub(super) fn is_self_contained(&self) -> bool {
        self.noise.is_none() && self.resting.is_none()
    }

    /// Everything that a pattern leaves to the next.
    pub(super) fn tape(&mut self, tape: &mut Tape<'_>) -> Result<(), RestoreError> {
        let Self {
            state,
            // Of the last step, for its observer.
            before: _,
            noise: _,
            leaps,
            resting: _,
            step,
        } = self;
        state.tape(tape)?;
        if let Some(memory) = leaps {
            memory.tape(tape)?;
        }
        tape.total(step)?;
        tape.end()
    }

    pub(super) fn reset(&mut self) {
        self.zero_deltas();
        self.state.reset();
        self.step = 0;
    }

    fn zero_deltas(&mut self) {
        bring_up_to_date(&mut self.state);
        self.state.zero_deltas();
        bring_up_to_date(&mut self.state);
        if let Some(deltas) = &mut self.resting {
            *deltas = Weights::zeros(self.state.params());
        }
    }

    pub(super) fn set_weights(&mut self, weights: &Weights<T>) {
        bring_up_to_date(&mut self.state);
        self.state.set_weights(weights);
        bring_up_to_date(&mut self.state);
    }

    pub(super) fn weights(&self) -> Weights<T> {
        let state = self.up_to_date();
        Weights::from_fn(state.params(), |layer, synapse, _| {
            let weights = state.weights_of(layer, synapse);
            weights.expect("every synapse is held somewhere")
        })
    }

    pub(super) fn somata(&self, layer: usize, compartment: Compartment) -> Option<Vec<T>> {
        self.state.somata(layer, compartment)
    }
}

fn up_to_date<T: Engine>(state: &State<T>) -> Cow<'_, State<T>> {
    if state.is_up_to_date() {
        return Cow::Borrowed(state);
    }
    let mut copy = state.clone();
    bring_up_to_date(&mut copy);
    Cow::Owned(copy)
}

/// Applies what waits, and makes the matrices and the plane of the input agree.
fn bring_up_to_date<T: Engine>(state: &mut State<T>) {
    T::run(state, Job::CatchUp);
    if let Some(basis) = state.input.basis() {
        T::run(state, Job::Project(basis));
    }
}

impl<T: Engine> Snapshot<T> for Driver<T> {
    fn input(&self) -> Vec<f64> {
        let mut rates = self.state.input.low_passed();
        rates.truncate(self.params().dim(0));
        rates
    }

    fn target(&self) -> Vec<f64> {
        self.state.target.potential.value().to_vec()
    }

    fn potential(&self, layer: usize, compartment: Compartment) -> Option<Vec<T>> {
        match compartment {
            Compartment::Soma | Compartment::InnSoma => self.somata(layer, compartment),
            _ => view::potential(&up_to_date(self.before.as_ref()?), layer, compartment),
        }
    }

    fn weights_of(&self, layer: usize, synapse: Synapse) -> Option<DMatrix<T>> {
        self.up_to_date().weights_of(layer, synapse)
    }

    fn delta_of(&self, layer: usize, synapse: Synapse) -> Option<DMatrix<T>> {
        let changing = self.up_to_date().delta_of(layer, synapse);
        changing.or_else(|| resting::delta_of(self.resting.as_ref(), layer, synapse))
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::{Activation, NetworkParams, PerLayer, Start};

    fn cases() -> [NetworkParams; 3] {
        let yin_yang = NetworkParams {
            t_pattern_ms: 30.0,
            out_lag_ms: 15.0,
            learning_lag_ms: 10.0,
            integrator: Integrator::Adaptive,
            ..NetworkParams::yin_yang()
        };
        let random = NetworkParams {
            dims: vec![4, 20, 3],
            activation: Activation::SoftRelu,
            eta_up: PerLayer(vec![0.02, 0.002]),
            eta_ip: PerLayer(vec![0.004]),
            eta_pi: PerLayer(vec![0.01]),
            start: Start::Random,
            bias_rate: None,
            ..yin_yang.clone()
        };
        let deep = NetworkParams {
            dims: vec![4, 40, 30, 20, 3],
            eta_up: PerLayer(vec![1.0, 0.1, 0.01, 0.001]),
            eta_ip: PerLayer(vec![0.02, 0.002, 0.002]),
            eta_pi: PerLayer(vec![0.01, 0.01, 0.0]),
            ..yin_yang.clone()
        };
        [yin_yang, random, deep]
    }

    /// An observer, in whose presence no steps are left out.
    fn never() -> impl Observer<f64> {
        crate::Every(u64::MAX, |_: &View<'_, f64>| {})
    }

    #[test]
    fn leaps_of_one_step_are_those_of_euler() {
        for raw in cases() {
            let params = raw.check().expect("valid");
            let mut rng = ChaCha8Rng::seed_from_u64(3);
            let weights = Weights::<f64>::draw(&params, || rng.random());
            let new = |params: Params| Driver::new(params, &weights, Tuning::default(), None);
            let mut leaps = new(params);
            leaps.leaps.as_mut().expect("adaptive").pace.longest = 1;
            let fixed = NetworkParams {
                integrator: Integrator::Euler,
                ..raw.clone()
            };
            let mut steps = new(fixed.check().expect("valid"));
            let (inputs, outputs) = (raw.dims[0], raw.dims[raw.dims.len() - 1]);
            let mut random = |n: usize| -> Vec<f64> { (0..n).map(|_| rng.random()).collect() };
            for round in 0..6 {
                let (input, target) = (random(inputs), random(outputs));
                let pattern = Pattern {
                    learn: round != 2,
                    nudge: round != 3,
                    ..Pattern::train(&input, &target)
                };
                let mut means = [vec![0.0; outputs], vec![0.0; outputs]];
                for (driver, mean) in [&mut leaps, &mut steps].into_iter().zip(&mut means) {
                    driver
                        .present(&pattern, &mut never(), mean)
                        .expect("stable");
                }
                for (a, b) in means[0].iter().zip(&means[1]) {
                    assert!((a - b).abs() < 1e-12, "{a} {b} {round}");
                }
            }
            let (ours, exact) = (leaps.weights(), steps.weights());
            for (layer, synapse) in steps.params().synapses() {
                let of = |w: &Weights<f64>| w.get(layer, synapse).expect("exists").clone();
                let change = (of(&exact) - of(&weights)).norm();
                let error = (of(&ours) - of(&exact)).norm();
                assert!(
                    error <= 1e-11 * change,
                    "{layer} {synapse:?}: {error:e} of {change:e}"
                );
            }
        }
    }

    /// Leaps of the same length, after the first: their local error is of fourth order in it.
    #[test]
    fn errors_fall_with_the_third_power_of_the_length_of_leaps() {
        let raw = NetworkParams {
            tolerance: 1.0,
            t_pattern_ms: 60.0,
            learning_lag_ms: 20.0,
            ..cases()[0].clone()
        };
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let params = raw.check().expect("valid");
        let weights = Weights::<f64>::draw(&params, || rng.random());
        let mut changes = [1, 3, 6, 12].map(|longest| {
            let mut driver = Driver::new(params.clone(), &weights, Tuning::default(), None);
            driver.leaps.as_mut().expect("adaptive").pace.longest = longest;
            let mut mean = vec![0.0; 3];
            for (input, target) in [([0.2, 0.7, 0.8, 0.3], 0), ([0.6, 0.1, 0.4, 0.9], 2)] {
                let mut targets = [0.1; 3];
                targets[target] = 1.0;
                let pattern = Pattern::train(&input, &targets);
                driver
                    .present(&pattern, &mut never(), &mut mean)
                    .expect("stable");
            }
            driver.weights().hidden[0].up.clone()
        });
        let exact = std::mem::take(&mut changes[0]);
        let errors = [1, 2, 3].map(|i| (&changes[i] - &exact).norm());
        let orders = [0, 1].map(|i| (errors[i + 1] / errors[i]).log2());
        assert!(
            orders.iter().all(|order| *order > 2.5),
            "{errors:?}, {orders:?}"
        );
    }
}
