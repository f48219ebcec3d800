//! The hot loops, plain Rust that the compiler turns into SIMD code.
//!
//! All are inlined into a [`WithSimd`] struct, and only so compiled with the instructions of the machine at hand (AVX-512,
//! AVX2, NEON), which [`run`] finds out at run time; a closure would be compiled without.

use super::Real;
use pulp::{Arch, WithSimd};

/// Partial sums of a reduction: as many independent lanes as the widest vector of f32 has.
const LANES: usize = 16;

/// Runs a kernel with the widest instructions of this machine.
#[inline]
pub(super) fn run<K: WithSimd>(kernel: K) -> K::Output {
    Arch::new().dispatch(kernel)
}

/// out = A x for a column-major A (out.len() × x.len()).
#[inline(always)]
pub(super) fn combine_columns<T: Real>(matrix: &[T], x: &[T], out: &mut [T]) {
    let rows = out.len();
    out.fill(T::zero());
    // Four columns at a time: a quarter of the traffic to `out`.
    let (mut columns, mut xs) = (matrix.chunks_exact(4 * rows), x.chunks_exact(4));
    for (four, x) in columns.by_ref().zip(xs.by_ref()) {
        let (a, four) = four.split_at(rows);
        let (b, four) = four.split_at(rows);
        let (c, d) = four.split_at(rows);
        for ((((out, &a), &b), &c), &d) in out.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            *out += (a * x[0] + b * x[1]) + (c * x[2] + d * x[3]);
        }
    }
    for (column, &x) in columns.remainder().chunks_exact(rows).zip(xs.remainder()) {
        for (out, &w) in out.iter_mut().zip(column) {
            *out += w * x;
        }
    }
}

/// out_j ← out_j + scale a_j·x for each column a_j of a column-major A (x.len() × out.len()).
#[inline(always)]
pub(super) fn add_products<T: Real>(matrix: &[T], x: &[T], scale: T, out: &mut [T]) {
    for (out, column) in out.iter_mut().zip(matrix.chunks_exact(x.len())) {
        *out += scale * dot(column, x);
    }
}

/// A ← A + x yᵀ for a column-major A (x.len() × y.len()).
#[inline(always)]
pub(super) fn add_outer<T: Real>(x: &[T], y: &[T], matrix: &mut [T]) {
    for (column, &y) in matrix.chunks_exact_mut(x.len()).zip(y) {
        for (entry, &x) in column.iter_mut().zip(x) {
            *entry += y * x;
        }
    }
}

/// a ← scale · rate · e^{a − offset}, component by component.
#[inline(always)]
pub(super) fn activate<T: Real>(rate: &[T], scale: T, offset: T, activity: &mut [T]) {
    for (activity, &rate) in activity.iter_mut().zip(rate) {
        *activity = scale * rate * (*activity - offset).fast_exp();
    }
}

/// x ← eˣ / Σ eˣ, stable.
#[inline(always)]
pub(super) fn softmax<T: Real>(x: &mut [T]) {
    let max = maximum(x);
    for x in x.iter_mut() {
        *x = (*x - max).fast_exp();
    }
    let inverse = T::one() / sum(x);
    for x in x {
        *x *= inverse;
    }
}

/// Inner product.
#[inline(always)]
pub(super) fn dot<T: Real>(a: &[T], b: &[T]) -> T {
    let mut partial = [T::zero(); LANES];
    let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest = a.remainder().iter().zip(b.remainder());
    let mut sum = rest.fold(T::zero(), |sum, (&a, &b)| sum + a * b);
    for (a, b) in a.zip(b) {
        for ((partial, &a), &b) in partial.iter_mut().zip(a).zip(b) {
            *partial += a * b;
        }
    }
    for lane in partial {
        sum += lane;
    }
    sum
}

/// Sum of the components.
#[inline(always)]
pub(super) fn sum<T: Real>(x: &[T]) -> T {
    let mut partial = [T::zero(); LANES];
    let chunks = x.chunks_exact(LANES);
    let rest = chunks.remainder().iter();
    let mut sum = rest.fold(T::zero(), |sum, &x| sum + x);
    for chunk in chunks {
        for (partial, &x) in partial.iter_mut().zip(chunk) {
            *partial += x;
        }
    }
    for lane in partial {
        sum += lane;
    }
    sum
}

/// Largest component, −∞ of none.
#[inline(always)]
pub(super) fn maximum<T: Real>(x: &[T]) -> T {
    let larger = |a: T, b: T| if b > a { b } else { a };
    let mut partial = [T::of(f64::NEG_INFINITY); LANES];
    let chunks = x.chunks_exact(LANES);
    let rest = chunks.remainder().iter().copied();
    let rest = rest.fold(partial[0], larger);
    for chunk in chunks {
        for (partial, &x) in partial.iter_mut().zip(chunk) {
            *partial = larger(*partial, x);
        }
    }
    partial.into_iter().fold(rest, larger)
}
