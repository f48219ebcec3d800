//! One head's neurons, synapses and astrocyte, integrated.

use super::time::TimeConstants;
use crate::attention::{Features, Phase};

/// One head at one instant. Rates, weights and calcium are in units of e^{log_gain}: multiply by it for plain values.
#[derive(Debug, Clone, Copy)]
pub struct Instant<'a> {
    /// Time since the sequence began, ms.
    pub time_ms: f64,
    /// The global signal.
    pub phase: Phase,
    /// Zero-based number of the token presented.
    pub token: usize,
    /// The head.
    pub head: usize,
    /// Hidden rates h, length m.
    pub hidden: &'a [f64],
    /// Hebbian weights, row-major outputs × m.
    pub hebbian: &'a [f64],
    /// Calcium g of the processes, length m.
    pub calcium: &'a [f64],
    /// Calcium averaged over the astrocyte, g·h, in units of e^{2 log_gain}.
    pub averaged_calcium: f64,
    /// Output rates, plain.
    pub output: &'a [f64],
    /// Logarithm of the unit that hidden rates, weights and calcium share.
    pub log_gain: f64,
}

/// State of one head. The equations are linear in φ, so h, H and g can share one unit e^L, with L the largest exponent
/// met so far; no exponential overflows, and the quotient H h / (g·h) does not see it.
#[derive(Debug, Clone)]
pub(super) struct Head {
    drive: Vec<f64>,
    hidden: Vec<f64>,
    mean_hidden: Vec<f64>,
    output: Vec<f64>,
    hebbian: Vec<f64>,
    calcium: Vec<f64>,
    log_gain: f64,
}

impl Head {
    pub(super) fn new(hidden: usize, outputs: usize) -> Self {
        Self {
            drive: vec![0.0; hidden],
            hidden: vec![0.0; hidden],
            mean_hidden: vec![0.0; hidden],
            output: vec![0.0; outputs],
            hebbian: vec![0.0; hidden * outputs],
            calcium: vec![0.0; hidden],
            log_gain: f64::NEG_INFINITY,
        }
    }

    /// Everything silent.
    pub(super) fn rest(&mut self) {
        *self = Self::new(self.hidden.len(), self.output.len());
    }

    pub(super) fn outputs(&self) -> usize {
        self.output.len()
    }

    pub(super) fn output(&self) -> &[f64] {
        &self.output
    }

    /// Sets what the hidden neurons are driven towards.
    pub(super) fn drive_hidden(&mut self, phi: &Features<f64>) {
        let top = phi.max_log_gain();
        if top > self.log_gain {
            let shrink = (self.log_gain - top).exp();
            for x in self
                .hidden
                .iter_mut()
                .chain(&mut self.hebbian)
                .chain(&mut self.calcium)
            {
                *x *= shrink;
            }
            self.log_gain = top;
        }
        phi.scaled(self.log_gain, &mut self.drive);
    }

    /// One step towards the drive, exact for the constant drive; `mean_hidden` is the exact mean over the step.
    fn relax_hidden(&mut self, time: &TimeConstants) {
        let (keep, mean) = relaxation(time.hidden_ms, time.dt_ms);
        let rates = self.hidden.iter_mut().zip(&mut self.mean_hidden);
        for ((hidden, mean_hidden), &drive) in rates.zip(&self.drive) {
            let away = *hidden - drive;
            *mean_hidden = drive + away * mean;
            *hidden = drive + away * keep;
        }
    }

    /// One step of the writing phase.
    pub(super) fn write(&mut self, value: &[f64], time: &TimeConstants) {
        self.relax_hidden(time);
        let m = self.hidden.len();
        let (keep, mean) = relaxation(time.hidden_ms, time.dt_ms);
        let forget = (-time.dt_ms / time.synapse_ms).exp();
        let learn = gain(time.synapse_ms, time) / m as f64;
        for ((output, &value), synapses) in self
            .output
            .iter_mut()
            .zip(value)
            .zip(self.hebbian.chunks_exact_mut(m))
        {
            let away = *output - value;
            let mean_output = value + away * mean;
            *output = value + away * keep;
            for (synapse, &hidden) in synapses.iter_mut().zip(&self.mean_hidden) {
                *synapse = *synapse * forget + learn * mean_output * hidden;
            }
        }
        let forget = (-time.dt_ms / time.calcium_ms).exp();
        let rise = gain(time.calcium_ms, time) / m as f64;
        for (calcium, &hidden) in self.calcium.iter_mut().zip(&self.mean_hidden) {
            *calcium = *calcium * forget + rise * hidden;
        }
    }

    /// One step of the reading phase; fails with the averaged calcium if its inverse is not finite.
    pub(super) fn read(&mut self, time: &TimeConstants) -> Result<(), f64> {
        self.relax_hidden(time);
        let forget = (-time.dt_ms / time.synapse_ms).exp();
        self.hebbian.iter_mut().for_each(|w| *w *= forget);
        let forget = (-time.dt_ms / time.calcium_ms).exp();
        self.calcium.iter_mut().for_each(|g| *g *= forget);
        let averaged = dot(&self.calcium, &self.mean_hidden);
        if !averaged.recip().is_finite() {
            return Err(averaged);
        }
        let (keep, _) = relaxation(time.hidden_ms, time.dt_ms);
        let rows = self.hebbian.chunks_exact(self.hidden.len());
        for (output, synapses) in self.output.iter_mut().zip(rows) {
            let current = dot(synapses, &self.mean_hidden) / averaged;
            *output = current + (*output - current) * keep;
        }
        Ok(())
    }

    pub(super) fn instant(
        &self,
        phase: Phase,
        token: usize,
        head: usize,
        time_ms: f64,
    ) -> Instant<'_> {
        Instant {
            time_ms,
            phase,
            token,
            head,
            hidden: &self.hidden,
            hebbian: &self.hebbian,
            calcium: &self.calcium,
            averaged_calcium: dot(&self.calcium, &self.hidden),
            output: &self.output,
            log_gain: self.log_gain,
        }
    }
}

/// What is left of a deviation after a step, and its mean over the step.
fn relaxation(tau_ms: f64, dt_ms: f64) -> (f64, f64) {
    let keep = (-dt_ms / tau_ms).exp();
    (keep, -(-dt_ms / tau_ms).exp_m1() * tau_ms / dt_ms)
}

/// What a unit drive (τ/T) adds to a leaky trace in one step.
fn gain(tau_ms: f64, time: &TimeConstants) -> f64 {
    -(-time.dt_ms / tau_ms).exp_m1() * tau_ms / time.token_ms
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
