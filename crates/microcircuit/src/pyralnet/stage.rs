//! The state of one hidden layer with its interneurons and all synapses that its rates drive.

use nalgebra::DMatrix;

use crate::kernels::aligned::{Aligned, padded};
use crate::kernels::packed::{Packed, tile_for};
use crate::weights::Synapse;
use crate::{Params, Real};

/// Hidden layer l of n pyramidal neurons, below a layer of m.
///
/// Rates of layer l drive two sets of neurons, the m pyramidal neurons of layer l + 1 and the m interneurons of
/// layer l; both project back onto the apical dendrites of layer l. They are kept side by side, as 2m *targets*:
/// first the pyramidal neurons, then the interneurons.
pub(super) struct Stage<T> {
    pub(super) layer: usize,
    pub(super) n: usize,
    pub(super) m: usize,
    /// Forward weights, 2m rows of n + bias lanes: `W_up` of layer l + 1, then `W_ip` of layer l.
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
    /// Rates of the pyramidal neurons, with bias, zero in the other lanes: those of the step to come, and of the
    /// step before.
    pub(super) rate: Aligned<T>,
    pub(super) old_rate: Aligned<T>,
    /// g_a · dt · apical potential of the layer; scratch.
    pub(super) apical: Aligned<T>,
    pub(super) targets: Targets<T>,
    pub(super) rates: LearningRates,
}

/// The 2m neurons that the rates of a hidden layer drive, in vectors of lanes.
pub(super) struct Targets<T> {
    /// Somatic potentials and their rates.
    pub(super) soma: Aligned<T>,
    pub(super) rate: Aligned<T>,
    /// Basal or dendritic potentials.
    pub(super) drive: Aligned<T>,
    /// What else enters the somata in this step, times dt.
    pub(super) extra: Aligned<T>,
    /// scale · dt/τ_w · e of the last plastic step.
    pub(super) factor: Aligned<T>,
    /// Rates times g_a dt, as the feedback weights want them (pyramidal minus interneurons if these cancel).
    pub(super) feedback: Aligned<T>,
    /// Constants: what a step leaves of the soma, what it adds of the drive, the factor of the dendritic
    /// prediction, scale · dt/τ_w, and 1 where W is plastic.
    pub(super) keep: Aligned<T>,
    pub(super) gain: Aligned<T>,
    pub(super) prediction: Aligned<T>,
    pub(super) learning: Aligned<T>,
    pub(super) plastic: Aligned<T>,
    /// Sum of the somata since the output is being averaged.
    pub(super) sum: Aligned<T>,
}

/// How the low-pass weight changes of a stage are stored: as P = scale · Δ.
#[derive(Clone, Copy, Debug)]
pub(super) struct LearningRates {
    pub(super) up: Scale,
    pub(super) ip: Scale,
    pub(super) pi: Scale,
}

/// P = scale · Δ. Rules whose rate is zero are at rest: nothing is computed of them, unless their Δ are kept to be
/// looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scale {
    /// W changes; scale = dt η.
    Plastic(f64),
    /// W does not change, but Δ is kept; scale = 1.
    Kept,
    /// W does not change, and Δ is not computed.
    Resting,
}

impl Scale {
    pub(super) fn new(dt_eta: f64, keep_resting: bool) -> Self {
        match keep_resting {
            _ if dt_eta > 0.0 => Self::Plastic(dt_eta),
            true => Self::Kept,
            false => Self::Resting,
        }
    }

    /// The factor; zero if there is no Δ.
    pub(super) fn factor(self) -> f64 {
        match self {
            Self::Plastic(scale) => scale,
            Self::Kept => 1.0,
            Self::Resting => 0.0,
        }
    }

    pub(super) fn is_plastic(self) -> bool {
        matches!(self, Self::Plastic(_))
    }
}

