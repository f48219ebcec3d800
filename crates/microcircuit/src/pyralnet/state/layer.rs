//! One hidden layer with its interneurons, and all synapses that its rates drive.

use nalgebra::DMatrix;

use crate::deferred::{Deferred, Order, unscaled};
use crate::kernels::aligned::{Aligned, padded};
use crate::kernels::packed::{Packed, tile_for};
use crate::leak::{Leak, LowPass};
use crate::tape::{RestoreError, Tape};
use crate::weights::Synapse;
use crate::{Params, Real};

/// Hidden layer l of n pyramidal neurons, below a layer of m.
///
/// Rates of layer l drive two sets of neurons, the m pyramidal neurons of layer l + 1 and the m interneurons of
/// layer l; both project back onto the apical dendrites of layer l. They are kept side by side, as 2m *targets*:
/// first the pyramidal neurons, then the interneurons.
#[derive(Clone)]
pub struct Layer<T: Real> {
    layer: usize,
    n: usize,
    m: usize,
    /// 2m rows of n + bias lanes: `W_up` of layer l + 1, then `W_ip` of layer l.
    pub(in crate::pyralnet) forward: Deferred<T>,
    pub(in crate::pyralnet) feedback: Feedback<T>,
    pub(in crate::pyralnet) targets: Targets<T>,
    scales: Scales,
    /// dt g_som
    nudging: T,
}

/// The synapses onto the apical dendrites of the layer.
#[derive(Clone)]
pub struct Feedback<T: Real> {
    m: usize,
    /// 2m columns of n lanes: `W_down`, then `W_pi`.
    w: Packed<T>,
    /// Changes per step of `W_pi`, m columns of n lanes.
    p: Packed<T>,
    /// Whether `W_pi = -W_down` and stays so, so that rates of layer l + 1 and of interneurons can be subtracted
    /// before they are weighted.
    cancels: bool,
    /// g_a dt, in the unit of the layer's somata.
    gain: T,
    /// -dt η dt/τ_w of `W_pi` over that gain; zero if the rule is at rest.
    learning: T,
    /// Rates of the targets times the gain; if they cancel, m differences.
    rates: Aligned<T>,
    /// Apical potential of the layer times the gain.
    apical: Aligned<T>,
}

/// What a kernel reads and writes of the feedback.
pub struct FeedbackParts<'a, T> {
    /// 2m columns, then m.
    pub(in crate::pyralnet) w: &'a mut [T],
    pub(in crate::pyralnet) p: &'a mut [T],
    /// As many as there are columns to be summed over: 2m, or m if they cancel.
    pub(in crate::pyralnet) rates: &'a mut [T],
    pub(in crate::pyralnet) cancels: bool,
    pub(in crate::pyralnet) gain: T,
    /// Zero if `W_pi` does not change.
    pub(in crate::pyralnet) learning: T,
}

impl<T: Real> FeedbackParts<'_, T> {
    /// Takes over the rates of the 2m targets.
    #[inline(always)]
    pub(in crate::pyralnet) fn take_rates(&mut self, of_targets: &[T]) {
        let (above, inns) = of_targets.split_at(of_targets.len() / 2);
        let m = above.len();
        if self.cancels {
            let into = &mut self.rates[..m];
            for i in 0..m {
                into[i] = self.gain * (above[i] - inns[i]);
            }
        } else {
            let into = &mut self.rates[..2 * m];
            for i in 0..2 * m {
                into[i] = self.gain * of_targets[i];
            }
        }
    }
}

/// The 2m neurons that the rates of a hidden layer drive, in vectors of lanes.
#[derive(Clone)]
pub struct Targets<T: Real> {
    /// Somatic potentials and their rates.
    pub(in crate::pyralnet) soma: Aligned<T>,
    pub(in crate::pyralnet) rate: Aligned<T>,
    /// What else than drives enters the somata in this step, times dt.
    pub(in crate::pyralnet) extra: Aligned<T>,
    /// Sum of the somata since the output is being averaged.
    pub(in crate::pyralnet) sum: Aligned<T>,
    pub(in crate::pyralnet) constants: Constants<T>,
}

/// Constants of the targets, one per lane: the factors of the soma and of the drive in a step, the factor of the dendritic
/// prediction, and dt η dt/τ_w.
#[derive(Clone)]
pub struct Constants<T: Real> {
    pub(in crate::pyralnet) keep: Aligned<T>,
    pub(in crate::pyralnet) gain: Aligned<T>,
    pub(in crate::pyralnet) prediction: Aligned<T>,
    pub(in crate::pyralnet) learning: Aligned<T>,
    /// dt g_som for the interneurons, which the neurons above nudge; zero for these.
    pub(in crate::pyralnet) nudging: Aligned<T>,
}

/// dt η per rule: low-pass weight changes are stored as P = dt η Δ, and not at all where the rule is at rest, η = 0.
#[derive(Clone, Copy, Debug)]
struct Scales {
    up: f64,
    ip: f64,
    pi: f64,
}

