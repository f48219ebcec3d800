//! The state of the whole network between steps.

use nalgebra::DMatrix;

use super::Tuning;
use super::engine::Job;
use super::input::{Decay, Input};
use super::memory::Memory;
use super::stage::{Pending, Stage};
use super::step::nudge;
use crate::kernels::aligned::Aligned;
use crate::kernels::elementary::unit;
use crate::leak::{Leak, LowPass};
use crate::model::{Compartment, Pattern};
use crate::params::Integrator;
use crate::weights::{Synapse, Weights};
use crate::{NoiseSource, Params, Real};

/// Everything that a step reads or writes.
pub struct Core<T: Real> {
    pub(super) params: Params,
    tuning: Tuning,
    pub(super) input: Input<T>,
    /// Coordinates of the low-passed input in this step, rounded; and times scale dt/τ_w of `W_up`, in the unit of the
    /// columns.
    pub(super) x: Vec<T>,
    pub(super) x_learning: Vec<T>,
    /// 1 and 0, or 0 and the bias: what becomes of f(u) in each lane of the first layer.
    pub(super) mask: Aligned<T>,
    pub(super) bias: Aligned<T>,
    /// Low-passed target potentials, and those they tend to.
    pub(super) target: Vec<f64>,
    pub(super) target_goal: Vec<f64>,
    /// dt g_som if the output is nudged, else zero.
    pub(super) target_gain: f64,
    /// Somata of the first hidden layer, in its unit. (Those of the others are targets of the stage below.)
    pub(super) soma: Aligned<T>,
    pub(super) first: FirstLayer<T>,
    pub(super) stages: Vec<Stage<T>>,
    /// How many of the last plastic steps are left to apply to the stages' forward weights: up to 2.
    pub(super) pending: usize,
    /// 1 - dt/τ_w
    pub(super) decay: T,
    /// dt g_som, and per stage -scale dt/τ_w of `W_pi` over the feedback gain.
    pub(super) nudging: T,
    pub(super) pi_learning: Vec<T>,
    pub(super) noise: Option<Noise>,
    /// Δ of the rules at rest, if they are kept.
    pub(super) resting: Option<Weights<T>>,
    /// Of the adaptive integrator, unless steps are fixed. Noise has no slope, so noisy steps are.
    leaps: Option<Memory<T>>,
}

/// Constants of the first hidden layer, as [`Targets`](super::stage::Targets) has them of the others.
pub(super) struct FirstLayer<T> {
    /// What its potentials are stored times; see [`first`](super::first).
    pub(super) unit: f64,
    pub(super) leak: Leak<T>,
    /// scale dt/τ_w, in the unit of the columns.
    pub(super) learning: f64,
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
        let unit = unit::<T>(raw.activation).to_f64();
        let leak = Leak::<T>::of_predictions(dt, raw.g_l + raw.g_b + raw.g_a, raw.g_b, unit);
        let input = Input::new(&params, tuning.input, leak.prediction.to_f64(), width);
        let stages: Vec<_> = (1..=params.n_hidden())
            .map(|layer| Stage::new(&params, layer, if layer == 1 { unit } else { 1.0 }, width))
            .collect();
        let plasticity = LowPass::new(dt, raw.tau_w_ms);
        let pi_learning = |stage: &Stage<T>| {
            let scale = stage.scales.pi * plasticity.share;
            // A network without feedback has no apical potential, and `W_pi` nothing to learn.
            real(if raw.g_a > 0.0 {
                -scale / stage.feedback_gain.to_f64()
            } else {
                -scale
            })
        };
        let first = FirstLayer {
            unit,
            leak,
            learning: input.scale * plasticity.share * input.unit(),
        };
        let n = params.dim(1);
        let (mut mask, mut bias) = (Aligned::zeros(n + 1), Aligned::zeros(n + 1));
        mask[..n].fill(real(1.0));
        bias[n] = real(raw.bias_rate.unwrap_or(0.0));
        let mut core = Self {
            x: Vec::new(),
            x_learning: Vec::new(),
            mask,
            bias,
            target: Vec::new(),
            target_goal: Vec::new(),
            target_gain: 0.0,
            soma: Aligned::zeros(n + 1),
            first,
            pending: 0,
            decay: plasticity.decay,
            nudging: real(dt * raw.g_som),
            pi_learning: stages.iter().map(pi_learning).collect(),
            noise: noise.filter(|_| raw.noise > 0.0).map(|source| Noise {
                source,
                dt_sigma: 0.0,
            }),
            leaps: (raw.integrator == Integrator::Adaptive && raw.noise == 0.0)
                .then(|| Memory::new(&params, &stages)),
            resting: tuning.resting_deltas.then(|| Weights::zeros(&params)),
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
        let nudging = self.nudging;
        for stage in &mut self.stages {
            stage.targets.soma.fill(T::default());
            stage.targets.rate.fill(activation.rate(T::default()));
            stage.targets.extra.fill(T::default());
            nudge(stage, nudging);
        }
    }

    pub(super) fn reset(&mut self) {
        self.zero_deltas();
        self.input.forget(self.tuning.simd);
        self.target.clear();
        self.rest();
    }

