//! From the plane of one pattern's input to that of the next, in one pass over the matrices.

use pulp::{Simd, WithSimd};

use crate::Real;
use crate::pyralnet::state::input::Projected;
use crate::pyralnet::state::{Decay, State};

/// Brings W and P of the synapses from the input up to date with their plane, and projects them onto a new `basis`.
///
/// With s = 1 + β + … + β^(L-1) and b = β^L after L plastic steps, q the basis vectors of the plane, W̃ and P̃ the
/// matrices' columns in it:
///
/// ```text
/// W ← W + s P + Σ_q (W̃ - W̃_start - s P̃_start) qᵀ
/// P ← b P     + Σ_q (P̃ - b P̃_start) qᵀ
/// W̃ = W q',  P̃ = P q'                                 for the new basis q'
/// ```
pub(super) fn project<T: Real>(unit: vecmath::Simd, state: &mut State<T>, basis: [Vec<T>; 2]) {
    if let Some(projected) = state.input.synapses.projected() {
        unit.dispatch(Project { projected, basis });
    }
}

struct Project<'a, T: Real> {
    projected: Projected<'a, T>,
    basis: [Vec<T>; 2],
}

impl<T: Real> WithSimd for Project<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { projected, basis } = self;
        let Projected {
            w,
            p,
            plane,
            plastic,
        } = projected;
        let n_pre = basis[0].len();
        let Decay { sum, power } = plane.across;
        let fold = plane.across != Decay::NONE && plastic;
        let (sum, power) = (
            T::splat(s, T::from_f64(sum)),
            T::splat(s, T::from_f64(power)),
        );
        let zero = T::splat(s, T::ZERO);
        let w = T::vectors_mut::<S>(w).chunks_exact_mut(n_pre);
        let p = T::vectors_mut::<S>(p).chunks_exact_mut(n_pre);
        let w_plane = T::vectors_mut::<S>(plane.now.w.data_mut());
        let p_plane = T::vectors_mut::<S>(plane.now.p.data_mut());
        let w_start = T::vectors_mut::<S>(plane.start.w.data_mut());
        let p_start = T::vectors_mut::<S>(plane.start.p.data_mut());
        let (w_plane, p_plane) = (
            w_plane.as_chunks_mut::<2>().0,
            p_plane.as_chunks_mut::<2>().0,
        );
        let (w_start, p_start) = (
            w_start.as_chunks_mut::<2>().0,
            p_start.as_chunks_mut::<2>().0,
        );
        let [old_0, old_1] = &plane.basis;
        let [new_0, new_1] = &basis;
        for (b, (w, p)) in w.zip(p).enumerate() {
            let (mut dw, mut dp) = ([zero; 2], [zero; 2]);
            if fold {
                for i in 0..2 {
                    let start = T::fma(s, sum, p_start[b][i], w_start[b][i]);
                    dw[i] = T::v_sub(s, w_plane[b][i], start);
                    dp[i] = T::v_sub(s, p_plane[b][i], T::v_mul(s, power, p_start[b][i]));
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
            (w_plane[b], w_start[b]) = (w_new, w_new);
            (p_plane[b], p_start[b]) = (p_new, p_new);
        }
        plane.basis = basis;
        plane.across = Decay::NONE;
    }
}
