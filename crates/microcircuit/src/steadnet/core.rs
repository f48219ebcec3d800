//! The state of the network, and its sweeps.

use nalgebra::DMatrix;
use pulp::WithSimd;

use super::feedback::Feedback;
use super::forward::Forward;
use crate::kernels::aligned::Aligned;
use crate::kernels::elementary::Rate;
use crate::params::Sweep;
use crate::weights::{Synapse, Weights};
use crate::{Compartment, Params, Real, Tuning};

/// Everything that a sweep or an update reads or writes.
pub struct Core<T: Real> {
    pub(super) params: Params,
    pub(super) tuning: Tuning,
    /// From layer l to layer l + 1 and to the interneurons of layer l; entry 0 is from the input.
    pub(super) forward: Vec<Forward<T>>,
    /// Onto hidden layer l; entry 0 is layer 1.
    pub(super) feedback: Vec<Feedback<T>>,
    /// Somata of layer l; entry 0 is layer 1. The same of its interneurons.
    pub(super) soma: Vec<Aligned<T>>,
    pub(super) inn_soma: Vec<Aligned<T>>,
    /// Rates; scratch.
    rate: Aligned<T>,
    inn_rate: Aligned<T>,
    pub(super) target: Vec<T>,
    /// a = dT / (τ_w + dT)
    pub(super) low_pass: f64,
}

/// What happens to the network in one go.
#[derive(Clone, Copy, Debug)]
pub enum Job {
    /// All passes of an exposure, nudged or not.
    Settle { nudge: bool },
    /// An update of the weights.
    Learn,
}

/// A job on the vector unit.
pub(crate) struct Run<'a, T: Real, R> {
    pub(crate) core: &'a mut Core<T>,
    pub(crate) job: Job,
    pub(crate) _activation: R,
}

impl<T: Real, R: Rate> WithSimd for Run<'_, T, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, s: S) {
        match self.job {
            Job::Settle { nudge } => self.core.settle::<S, R>(s, nudge),
            Job::Learn => self.core.learn::<S, R>(s),
        }
    }
}

impl<T: Real> Core<T> {
    pub(super) fn new(params: Params, tuning: Tuning) -> Self {
        let raw = params.raw();
        let width = tuning.simd.lanes::<T>();
        let update_ms = (raw.t_pattern_ms - raw.learning_lag_ms) / raw.n_exposures as f64;
        let low_pass = update_ms / (raw.tau_w_ms + update_ms);
        let n_hidden = params.n_hidden();
        let zeros = |layer| Aligned::zeros(params.dim(layer));
        let widest = (1..=n_hidden + 1)
            .map(|layer| params.dim(layer))
            .max()
            .unwrap_or(0);
        Self {
            forward: (0..=n_hidden)
                .map(|layer| Forward::new(&params, layer, width, update_ms, 1.0 - low_pass))
                .collect(),
            feedback: (1..=n_hidden)
                .map(|layer| Feedback::new(&params, layer, width, update_ms))
                .collect(),
            soma: (1..=n_hidden + 1).map(zeros).collect(),
            inn_soma: (2..=n_hidden + 1).map(zeros).collect(),
            rate: Aligned::zeros(widest),
            inn_rate: Aligned::zeros(widest),
            target: vec![T::default(); params.dim(n_hidden + 1)],
            low_pass,
            tuning,
            params,
        }
    }

    #[inline(always)]
    fn settle<S: pulp::Simd, R: Rate>(&mut self, s: S, nudge: bool) {
        let revisited = match self.params.sweep() {
            Sweep::Published => 1,
            Sweep::Downward => self.params.n_hidden(),
        };
        for pass in 0..self.params.raw().n_passes {
            self.upward::<S, R>(s, pass == 0, nudge);
            for i in (0..revisited).rev() {
                self.interneurons(i, false);
                self.predict(i);
                self.apical::<S, R>(s, i);
            }
        }
    }

    #[inline(always)]
    fn upward<S: pulp::Simd, R: Rate>(&mut self, s: S, first: bool, nudge: bool) {
        let n_hidden = self.params.n_hidden();
        self.forward[0].run(s);
        for i in 0..n_hidden {
            self.predict(i);
            if !first {
                self.apical::<S, R>(s, i);
            }
            self.present_rates::<S, R>(s, i);
            self.forward[i + 1].run(s);
            self.interneurons(i, first);
        }
        self.predict(n_hidden);
        if nudge {
            let raw = self.params.raw();
            let lambda = raw.g_som / (raw.g_l + raw.g_b + raw.g_som);
            let (keep, lambda) = (T::from_f64(1.0 - lambda), T::from_f64(lambda));
            for (u, target) in self.soma[n_hidden].iter_mut().zip(&self.target) {
                *u = keep * *u + lambda * *target;
            }
        }
    }

