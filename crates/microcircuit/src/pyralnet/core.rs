//! The state of the whole network between steps.

use nalgebra::DMatrix;

use super::Tuning;
use super::input::{Decay, Input};
use super::stage::Stage;
use super::step::{Steps, nudge};
use crate::activation::Activation;
use crate::kernels::aligned::{Aligned, padded};
use crate::kernels::elementary::{Sigmoid, SoftRelu};
use crate::model::{Compartment, Pattern};
use crate::weights::{Synapse, Weights};
use crate::{NoiseSource, Params, Real};

/// Everything that a step reads or writes.
pub(super) struct Core<T: Real> {
    pub(super) params: Params,
    tuning: Tuning,
    pub(super) input: Input<T>,
    /// Coordinates of the low-passed input in this step, rounded.
    pub(super) x: Vec<T>,
    /// Low-passed target potentials, and those they tend to.
    pub(super) target: Vec<f64>,
    pub(super) target_goal: Vec<f64>,
    /// dt g_som if the output is nudged, else zero.
    pub(super) target_gain: f64,
    /// Somata of the first hidden layer. (Those of the others are targets of the stage below.)
    pub(super) soma: Aligned<T>,
    pub(super) first: FirstLayer<T>,
    pub(super) stages: Vec<Stage<T>>,
    /// Whether the last step was plastic, so that the next has its changes of the stages' weights to catch up with.
    pub(super) pending: bool,
    /// 1 - dt/τ_w
    pub(super) decay: T,
    /// dt g_som, dt g_a, and per stage -scale dt/τ_w / (dt g_a) of `W_pi`.
    pub(super) nudging: T,
    pub(super) feedback_gain: T,
    pub(super) pi_learning: Vec<T>,
    pub(super) noise: Option<Noise>,
}

/// Constants of the first hidden layer, as [`Targets`](super::stage::Targets) has them of the others.
pub(super) struct FirstLayer<T> {
    pub(super) keep: T,
    pub(super) gain: T,
    pub(super) prediction: T,
    pub(super) learning: T,
}

/// Noise of standard deviation `dt_sigma` per step; of none, but still drawn, where it is zero.
pub(super) struct Noise {
    pub(super) source: Box<dyn NoiseSource>,
    pub(super) dt_sigma: f64,
}

/// Dendritic potentials of one layer.
#[derive(Clone, Debug)]
pub(super) struct Dendrites<T> {
    basal: Vec<T>,
    apical: Vec<T>,
    inn: Vec<T>,
}

impl<T: Real> Core<T> {
    pub(super) fn new(params: Params, tuning: Tuning, noise: Option<Box<dyn NoiseSource>>) -> Self {
        let raw = params.raw().clone();
        let real = T::from_f64;
        let dt = raw.dt_ms;
        let width = tuning.simd.lanes::<T>();
        let input = Input::new(&params, tuning.input, width, tuning.resting_deltas);
        let stages: Vec<_> = (1..=params.n_hidden())
            .map(|layer| Stage::new(&params, layer, width, tuning.resting_deltas))
            .collect();
        // A network without feedback has no apical potential, and `W_pi` nothing to learn.
        let dt_g_a = dt * raw.g_a;
        let pi_learning = |stage: &Stage<T>| {
            let scale = stage.rates.pi.factor() * dt / raw.tau_w_ms;
            real(if dt_g_a > 0.0 {
                -scale / dt_g_a
            } else {
                -scale
            })
        };
        let first = FirstLayer {
            keep: real(1.0 - dt * (raw.g_l + raw.g_b + raw.g_a)),
            gain: real(dt * raw.g_b),
            prediction: real(params.basal_prediction(1)),
            learning: real(input.scale.factor() * dt / raw.tau_w_ms),
        };
        let mut core = Self {
            x: Vec::new(),
            target: Vec::new(),
            target_goal: Vec::new(),
            target_gain: 0.0,
            soma: Aligned::zeros(padded::<T>(params.dim(1) + 1)),
            first,
            pending: false,
            decay: real(1.0 - dt / raw.tau_w_ms),
            nudging: real(dt * raw.g_som),
            feedback_gain: real(dt_g_a),
            pi_learning: stages.iter().map(pi_learning).collect(),
            noise: noise.filter(|_| raw.noise > 0.0).map(|source| Noise {
                source,
                dt_sigma: 0.0,
            }),
            input,
            stages,
            tuning,
            params,
        };
        core.rest();
        core
    }

