//! Weights whose changes are applied when the weights are used next.
//!
//! A plastic step needs errors that are known only after the weights have been used. A second walk through the matrix
//! would store every weight once more; so the change of a step is kept as rates and factors, and
//! applied on the next walk, the one that computes the next drive. This is the only place where changes wait.
//!
//! In the full simulation W changes by the old P ([`plasticity`](crate::kernels::plasticity)). The weights of the next step, V = W + P, are then
//! known before the changes of this one are, and V is what is stored while weights are plastic:
//!
//! ```text
//! P ← β P + c rᵀ,  V ← V + P
//! ```
//!
//! Of two steps, the first needs V as it is, and the second applies the changes of both; so each weight is stored every
//! other step, which matters where stores are what takes longest. In the steady-state approximation W changes by the
//! new P, one update waits, and what is stored is W.

use nalgebra::DMatrix;
use pulp::{Simd, WithSimd};

use crate::Real;
use crate::kernels::aligned::{Aligned, padded};
use crate::kernels::packed::{Packed, tile_for};
use crate::kernels::rows::{self, Change, Products};
use crate::tape::{RestoreError, Tape};

/// Whether a weight changes by the old P of a step or by the new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// W ← W + P, then P changes: the full simulation.
    OldChange,
    /// P changes, then W ← W + P: the steady-state approximation.
    NewChange,
}

/// Forward weights, one row per target, and the rates of the neurons that they come from.
#[derive(Clone)]
pub(crate) struct Deferred<T: Real> {
    order: Order,
    w: Packed<T>,
    /// P = scale · Δ
    p: Packed<T>,
    /// 1 - dt/τ_w
    decay: T,
    plastic: bool,
    /// Presynaptic rates, zero in lanes without a neuron: now, and of the steps whose changes wait.
    rates: [Aligned<T>; 3],
    /// Index into these of the rates now, and of those of waiting changes.
    roles: [usize; 3],
    /// Factors c of the changes that wait, one per target.
    factors: [Aligned<T>; 2],
    /// How many wait.
    waiting: usize,
    /// `W r`, one per target.
    drive: Aligned<T>,
}

