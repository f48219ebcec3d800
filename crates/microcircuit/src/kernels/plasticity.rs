//! The rule of plasticity, on vectors. It stands nowhere else.
//!
//! A weight W changes by its low-pass weight change Δ, scaled to one step: P = dt η Δ. Δ follows the product of a
//! postsynaptic error and a presynaptic rate x, so P follows e x if the factor dt η · dt/τ_w is part of e:
//!
//! ```text
//! W ← W + P
//! P ← β P + e x        β = 1 - dt/τ_w
//! ```
//!
//! Source: Hill, *Neuro-Backprop* (2020); the rules of Sacramento et al., arXiv:1801.00062, low-pass filtered.

use pulp::Simd;

use super::elementary::Constants;

/// One step of W and P. By which P the weight changes is a property of the model: by the old one in the full
/// simulation, by the new one in the steady-state approximation (`NEW_P`).
#[inline(always)]
pub(crate) fn step<T: Constants, S: Simd, const NEW_P: bool>(
    s: S,
    (w, p): (T::V<S>, T::V<S>),
    e: T::V<S>,
    x: T::V<S>,
    decay: T::V<S>,
) -> (T::V<S>, T::V<S>) {
    let new = T::fma(s, e, x, T::v_mul(s, decay, p));
    (T::v_add(s, w, if NEW_P { new } else { p }), new)
}

/// One step of a block of lanes that are postsynaptic neurons, with one column per presynaptic rate.
#[inline(always)]
pub(crate) fn columns<T: Constants, S: Simd, const NEW_P: bool>(
    s: S,
    w: &mut [T::V<S>],
    p: &mut [T::V<S>],
    x: &[T],
    e: T::V<S>,
    decay: T::V<S>,
) {
    let (p, x) = (&mut p[..w.len()], &x[..w.len()]);
    for c in 0..w.len() {
        (w[c], p[c]) = step::<T, S, NEW_P>(s, (w[c], p[c]), e, T::splat(s, x[c]), decay);
    }
}

/// Two steps, of the kind that adds the old P, by the errors and rates of each.
#[inline(always)]
pub(crate) fn columns_twice<T: Constants, S: Simd>(
    s: S,
    w: &mut [T::V<S>],
    p: &mut [T::V<S>],
    [(e_0, x_0), (e_1, x_1)]: [(T::V<S>, &[T]); 2],
    decay: T::V<S>,
) {
    let n = w.len();
    let (p, x_0, x_1) = (&mut p[..n], &x_0[..n], &x_1[..n]);
    for c in 0..n {
        let between = step::<T, S, false>(s, (w[c], p[c]), e_0, T::splat(s, x_0[c]), decay);
        (w[c], p[c]) = step::<T, S, false>(s, between, e_1, T::splat(s, x_1[c]), decay);
    }
}
