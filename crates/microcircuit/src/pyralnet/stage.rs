//! The state of one hidden layer with its interneurons and all synapses that its rates drive.

use nalgebra::DMatrix;

use crate::kernels::aligned::{Aligned, padded};
use crate::kernels::packed::{Packed, tile_for};
use crate::leak::{Leak, LowPass};
use crate::weights::Synapse;
use crate::{Params, Real};

/// Hidden layer l of n pyramidal neurons, below a layer of m.
///
/// Rates of layer l drive two sets of neurons, the m pyramidal neurons of layer l + 1 and the m interneurons of
/// layer l; both project back onto the apical dendrites of layer l. They are kept side by side, as 2m *targets*:
/// first the pyramidal neurons, then the interneurons.
pub struct Stage<T> {
    pub(super) layer: usize,
    pub(super) n: usize,
    pub(super) m: usize,
    /// Forward weights, 2m rows of n + bias lanes: `W_up` of layer l + 1, then `W_ip` of layer l. While changes are
    /// left to apply, those of the step after the last one whose changes have been applied, W + P.
    pub(super) w: Packed<T>,
    /// Their changes per step, P = scale · Δ; see [`Stage::scale`].
    pub(super) p: Packed<T>,
    /// Feedback weights, 2m columns of n lanes: `W_down`, then `W_pi`.
    pub(super) feedback: Packed<T>,
    /// Changes per step of `W_pi`, m columns of n lanes.
    pub(super) p_pi: Packed<T>,
    /// Whether `W_pi = -W_down` and stays so, so that rates of layer l + 1 and of interneurons can be subtracted
    /// before they are weighted.
    pub(super) cancels: bool,
    /// Rates of the pyramidal neurons, with bias, zero in the other lanes.
    pub(super) rate: Aligned<T>,
    /// Of the last plastic steps, what is left to apply; see [`Core::pending`](super::core::Core).
    pub(super) changes: [Change<T>; 2],
    /// g_a dt, in the unit of the layer's somata.
    pub(super) feedback_gain: T,
    /// Apical potential of the layer times that gain; scratch.
    pub(super) apical: Aligned<T>,
    pub(super) targets: Targets<T>,
    pub(super) scales: Scales,
}

/// What is left to apply of one plastic step.
pub struct Change<T> {
    /// Presynaptic rates, as [`Stage::rate`].
    pub(super) rate: Aligned<T>,
    /// scale · dt/τ_w · e, one per target.
    pub(super) factor: Aligned<T>,
}

/// The 2m neurons that the rates of a hidden layer drive, in vectors of lanes.
pub struct Targets<T> {
    /// Somatic potentials and their rates.
    pub(super) soma: Aligned<T>,
    pub(super) rate: Aligned<T>,
    /// Basal or dendritic potentials.
    pub(super) drive: Aligned<T>,
    /// What else enters the somata in this step, times dt.
    pub(super) extra: Aligned<T>,
    /// Rates times the feedback gain, as the feedback weights want them (pyramidal minus interneurons if these cancel).
    pub(super) feedback: Aligned<T>,
    /// Constants: what a step leaves of the soma, what it adds of the drive, the factor of the dendritic
    /// prediction, and scale · dt/τ_w.
    pub(super) keep: Aligned<T>,
    pub(super) gain: Aligned<T>,
    pub(super) prediction: Aligned<T>,
    pub(super) learning: Aligned<T>,
    /// dt g_som for the interneurons, which the neurons above nudge; zero for these.
    pub(super) nudging: Aligned<T>,
    /// Sum of the somata since the output is being averaged.
    pub(super) sum: Aligned<T>,
}

/// How the low-pass weight changes of a stage are stored: as P = scale · Δ with scale = dt η, and not at all where
/// the rule is at rest, η = 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scales {
    pub(super) up: f64,
    pub(super) ip: f64,
    pub(super) pi: f64,
}

/// How many plastic steps are left to apply to the forward weights, and 1 - dt/τ_w.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending<T> {
    pub(super) steps: usize,
    pub(super) decay: T,
}

impl<T: Real> Stage<T> {
    /// Hidden `layer` at rest, with zero weights; its somata are potentials times `unit`.
    pub(super) fn new(params: &Params, layer: usize, unit: f64, width: usize) -> Self {
        let raw = params.raw();
        let (n, m) = (params.dim(layer), params.dim(layer + 1));
        let scales = Scales {
            up: raw.dt_ms * params.eta_up(layer + 1),
            ip: raw.dt_ms * params.eta_ip(layer),
            pi: raw.dt_ms * params.eta_pi(layer),
        };
        let tile = tile_for(2 * m);
        let lanes = n + 1;
        let change = || Change {
            rate: Aligned::zeros(lanes),
            factor: Aligned::zeros(padded::<T>((2 * m).next_multiple_of(tile))),
        };
        let mut stage = Self {
            layer,
            n,
            m,
            w: Packed::zeros(2 * m, lanes, tile, width),
            p: Packed::zeros(2 * m, lanes, tile, width),
            feedback: Packed::zeros(2 * m, lanes, 2 * m, width),
            p_pi: Packed::zeros(m, lanes, m, width),
            cancels: false,
            rate: Aligned::zeros(lanes),
            changes: [change(), change()],
            feedback_gain: T::from_f64(raw.dt_ms * raw.g_a * unit),
            apical: Aligned::zeros(lanes),
            targets: Targets::new(params, layer, tile, scales),
            scales,
        };
        stage.rate[n] = T::from_f64(raw.bias_rate.unwrap_or(0.0));
        for change in &mut stage.changes {
            change.rate[n] = stage.rate[n];
        }
        stage
    }

