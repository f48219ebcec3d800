//! From the plane of one pattern's input to that of the next, in one pass over the matrices.

use pulp::WithSimd;

use super::input::{Decay, Plane};
use super::settled::unsettle;
use crate::Real;

/// Brings W and P up to date with `plane`, and projects them onto its new basis.
///
/// With s = 1 + β + … + β^(L-1) and b = β^L after L plastic steps, q the basis vectors of the plane, W̃ and P̃ the
/// matrices' columns in it:
///
/// ```text
/// W ← W + s P + Σ_q (W̃ - W̃_start - s P̃_start) qᵀ
/// P ← b P     + Σ_q (P̃ - b P̃_start) qᵀ
/// W̃ = W q',  P̃ = P q'                                 for the new basis q'
/// ```
///
/// with all columns in the unit of the plane.
pub struct Turn<'a, T: Real> {
    pub(super) w: &'a mut [T],
    pub(super) p: &'a mut [T],
    pub(super) plane: &'a mut Plane<T>,
    /// P = scale · Δ; zero if the rule is at rest.
    pub(super) scale: f64,
    /// The new basis.
    pub(super) basis: [Vec<T>; 2],
}

impl<T: Real> WithSimd for Turn<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, s: S) {
        let n_pre = self.basis[0].len();
        let plane = self.plane;
        unsettle::<T, S>(s, plane);
        let Decay { sum, power } = plane.decayed;
        let fold = plane.decayed != Decay::NONE && self.scale > 0.0;
        let (sum, power) = (
            T::splat(s, T::from_f64(sum)),
            T::splat(s, T::from_f64(power)),
        );
        let zero = T::splat(s, T::ZERO);
        let unit = T::splat(s, T::from_f64(plane.unit));
        let from_unit = T::splat(s, T::from_f64(1.0 / plane.unit));
        let w = T::vectors_mut::<S>(self.w).chunks_exact_mut(n_pre);
        let p = T::vectors_mut::<S>(self.p).chunks_exact_mut(n_pre);
        let w_plane = T::vectors_mut::<S>(plane.w.data_mut())
            .as_chunks_mut::<2>()
            .0;
        let p_plane = T::vectors_mut::<S>(plane.p.data_mut())
            .as_chunks_mut::<2>()
            .0;
        let w_start = T::vectors_mut::<S>(plane.w_start.data_mut())
            .as_chunks_mut::<2>()
            .0;
        let p_start = T::vectors_mut::<S>(plane.p_start.data_mut())
            .as_chunks_mut::<2>()
            .0;
        let [old_0, old_1] = &plane.basis;
        let [new_0, new_1] = &self.basis;
        for (b, (w, p)) in w.zip(p).enumerate() {
            let (mut dw, mut dp) = ([zero; 2], [zero; 2]);
            if fold {
                for i in 0..2 {
                    let start = T::v_add(s, w_start[b][i], T::v_mul(s, sum, p_start[b][i]));
                    dw[i] = T::v_mul(s, from_unit, T::v_sub(s, w_plane[b][i], start));
                    let start = T::v_mul(s, power, p_start[b][i]);
                    dp[i] = T::v_mul(s, from_unit, T::v_sub(s, p_plane[b][i], start));
                }
            }
            let (mut w_new, mut p_new) = ([zero; 2], [zero; 2]);
            let old = old_0.iter().zip(old_1);
            let new = new_0.iter().zip(new_1);
            for ((w, p), (old, new)) in w.iter_mut().zip(p).zip(old.zip(new)) {
                if fold {
                    let (q_0, q_1) = (T::splat(s, *old.0), T::splat(s, *old.1));
                    let across = T::fma(s, sum, *p, *w);
                    *w = T::fma(s, dw[1], q_1, T::fma(s, dw[0], q_0, across));
                    let across = T::v_mul(s, power, *p);
                    *p = T::fma(s, dp[1], q_1, T::fma(s, dp[0], q_0, across));
                }
                let (q_0, q_1) = (T::splat(s, *new.0), T::splat(s, *new.1));
                w_new = [T::fma(s, *w, q_0, w_new[0]), T::fma(s, *w, q_1, w_new[1])];
                p_new = [T::fma(s, *p, q_0, p_new[0]), T::fma(s, *p, q_1, p_new[1])];
            }
            for i in 0..2 {
                w_new[i] = T::v_mul(s, unit, w_new[i]);
                p_new[i] = T::v_mul(s, unit, p_new[i]);
            }
            (w_plane[b], w_start[b]) = (w_new, w_new);
            (p_plane[b], p_start[b]) = (p_new, p_new);
        }
        plane.basis = self.basis;
        plane.decayed = Decay::NONE;
    }
}
