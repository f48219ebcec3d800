//! The synapses that the rates of one layer drive.

use nalgebra::DMatrix;
use pulp::Simd;

use crate::kernels::aligned::{Aligned, padded};
use crate::kernels::packed::{Packed, tile_for};
use crate::kernels::rows::{self, Change};
use crate::{Params, Real};

/// Weights from layer l, one row per target: the neurons of layer l + 1 and, if l is hidden, after them the
/// interneurons of layer l.
pub(super) struct Forward<T> {
    /// Neurons of layer l + 1.
    pub(super) above: usize,
    w: Packed<T>,
    /// Changes per update, P = scale · Δ.
    p: Packed<T>,
    /// Rates of layer l, with bias, zero in the other lanes.
    pub(super) rate: Aligned<T>,
    /// Basal potentials of layer l + 1, dendritic potentials of the interneurons of layer l.
    pub(super) drive: Aligned<T>,
    /// Rates and factors of the last update, and whether it is still to be applied.
    old_rate: Aligned<T>,
    pub(super) factor: Aligned<T>,
    pending: bool,
    /// dT η of `W_up` of layer l + 1 and of `W_ip` of layer l: P = scale · Δ, and none where it is zero.
    pub(super) scales: [f64; 2],
    decay: T,
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
        let rows = if layer == 0 { above } else { 2 * above };
        let (lanes, tile) = (params.dim(layer) + 1, tile_for(rows));
        let targets = || Aligned::zeros(padded::<T>(rows.next_multiple_of(tile)));
        let mut rate = Aligned::zeros(lanes);
        rate[lanes - 1] = T::from_f64(params.raw().bias_rate.unwrap_or(0.0));
        let eta_ip = if layer == 0 {
            0.0
        } else {
            params.eta_ip(layer)
        };
        Self {
            above,
            w: Packed::zeros(rows, lanes, tile, width),
            p: Packed::zeros(rows, lanes, tile, width),
            old_rate: rate.clone(),
            rate,
            drive: targets(),
            factor: targets(),
            pending: false,
            scales: [update_ms * params.eta_up(layer + 1), update_ms * eta_ip],
            decay: T::from_f64(decay),
        }
    }

    fn is_plastic(&self) -> bool {
        self.scales.iter().any(|scale| *scale > 0.0)
    }

    /// `drive = W rate`, with the weights after the last update.
    #[inline(always)]
    pub(super) fn run<S: Simd>(&mut self, s: S) {
        let tile = self.w.tile();
        let update = std::mem::take(&mut self.pending) && self.is_plastic();
        let w = T::vectors_mut::<S>(self.w.data_mut());
        let rate = T::vectors::<S>(&self.rate);
        if update {
            let p = T::vectors_mut::<S>(self.p.data_mut());
            let change = Change::<T, S> {
                rate: T::vectors::<S>(&self.old_rate),
                factor: &self.factor,
            };
            let drive = &mut self.drive;
            rows::learn_and_drive::<T, S, 1>(s, tile, (w, p), [change], self.decay, rate, drive);
        } else {
            rows::drive::<T, S>(s, tile, w, rate, &mut self.drive);
        }
    }

    /// Leaves an update to be applied, with the rates as they are and the factors as they have been set.
    pub(super) fn update_later(&mut self) {
        self.old_rate.copy_from_slice(&self.rate);
        self.pending = true;
    }

    /// Applies an update that was left.
    pub(super) fn catch_up(&mut self) {
        if !std::mem::take(&mut self.pending) || !self.is_plastic() {
            return;
        }
        for row in 0..self.rows() {
            for lane in 0..self.rate.len() {
                let (w, p) = self.updated(row, lane);
                self.w.set(row, lane, w);
                self.p.set(row, lane, p);
            }
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

    fn rows(&self) -> usize {
        // Padding rows have no change.
        self.drive.len().min(2 * self.above)
    }

    fn updated(&self, row: usize, lane: usize) -> (T, T) {
        let p = self.decay * self.p.get(row, lane) + self.factor[row] * self.old_rate[lane];
        (self.w.get(row, lane) + p, p)
    }

    fn current(&self, row: usize, lane: usize) -> (T, T) {
        if self.pending && self.is_plastic() {
            self.updated(row, lane)
        } else {
            (self.w.get(row, lane), self.p.get(row, lane))
        }
    }

    pub(super) fn weights(&self, interneurons: bool, shape: (usize, usize)) -> DMatrix<T> {
        let (row, _) = self.part(interneurons);
        DMatrix::from_fn(shape.0, shape.1, |post, pre| {
            self.current(row + post, pre).0
        })
    }

    /// Δ; `None` where the rule is at rest.
    pub(super) fn delta(&self, interneurons: bool, shape: (usize, usize)) -> Option<DMatrix<T>> {
        let (row, scale) = self.part(interneurons);
        (scale > 0.0).then(|| {
            DMatrix::from_fn(shape.0, shape.1, |post, pre| {
                T::from_f64(self.current(row + post, pre).1.to_f64() / scale)
            })
        })
    }

    /// Replaces weights. No update may be left.
    pub(super) fn set_weights(&mut self, interneurons: bool, weights: &DMatrix<T>) {
        let (row, _) = self.part(interneurons);
        for pre in 0..weights.ncols() {
            for post in 0..weights.nrows() {
                self.w.set(row + post, pre, weights[(post, pre)]);
            }
        }
    }

    /// Zeroes Δ. No update may be left.
    pub(super) fn zero_deltas(&mut self, interneurons: bool) {
        let (row, _) = self.part(interneurons);
        for row in row..row + self.above {
            for lane in 0..self.rate.len() {
                self.p.set(row, lane, T::default());
            }
        }
    }
}
