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
//! Source: Hill, *Neuro-Backprop* (2020), eqs. 10 to 13; Sacramento et al., arXiv:1801.00062, eqs. 7 to 9.

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
