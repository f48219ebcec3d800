//! The state of one block of replicas: as many networks as a vector has lanes.

use nalgebra::DMatrix;

use crate::kernels::aligned::Aligned;
use crate::kernels::elementary::unit;
use crate::leak::{Leak, LowPass};
use crate::weights::Synapse;
use crate::{Params, Real};

/// Networks side by side. Number `i` of lane `k` is at `i * width + k` in every array.
pub struct Block<T: Real> {
    pub(super) input: Filtered<T>,
    pub(super) target: Filtered<T>,
    pub(super) hidden: Vec<Hidden<T>>,
    pub(super) output: Group<T>,
    /// Sum of the output's somata since they are being averaged.
    pub(super) sum: Aligned<T>,
    pub(super) constants: Step<T>,
    width: usize,
}

/// Constants of a step that all neurons share.
#[derive(Clone, Copy)]
pub(super) struct Step<T> {
    /// dt/τ_0, 1 - dt/τ_w, dt g_a, dt g_som.
    pub(super) filter: T,
    pub(super) decay: T,
    pub(super) feedback: T,
    pub(super) nudging: T,
}

/// Low-passed rates of the input with the bias, or target potentials; and what they tend to.
pub(super) struct Filtered<T> {
    pub(super) now: Aligned<T>,
    pub(super) goal: Aligned<T>,
    n: usize,
    started: bool,
}

/// Neurons with synapses from one presynaptic layer: pyramidal neurons, or interneurons.
pub(super) struct Group<T> {
    pub(super) n: usize,
    pub(super) synapses: Synapses<T>,
    pub(super) soma: Aligned<T>,
    /// Rates, and that of the bias neuron if the group projects anywhere with a bias.
    pub(super) rate: Aligned<T>,
    pub(super) drive: Aligned<T>,
    /// What a step leaves of the soma, what it adds of the drive, and the factor of the dendritic prediction.
    pub(super) keep: T,
    pub(super) gain: T,
    pub(super) prediction: T,
}

/// A matrix \[post, pre\], and P = scale · Δ with scale = dt η; at rest if that is zero.
pub(super) struct Synapses<T> {
    pub(super) w: Aligned<T>,
    pub(super) p: Aligned<T>,
    pub(super) n_pre: usize,
    pub(super) scale: f64,
    /// scale · dt/τ_w
    pub(super) learning: T,
}

/// A hidden layer, and what feeds back onto it.
pub(super) struct Hidden<T> {
    pub(super) pyramidal: Group<T>,
    pub(super) inn: Group<T>,
    pub(super) down: Synapses<T>,
    pub(super) pi: Synapses<T>,
}

impl<T: Real> Block<T> {
    /// Networks at rest with zero weights, `width` of them.
    pub(super) fn new(params: &Params, width: usize) -> Self {
        let raw = params.raw();
        let (real, dt) = (T::from_f64, raw.dt_ms);
        let plasticity = LowPass::new(dt, raw.tau_w_ms);
        let synapses = |layer, synapse, eta: f64| {
            let (n, n_pre) = params
                .shape(layer, synapse)
                .expect("hidden layers have all");
            let scale = dt * eta;
            Synapses {
                w: Aligned::zeros(n * n_pre * width),
                p: Aligned::zeros(n * n_pre * width),
                n_pre,
                scale,
                learning: real(scale * plasticity.share),
            }
        };
        let bias = real(raw.bias_rate.unwrap_or(0.0));
        let group = |n: usize, synapses, leak: Leak<T>, keep: T| {
            let mut rate = Aligned::zeros((n + 1) * width);
            rate[n * width..].fill(bias);
            Group {
                n,
                synapses,
                soma: Aligned::zeros(n * width),
                rate,
                drive: Aligned::zeros(n * width),
                keep,
                gain: leak.gain,
                prediction: leak.prediction,
            }
        };
        let unit = unit::<T>(raw.activation);
        let pyramidal = |layer: usize| {
            let up = synapses(layer, Synapse::Up, params.eta_up(layer));
            // An output that is nudged leaks more; see `begin`.
            let g_a = if layer <= params.n_hidden() {
                raw.g_a
            } else {
                0.0
            };
            let leak = Leak::new(dt, raw.g_l + raw.g_b + g_a, raw.g_b, unit);
            group(params.dim(layer), up, leak, leak.keep)
        };
        let hidden = |layer: usize| Hidden {
            pyramidal: pyramidal(layer),
            inn: group(
                params.dim(layer + 1),
                synapses(layer, Synapse::Ip, params.eta_ip(layer)),
                Leak::new(dt, raw.g_l + raw.g_d, raw.g_d, unit),
                real(1.0 - dt * (raw.g_l + raw.g_d + raw.g_som)),
            ),
            down: synapses(layer, Synapse::Down, 0.0),
            pi: synapses(layer, Synapse::Pi, params.eta_pi(layer)),
        };
        let output = pyramidal(params.n_hidden() + 1);
        let mut input = Filtered::new(params.dim(0), width);
        input.now[params.dim(0) * width..].fill(bias);
        input.goal[params.dim(0) * width..].fill(bias);
        Self {
            input,
            target: Filtered::new(output.n, width),
            hidden: (1..=params.n_hidden()).map(hidden).collect(),
            sum: Aligned::zeros(output.n * width),
            output,
            constants: Step {
                filter: real(dt / raw.tau_0_ms),
                decay: plasticity.decay,
                feedback: real(dt * raw.g_a),
                nudging: real(dt * raw.g_som),
            },
            width,
        }
    }

