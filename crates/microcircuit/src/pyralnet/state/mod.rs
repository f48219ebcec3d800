//! The state of the whole network between steps: plain data, and what keeps it consistent.
//!
//! Kernels write the numbers in its arrays; everything else is written by the file that declares it.

mod filter;
pub(super) mod input;
pub(super) mod layer;
pub(super) mod low_rank;
pub(super) mod moments;
pub(super) mod nodes;
pub(super) mod pace;
mod plane;

use nalgebra::DMatrix;

pub(super) use self::plane::Decay;

use self::filter::Filter;
use self::input::Input;
use self::layer::Layer;
use crate::compartment::Compartment;
use crate::kernels::aligned::Aligned;
use crate::kernels::elementary::unit;
use crate::leak::{Leak, LowPass};
use crate::model::Pattern;
use crate::tape::{RestoreError, Tape};
use crate::weights::{Synapse, Weights};
use crate::{Params, Real, Tuning};

/// Everything that a step reads or writes, but noise.
#[derive(Clone)]
pub struct State<T: Real> {
    params: Params,
    tuning: Tuning,
    pub(super) input: Input<T>,
    pub(super) first: FirstLayer<T>,
    /// Hidden layers; the output is among the targets of the last one.
    pub(super) layers: Vec<Layer<T>>,
    pub(super) target: Target,
    plasticity: LowPass<T>,
}

/// Pyramidal neurons of the first hidden layer. (Those of the others are targets of the layer below.)
#[derive(Clone)]
pub struct FirstLayer<T: Real> {
    /// Somatic potentials times `unit`, the arguments of f; see `kernels/first_layer.rs`.
    pub(super) soma: Aligned<T>,
    unit: f64,
    leak: Leak<T>,
    /// `rate = mask f(u) + bias` in each lane: 1 and 0 for neurons, 0 and the bias' rate for that, 0 and 0 for none.
    mask: Aligned<T>,
    bias: Aligned<T>,
    /// Errors whose weight changes wait for the next step; none do between segments.
    errors: Aligned<T>,
}

/// What a kernel reads and writes of the first hidden layer.
pub struct Parts<'a, T> {
    pub(super) mask: &'a [T],
    pub(super) bias: &'a [T],
    pub(super) soma: &'a mut [T],
    pub(super) errors: &'a mut [T],
}

/// What nudges the output layer.
#[derive(Clone)]
pub struct Target {
    /// Target potentials; empty before the first pattern.
    pub(super) potential: Filter,
    /// dt g_som if the output is nudged, else zero.
    gain: f64,
}

impl Target {
    /// dt g_som if the output is nudged, else zero.
    #[inline(always)]
    pub(super) fn gain(&self) -> f64 {
        self.gain
    }
}

impl<T: Real> FirstLayer<T> {
    fn new(params: &Params) -> Self {
        let raw = params.raw();
        let n = params.dim(1);
        let (mut mask, mut bias) = (Aligned::zeros(n + 1), Aligned::zeros(n + 1));
        mask[..n].fill(T::ONE);
        bias[n] = T::from_f64(raw.bias_rate.unwrap_or(0.0));
        let unit = unit::<T>(raw.activation).to_f64();
        let conductances = raw.g_l + raw.g_b + raw.g_a;
        Self {
            soma: Aligned::zeros(n + 1),
            unit,
            leak: Leak::of_predictions(raw.dt_ms, conductances, raw.g_b, unit),
            mask,
            bias,
            errors: Aligned::zeros(n + 1),
        }
    }

    /// What its potentials are multiplied by to be stored.
    pub(super) fn unit(&self) -> f64 {
        self.unit
    }

    #[inline(always)]
    pub(super) fn leak(&self) -> Leak<T> {
        self.leak
    }

    #[inline(always)]
    pub(super) fn parts(&mut self) -> Parts<'_, T> {
        Parts {
            mask: &self.mask,
            bias: &self.bias,
            soma: &mut self.soma,
            errors: &mut self.errors,
        }
    }
}

impl<T: Real> State<T> {
    /// At rest, with zero weights.
    pub(super) fn new(params: Params, tuning: Tuning) -> Self {
        let raw = params.raw();
        let width = tuning.simd.lanes::<T>();
        let plasticity = LowPass::new(raw.dt_ms, raw.tau_w_ms);
        let first = FirstLayer::new(&params);
        let unit_of = |layer| if layer == 1 { first.unit } else { 1.0 };
        let layers = (1..=params.n_hidden())
            .map(|layer| Layer::new(&params, layer, unit_of(layer), width))
            .collect();
        let mut state = Self {
            input: Input::new(&params, plasticity, width),
            layers,
            first,
            target: Target {
                potential: Filter::default(),
                gain: 0.0,
            },
            plasticity,
            tuning,
            params,
        };
        state.rest();
        state
    }

    pub(super) fn params(&self) -> &Params {
        &self.params
    }

    pub(super) fn tuning(&self) -> Tuning {
        self.tuning
    }

    /// 1 - dt/τ_w
    #[inline(always)]
    pub(super) fn decay(&self) -> T {
        self.plasticity.decay
    }

    /// Zeroes somata; keeps weights and Δ.
    fn rest(&mut self) {
        self.first.soma.fill(T::default());
        let rate = self.params.raw().activation.rate(T::default());
        self.layers.iter_mut().for_each(|layer| layer.rest(rate));
    }