    /// Turns to a new pattern.
    pub(super) fn begin(&mut self, pattern: &Pattern<'_>) {
        let raw = self.params.raw();
        self.input
            .begin(pattern.input, raw.bias_rate, self.tuning.simd);
        self.x.resize(self.input.x.len(), T::default());
        self.x_learning.resize(self.input.x.len(), T::default());
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
        if let Some(leaps) = &mut self.leaps {
            leaps.begin();
        }
        let output = self.output_mut();
        let m = output.m;
        output.targets.keep[..m].fill(keep);
        output.targets.sum.fill(T::default());
    }

    /// The low-pass filters of input and target, so far on the way to their goals.
    #[inline(always)]
    pub(super) fn filter(&mut self, approach: f64) {
        self.filter_input(approach);
        self.filter_target(approach);
    }

    #[inline(always)]
    pub(super) fn filter_input(&mut self, approach: f64) {
        let input = &mut self.input;
        input.left -= approach * input.left;
        let rounded = self.x.iter_mut().zip(&mut self.x_learning);
        for ((x, goal), (rounded, learning)) in input.x.iter_mut().zip(&input.x_goal).zip(rounded) {
            *x += approach * (goal - *x);
            *rounded = T::from_f64(*x);
            *learning = T::from_f64(self.first.learning * *x);
        }
    }

    #[inline(always)]
    pub(super) fn filter_target(&mut self, approach: f64) {
        let Some(output) = self.stages.last_mut() else {
            return;
        };
        let extra = output.targets.extra.iter_mut();
        for ((u, goal), extra) in self.target.iter_mut().zip(&self.target_goal).zip(extra) {
            *u += approach * (goal - *u);
            *extra = T::from_f64(self.target_gain * *u);
        }
    }

    /// Advances by `n` steps of the same kind.
    pub(super) fn advance(&mut self, n: usize, plastic: bool, average: bool) {
        if plastic {
            self.input.count(Decay::steps(self.decay.to_f64(), n));
        }
        let job = Job {
            n,
            plastic,
            average,
        };
        if !(plastic && self.resting.is_some()) {
            return self.run(job);
        }
        for _ in 0..n {
            self.resting_plasticity();
            self.run(Job { n: 1, ..job });
        }
    }

    /// Takes the steps of a job, by leaps if the parameters say so and the transient is over.
    fn run(&mut self, job: Job) {
        let Some(mut memory) = self.leaps.take() else {
            return T::run(self, job);
        };
        let transient = self.input.steps_until(memory.transient()).min(job.n);
        T::run(
            self,
            Job {
                n: transient,
                ..job
            },
        );
        if transient < job.n {
            T::leap(
                self,
                &mut memory,
                Job {
                    n: job.n - transient,
                    ..job
                },
            );
        }
        self.leaps = Some(memory);
    }

    /// What the next step does to the Δ of rules at rest. Plainly: they are there to be looked at.
    fn resting_plasticity(&mut self) {
        let Some(mut deltas) = self.resting.take() else {
            return;
        };
        let raw = self.params.raw();
        let f = |u: T| raw.activation.rate(u);
        let factor = T::from_f64(raw.dt_ms / raw.tau_w_ms);
        let (dendrites, presynaptic) = (self.dendrites(), self.presynaptic());
        let low_pass = |delta: &mut DMatrix<T>, e: &[T], r: &[T]| {
            for (j, r) in r.iter().enumerate() {
                for (i, e) in e.iter().enumerate() {
                    let old = delta[(i, j)];
                    delta[(i, j)] = old + factor * (*e * *r - old);
                }
            }
        };
        let errors = |soma: &[T], dendrite: &[T], prediction: f64| -> Vec<T> {
            let prediction = T::from_f64(prediction);
            soma.iter()
                .zip(dendrite)
                .map(|(u, v)| f(*u) - f(prediction * *v))
                .collect()
        };
        let n_hidden = self.params.n_hidden();
        for (i, dendrites) in dendrites.iter().enumerate() {
            let layer = i + 1;
            let e_up = errors(
                &self.soma(layer),
                &dendrites.basal,
                self.params.basal_prediction(layer),
            );
            let up = if layer > n_hidden {
                &mut deltas.output
            } else {
                &mut deltas.hidden[i].up
            };
            low_pass(up, &e_up, &presynaptic[i]);
            if layer <= n_hidden {
                let inn_soma = self.inn_soma(layer);
                let e_ip = errors(inn_soma, &dendrites.inn, self.params.dendritic_prediction());
                low_pass(&mut deltas.hidden[i].ip, &e_ip, &presynaptic[layer]);
                let e_pi: Vec<T> = dendrites.apical.iter().map(|v| -*v).collect();
                let inn: Vec<T> = inn_soma.iter().map(|u| f(*u)).collect();
                low_pass(&mut deltas.hidden[i].pi, &e_pi, &inn);
            }
        }
        self.resting = Some(deltas);
    }