impl<T: Real> Layer<T> {
    /// Hidden `layer` at rest, with zero weights; its somata are potentials times `unit`.
    pub(super) fn new(params: &Params, layer: usize, unit: f64, width: usize) -> Self {
        let raw = params.raw();
        let (n, m) = (params.dim(layer), params.dim(layer + 1));
        let scales = Scales {
            up: raw.dt_ms * params.eta_up(layer + 1),
            ip: raw.dt_ms * params.eta_ip(layer),
            pi: raw.dt_ms * params.eta_pi(layer),
        };
        let plasticity = LowPass::new(raw.dt_ms, raw.tau_w_ms);
        Self {
            layer,
            n,
            m,
            forward: Deferred::new(
                Order::OldChange,
                (2 * m, n),
                raw.bias_rate.unwrap_or(0.0),
                plasticity.decay,
                scales.up > 0.0 || scales.ip > 0.0,
                width,
            ),
            feedback: Feedback::new(params, layer, unit, scales.pi * plasticity.share, width),
            targets: Targets::new(params, layer, scales),
            scales,
            nudging: T::from_f64(raw.dt_ms * raw.g_som),
        }
    }

    /// Neurons of the layer.
    #[inline(always)]
    pub(in crate::pyralnet) fn neurons(&self) -> usize {
        self.n
    }

    /// Neurons of the layer above.
    #[inline(always)]
    pub(in crate::pyralnet) fn above(&self) -> usize {
        self.m
    }

    /// What the somata and rates of the targets will do in the next step: nudge the interneurons, feed back.
    #[inline(always)]
    pub(in crate::pyralnet) fn nudge(&mut self) {
        let (m, t) = (self.m, &mut self.targets);
        let (extra, soma) = (&mut t.extra[m..2 * m], &t.soma[..m]);
        for i in 0..m {
            extra[i] = self.nudging * soma[i];
        }
        self.feedback.parts().0.take_rates(&t.rate[..2 * m]);
    }

    /// Zeroes the somata of the targets.
    pub(super) fn rest(&mut self, rate_at_rest: T) {
        self.targets.soma.fill(T::default());
        self.targets.rate.fill(rate_at_rest);
        self.targets.extra.fill(T::default());
        self.nudge();
    }

    /// Rows of the forward synapses that this layer holds of a kind, and their dt η.
    fn rows_of(&self, layer: usize, synapse: Synapse) -> Option<(usize, f64)> {
        match synapse {
            Synapse::Up if layer == self.layer + 1 => Some((0, self.scales.up)),
            Synapse::Ip if layer == self.layer => Some((self.m, self.scales.ip)),
            _ => None,
        }
    }

    /// The first column of the feedback synapses that this layer holds of a kind.
    fn column_of(&self, layer: usize, synapse: Synapse) -> Option<usize> {
        match synapse {
            Synapse::Down if layer == self.layer => Some(0),
            Synapse::Pi if layer == self.layer => Some(self.m),
            _ => None,
        }
    }

    /// Weights that this layer holds. No change may wait.
    pub(super) fn weights(
        &self,
        layer: usize,
        synapse: Synapse,
        shape: (usize, usize),
    ) -> Option<DMatrix<T>> {
        if let Some((row, _)) = self.rows_of(layer, synapse) {
            return Some(self.forward.weights(row, shape));
        }
        let column = self.column_of(layer, synapse)?;
        Some(self.feedback.w.columns(column, shape))
    }

    /// Replaces weights that this layer holds; nothing if it does not hold them. No change may wait.
    pub(super) fn set_weights(&mut self, layer: usize, synapse: Synapse, weights: &DMatrix<T>) {
        if let Some((row, _)) = self.rows_of(layer, synapse) {
            self.forward.set_weights(row, weights);
        }
        if let Some(column) = self.column_of(layer, synapse) {
            self.feedback.set_weights(column, weights);
        }
    }

    /// Δ that this layer holds. No change may wait.
    pub(super) fn delta(
        &self,
        layer: usize,
        synapse: Synapse,
        shape: (usize, usize),
    ) -> Option<DMatrix<T>> {
        if let Some((row, scale)) = self.rows_of(layer, synapse) {
            return self.forward.delta(row, shape, scale);
        }
        if (layer, synapse) != (self.layer, Synapse::Pi) {
            return None;
        }
        unscaled(self.feedback.p.columns(0, shape), self.scales.pi)
    }

    /// Zeroes all Δ. No change may wait.
    pub(super) fn zero_deltas(&mut self) {
        self.forward.zero_deltas(0, 2 * self.m);
        self.feedback.p.data_mut().fill(T::default());
    }

    /// Everything that a pattern leaves to the next.
    pub(super) fn tape(&mut self, tape: &mut Tape<'_>) -> Result<(), RestoreError> {
        let Self {
            layer: _,
            n: _,
            m: _,
            forward,
            feedback,
            targets,
            scales: _,
            nudging: _,
        } = self;
        forward.tape(tape)?;
        feedback.tape(tape)?;
        targets.tape(tape)
    }
}