    /// Whether any forward weights of the stage change.
    pub(super) fn is_plastic(&self) -> bool {
        self.scales.up > 0.0 || self.scales.ip > 0.0
    }

    /// Where the weights of a synapse onto the targets begin, and how they are stored: forward synapses only.
    fn forward(&self, layer: usize, synapse: Synapse) -> Option<(usize, f64)> {
        match synapse {
            Synapse::Up if layer == self.layer + 1 => Some((0, self.scales.up)),
            Synapse::Ip if layer == self.layer => Some((self.m, self.scales.ip)),
            _ => None,
        }
    }

    /// Weights that this stage holds, with `pending` changes of the last plastic steps.
    pub(super) fn weights(
        &self,
        layer: usize,
        synapse: Synapse,
        shape: (usize, usize),
        pending: Pending<T>,
    ) -> Option<DMatrix<T>> {
        if let Some((row, _)) = self.forward(layer, synapse) {
            return Some(DMatrix::from_fn(shape.0, shape.1, |post, pre| {
                self.caught_up(row + post, pre, pending).0
            }));
        }
        let column = match synapse {
            Synapse::Down if layer == self.layer => 0,
            Synapse::Pi if layer == self.layer => self.m,
            _ => return None,
        };
        Some(DMatrix::from_fn(shape.0, shape.1, |post, pre| {
            self.feedback.get(column + pre, post)
        }))
    }

    /// Replaces weights that this stage holds; nothing if it does not hold them. No change may be pending.
    pub(super) fn set_weights(&mut self, layer: usize, synapse: Synapse, weights: &DMatrix<T>) {
        if let Some((row, _)) = self.forward(layer, synapse) {
            each(weights, |post, pre, w| self.w.set(row + post, pre, w));
        }
        let column = match synapse {
            Synapse::Down if layer == self.layer => 0,
            Synapse::Pi if layer == self.layer => self.m,
            _ => return,
        };
        each(weights, |post, pre, w| {
            self.feedback.set(column + pre, post, w)
        });
        let resting = self.scales.pi == 0.0;
        self.cancels = resting
            && (0..self.m).all(|k| {
                (0..self.n).all(|i| self.feedback.get(k, i) == -self.feedback.get(self.m + k, i))
            });
    }

    /// Δ that this stage holds, with `pending` changes of the last plastic steps.
    pub(super) fn delta(
        &self,
        layer: usize,
        synapse: Synapse,
        shape: (usize, usize),
        pending: Pending<T>,
    ) -> Option<DMatrix<T>> {
        let scaled = |p: T, scale: f64| T::from_f64(p.to_f64() / scale);
        if synapse == Synapse::Pi && layer == self.layer && self.scales.pi > 0.0 {
            return Some(DMatrix::from_fn(shape.0, shape.1, |post, pre| {
                scaled(self.p_pi.get(pre, post), self.scales.pi)
            }));
        }
        let (row, scale) = self
            .forward(layer, synapse)
            .filter(|(_, scale)| *scale > 0.0)?;
        Some(DMatrix::from_fn(shape.0, shape.1, |post, pre| {
            scaled(self.caught_up(row + post, pre, pending).1, scale)
        }))
    }

    /// A forward weight and its change per step, with `pending` changes of the last plastic steps.
    fn caught_up(&self, row: usize, lane: usize, pending: Pending<T>) -> (T, T) {
        let (mut w, mut p) = (self.w.get(row, lane), self.p.get(row, lane));
        for (i, change) in self.changes[..pending.steps].iter().enumerate() {
            if i > 0 {
                w += p;
            }
            p = pending.decay * p + change.factor[row] * change.rate[lane];
        }
        (w, p)
    }

    /// Zeroes all Δ. No change may be pending.
    pub(super) fn zero_deltas(&mut self) {
        self.p.data_mut().fill(T::default());
        self.p_pi.data_mut().fill(T::default());
    }
}

fn each<T: Real>(matrix: &DMatrix<T>, mut f: impl FnMut(usize, usize, T)) {
    for pre in 0..matrix.ncols() {
        for post in 0..matrix.nrows() {
            f(post, pre, matrix[(post, pre)]);
        }
    }
}

impl<T: Real> Targets<T> {
    fn new(params: &Params, layer: usize, tile: usize, scales: Scales) -> Self {
        let raw = params.raw();
        let (m, dt) = (params.dim(layer + 1), raw.dt_ms);
        let len = padded::<T>((2 * m).next_multiple_of(tile));
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
            drive: zeros(),
            extra: zeros(),
            feedback: zeros(),
            keep: filled(up.keep, inn_keep),
            gain: filled(up.gain, inn.gain),
            prediction: filled(up.prediction, inn.prediction),
            learning: filled(learning(scales.up), learning(scales.ip)),
            nudging: filled(T::default(), T::from_f64(dt * raw.g_som)),
            sum: zeros(),
        }
    }
}