    /// Somata of layer `i + 1` as their basal potentials predict them.
    #[inline(always)]
    fn predict(&mut self, i: usize) {
        let factor = T::from_f64(self.params.basal_prediction(i + 1));
        let n = self.params.dim(i + 1);
        for (u, v) in self.soma[i][..n].iter_mut().zip(&*self.forward[i].drive) {
            *u = factor * *v;
        }
    }

    /// Rates of layer `i + 1`, for the synapses they drive.
    #[inline(always)]
    fn present_rates<S: pulp::Simd, R: Rate>(&mut self, s: S, i: usize) {
        rates::<T, S, R>(s, &self.soma[i], &mut self.rate);
        let n = self.params.dim(i + 1);
        self.forward[i + 1].rate[..n].copy_from_slice(&self.rate[..n]);
    }

    /// Adds the apical contribution to the somata of hidden layer `i + 1`.
    #[inline(always)]
    fn apical<S: pulp::Simd, R: Rate>(&mut self, s: S, i: usize) {
        rates::<T, S, R>(s, &self.soma[i + 1], &mut self.rate);
        rates::<T, S, R>(s, &self.inn_soma[i], &mut self.inn_rate);
        self.feedback[i].run(s, &self.rate, &self.inn_rate);
        let raw = self.params.raw();
        let lambda = T::from_f64(raw.g_a / (raw.g_l + raw.g_b + raw.g_a));
        for (u, v) in self.soma[i].iter_mut().zip(&*self.feedback[i].apical) {
            *u += lambda * *v;
        }
    }

    /// Somata of the interneurons of hidden layer `i + 1`, not nudged in the first upward sweep.
    #[inline(always)]
    fn interneurons(&mut self, i: usize, first: bool) {
        let raw = self.params.raw();
        let m = self.params.dim(i + 2);
        let prediction = self.params.dendritic_prediction();
        let lambda = if first {
            0.0
        } else {
            raw.g_som / (raw.g_l + raw.g_d + raw.g_som)
        };
        let (keep, lambda) = (
            T::from_f64((1.0 - lambda) * prediction),
            T::from_f64(lambda),
        );
        let dendrite = &self.forward[i + 1].drive[m..2 * m];
        for ((u, v), next) in self.inn_soma[i]
            .iter_mut()
            .zip(dendrite)
            .zip(&*self.soma[i + 1])
        {
            *u = keep * *v + lambda * *next;
        }
    }

    /// One update of all weights; those of forward synapses are left to be applied when they are used next.
    #[inline(always)]
    fn learn<S: pulp::Simd, R: Rate>(&mut self, s: S) {
        let n_hidden = self.params.n_hidden();
        let decay = T::from_f64(1.0 - self.low_pass);
        for i in 0..=n_hidden {
            if i > 0 {
                self.present_rates::<S, R>(s, i - 1);
            }
            let n = self.params.dim(i + 1);
            let prediction = self.params.basal_prediction(i + 1);
            self.factors::<S, R>(s, i, 0..n, prediction);
            if i > 0 {
                self.factors::<S, R>(s, i, n..2 * n, self.params.dendritic_prediction());
            }
            self.forward[i].update_later();
            if let Some(feedback) = self.feedback.get_mut(i) {
                rates::<T, S, R>(s, &self.inn_soma[i], &mut self.inn_rate);
                let factor = T::from_f64(feedback.scale * self.low_pass);
                feedback.learn(s, &self.inn_rate, factor, decay);
            }
        }
    }