/// What a kernel needs that walks through the weights itself.
pub(crate) struct Parts<'a, T> {
    pub(crate) w: &'a mut [T],
    pub(crate) p: &'a mut [T],
    pub(crate) decay: T,
    /// Rates now, and of the changes that wait.
    pub(crate) rates: [&'a mut [T]; 3],
    pub(crate) roles: &'a mut [usize; 3],
    pub(crate) factors: [&'a mut [T]; 2],
    pub(crate) waiting: &'a mut usize,
}

/// Δ of P = `scale` Δ; `None` where the rule is at rest and scale is zero.
pub(crate) fn unscaled<T: Real>(p: DMatrix<T>, scale: f64) -> Option<DMatrix<T>> {
    (scale > 0.0).then(|| p.map(|p| T::from_f64(p.to_f64() / scale)))
}

impl<T: Real> Deferred<T> {
    /// Zero weights onto `rows` targets from `neurons` neurons and one with the constant rate `bias`; `width` is that
    /// of the vector unit.
    pub(crate) fn new(
        order: Order,
        (rows, neurons): (usize, usize),
        bias: f64,
        decay: T,
        plastic: bool,
        width: usize,
    ) -> Self {
        let tile = tile_for(rows);
        let lanes = neurons + 1;
        let mut rate = Aligned::zeros(lanes);
        rate[neurons] = T::from_f64(bias);
        let targets = || Aligned::zeros(padded::<T>(rows.next_multiple_of(tile)));
        Self {
            order,
            w: Packed::zeros(rows, lanes, tile, width),
            p: Packed::zeros(rows, lanes, tile, width),
            decay,
            plastic,
            rates: [rate.clone(), rate.clone(), rate],
            roles: [0, 1, 2],
            factors: [targets(), targets()],
            waiting: 0,
            drive: targets(),
        }
    }

    /// Rates now.
    #[inline(always)]
    pub(crate) fn rate(&self) -> &[T] {
        &self.rates[self.roles[0]]
    }

    #[inline(always)]
    pub(crate) fn rate_mut(&mut self) -> &mut [T] {
        &mut self.rates[self.roles[0]]
    }

    /// What the last walk computed, padded to whole vectors.
    #[inline(always)]
    pub(crate) fn drive(&self) -> &[T] {
        &self.drive
    }

    /// 1 - dt/τ_w
    #[inline(always)]
    pub(crate) fn decay(&self) -> T {
        self.decay
    }

    /// Whether any of the weights change.
    #[inline(always)]
    pub(crate) fn is_plastic(&self) -> bool {
        self.plastic
    }

    /// Whether weights and Δ are as the last step left them.
    pub(crate) fn is_up_to_date(&self) -> bool {
        self.waiting == 0 || !self.plastic
    }

    /// Factors of the change that is being made, to be filled before [`Deferred::defer`].
    #[inline(always)]
    pub(crate) fn factors_mut(&mut self) -> &mut [T] {
        &mut self.factors[self.waiting]
    }

    /// Drive, and factors of the change that is being made.
    #[inline(always)]
    pub(crate) fn drive_and_factors(&mut self) -> (&[T], &mut [T]) {
        (&self.drive, &mut self.factors[self.waiting])
    }

    /// Leaves a change to the next walk: the kept rates, and the factors that were filled in.
    #[inline(always)]
    pub(crate) fn defer(&mut self) {
        self.waiting += 1;
    }

    /// Keeps the rates of this step for the change it will make; the rates of the next are written elsewhere.
    #[inline(always)]
    pub(crate) fn keep_rates(&mut self) {
        self.roles.swap(0, 1 + self.waiting);
    }

    /// Leaves an update to the next walk: the rates of now, and the factors that were filled in.
    pub(crate) fn defer_update(&mut self) {
        let [now, first, _] = self.roles;
        if let Ok([now, kept]) = self.rates.get_disjoint_mut([now, first]) {
            kept.copy_from_slice(now);
        }
        self.waiting = 1;
    }

    #[inline(always)]
    pub(crate) fn parts(&mut self) -> Parts<'_, T> {
        let [a, b, c] = &mut self.rates;
        let [first, second] = &mut self.factors;
        Parts {
            w: self.w.data_mut(),
            p: self.p.data_mut(),
            decay: self.decay,
            rates: [a, b, c],
            roles: &mut self.roles,
            factors: [first, second],
            waiting: &mut self.waiting,
        }
    }

    /// `drive = W r` with the weights of this step, applying what waits where that is due. If weights do not change in this
    /// step, nothing may wait.
    #[inline(always)]
    pub(crate) fn run<S: Simd>(&mut self, s: S, plastic: bool) {
        s.vectorize(Run {
            weights: self,
            plastic,
        });
    }

    /// `drive = (W + sum P) r`. Nothing may wait.
    #[inline(always)]
    pub(crate) fn drive_decaying<S: Simd>(&mut self, s: S, sum: T) {
        let w = T::vectors::<S>(self.w.data());
        let p = T::vectors::<S>(self.p.data());
        let rate = T::vectors::<S>(&self.rates[self.roles[0]]);
        rows::drive_decaying::<T, S>(s, self.w.tile(), (w, p), sum, rate, &mut self.drive);
    }

    /// Applies changes that were kept elsewhere, see [`rows::apply`]. Nothing may wait.
    #[inline(always)]
    pub(crate) fn apply<S: Simd>(&mut self, s: S, decay: (T, T), changes: Products<'_, T, S>) {
        let (tile, blocks) = (self.w.tile(), T::vectors::<S>(&self.rates[0]).len());
        let w = T::vectors_mut::<S>(self.w.data_mut());
        let p = T::vectors_mut::<S>(self.p.data_mut());
        rows::apply::<T, S>(s, tile, (w, p), decay, blocks, changes);
    }

    /// Applies all changes that wait.
    #[inline(always)]
    pub(crate) fn catch_up(&mut self, unit: vecmath::Simd) {
        unit.dispatch(CatchUp(self));
    }

    /// Weights of `shape` from row `row` on. Nothing may wait.
    pub(crate) fn weights(&self, row: usize, shape: (usize, usize)) -> DMatrix<T> {
        self.w.rows(row, shape)
    }

    /// Δ likewise, where P = `scale` Δ; `None` if that is zero.
    pub(crate) fn delta(
        &self,
        row: usize,
        shape: (usize, usize),
        scale: f64,
    ) -> Option<DMatrix<T>> {
        unscaled(self.p.rows(row, shape), scale)
    }

    /// Replaces weights from row `row` on. Nothing may wait.
    pub(crate) fn set_weights(&mut self, row: usize, weights: &DMatrix<T>) {
        self.w.set_rows(row, weights);
    }

    /// Zeroes the Δ of `n` rows from `row` on. Nothing may wait.
    pub(crate) fn zero_deltas(&mut self, row: usize, n: usize) {
        let zeros = DMatrix::from_element(n, self.rates[0].len(), T::default());
        self.p.set_rows(row, &zeros);
    }

    /// Zeroes the drive.
    pub(crate) fn rest(&mut self) {
        self.drive.fill(T::default());
    }

    /// Everything that changes.
    pub(crate) fn tape(&mut self, tape: &mut Tape<'_>) -> Result<(), RestoreError> {
        let Self {
            order: _,
            w,
            p,
            decay: _,
            plastic: _,
            rates,
            roles,
            factors,
            waiting,
            drive,
        } = self;
        tape.reals(w.data_mut())?;
        tape.reals(p.data_mut())?;
        rates.iter_mut().try_for_each(|rate| tape.reals(rate))?;
        roles.iter_mut().try_for_each(|role| tape.count(role, 2))?;
        if (0..3).any(|role| !roles.contains(&role)) {
            return Err(RestoreError::Damaged);
        }
        factors
            .iter_mut()
            .try_for_each(|factor| tape.reals(factor))?;
        tape.count(waiting, 2)?;
        tape.reals(drive)
    }
}