impl<T: Real> Feedback<T> {
    fn new(params: &Params, layer: usize, unit: f64, learning: f64, width: usize) -> Self {
        let raw = params.raw();
        let (n, m) = (params.dim(layer), params.dim(layer + 1));
        let lanes = n + 1;
        let gain = T::from_f64(raw.dt_ms * raw.g_a * unit);
        // A network without feedback has no apical potential, and `W_pi` nothing to learn.
        let per_gain = if raw.g_a > 0.0 {
            1.0 / gain.to_f64()
        } else {
            1.0
        };
        Self {
            m,
            w: Packed::zeros(2 * m, lanes, 2 * m, width),
            p: Packed::zeros(m, lanes, m, width),
            cancels: false,
            gain,
            learning: T::from_f64(-learning * per_gain),
            rates: Aligned::zeros(padded::<T>((2 * m).next_multiple_of(tile_for(2 * m)))),
            apical: Aligned::zeros(lanes),
        }
    }

    /// Whether `W_pi` changes.
    fn is_plastic(&self) -> bool {
        self.learning != T::default()
    }

    /// The synapses, and the apical potential.
    #[inline(always)]
    pub(in crate::pyralnet) fn parts(&mut self) -> (FeedbackParts<'_, T>, &mut [T]) {
        let used = if self.cancels { self.m } else { 2 * self.m };
        let parts = FeedbackParts {
            w: self.w.data_mut(),
            p: self.p.data_mut(),
            rates: &mut self.rates[..used],
            cancels: self.cancels,
            gain: self.gain,
            learning: self.learning,
        };
        (parts, &mut self.apical)
    }

    fn tape(&mut self, tape: &mut Tape<'_>) -> Result<(), RestoreError> {
        let Self {
            m: _,
            w,
            p,
            cancels,
            gain: _,
            learning: _,
            rates,
            apical,
        } = self;
        tape.reals(w.data_mut())?;
        tape.reals(p.data_mut())?;
        tape.flag(cancels)?;
        tape.reals(rates)?;
        tape.reals(apical)
    }

    fn set_weights(&mut self, column: usize, weights: &DMatrix<T>) {
        let (n, m) = weights.shape();
        self.w.set_columns(column, weights);
        let opposite = |k, i| self.w.get(k, i) == -self.w.get(m + k, i);
        self.cancels = !self.is_plastic() && (0..m).all(|k| (0..n).all(|i| opposite(k, i)));
    }
}

impl<T: Real> Targets<T> {
    fn new(params: &Params, layer: usize, scales: Scales) -> Self {
        let raw = params.raw();
        let (m, dt) = (params.dim(layer + 1), raw.dt_ms);
        let len = padded::<T>((2 * m).next_multiple_of(tile_for(2 * m)));
        let zeros = || Aligned::zeros(len);
        let filled = |up: T, inn: T| {
            let mut values = Aligned::zeros(len);
            values[..m].fill(up);
            values[m..2 * m].fill(inn);
            values
        };
        let g_a = if layer < params.n_hidden() {
            raw.g_a
        } else {
            0.0
        };
        let plasticity = LowPass::<T>::new(dt, raw.tau_w_ms);
        let learning = |scale: f64| T::from_f64(scale * plasticity.share);
        // Without nudging. With it, the soma leaks more, and there is an error.
        let up = Leak::new(dt, raw.g_l + raw.g_b + g_a, raw.g_b, T::ONE);
        let inn = Leak::<T>::new(dt, raw.g_l + raw.g_d, raw.g_d, T::ONE);
        let inn_keep = T::from_f64(1.0 - dt * (raw.g_l + raw.g_d + raw.g_som));
        Self {
            soma: zeros(),
            rate: zeros(),
            extra: zeros(),
            sum: zeros(),
            constants: Constants {
                keep: filled(up.keep, inn_keep),
                gain: filled(up.gain, inn.gain),
                prediction: filled(up.prediction, inn.prediction),
                learning: filled(learning(scales.up), learning(scales.ip)),
                nudging: filled(T::default(), T::from_f64(dt * raw.g_som)),
            },
        }
    }

    fn tape(&mut self, tape: &mut Tape<'_>) -> Result<(), RestoreError> {
        let Self {
            soma,
            rate,
            extra,
            sum,
            constants,
        } = self;
        // Of the constants, what a pattern leaves of output somata depends on whether it nudges them.
        for values in [soma, rate, extra, sum, &mut constants.keep] {
            tape.reals(values)?;
        }
        Ok(())
    }

    /// Begins a pattern of the output layer: what a step leaves of the first `m` somata, and no sum.
    pub(super) fn begin(&mut self, m: usize, keep: T) {
        self.constants.keep[..m].fill(keep);
        self.sum.fill(T::default());
    }
}