    /// Errors of `targets` of `forward[i]`, times scale · a.
    #[inline(always)]
    fn factors<S: pulp::Simd, R: Rate>(
        &mut self,
        s: S,
        i: usize,
        targets: std::ops::Range<usize>,
        prediction: f64,
    ) {
        let forward = &mut self.forward[i];
        let inns = targets.start > 0;
        let soma = if inns {
            &self.inn_soma[i - 1]
        } else {
            &self.soma[i]
        };
        let factor = T::from_f64(forward.scales[usize::from(inns)] * self.low_pass);
        let prediction = T::from_f64(prediction);
        let predicted = &mut self.inn_rate[..targets.len()];
        for (p, v) in predicted.iter_mut().zip(&forward.drive[targets.clone()]) {
            *p = prediction * *v;
        }
        let n = soma.len();
        let (u, p) = (
            T::vectors::<S>(soma),
            T::vectors_mut::<S>(&mut self.inn_rate[..n]),
        );
        let unit = T::splat(s, R::unit::<T>());
        for (u, p) in u.iter().zip(p) {
            let (u, predicted) = (T::v_mul(s, unit, *u), T::v_mul(s, unit, *p));
            let (_, [e], []) = R::rates_and_errors::<T, S, 1, 0>(s, [u], [predicted], []);
            *p = e;
        }
        for (c, e) in forward.factor[targets].iter_mut().zip(&*self.inn_rate) {
            *c = factor * *e;
        }
    }

    pub(super) fn catch_up(&mut self) {
        self.forward.iter_mut().for_each(Forward::catch_up);
    }

    /// Zeroes the Δ of the first hidden layer's synapses. No update may be left.
    pub(super) fn zero_first_deltas(&mut self) {
        self.forward[0].zero_deltas(false);
        self.forward[1].zero_deltas(true);
        self.feedback[0].zero_deltas();
    }

    pub(super) fn reset(&mut self) {
        self.catch_up();
        for (layer, forward) in self.forward.iter_mut().enumerate() {
            forward.zero_deltas(false);
            if layer > 0 {
                forward.zero_deltas(true);
            }
            forward.drive.fill(T::default());
        }
        for feedback in &mut self.feedback {
            feedback.zero_deltas();
            feedback.apical.fill(T::default());
        }
        let somata = self.soma.iter_mut().chain(&mut self.inn_soma);
        somata.for_each(|soma| soma.fill(T::default()));
    }

    pub(super) fn set_weights(&mut self, weights: &Weights<T>) {
        self.catch_up();
        for (i, hidden) in weights.hidden.iter().enumerate() {
            self.forward[i].set_weights(false, &hidden.up);
            self.forward[i + 1].set_weights(true, &hidden.ip);
            self.feedback[i].set_weights(&hidden.down, &hidden.pi);
        }
        self.forward[weights.hidden.len()].set_weights(false, &weights.output);
    }

    pub(super) fn weights_of(&self, layer: usize, synapse: Synapse) -> Option<DMatrix<T>> {
        let shape = self.params.shape(layer, synapse)?;
        Some(match synapse {
            Synapse::Up => self.forward[layer - 1].weights(false, shape),
            Synapse::Ip => self.forward[layer].weights(true, shape),
            Synapse::Down => self.feedback[layer - 1].weights(false, shape),
            Synapse::Pi => self.feedback[layer - 1].weights(true, shape),
        })
    }

    pub(super) fn delta_of(&self, layer: usize, synapse: Synapse) -> Option<DMatrix<T>> {
        let shape = self.params.shape(layer, synapse)?;
        match synapse {
            Synapse::Up => self.forward[layer - 1].delta(false, shape),
            Synapse::Ip => self.forward[layer].delta(true, shape),
            Synapse::Down => None,
            Synapse::Pi => self.feedback[layer - 1].delta(shape),
        }
    }

    pub(super) fn potential(&self, layer: usize, compartment: Compartment) -> Option<&[T]> {
        let n_hidden = self.params.n_hidden();
        let hidden = (1..=n_hidden).contains(&layer);
        if !hidden && layer != n_hidden + 1 {
            return None;
        }
        let n = self.params.dim(layer);
        let m = if hidden {
            self.params.dim(layer + 1)
        } else {
            0
        };
        match compartment {
            Compartment::Soma => Some(&self.soma[layer - 1][..n]),
            Compartment::Basal => Some(&self.forward[layer - 1].drive[..n]),
            Compartment::Apical => Some(&self.feedback.get(layer - 1)?.apical[..n]),
            Compartment::InnSoma => Some(&self.inn_soma.get(layer - 1)?[..m]),
            Compartment::InnDendrite => Some(&self.forward.get(layer)?.drive[m..2 * m]),
        }
    }
}

/// f(u), vector by vector.
#[inline(always)]
fn rates<T: Real, S: pulp::Simd, R: Rate>(s: S, soma: &[T], rates: &mut [T]) {
    for (u, r) in T::vectors::<S>(soma).iter().zip(T::vectors_mut::<S>(rates)) {
        *r = R::rate::<T, S>(s, *u);
    }
}
