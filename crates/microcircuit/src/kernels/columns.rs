//! Column kernels: a matrix stored column by column, the lanes being the postsynaptic neurons.
//!
//! No iterators: an adaptor that the compiler does not inline is compiled without the vector unit, and costs more than the
//! arithmetic.

use pulp::Simd;

use super::elementary::Constants;

/// Sum over the columns of one block of lanes, each times its presynaptic rate: `Σ_c w[c] x[c]`.
#[inline(always)]
pub(crate) fn weighted_sum<T: Constants, S: Simd>(s: S, w: &[T::V<S>], x: &[T]) -> T::V<S> {
    let (quads, rest) = w.as_chunks::<4>();
    let (x_quads, x_rest) = x.as_chunks::<4>();
    let (x_quads, x_rest) = (&x_quads[..quads.len()], &x_rest[..rest.len()]);
    let mut sums = [T::splat(s, T::ZERO); 4];
    for q in 0..quads.len() {
        for i in 0..4 {
            sums[i] = T::fma(s, quads[q][i], T::splat(s, x_quads[q][i]), sums[i]);
        }
    }
    let mut total = T::v_add(
        s,
        T::v_add(s, sums[0], sums[1]),
        T::v_add(s, sums[2], sums[3]),
    );
    for i in 0..rest.len() {
        total = T::fma(s, rest[i], T::splat(s, x_rest[i]), total);
    }
    total
}

/// The same added to `sum`: one term after the other where they are few.
#[inline(always)]
pub(crate) fn add_weighted<T: Constants, S: Simd>(
    s: S,
    mut sum: T::V<S>,
    w: &[T::V<S>],
    x: &[T],
) -> T::V<S> {
    if w.len() > 8 {
        return T::v_add(s, sum, weighted_sum::<T, S>(s, w, x));
    }
    let x = &x[..w.len()];
    for c in 0..w.len() {
        sum = T::fma(s, w[c], T::splat(s, x[c]), sum);
    }
    sum
}
