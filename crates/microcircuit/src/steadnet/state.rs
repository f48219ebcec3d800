//! The state of the network between sweeps.

use nalgebra::DMatrix;

use super::feedback::Feedback;
use super::forward::Forward;
use crate::kernels::aligned::Aligned;
use crate::tape::{RestoreError, Tape};
use crate::weights::{Synapse, Weights};
use crate::{Compartment, Params, Real, Tuning};

/// Everything that a sweep or an update reads or writes.
#[derive(Clone)]
pub struct State<T: Real> {
    params: Params,
    tuning: Tuning,
    /// From layer l to layer l + 1 and to the interneurons of layer l; entry 0 is from the input.
    pub(super) forward: Vec<Forward<T>>,
    /// Onto hidden layer l; entry 0 is layer 1.
    pub(super) feedback: Vec<Feedback<T>>,
    /// Somata of layer l; entry 0 is layer 1. The same of its interneurons.
    pub(super) soma: Vec<Aligned<T>>,
    pub(super) inn_soma: Vec<Aligned<T>>,
    /// Rates; scratch.
    pub(super) rate: Aligned<T>,
    pub(super) inn_rate: Aligned<T>,
    pub(super) target: Vec<T>,
    /// a = dT / (τ_w + dT)
    pub(super) low_pass: f64,
}

impl<T: Real> State<T> {
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

    pub(super) fn params(&self) -> &Params {
        &self.params
    }

    pub(super) fn tuning(&self) -> Tuning {
        self.tuning
    }

    /// Whether weights and Δ are as the last update left them.
    pub(super) fn is_up_to_date(&self) -> bool {
        self.forward
            .iter()
            .all(|forward| forward.synapses.is_up_to_date())
    }

    /// Zeroes the Δ of the first hidden layer's synapses. No update may be left.
    pub(super) fn zero_first_deltas(&mut self) {
        self.forward[0].zero_deltas(false);
        self.forward[1].zero_deltas(true);
        self.feedback[0].zero_deltas();
    }

    /// Zeroes potentials and Δ. No update may wait.
    pub(super) fn reset(&mut self) {
        for (layer, forward) in self.forward.iter_mut().enumerate() {
            forward.zero_deltas(false);
            if layer > 0 {
                forward.zero_deltas(true);
            }
            forward.synapses.rest();
        }
        for feedback in &mut self.feedback {
            feedback.zero_deltas();
            feedback.apical.fill(T::default());
        }
        let somata = self.soma.iter_mut().chain(&mut self.inn_soma);
        somata.for_each(|soma| soma.fill(T::default()));
    }

    /// Everything that a pattern leaves to the next.
    pub(super) fn tape(&mut self, tape: &mut Tape<'_>) -> Result<(), RestoreError> {
        let Self {
            params: _,
            tuning: _,
            forward,
            feedback,
            soma,
            inn_soma,
            // Written before they are read.
            rate: _,
            inn_rate: _,
            target: _,
            low_pass: _,
        } = self;
        let mut forward = forward.iter_mut();
        forward.try_for_each(|forward| forward.synapses.tape(tape))?;
        feedback.iter_mut().try_for_each(|part| part.tape(tape))?;
        let mut somata = soma.iter_mut().chain(inn_soma);
        somata.try_for_each(|soma| tape.reals(soma))
    }

    /// Replaces the weights. No update may wait.
    pub(super) fn set_weights(&mut self, weights: &Weights<T>) {
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
            Compartment::Basal => Some(&self.forward[layer - 1].synapses.drive()[..n]),
            Compartment::Apical => Some(&self.feedback.get(layer - 1)?.apical[..n]),
            Compartment::InnSoma => Some(&self.inn_soma.get(layer - 1)?[..m]),
            Compartment::InnDendrite => Some(&self.forward.get(layer)?.synapses.drive()[m..2 * m]),
        }
    }
}