    /// Zeroes somata and forgets input and target; keeps weights and Δ.
    pub(super) fn reset(&mut self) {
        self.input.forget();
        self.target.potential = Filter::default();
        self.rest();
    }

    /// Everything that a pattern leaves to the next.
    pub(super) fn tape(&mut self, tape: &mut Tape<'_>) -> Result<(), RestoreError> {
        let outputs = self.params.dim(self.params.n_hidden() + 1);
        let inputs = self.params.n_pre(0);
        let Self {
            params: _,
            tuning: _,
            input,
            first,
            layers,
            target,
            plasticity: _,
        } = self;
        input.tape(inputs, tape)?;
        let FirstLayer {
            soma,
            unit: _,
            leak: _,
            mask: _,
            bias: _,
            errors,
        } = first;
        tape.reals(soma)?;
        tape.reals(errors)?;
        layers.iter_mut().try_for_each(|layer| layer.tape(tape))?;
        let Target { potential, gain } = target;
        potential.tape(outputs, tape)?;
        tape.doubles(std::slice::from_mut(gain))
    }

    /// Turns to a new pattern; returns a basis that the input's weights are to be projected onto, if there is one.
    pub(super) fn begin(&mut self, pattern: &Pattern<'_>) -> Option<[Vec<T>; 2]> {
        let raw = self.params.raw();
        let basis = self.input.begin(pattern.input, raw.bias_rate);
        let goal = pattern.target.to_vec();
        let start = match self.target.potential.value() {
            [] => goal.clone(),
            potential => potential.to_vec(),
        };
        let g_som = if pattern.nudge { raw.g_som } else { 0.0 };
        let keep = T::from_f64(1.0 - raw.dt_ms * (raw.g_l + raw.g_b + g_som));
        self.target.gain = raw.dt_ms * g_som;
        self.target.potential.begin(start, goal);
        if let Some(last) = self.layers.last_mut() {
            let m = last.above();
            last.targets.begin(m, keep);
        }
        basis
    }

    /// Whether weights and Δ are as the last step left them, so that they can be read and replaced.
    pub(super) fn is_up_to_date(&self) -> bool {
        self.input.synapses.is_up_to_date()
            && self
                .layers
                .iter()
                .all(|layer| layer.forward.is_up_to_date())
    }

    /// Mean of the output's somata over the last `n` steps, in all of which it was averaged.
    pub(super) fn average(&self, n: usize, into: &mut [T]) {
        let n = T::from_f64(n as f64);
        let sums = self.layers.last().map(|last| &*last.targets.sum);
        for (mean, sum) in into.iter_mut().zip(sums.into_iter().flatten()) {
            *mean = *sum / n;
        }
    }

    /// Zeroes all Δ. Everything must be up to date.
    pub(super) fn zero_deltas(&mut self) {
        self.input.zero_deltas();
        self.layers.iter_mut().for_each(Layer::zero_deltas);
    }

    /// Replaces the weights. Everything must be up to date.
    pub(super) fn set_weights(&mut self, weights: &Weights<T>) {
        self.input.set_weights(&weights.hidden[0].up);
        for (layer, synapse) in self.params.synapses() {
            if let Some(matrix) = weights.get(layer, synapse) {
                let layers = self.layers.iter_mut();
                layers.for_each(|held| held.set_weights(layer, synapse, matrix));
            }
        }
        self.layers.iter_mut().for_each(Layer::nudge);
    }

    /// Weights; `None` where there are none. Everything must be up to date.
    pub(super) fn weights_of(&self, layer: usize, synapse: Synapse) -> Option<DMatrix<T>> {
        let shape = self.params.shape(layer, synapse)?;
        if (layer, synapse) == (1, Synapse::Up) {
            return Some(self.input.weights(shape));
        }
        let mut layers = self.layers.iter();
        layers.find_map(|held| held.weights(layer, synapse, shape))
    }

    /// Δ; `None` where there is none or the rule is at rest. Everything must be up to date.
    pub(super) fn delta_of(&self, layer: usize, synapse: Synapse) -> Option<DMatrix<T>> {
        let shape = self.params.shape(layer, synapse)?;
        if (layer, synapse) == (1, Synapse::Up) {
            return self.input.delta(shape);
        }
        let mut layers = self.layers.iter();
        layers.find_map(|held| held.delta(layer, synapse, shape))
    }

    /// Somata of the pyramidal neurons or interneurons of `layer` (from 1), where there are any.
    pub(super) fn somata(&self, layer: usize, compartment: Compartment) -> Option<Vec<T>> {
        let n_hidden = self.params.n_hidden();
        if layer == 0 || layer > n_hidden + 1 {
            return None;
        }
        match compartment {
            Compartment::Soma if layer == 1 => {
                let somata = &self.first.soma[..self.params.dim(1)];
                let potential = |u: &T| T::from_f64(u.to_f64() / self.first.unit);
                Some(somata.iter().map(potential).collect())
            }
            Compartment::Soma => {
                let targets = &self.layers[layer - 2].targets;
                Some(targets.soma[..self.params.dim(layer)].to_vec())
            }
            Compartment::InnSoma if layer <= n_hidden => {
                let m = self.params.dim(layer + 1);
                Some(self.layers[layer - 1].targets.soma[m..2 * m].to_vec())
            }
            _ => None,
        }
    }
}