    /// Adds the noise of this step to the somata or to what is still to enter them: per hidden layer the
    /// pyramidal neurons, then the interneurons; last the output.
    #[inline]
    pub(super) fn add_noise(&mut self) {
        let Some(noise) = &mut self.noise else { return };
        let mut add = |values: &mut [T], unit: f64| {
            for value in values {
                *value += T::from_f64(unit * noise.dt_sigma * noise.source.normal());
            }
        };
        let n = self.params.dim(1);
        add(&mut self.soma[..n], self.first.unit);
        for stage in &mut self.stages {
            // The layer above comes after the interneurons, its place is before them.
            let (above, inns) = stage.targets.extra[..2 * stage.m].split_at_mut(stage.m);
            add(inns, 1.0);
            add(above, 1.0);
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
        T::catch_up(self);
        self.input.zero_deltas(self.tuning.simd);
        self.stages.iter_mut().for_each(Stage::zero_deltas);
        self.resting = self.resting.take().map(|_| Weights::zeros(&self.params));
    }

    pub(super) fn set_weights(&mut self, weights: &Weights<T>) {
        T::catch_up(self);
        self.input
            .set_weights(&weights.hidden[0].up, self.tuning.simd);
        for (layer, synapse) in self.params.synapses() {
            let matrix = weights.get(layer, synapse).expect("checked shapes");
            self.stages
                .iter_mut()
                .for_each(|stage| stage.set_weights(layer, synapse, matrix));
        }
        let nudging = self.nudging;
        self.stages
            .iter_mut()
            .for_each(|stage| nudge(stage, nudging));
    }

    pub(super) fn weights_of(&self, layer: usize, synapse: Synapse) -> Option<DMatrix<T>> {
        let shape = self.params.shape(layer, synapse)?;
        if (layer, synapse) == (1, Synapse::Up) {
            return Some(self.input.weights(shape));
        }
        let pending = Pending {
            steps: self.pending,
            decay: self.decay,
        };
        self.stages
            .iter()
            .find_map(|stage| stage.weights(layer, synapse, shape, pending))
    }

    pub(super) fn delta_of(&self, layer: usize, synapse: Synapse) -> Option<DMatrix<T>> {
        let shape = self.params.shape(layer, synapse)?;
        let pending = Pending {
            steps: self.pending,
            decay: self.decay,
        };
        let changing = match (layer, synapse) {
            (_, Synapse::Down) => return None,
            (1, Synapse::Up) => self.input.delta(shape),
            _ => self
                .stages
                .iter()
                .find_map(|stage| stage.delta(layer, synapse, shape, pending)),
        };
        changing.or_else(|| self.resting.as_ref()?.get(layer, synapse).cloned())
    }

    /// Somata of the pyramidal neurons of `layer` (from 1).
    pub(super) fn soma(&self, layer: usize) -> Vec<T> {
        let n = self.params.dim(layer);
        match layer {
            1 => self.soma[..n]
                .iter()
                .map(|u| T::from_f64(u.to_f64() / self.first.unit))
                .collect(),
            _ => self.stages[layer - 2].targets.soma[..n].to_vec(),
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

    /// Rates of the input and the hidden layers as the next step uses them, with bias.
    fn presynaptic(&self) -> Vec<Vec<T>> {
        let raw = self.params.raw();
        let bias = raw.bias_rate.map(T::from_f64);
        let input = self
            .input
            .next_rates()
            .into_iter()
            .map(T::from_f64)
            .collect();
        let hidden = (1..=self.params.n_hidden()).map(|layer| {
            self.soma(layer)
                .iter()
                .map(|u| raw.activation.rate(*u))
                .chain(bias)
                .collect()
        });
        std::iter::once(input).chain(hidden).collect()
    }

    /// The dendritic potentials that the next step is going to compute.
    pub(super) fn dendrites(&self) -> Vec<Dendrites<T>> {
        let activation = self.params.raw().activation;
        let rate = |soma: &[T]| -> Vec<T> { soma.iter().map(|u| activation.rate(*u)).collect() };
        let drive = |layer, synapse, rates: &[T]| -> Vec<T> {
            let weights = self
                .weights_of(layer, synapse)
                .expect("every hidden layer has all four");
            let product = |row: usize| (0..rates.len()).map(|j| weights[(row, j)] * rates[j]).sum();
            (0..weights.nrows()).map(product).collect()
        };
        let n_hidden = self.params.n_hidden();
        let presynaptic = self.presynaptic();
        (1..=n_hidden + 1)
            .map(|layer| {
                let basal = drive(layer, Synapse::Up, &presynaptic[layer - 1]);
                if layer > n_hidden {
                    return Dendrites {
                        basal,
                        apical: Vec::new(),
                        inn: Vec::new(),
                    };
                }
                let feedback = drive(layer, Synapse::Down, &rate(&self.soma(layer + 1)));
                let lateral = drive(layer, Synapse::Pi, &rate(self.inn_soma(layer)));
                let apical = feedback
                    .iter()
                    .zip(&lateral)
                    .map(|(a, b)| *a + *b)
                    .collect();
                Dendrites {
                    basal,
                    apical,
                    inn: drive(layer, Synapse::Ip, &presynaptic[layer]),
                }
            })
            .collect()
    }

    /// How the network is computed.
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
