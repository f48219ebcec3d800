//! The synapses onto the apical dendrites of one hidden layer.

use nalgebra::DMatrix;
use pulp::Simd;

use crate::deferred::unscaled;
use crate::kernels::aligned::Aligned;
use crate::kernels::columns::weighted_sum;
use crate::kernels::packed::Packed;
use crate::kernels::plasticity;
use crate::tape::{RestoreError, Tape};
use crate::{Params, Real};

/// `W_down` and `W_pi` of a hidden layer, one column per neuron above and per interneuron.
#[derive(Clone)]
pub(super) struct Feedback<T: Real> {
    m: usize,
    w: Packed<T>,
    p: Packed<T>,
    /// Rates of the neurons above and of the interneurons (their difference, if their weights cancel).
    pub(super) rate: Vec<T>,
    /// Apical potentials.
    pub(super) apical: Aligned<T>,
    /// Whether `W_pi = -W_down` and stays so.
    cancels: bool,
    /// dT η of `W_pi`: P = scale · Δ, and none where it is zero.
    pub(super) scale: f64,
}

impl<T: Real> Feedback<T> {
    pub(super) fn new(params: &Params, layer: usize, width: usize, update_ms: f64) -> Self {
        let (n, m) = (params.dim(layer), params.dim(layer + 1));
        Self {
            m,
            w: Packed::zeros(2 * m, n, 2 * m, width),
            p: Packed::zeros(m, n, m, width),
            rate: vec![T::default(); 2 * m],
            apical: Aligned::zeros(n),
            cancels: false,
            scale: update_ms * params.eta_pi(layer),
        }
    }

    /// `apical = W_down r_above + W_pi r_inn`.
    #[inline(always)]
    pub(super) fn run<S: Simd>(&mut self, s: S, above: &[T], inns: &[T]) {
        let m = self.m;
        self.rate[..m].copy_from_slice(&above[..m]);
        self.rate[m..].copy_from_slice(&inns[..m]);
        if self.cancels {
            let (difference, inns) = self.rate.split_at_mut(m);
            difference
                .iter_mut()
                .zip(inns)
                .for_each(|(r, inn)| *r = *r - *inn);
        }
        let used = if self.cancels { m } else { 2 * m };
        let columns = T::vectors::<S>(self.w.data()).chunks_exact(2 * m);
        for (w, apical) in columns.zip(T::vectors_mut::<S>(&mut self.apical)) {
            *apical = weighted_sum::<T, S>(s, &w[..used], &self.rate[..used]);
        }
    }

    /// Updates `W_pi`: `P ← decay P - factor apical r_innᵀ`, then `W ← W + P`.
    #[inline(always)]
    pub(super) fn learn<S: Simd>(&mut self, s: S, inns: &[T], factor: T, decay: T) {
        if self.scale == 0.0 {
            return;
        }
        let m = self.m;
        let (minus, decay) = (T::splat(s, -factor), T::splat(s, decay));
        let columns = T::vectors_mut::<S>(self.w.data_mut()).chunks_exact_mut(2 * m);
        let changes = T::vectors_mut::<S>(self.p.data_mut()).chunks_exact_mut(m);
        for ((w, p), apical) in columns.zip(changes).zip(T::vectors::<S>(&self.apical)) {
            let e = T::v_mul(s, minus, *apical);
            plasticity::columns::<T, S, true>(s, &mut w[m..], p, &inns[..m], e, decay);
        }
    }

    pub(super) fn weights(&self, lateral: bool, shape: (usize, usize)) -> DMatrix<T> {
        let column = if lateral { self.m } else { 0 };
        self.w.columns(column, shape)
    }

    /// Δ of `W_pi`; `None` where the rule is at rest.
    pub(super) fn delta(&self, shape: (usize, usize)) -> Option<DMatrix<T>> {
        unscaled(self.p.columns(0, shape), self.scale)
    }

    /// Replaces both sets of weights.
    pub(super) fn set_weights(&mut self, down: &DMatrix<T>, pi: &DMatrix<T>) {
        self.w.set_columns(0, down);
        self.w.set_columns(self.m, pi);
        self.cancels = self.scale == 0.0 && down.iter().zip(pi).all(|(down, pi)| *pi == -*down);
    }

    pub(super) fn zero_deltas(&mut self) {
        self.p.data_mut().fill(T::default());
    }

    /// Everything that changes.
    pub(super) fn tape(&mut self, tape: &mut Tape<'_>) -> Result<(), RestoreError> {
        let Self {
            m: _,
            w,
            p,
            rate,
            apical,
            cancels,
            scale: _,
        } = self;
        tape.reals(w.data_mut())?;
        tape.reals(p.data_mut())?;
        tape.reals(rate)?;
        tape.reals(apical)?;
        tape.flag(cancels)
    }
}
