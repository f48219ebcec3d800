//! One head's neurons, synapses and processes, integrated.

use super::time::TimeConstants;
use crate::attention::Features;

/// One head at one instant of reading.
#[derive(Debug, Clone, Copy)]
pub struct Instant<'a> {
    /// Time since this token began to be read, ms.
    pub time_ms: f64,
    /// Zero-based number of the token read.
    pub token: usize,
    /// The head.
    pub head: usize,
    /// Calcium p_j of the processes at the synapses of hidden neuron j, the same for all outputs; length m.
    pub calcium: &'a [f64],
    /// p*, their mean.
    pub mean_calcium: f64,
    /// Synapses s, row-major outputs × m.
    pub synapses: &'a [f64],
    /// Output rates x.
    pub output: &'a [f64],
}

/// State of one head.
#[derive(Debug, Clone)]
pub(super) struct Head {
    /// I, what the hidden neurons carry: q̃ or k̃.
    hidden: Vec<f64>,
    /// Σ_σ k̃_σ, what a read's calcium starts from.
    written: Vec<f64>,
    /// c, row-major outputs × m.
    hebbian: Vec<f64>,
    synapses: Vec<f64>,
    output: Vec<f64>,
    /// p_j(0).
    released: Vec<f64>,
    calcium: Vec<f64>,
    mean_calcium: f64,
    time_ms: f64,
    /// What is left of a synapse after a step, and what a unit c adds to it, by hidden neuron.
    decay: Vec<[f64; 2]>,
}

impl Head {
    pub(super) fn new(hidden: usize, outputs: usize) -> Self {
        Self {
            hidden: vec![0.0; hidden],
            written: vec![0.0; hidden],
            hebbian: vec![0.0; hidden * outputs],
            synapses: vec![0.0; hidden * outputs],
            output: vec![0.0; outputs],
            released: vec![0.0; hidden],
            calcium: vec![0.0; hidden],
            mean_calcium: 0.0,
            time_ms: 0.0,
            decay: vec![[0.0; 2]; hidden],
        }
    }

    /// Nothing written, everything silent.
    pub(super) fn reset(&mut self) {
        *self = Self::new(self.hidden.len(), self.output.len());
    }

    /// Synapses and output neurons silent.
    pub(super) fn rest(&mut self) {
        self.synapses.fill(0.0);
        self.output.fill(0.0);
    }

    pub(super) fn outputs(&self) -> usize {
        self.output.len()
    }

    pub(super) fn output(&self) -> &[f64] {
        &self.output
    }

    /// Hidden neurons carry φ/√m from now on.
    pub(super) fn present(&mut self, phi: &Features<f64>) {
        phi.scaled(0.0, &mut self.hidden);
        let share = (self.hidden.len() as f64).sqrt().recip();
        self.hidden.iter_mut().for_each(|h| *h *= share);
    }

    /// Writes: c ← c + (1/m) v k̃ᵀ; the output neurons carry v.
    pub(super) fn write(&mut self, value: &[f64]) {
        let m = self.hidden.len();
        for (rows, v) in self.hebbian.chunks_exact_mut(m).zip(value) {
            for (c, k) in rows.iter_mut().zip(&self.hidden) {
                *c += v * k / m as f64;
            }
        }
        for (sum, k) in self.written.iter_mut().zip(&self.hidden) {
            *sum += k;
        }
        self.output.copy_from_slice(value);
    }

    /// The query releases calcium, p_j(0) = q̃_j Σ_σ k̃_σj; fails with its mean p* if that cannot be a rate.
    pub(super) fn release(&mut self) -> Result<(), f64> {
        let products = self.hidden.iter().zip(&self.written).map(|(q, k)| q * k);
        for (p, product) in self.released.iter_mut().zip(products) {
            *p = product;
        }
        self.mean_calcium = self.released.iter().sum::<f64>() / self.released.len() as f64;
        self.time_ms = 0.0;
        if self.mean_calcium.is_normal() {
            Ok(())
        } else {
            Err(self.mean_calcium)
        }
    }

    /// One step of reading, the `step`-th: exact in calcium, of second order in synapses and output.
    pub(super) fn read(&mut self, step: usize, time: &TimeConstants) {
        let dt_ms = time.token_ms / time.steps() as f64;
        let left = (-(step as f64) * dt_ms / time.diffusion_ms).exp();
        let over = dt_ms / time.diffusion_ms;
        let (mean_left, left) = (mean_of_decay(over) * left, (-over).exp() * left);
        let rows = self.calcium.iter_mut().zip(&mut self.decay);
        for ((calcium, decay), released) in rows.zip(&self.released) {
            let excess = released - self.mean_calcium;
            *calcium = self.mean_calcium + excess * left;
            let mean = self.mean_calcium + excess * mean_left;
            let over = mean * dt_ms / time.synapse_ms;
            let gained = mean_of_decay(over) * dt_ms / time.synapse_ms;
            *decay = [(-over).exp(), gained];
        }
        let keep = (-dt_ms / time.neuron_ms).exp();
        let m = self.hidden.len();
        let rows = self.synapses.chunks_exact_mut(m);
        for ((synapses, hebbian), x) in rows.zip(self.hebbian.chunks_exact(m)).zip(&mut self.output)
        {
            let mut current = 0.0;
            let terms = synapses.iter_mut().zip(hebbian).zip(&self.decay);
            for (((s, c), [kept, gained]), hidden) in terms.zip(&self.hidden) {
                let before = *s;
                *s = kept * before + gained * c;
                current += 0.5 * (before + *s) * hidden;
            }
            *x = current + (*x - current) * keep;
        }
        self.time_ms = (step + 1) as f64 * dt_ms;
    }

    pub(super) fn instant(&self, token: usize, head: usize) -> Instant<'_> {
        Instant {
            time_ms: self.time_ms,
            token,
            head,
            calcium: &self.calcium,
            mean_calcium: self.mean_calcium,
            synapses: &self.synapses,
            output: &self.output,
        }
    }
}

/// Mean of e^{−t} over 0 ≤ t ≤ x.
fn mean_of_decay(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { -(-x).exp_m1() / x }
}
