//! The weights from the input once it has settled.
//!
//! When the low-passed input has come so close to its goal that the rest makes no difference to a rounded drive, the
//! layer's drive itself obeys the equations of a weight. With x the goal's coordinate along the first basis vector of
//! the plane, W̃ and P̃ the first columns there, and error e:
//!
//! ```text
//! D = x W̃,  P = x P̃        D ← D + P,  P ← (1 - dt/τ_w) P + x² scale dt/τ_w e
//! ```
//!
//! The second column, whose coordinate has vanished, changes by what is left of its P only, in closed form.

use pulp::Simd;

use super::input::{Decay, Plane};
use crate::Real;

/// How the columns of a plane are stored after the input has settled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settled {
    /// The first ones times this.
    pub(super) x: f64,
    /// What is left to be done to the second ones.
    pub(super) across: Decay,
}

/// Whether an input has settled: what is left is a third of what rounding a number of this type can do to it.
#[inline(always)]
pub(super) fn has_settled<T: Real>(value: &[f64; 2], goal: &[f64; 2]) -> bool {
    let left = (value[0] - goal[0]).abs() + (value[1] - goal[1]).abs() + goal[1].abs();
    left < goal[0].abs() / (4.0 * T::ROUND.to_f64())
}

/// Turns the columns into those of a settled input.
#[inline(always)]
pub(super) fn settle<T: Real, S: Simd>(s: S, plane: &mut Plane<T>, x: f64) {
    if plane.settled.is_none() {
        scale::<T, S>(s, plane, x, Decay::NONE);
        plane.settled = Some(Settled {
            x,
            across: Decay::NONE,
        });
    }
}

/// Turns them back.
#[inline(always)]
pub(super) fn unsettle<T: Real, S: Simd>(s: S, plane: &mut Plane<T>) {
    if let Some(Settled { x, across }) = plane.settled.take() {
        scale::<T, S>(s, plane, 1.0 / x, across);
    }
}

#[inline(always)]
fn scale<T: Real, S: Simd>(s: S, plane: &mut Plane<T>, x: f64, across: Decay) {
    let [x, sum, power] = [x, across.sum, across.power].map(|c| T::splat(s, T::from_f64(c)));
    let w = T::vectors_mut::<S>(plane.w.data_mut())
        .as_chunks_mut::<2>()
        .0;
    let p = T::vectors_mut::<S>(plane.p.data_mut())
        .as_chunks_mut::<2>()
        .0;
    for b in 0..w.len().min(p.len()) {
        w[b][0] = T::v_mul(s, x, w[b][0]);
        p[b][0] = T::v_mul(s, x, p[b][0]);
        w[b][1] = T::fma(s, sum, p[b][1], w[b][1]);
        p[b][1] = T::v_mul(s, power, p[b][1]);
    }
}