impl<T: Real> Stage<T> {
    /// Hidden `layer` at rest, with zero weights.
    pub(super) fn new(params: &Params, layer: usize, width: usize, keep_resting: bool) -> Self {
        let raw = params.raw();
        let (n, m) = (params.dim(layer), params.dim(layer + 1));
        let rates = LearningRates {
            up: Scale::new(raw.dt_ms * params.eta_up(layer + 1), keep_resting),
            ip: Scale::new(raw.dt_ms * params.eta_ip(layer), keep_resting),
            pi: Scale::new(raw.dt_ms * params.eta_pi(layer), keep_resting),
        };
        let tile = tile_for(2 * m);
        let lanes = n + 1;
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
            old_rate: Aligned::zeros(lanes),
            apical: Aligned::zeros(lanes),
            targets: Targets::new(params, layer, tile, rates),
            rates,
        };
        for rate in [&mut stage.rate, &mut stage.old_rate] {
            rate[n] = T::from_f64(raw.bias_rate.unwrap_or(0.0));
        }
        stage
    }

    /// Whether any forward rule of the stage has a Δ, and whether only some of those change weights.
    pub(super) fn forward_rules(&self) -> (bool, bool) {
        let scales = [self.rates.up, self.rates.ip];
        let any = scales.iter().any(|scale| *scale != Scale::Resting);
        (any, scales.contains(&Scale::Kept))
    }

    /// Where the weights of a synapse onto the targets begin, and how they are stored: forward synapses only.
    fn forward(&self, layer: usize, synapse: Synapse) -> Option<(usize, Scale)> {
        match synapse {
            Synapse::Up if layer == self.layer + 1 => Some((0, self.rates.up)),
            Synapse::Ip if layer == self.layer => Some((self.m, self.rates.ip)),
            _ => None,
        }
    }

    /// Weights that this stage holds, with the pending change of the last plastic step.
    pub(super) fn weights(
        &self,
        layer: usize,
        synapse: Synapse,
        shape: (usize, usize),
        pending: bool,
    ) -> Option<DMatrix<T>> {
        if let Some((row, scale)) = self.forward(layer, synapse) {
            let changing = pending && scale.is_plastic();
            return Some(DMatrix::from_fn(shape.0, shape.1, |post, pre| {
                let w = self.w.get(row + post, pre);
                if changing {
                    w + self.p.get(row + post, pre)
                } else {
                    w
                }
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
        let resting = !self.rates.pi.is_plastic();
        self.cancels = resting
            && (0..self.m).all(|k| {
                (0..self.n).all(|i| self.feedback.get(k, i) == -self.feedback.get(self.m + k, i))
            });
    }

    /// Δ that this stage holds, with the pending change of the last plastic step.
    pub(super) fn delta(
        &self,
        layer: usize,
        synapse: Synapse,
        shape: (usize, usize),
        pending: Option<T>,
    ) -> Option<DMatrix<T>> {
        let scaled = |p: T, scale: Scale| T::from_f64(p.to_f64() / scale.factor());
        if synapse == Synapse::Pi && layer == self.layer && self.rates.pi != Scale::Resting {
            return Some(DMatrix::from_fn(shape.0, shape.1, |post, pre| {
                scaled(self.p_pi.get(pre, post), self.rates.pi)
            }));
        }
        let (row, scale) = self
            .forward(layer, synapse)
            .filter(|(_, s)| *s != Scale::Resting)?;
        Some(DMatrix::from_fn(shape.0, shape.1, |post, pre| {
            let p = self.p.get(row + post, pre);
            scaled(self.caught_up(p, row + post, pre, pending), scale)
        }))
    }

    fn caught_up(&self, p: T, row: usize, lane: usize, pending: Option<T>) -> T {
        match pending {
            Some(decay) => decay * p + self.targets.factor[row] * self.old_rate[lane],
            None => p,
        }
    }

    /// Applies the pending change of the last plastic step.
    pub(super) fn catch_up(&mut self, decay: T) {
        for row in 0..2 * self.m {
            let scale = if row < self.m {
                self.rates.up
            } else {
                self.rates.ip
            };
            for lane in 0..=self.n {
                let p = self.p.get(row, lane);
                if scale.is_plastic() {
                    self.w.set(row, lane, self.w.get(row, lane) + p);
                }
                self.p
                    .set(row, lane, self.caught_up(p, row, lane, Some(decay)));
            }
        }
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
    fn new(params: &Params, layer: usize, tile: usize, rates: LearningRates) -> Self {
        let raw = params.raw();
        let (m, dt) = (params.dim(layer + 1), raw.dt_ms);
        let len = padded::<T>((2 * m).next_multiple_of(tile));
        let zeros = || Aligned::zeros(len);
        let filled = |up: f64, inn: f64| {
            let mut values = Aligned::zeros(len);
            values[..m].fill(T::from_f64(up));
            values[m..2 * m].fill(T::from_f64(inn));
            values
        };
        let g_a = if layer < params.n_hidden() {
            raw.g_a
        } else {
            0.0
        };
        let learning = |scale: Scale| scale.factor() * dt / raw.tau_w_ms;
        let plastic = |scale: Scale| if scale.is_plastic() { 1.0 } else { 0.0 };
        Self {
            soma: zeros(),
            rate: zeros(),
            drive: zeros(),
            extra: zeros(),
            factor: zeros(),
            feedback: zeros(),
            keep: filled(
                1.0 - dt * (raw.g_l + raw.g_b + g_a),
                1.0 - dt * (raw.g_l + raw.g_d + raw.g_som),
            ),
            gain: filled(dt * raw.g_b, dt * raw.g_d),
            prediction: filled(
                params.basal_prediction(layer + 1),
                params.dendritic_prediction(),
            ),
            learning: filled(learning(rates.up), learning(rates.ip)),
            plastic: filled(plastic(rates.up), plastic(rates.ip)),
            sum: zeros(),
        }
    }
}