    /// Zeroes somata; keeps weights and Δ.
    fn rest(&mut self) {
        self.soma.fill(T::default());
        let activation = self.params.raw().activation;
        let (nudging, gain) = (self.nudging, self.feedback_gain);
        for stage in &mut self.stages {
            stage.targets.soma.fill(T::default());
            stage.targets.rate.fill(activation.rate(T::default()));
            stage.targets.extra.fill(T::default());
            nudge(stage, nudging, gain);
        }
    }

    pub(super) fn reset(&mut self) {
        self.zero_deltas();
        self.input.forget();
        self.target.clear();
        self.rest();
    }

    /// Turns to a new pattern.
    pub(super) fn begin(&mut self, pattern: &Pattern<'_>) {
        let raw = self.params.raw();
        self.input.begin(pattern.input, raw.bias_rate);
        self.x.resize(self.input.x.len(), T::default());
        self.target_goal.clear();
        self.target_goal.extend_from_slice(pattern.target);
        if self.target.is_empty() {
            self.target.clone_from(&self.target_goal);
        }
        let g_som = if pattern.nudge { raw.g_som } else { 0.0 };
        self.target_gain = raw.dt_ms * g_som;
        if let Some(noise) = &mut self.noise {
            noise.dt_sigma = if pattern.noise {
                raw.dt_ms * raw.noise
            } else {
                0.0
            };
        }
        let keep = T::from_f64(1.0 - raw.dt_ms * (raw.g_l + raw.g_b + g_som));
        let output = self.output_mut();
        let m = output.m;
        output.targets.keep[..m].fill(keep);
        output.targets.sum.fill(T::default());
    }

    /// Advances by `n` steps of the same kind.
    pub(super) fn advance(&mut self, n: usize, plastic: bool, average: bool) {
        if plastic {
            let beta = 1.0 - self.params.raw().dt_ms / self.params.raw().tau_w_ms;
            self.input.count(Decay::steps(beta, n));
        }
        let simd = self.tuning.simd;
        match self.params.raw().activation {
            Activation::Sigmoid => {
                simd.dispatch(Steps {
                    core: self,
                    n,
                    plastic,
                    average,
                    activation: Sigmoid,
                });
            }
            Activation::SoftRelu => {
                simd.dispatch(Steps {
                    core: self,
                    n,
                    plastic,
                    average,
                    activation: SoftRelu,
                });
            }
        }
    }

    /// Adds the noise of this step to the somata or to what is still to enter them: per hidden layer the
    /// pyramidal neurons, then the interneurons; last the output.
    #[inline]
    pub(super) fn add_noise(&mut self) {
        let Some(noise) = &mut self.noise else { return };
        let mut add = |values: &mut [T]| {
            for value in values {
                *value += T::from_f64(noise.dt_sigma * noise.source.normal());
            }
        };
        let n = self.params.dim(1);
        add(&mut self.soma[..n]);
        for stage in &mut self.stages {
            // The layer above comes after the interneurons, its place is before them.
            let (above, inns) = stage.targets.extra[..2 * stage.m].split_at_mut(stage.m);
            add(inns);
            add(above);
        }
    }

    /// Mean of the output's somata over `n` steps.
    pub(super) fn average(&self, n: usize, into: &mut [T]) {
        let n = T::from_f64(n as f64);
        into.iter_mut()
            .zip(&*self.output().targets.sum)
            .for_each(|(mean, sum)| *mean = *sum / n);
    }

    /// Applies what is pending, and zeroes all Δ.
    pub(super) fn zero_deltas(&mut self) {
        self.catch_up();
        self.input.zero_deltas();
        self.stages.iter_mut().for_each(Stage::zero_deltas);
    }

    fn catch_up(&mut self) {
        if std::mem::take(&mut self.pending) {
            self.stages
                .iter_mut()
                .for_each(|stage| stage.catch_up(self.decay));
        }
    }

    pub(super) fn set_weights(&mut self, weights: &Weights<T>) {
        self.catch_up();
        self.input.set_weights(&weights.hidden[0].up);
        for (layer, synapse) in self.params.synapses() {
            let matrix = weights.get(layer, synapse).expect("checked shapes");
            self.stages
                .iter_mut()
                .for_each(|stage| stage.set_weights(layer, synapse, matrix));
        }
        let (nudging, gain) = (self.nudging, self.feedback_gain);
        self.stages
            .iter_mut()
            .for_each(|stage| nudge(stage, nudging, gain));
    }

