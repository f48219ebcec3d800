//! The synapses that the rates of one layer drive.

use nalgebra::DMatrix;

use crate::deferred::{Deferred, Order};
use crate::{Params, Real};

/// Weights from layer l, one row per target: the neurons of layer l + 1 and, if l is hidden, after them the
/// interneurons of layer l.
#[derive(Clone)]
pub(super) struct Forward<T: Real> {
    /// Neurons of layer l + 1.
    above: usize,
    pub(super) synapses: Deferred<T>,
    /// dT η of `W_up` of layer l + 1 and of `W_ip` of layer l: P = scale · Δ, and none where it is zero.
    pub(super) scales: [f64; 2],
}

impl<T: Real> Forward<T> {
    /// With zero weights; `layer` counts from 0. `update_ms` is dT, `decay` what an update leaves of Δ.
    pub(super) fn new(
        params: &Params,
        layer: usize,
        width: usize,
        update_ms: f64,
        decay: f64,
    ) -> Self {
        let above = params.dim(layer + 1);
        let (rows, eta_ip) = match layer {
            0 => (above, 0.0),
            _ => (2 * above, params.eta_ip(layer)),
        };
        let scales = [update_ms * params.eta_up(layer + 1), update_ms * eta_ip];
        let bias = params.raw().bias_rate.unwrap_or(0.0);
        let plastic = scales.iter().any(|scale| *scale > 0.0);
        let decay = T::from_f64(decay);
        let shape = (rows, params.dim(layer));
        Self {
            above,
            synapses: Deferred::new(Order::NewChange, shape, bias, decay, plastic, width),
            scales,
        }
    }

    /// The first row and the scale of the synapses of a kind.
    fn part(&self, interneurons: bool) -> (usize, f64) {
        if interneurons {
            (self.above, self.scales[1])
        } else {
            (0, self.scales[0])
        }
    }

    /// Weights. No update may wait.
    pub(super) fn weights(&self, interneurons: bool, shape: (usize, usize)) -> DMatrix<T> {
        self.synapses.weights(self.part(interneurons).0, shape)
    }

    /// Δ; `None` where the rule is at rest. No update may wait.
    pub(super) fn delta(&self, interneurons: bool, shape: (usize, usize)) -> Option<DMatrix<T>> {
        let (row, scale) = self.part(interneurons);
        self.synapses.delta(row, shape, scale)
    }

    /// Replaces weights. No update may wait.
    pub(super) fn set_weights(&mut self, interneurons: bool, weights: &DMatrix<T>) {
        self.synapses
            .set_weights(self.part(interneurons).0, weights);
    }

    /// Zeroes Δ. No update may wait.
    pub(super) fn zero_deltas(&mut self, interneurons: bool) {
        let (row, _) = self.part(interneurons);
        self.synapses.zero_deltas(row, self.above);
    }
}
