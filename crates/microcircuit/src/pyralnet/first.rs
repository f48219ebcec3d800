//! The first hidden layer's part of a step, along its lanes.
//!
//! What is computed most often are rates of this layer. So its potentials are kept as the
//! [arguments](crate::kernels::elementary::Rate::unit) of f, and drives as the potentials û that they predict, which
//! is where a soma settles without other input:
//!
//! ```text
//! û = g/Σg W r      u ← û + κ (u - û) + …,   κ = 1 - dt Σg
//! ```

use pulp::Simd;

use crate::Real;
use crate::kernels::columns::{broadcast, long_weighted_sum, update, weighted_sum};
use crate::kernels::elementary::Rate;

/// Blocks of lanes of the first hidden layer, and what their step reads and writes.
pub(super) struct First<'a, T: Real, S: Simd, const C: usize> {
    /// Coordinates of the input; and times scale dt/τ_w, in the unit of the columns.
    pub(super) x: &'a [T],
    pub(super) x_learning: &'a [T],
    /// Weights and their changes per step, one column per coordinate. In the plane of the input, times `prediction`.
    pub(super) w: &'a mut [T::V<S>],
    pub(super) p: &'a mut [T::V<S>],
    pub(super) soma: &'a mut [T::V<S>],
    pub(super) rate: &'a mut [T::V<S>],
    /// Blocks of nothing but neurons, which come first.
    pub(super) whole: usize,
    /// What becomes of f(u) in each lane of the others: `rate = mask f(u) + bias`.
    pub(super) mask: &'a [T::V<S>],
    pub(super) bias: &'a [T::V<S>],
    pub(super) apical: Apical<'a, T, S, C>,
    pub(super) keep: T::V<S>,
    pub(super) prediction: T::V<S>,
    pub(super) decay: T::V<S>,
}

/// The apical contribution to the somata of the step before, where it is left to this one: rates that enter through
/// the first `C` of every `all` columns of the feedback weights.
pub(super) struct Apical<'a, T: Real, S: Simd, const C: usize> {
    pub(super) columns: &'a [T::V<S>],
    pub(super) all: usize,
    pub(super) rates: [T::V<S>; C],
}

impl<T: Real, S: Simd> Apical<'_, T, S, 0> {
    /// None is left.
    pub(super) const NONE: Self = Self {
        columns: &[],
        all: 0,
        rates: [],
    };
}

/// How many of the `blocks` there are have neurons in every lane, of the `n` neurons of the layer.
#[inline(always)]
pub(super) fn whole<T: Real, S: Simd>(n: usize, blocks: &std::ops::Range<usize>) -> usize {
    let lanes = size_of::<T::V<S>>() / size_of::<T>();
    let whole = n / lanes;
    // Spelled out: what the compiler does not inline here is not compiled for the vector unit, and costs more than
    // it does.
    if whole < blocks.start {
        0
    } else if whole > blocks.end {
        blocks.end - blocks.start
    } else {
        whole - blocks.start
    }
}

/// The second half of the blocks of the layer, in whole groups of `side` by side.
#[inline(always)]
pub(super) fn second_half(blocks: usize, side: usize) -> std::ops::Range<usize> {
    (blocks / 2).next_multiple_of(side).min(blocks)..blocks
}