    pub(super) fn weights_of(&self, layer: usize, synapse: Synapse) -> Option<DMatrix<T>> {
        let shape = self.params.shape(layer, synapse)?;
        if (layer, synapse) == (1, Synapse::Up) {
            return Some(self.input.weights(shape));
        }
        self.stages
            .iter()
            .find_map(|stage| stage.weights(layer, synapse, shape, self.pending))
    }

    pub(super) fn delta_of(&self, layer: usize, synapse: Synapse) -> Option<DMatrix<T>> {
        let shape = self.params.shape(layer, synapse)?;
        if (layer, synapse) == (1, Synapse::Up) {
            return self.input.delta(shape);
        }
        let pending = self.pending.then_some(self.decay);
        self.stages
            .iter()
            .find_map(|stage| stage.delta(layer, synapse, shape, pending))
    }

    /// Somata of the pyramidal neurons of `layer` (from 1).
    pub(super) fn soma(&self, layer: usize) -> &[T] {
        match layer {
            1 => &self.soma[..self.params.dim(1)],
            _ => &self.stages[layer - 2].targets.soma[..self.params.dim(layer)],
        }
    }

    /// Somata of the interneurons of hidden `layer` (from 1).
    pub(super) fn inn_soma(&self, layer: usize) -> &[T] {
        let stage = &self.stages[layer - 1];
        &stage.targets.soma[stage.m..2 * stage.m]
    }

    fn output(&self) -> &Stage<T> {
        self.stages.last().expect("at least one hidden layer")
    }

    fn output_mut(&mut self) -> &mut Stage<T> {
        self.stages.last_mut().expect("at least one hidden layer")
    }

    /// The dendritic potentials that the next step is going to compute.
    pub(super) fn dendrites(&self) -> Vec<Dendrites<T>> {
        let activation = self.params.raw().activation;
        let rate = |soma: &[T]| -> Vec<T> { soma.iter().map(|u| activation.rate(*u)).collect() };
        let bias = self.params.raw().bias_rate.map(T::from_f64);
        let drive = |layer, synapse, rates: &[T]| -> Vec<T> {
            let Some(weights) = self.weights_of(layer, synapse) else {
                return Vec::new();
            };
            let bias = bias.filter(|_| weights.ncols() > rates.len());
            let rates: Vec<T> = rates.iter().copied().chain(bias).collect();
            let product = |row: usize| (0..rates.len()).map(|j| weights[(row, j)] * rates[j]).sum();
            (0..weights.nrows()).map(product).collect()
        };
        let n_hidden = self.params.n_hidden();
        (1..=n_hidden + 1)
            .map(|layer| {
                let below = match layer {
                    1 => self
                        .input
                        .next_rates()
                        .into_iter()
                        .map(T::from_f64)
                        .collect(),
                    _ => rate(self.soma(layer - 1)),
                };
                let basal = drive(layer, Synapse::Up, &below);
                if layer > n_hidden {
                    return Dendrites {
                        basal,
                        apical: Vec::new(),
                        inn: Vec::new(),
                    };
                }
                let feedback = drive(layer, Synapse::Down, &rate(self.soma(layer + 1)));
                let lateral = drive(layer, Synapse::Pi, &rate(self.inn_soma(layer)));
                let apical = feedback
                    .iter()
                    .zip(&lateral)
                    .map(|(a, b)| *a + *b)
                    .collect();
                Dendrites {
                    basal,
                    apical,
                    inn: drive(layer, Synapse::Ip, &rate(self.soma(layer))),
                }
            })
            .collect()
    }

    /// The form in which the input layer is simulated.
    pub(super) fn tuning(&self) -> Tuning {
        self.tuning
    }
}

impl<T: Real> Dendrites<T> {
    pub(super) fn of(&self, compartment: Compartment) -> Option<Vec<T>> {
        let values = match compartment {
            Compartment::Basal => &self.basal,
            Compartment::Apical => &self.apical,
            Compartment::InnDendrite => &self.inn,
            Compartment::Soma | Compartment::InnSoma => return None,
        };
        (!values.is_empty()).then(|| values.clone())
    }
}
