//! The hot loops, on the vectors of the machine at hand: each is inlined into the [`WithSimd`](pulp::WithSimd) that
//! calls it.

use super::Real;
use pulp::Simd;
use vecmath::exp::exp;
use vecmath::lanes::Lanes;
use vecmath::reduce::{dot, maximum, sum};
use vecmath::slots::{Slot, for_each_vector};

/// Columns that are combined at a time: a quarter of the traffic to the result.
const SIDE_BY_SIDE: usize = 4;

/// out = A x for a column-major A (out.len() × x.len()).
#[inline(always)]
pub(super) fn combine_columns<T: Real, S: Simd>(s: S, matrix: &[T], x: &[T], out: &mut [T]) {
    let rows = out.len();
    out.fill(T::zero());
    let mut blocks = matrix.chunks_exact(SIDE_BY_SIDE * rows);
    let (block_xs, xs) = x.as_chunks::<SIDE_BY_SIDE>();
    for (block, x) in blocks.by_ref().zip(block_xs) {
        let (a, block) = block.split_at(rows);
        let (b, block) = block.split_at(rows);
        let (c, d) = block.split_at(rows);
        let x = x.map(|x| Lanes::splat(s, x));
        for_each_vector!(T, S, rows, slot => {
            let sum = T::fma(s, slot.load(s, a), x[0], slot.load(s, out));
            let sum = T::fma(s, slot.load(s, b), x[1], sum);
            let sum = T::fma(s, slot.load(s, c), x[2], sum);
            slot.store(s, out, T::fma(s, slot.load(s, d), x[3], sum));
        });
    }
    for (column, &x) in blocks.remainder().chunks_exact(rows).zip(xs) {
        add_scaled(s, x, column, out);
    }
}

/// out_j ← out_j + scale a_j·x for each column a_j of a column-major A (x.len() × out.len()).
#[inline(always)]
pub(super) fn add_products<T: Real, S: Simd>(s: S, matrix: &[T], x: &[T], scale: T, out: &mut [T]) {
    for (out, column) in out.iter_mut().zip(matrix.chunks_exact(x.len())) {
        *out += scale * dot(s, column, x);
    }
}

/// A ← A + x yᵀ for a column-major A (x.len() × y.len()).
#[inline(always)]
pub(super) fn add_outer<T: Real, S: Simd>(s: S, x: &[T], y: &[T], matrix: &mut [T]) {
    for (column, &y) in matrix.chunks_exact_mut(x.len()).zip(y) {
        add_scaled(s, y, x, column);
    }
}

/// out ← out + scale x.
#[inline(always)]
fn add_scaled<T: Real, S: Simd>(s: S, scale: T, x: &[T], out: &mut [T]) {
    let scale = Lanes::splat(s, scale);
    for_each_vector!(T, S, out.len(), slot => {
        let sum = T::fma(s, scale, slot.load(s, x), slot.load(s, out));
        slot.store(s, out, sum);
    });
}

/// a ← scale · rate · e^{a − offset}, component by component.
#[inline(always)]
pub(super) fn activate<T: Real, S: Simd>(
    s: S,
    rate: &[T],
    scale: T,
    offset: T,
    activity: &mut [T],
) {
    let (scale, offset) = (Lanes::splat(s, scale), Lanes::splat(s, offset));
    for_each_vector!(T, S, activity.len(), slot => {
        let gain = exp::<T, S>(s, T::v_sub(s, slot.load(s, activity), offset));
        let rate = T::v_mul(s, scale, slot.load(s, rate));
        slot.store(s, activity, T::v_mul(s, rate, gain));
    });
}

/// x ← eˣ / Σ eˣ, stable.
#[inline(always)]
pub(super) fn softmax<T: Real, S: Simd>(s: S, x: &mut [T]) {
    let largest = Lanes::splat(s, maximum(s, x));
    for_each_vector!(T, S, x.len(), slot => {
        let power = exp::<T, S>(s, T::v_sub(s, slot.load(s, x), largest));
        slot.store(s, x, power);
    });
    let share = T::one() / sum(s, x);
    for x in x {
        *x *= share;
    }
}
