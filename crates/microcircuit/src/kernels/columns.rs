//! Column kernels: a matrix stored column by column, the lanes being the postsynaptic neurons.

use pulp::Simd;

use super::elementary::Constants;

/// Sum over the columns of one block of lanes, each times its presynaptic rate: `Σ_c w[c] x[c]`.
///
/// For few columns, whose number is known when this is compiled.
#[inline(always)]
pub(crate) fn weighted_sum<T: Constants, S: Simd, const C: usize>(
    s: S,
    w: &[T::V<S>; C],
    x: &[T::V<S>; C],
) -> T::V<S> {
    let mut sum = T::v_mul(s, w[0], x[0]);
    for c in 1..C {
        sum = T::fma(s, w[c], x[c], sum);
    }
    sum
}

/// The same for any number of columns; the rates are numbers.
#[inline(always)]
pub(crate) fn long_weighted_sum<T: Constants, S: Simd>(s: S, w: &[T::V<S>], x: &[T]) -> T::V<S> {
    let zero = T::splat(s, T::ZERO);
    let (quads, rest) = w.as_chunks::<4>();
    let (x_quads, x_rest) = x.as_chunks::<4>();
    let mut sums = [zero; 4];
    for (w, x) in quads.iter().zip(x_quads) {
        for i in 0..4 {
            sums[i] = T::fma(s, w[i], T::splat(s, x[i]), sums[i]);
        }
    }
    let mut total = T::v_add(
        s,
        T::v_add(s, sums[0], sums[1]),
        T::v_add(s, sums[2], sums[3]),
    );
    for (w, x) in rest.iter().zip(x_rest) {
        total = T::fma(s, *w, T::splat(s, *x), total);
    }
    total
}

/// One step of plasticity of one block of lanes, `error` holding the postsynaptic factor of each:
///
/// ```text
/// W ← W + P,  P ← decay P + error x
/// ```
///
/// With `P_FIRST`, W changes by the new P, as in the steady-state approximation.
#[inline(always)]
pub(crate) fn update<T: Constants, S: Simd, const P_FIRST: bool>(
    s: S,
    w: &mut [T::V<S>],
    p: &mut [T::V<S>],
    x: &[T],
    error: T::V<S>,
    decay: T::V<S>,
) {
    for ((w, p), x) in w.iter_mut().zip(p).zip(x) {
        let p_old = *p;
        let p_new = T::fma(s, error, T::splat(s, *x), T::v_mul(s, decay, p_old));
        *w = T::v_add(s, *w, if P_FIRST { p_new } else { p_old });
        *p = p_new;
    }
}

/// x in every lane, for each of the first `C` numbers.
#[inline(always)]
pub(crate) fn broadcast<T: Constants, S: Simd, const C: usize>(s: S, x: &[T]) -> [T::V<S>; C] {
    let mut vectors = [T::splat(s, T::ZERO); C];
    for (vector, x) in vectors.iter_mut().zip(x) {
        *vector = T::splat(s, *x);
    }
    vectors
}