    /// Turns to a new pattern: sets what the input and the target of lane `lane` tend to.
    pub(super) fn aim(&mut self, lane: usize, input: &[f64], target: &[f64]) {
        self.input.aim(lane, self.width, input);
        self.target.aim(lane, self.width, target);
    }

    /// After all lanes have been aimed: the first pattern starts the filters, and the output leaks as `keep` says.
    pub(super) fn begin(&mut self, keep: f64) {
        self.input.start();
        self.target.start();
        self.output.keep = T::from_f64(keep);
        self.sum.fill(T::default());
    }

    /// Zeroes somata and Δ; the filters start anew.
    pub(super) fn reset(&mut self) {
        self.zero_deltas();
        (self.input.started, self.target.started) = (false, false);
        self.output.soma.fill(T::default());
        for hidden in &mut self.hidden {
            hidden.pyramidal.soma.fill(T::default());
            hidden.inn.soma.fill(T::default());
        }
    }

    pub(super) fn zero_deltas(&mut self) {
        self.output.synapses.p.fill(T::default());
        for hidden in &mut self.hidden {
            for group in [&mut hidden.pyramidal, &mut hidden.inn] {
                group.synapses.p.fill(T::default());
            }
            hidden.pi.p.fill(T::default());
        }
    }

    /// Numbers of `lane`, from the `n` first vectors of an array.
    pub(super) fn lane(&self, values: &[T], n: usize, lane: usize) -> Vec<T> {
        (0..n).map(|i| values[i * self.width + lane]).collect()
    }

    pub(super) fn synapses(&self, layer: usize, synapse: Synapse) -> Option<&Synapses<T>> {
        let hidden = self.hidden.get(layer.checked_sub(1)?);
        Some(match (synapse, hidden) {
            (Synapse::Up, Some(hidden)) => &hidden.pyramidal.synapses,
            (Synapse::Ip, Some(hidden)) => &hidden.inn.synapses,
            (Synapse::Down, Some(hidden)) => &hidden.down,
            (Synapse::Pi, Some(hidden)) => &hidden.pi,
            (Synapse::Up, None) if layer == self.hidden.len() + 1 => &self.output.synapses,
            _ => return None,
        })
    }

    /// One matrix of one network: weights, or P.
    pub(super) fn matrix(
        &self,
        values: &[T],
        (n, n_pre): (usize, usize),
        lane: usize,
    ) -> DMatrix<T> {
        DMatrix::from_row_iterator(n, n_pre, self.lane(values, n * n_pre, lane))
    }

    /// Replaces one matrix of one network; nothing if there is none.
    pub(super) fn set(&mut self, layer: usize, synapse: Synapse, lane: usize, w: &DMatrix<T>) {
        let width = self.width;
        let synapses = match (synapse, layer > self.hidden.len()) {
            (_, true) => &mut self.output.synapses,
            (Synapse::Up, _) => &mut self.hidden[layer - 1].pyramidal.synapses,
            (Synapse::Ip, _) => &mut self.hidden[layer - 1].inn.synapses,
            (Synapse::Down, _) => &mut self.hidden[layer - 1].down,
            (Synapse::Pi, _) => &mut self.hidden[layer - 1].pi,
        };
        let row_major = (0..w.nrows()).flat_map(|i| (0..w.ncols()).map(move |j| w[(i, j)]));
        for (i, w) in row_major.enumerate() {
            synapses.w[i * width + lane] = w;
        }
    }
}

impl<T: Real> Filtered<T> {
    fn new(n: usize, width: usize) -> Self {
        let zeros = || Aligned::zeros((n + 1) * width);
        Self {
            now: zeros(),
            goal: zeros(),
            n,
            started: false,
        }
    }

    fn aim(&mut self, lane: usize, width: usize, goal: &[f64]) {
        debug_assert_eq!(goal.len(), self.n);
        for (i, x) in goal.iter().enumerate() {
            self.goal[i * width + lane] = T::from_f64(*x);
        }
    }

    fn start(&mut self) {
        if !self.started {
            self.now.copy_from_slice(&self.goal);
            self.started = true;
        }
    }
}
