//! The first hidden layer's part of a step, along its lanes.

use pulp::Simd;

use crate::Real;
use crate::kernels::columns::{broadcast, long_weighted_sum, update, weighted_sum};
use crate::kernels::elementary::Rate;

/// Blocks of lanes of the first hidden layer, and what their step reads and writes.
pub(super) struct First<'a, T: Real, S: Simd> {
    /// Coordinates of the input; and times scale dt/τ_w.
    pub(super) x: &'a [T],
    pub(super) x_learning: &'a [T],
    /// Weights and their changes per step, one column per coordinate.
    pub(super) w: &'a mut [T::V<S>],
    pub(super) p: &'a mut [T::V<S>],
    pub(super) soma: &'a mut [T::V<S>],
    pub(super) rate: &'a mut [T::V<S>],
    /// What becomes of f(u) in each lane: `rate = mask f(u) + bias`.
    pub(super) mask: &'a [T::V<S>],
    pub(super) bias: &'a [T::V<S>],
    pub(super) keep: T::V<S>,
    pub(super) gain: T::V<S>,
    pub(super) prediction: T::V<S>,
    pub(super) decay: T::V<S>,
}

/// Blocks whose rates are computed side by side.
const SIDE_BY_SIDE: usize = 2;

impl<T: Real, S: Simd> First<'_, T, S> {
    /// The second half of the blocks, in whole groups.
    #[inline(always)]
    pub(super) fn halves(soma: &[T]) -> std::ops::Range<usize> {
        let blocks = T::vectors::<S>(soma).len();
        (blocks / 2).next_multiple_of(SIDE_BY_SIDE).min(blocks)..blocks
    }

    /// The step for two coordinates of the input.
    #[inline(always)]
    pub(super) fn two_inputs<R: Rate, const PLASTIC: bool>(mut self, s: S) {
        let blocks = self.soma.len();
        let grouped = blocks - blocks % SIDE_BY_SIDE;
        let x = broadcast::<T, S, 2>(s, self.x);
        for b in (0..grouped).step_by(SIDE_BY_SIDE) {
            self.blocks::<R, SIDE_BY_SIDE, PLASTIC>(s, &x, b);
        }
        for b in grouped..blocks {
            self.blocks::<R, 1, PLASTIC>(s, &x, b);
        }
    }

    /// `B` blocks from block `start` on.
    #[inline(always)]
    fn blocks<R: Rate, const B: usize, const PLASTIC: bool>(
        &mut self,
        s: S,
        x: &[T::V<S>; 2],
        start: usize,
    ) {
        let w = &mut self.w[2 * start..2 * (start + B)].as_chunks_mut::<2>().0[..B];
        let p = &mut self.p[2 * start..2 * (start + B)].as_chunks_mut::<2>().0[..B];
        let soma = &mut self.soma[start..start + B];
        let rate = &mut self.rate[start..start + B];
        let (mask, bias) = (&self.mask[start..start + B], &self.bias[start..start + B]);
        let zero = T::splat(s, T::ZERO);
        let (mut u, mut drive, mut predicted) = ([zero; B], [zero; B], [zero; B]);
        for b in 0..B {
            u[b] = soma[b];
            drive[b] = weighted_sum::<T, S, 2>(s, &w[b], x);
            predicted[b] = T::v_mul(s, self.prediction, drive[b]);
        }
        let r = if PLASTIC {
            let (r, e) = R::rates_and_errors::<T, S, B>(s, u, predicted);
            for b in 0..B {
                update::<T, S, false>(s, &mut w[b], &mut p[b], self.x_learning, e[b], self.decay);
            }
            r
        } else {
            R::rates::<T, S, B>(s, u)
        };
        for b in 0..B {
            soma[b] = T::fma(s, self.keep, u[b], T::v_mul(s, self.gain, drive[b]));
            rate[b] = T::fma(s, mask[b], r[b], bias[b]);
        }
    }

    /// The step for any number of coordinates.
    #[inline(always)]
    pub(super) fn any_inputs<R: Rate>(self, s: S, plastic: bool) {
        let n = self.x.len();
        for b in 0..self.soma.len() {
            let columns = b * n..(b + 1) * n;
            let (w, p) = (&mut self.w[columns.clone()], &mut self.p[columns]);
            let drive = long_weighted_sum::<T, S>(s, w, self.x);
            let u = self.soma[b];
            let r = if plastic {
                let predicted = T::v_mul(s, self.prediction, drive);
                let ([r], [e]) = R::rates_and_errors::<T, S, 1>(s, [u], [predicted]);
                update::<T, S, false>(s, w, p, self.x_learning, e, self.decay);
                r
            } else {
                R::rate::<T, S>(s, u)
            };
            self.soma[b] = T::fma(s, self.keep, u, T::v_mul(s, self.gain, drive));
            self.rate[b] = T::fma(s, self.mask[b], r, self.bias[b]);
        }
    }
}