/// The changes that may wait, the first one first.
#[inline(always)]
fn waiting<'a, T: Real, S: Simd>(
    rates: &'a [Aligned<T>; 3],
    [_, first, second]: [usize; 3],
    factors: &'a [Aligned<T>; 2],
) -> [Change<'a, T, S>; 2] {
    let change = |i: usize, factor| Change {
        rate: T::vectors::<S>(&rates[i]),
        factor,
    };
    [change(first, &factors[0]), change(second, &factors[1])]
}

/// [`Deferred::run`], compiled once and not for every caller.
struct Run<'a, T: Real> {
    weights: &'a mut Deferred<T>,
    plastic: bool,
}

impl<T: Real> WithSimd for Run<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { weights, plastic } = self;
        let changing = plastic && weights.plastic;
        debug_assert!(
            changing || weights.waiting == 0 || !weights.plastic,
            "to catch up"
        );
        let tile = weights.w.tile();
        let w = T::vectors_mut::<S>(weights.w.data_mut());
        let p = T::vectors_mut::<S>(weights.p.data_mut());
        let now = T::vectors::<S>(&weights.rates[weights.roles[0]]);
        let changes = waiting::<T, S>(&weights.rates, weights.roles, &weights.factors);
        let (decay, drive) = (weights.decay, &mut weights.drive[..]);
        match (weights.order, weights.waiting) {
            (Order::OldChange, 2) if changing => {
                rows::learn_and_drive::<T, S, 2>(s, tile, (w, p), changes, decay, now, drive);
                weights.waiting = 0;
            }
            (Order::NewChange, 1) if changing => {
                let [change, _] = changes;
                rows::learn_and_drive::<T, S, 1>(s, tile, (w, p), [change], decay, now, drive);
                weights.waiting = 0;
            }
            (order, waiting) => {
                rows::drive::<T, S>(s, tile, w, now, drive);
                if changing && order == Order::OldChange && waiting == 0 {
                    rows::advance::<T, S>(s, w, p);
                }
            }
        }
    }
}

/// [`Deferred::catch_up`]
struct CatchUp<'a, T: Real>(&'a mut Deferred<T>);

impl<T: Real> WithSimd for CatchUp<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self(weights) = self;
        let count = std::mem::take(&mut weights.waiting);
        if count == 0 || !weights.plastic {
            return;
        }
        let tile = weights.w.tile();
        let changes = waiting::<T, S>(&weights.rates, weights.roles, &weights.factors);
        // The last P is what the weights of the next step change by, in the full simulation.
        let not_to_w = usize::from(weights.order == Order::OldChange);
        let w = T::vectors_mut::<S>(weights.w.data_mut());
        let p = T::vectors_mut::<S>(weights.p.data_mut());
        rows::catch_up::<T, S>(s, tile, (w, p), &changes[..count], weights.decay, not_to_w);
    }
}