impl<T: Real, S: Simd, const C: usize> First<'_, T, S, C> {
    /// The step for the two coordinates of the plane of the input, or a [settled](super::settled) one, the rates of
    /// `SIDE` blocks being computed side by side, and `also` some rates of others.
    #[inline(always)]
    pub(super) fn in_plane<
        R: Rate,
        const SIDE: usize,
        const PLASTIC: bool,
        const SETTLED: bool,
        const X: usize,
    >(
        mut self,
        s: S,
        also: [T::V<S>; X],
    ) -> [T::V<S>; X] {
        let blocks = self.soma.len();
        let x = broadcast::<T, S, 2>(s, self.x);
        let mut b = 0;
        let also = if blocks >= SIDE {
            b = SIDE;
            self.blocks::<R, SIDE, PLASTIC, SETTLED, X>(s, &x, 0, also)
        } else {
            R::rates::<T, S, X>(s, also)
        };
        while b + SIDE <= blocks {
            self.blocks::<R, SIDE, PLASTIC, SETTLED, 0>(s, &x, b, []);
            b += SIDE;
        }
        while b < blocks {
            self.blocks::<R, 1, PLASTIC, SETTLED, 0>(s, &x, b, []);
            b += 1;
        }
        self.add_bias(s);
        also
    }

    /// Makes rates of other lanes than the neurons' what they are: the bias, or zero.
    #[inline(always)]
    fn add_bias(&mut self, s: S) {
        for b in self.whole..self.rate.len() {
            self.rate[b] = T::fma(s, self.mask[b], self.rate[b], self.bias[b]);
        }
    }

    /// `B` blocks from block `start` on.
    #[inline(always)]
    fn blocks<R: Rate, const B: usize, const PLASTIC: bool, const SETTLED: bool, const X: usize>(
        &mut self,
        s: S,
        x: &[T::V<S>; 2],
        start: usize,
        also: [T::V<S>; X],
    ) -> [T::V<S>; X] {
        let w = &mut self.w[2 * start..2 * (start + B)].as_chunks_mut::<2>().0[..B];
        let p = &mut self.p[2 * start..2 * (start + B)].as_chunks_mut::<2>().0[..B];
        let soma = &mut self.soma[start..start + B];
        let rate = &mut self.rate[start..start + B];
        let Apical {
            columns,
            all,
            rates,
        } = self.apical;
        let columns = &columns[start * all..(start + B) * all];
        let zero = T::splat(s, T::ZERO);
        let (mut u, mut predicted) = ([zero; B], [zero; B]);
        for b in 0..B {
            u[b] = soma[b];
            for c in 0..C {
                u[b] = T::fma(s, columns[b * all + c], rates[c], u[b]);
            }
            predicted[b] = if SETTLED {
                w[b][0]
            } else {
                weighted_sum::<T, S, 2>(s, &w[b], x)
            };
        }
        let (r, also) = if PLASTIC {
            let (r, e, also) = R::rates_and_errors::<T, S, B, X>(s, u, predicted, also);
            for b in 0..B {
                let columns = if SETTLED { 1 } else { 2 };
                let (w, p) = (&mut w[b][..columns], &mut p[b][..columns]);
                update::<T, S, false>(s, w, p, self.x_learning, e[b], self.decay);
            }
            (r, also)
        } else {
            R::rates_of_arguments::<T, S, B, X>(s, u, also)
        };
        for b in 0..B {
            soma[b] = T::fma(s, self.keep, T::v_sub(s, u[b], predicted[b]), predicted[b]);
            rate[b] = r[b];
        }
        also
    }

    /// The step for all coordinates of the input.
    #[inline(always)]
    pub(super) fn all_inputs<R: Rate>(mut self, s: S, plastic: bool) {
        let n = self.x.len();
        for b in 0..self.soma.len() {
            let columns = b * n..(b + 1) * n;
            let (w, p) = (&mut self.w[columns.clone()], &mut self.p[columns]);
            let drive = long_weighted_sum::<T, S>(s, w, self.x);
            let (u, predicted) = (self.soma[b], T::v_mul(s, self.prediction, drive));
            let r = if plastic {
                let ([r], [e], []) = R::rates_and_errors::<T, S, 1, 0>(s, [u], [predicted], []);
                update::<T, S, false>(s, w, p, self.x_learning, e, self.decay);
                r
            } else {
                let ([r], []) = R::rates_of_arguments::<T, S, 1, 0>(s, [u], []);
                r
            };
            self.soma[b] = T::fma(s, self.keep, T::v_sub(s, u, predicted), predicted);
            self.rate[b] = r;
        }
        self.add_bias(s);
    }
}
