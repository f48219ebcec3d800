//! Row kernels: every row of a matrix times one vector of presynaptic rates, along the lanes.
//!
//! Weights change by P, the low-pass weight change scaled to one step (P = dt η Δ):
//!
//! ```text
//! W ← W + P
//! P ← (1 - dt/τ_w) P + c rᵀ        c = dt η · dt/τ_w · e
//! ```
//!
//! Changes are applied every second step, on the way through the matrix that computes its drive. The step in
//! between needs W + P only, because e and r of a step reach P first, and W a step later. So each weight is stored
//! every other step, which matters where stores are what takes longest.

use pulp::Simd;

use super::elementary::Constants;
use super::tiles::for_tile;

/// What is left to apply of one plastic step: its presynaptic rates, and per row its postsynaptic factors c.
#[derive(Clone, Copy)]
pub(crate) struct Change<'a, T: Constants, S: Simd> {
    pub(crate) rate: &'a [T::V<S>],
    pub(crate) factor: &'a [T],
}

/// `drive = W rate`, row by row.
#[inline(always)]
pub(crate) fn drive<T: Constants, S: Simd>(
    s: S,
    tile: usize,
    w: &[T::V<S>],
    rate: &[T::V<S>],
    drive: &mut [T],
) {
    #[inline(always)]
    fn tiles<T: Constants, S: Simd, const R: usize>(
        s: S,
        w: &[T::V<S>],
        rate: &[T::V<S>],
        drive: &mut [T],
    ) {
        for (w, drive) in w
            .chunks_exact(R * rate.len())
            .zip(drive.chunks_exact_mut(R))
        {
            let mut sums = [T::splat(s, T::ZERO); R];
            for (w, r) in w.as_chunks::<R>().0.iter().zip(rate) {
                for k in 0..R {
                    sums[k] = T::fma(s, w[k], *r, sums[k]);
                }
            }
            for k in 0..R {
                drive[k] = T::v_sum(s, sums[k]);
            }
        }
    }
    for_tile!(tile, R => tiles::<T, S, R>(s, w, rate, drive));
}

/// `drive = (W + P) rate`: the drive with one change left to apply.
#[inline(always)]
pub(crate) fn drive_ahead<T: Constants, S: Simd>(
    s: S,
    tile: usize,
    (w, p): (&[T::V<S>], &[T::V<S>]),
    rate: &[T::V<S>],
    drive: &mut [T],
) {
    #[inline(always)]
    fn tiles<T: Constants, S: Simd, const R: usize>(
        s: S,
        (w, p): (&[T::V<S>], &[T::V<S>]),
        rate: &[T::V<S>],
        drive: &mut [T],
    ) {
        let n = R * rate.len();
        let rows = drive.chunks_exact_mut(R);
        for ((w, p), drive) in w.chunks_exact(n).zip(p.chunks_exact(n)).zip(rows) {
            let mut sums = [T::splat(s, T::ZERO); R];
            let blocks = w.as_chunks::<R>().0.iter().zip(p.as_chunks::<R>().0);
            for ((w, p), r) in blocks.zip(rate) {
                for k in 0..R {
                    sums[k] = T::fma(s, T::v_add(s, w[k], p[k]), *r, sums[k]);
                }
            }
            for k in 0..R {
                drive[k] = T::v_sum(s, sums[k]);
            }
        }
    }
    for_tile!(tile, R => tiles::<T, S, R>(s, (w, p), rate, drive));
}

/// Applies the changes of the last `N` steps to W and P, and computes `drive = W rate` with the new W.
///
/// `decay` is 1 - dt/τ_w. With `P_FIRST` a step adds the new P to W (the steady-state approximation), otherwise the
/// old one (the full simulation).
#[inline(always)]
pub(crate) fn apply_and_drive<T: Constants, S: Simd, const N: usize, const P_FIRST: bool>(
    s: S,
    tile: usize,
    (w, p): (&mut [T::V<S>], &mut [T::V<S>]),
    changes: [Change<'_, T, S>; N],
    decay: T,
    rate: &[T::V<S>],
    drive: &mut [T],
) {
    #[inline(always)]
    fn tiles<T: Constants, S: Simd, const R: usize, const N: usize, const P_FIRST: bool>(
        s: S,
        (w, p): (&mut [T::V<S>], &mut [T::V<S>]),
        changes: [Change<'_, T, S>; N],
        decay: T,
        rate: &[T::V<S>],
        drive: &mut [T],
    ) {
        let decay = T::splat(s, decay);
        let zero = T::splat(s, T::ZERO);
        let n = R * rate.len();
        let matrices = w.chunks_exact_mut(n).zip(p.chunks_exact_mut(n));
        let rows = drive.chunks_exact_mut(R);
        for (tile, ((w, p), drive)) in matrices.zip(rows).enumerate() {
            let (mut sums, mut c) = ([zero; R], [[zero; R]; N]);
            for k in 0..R {
                for i in 0..N {
                    c[i][k] = T::splat(s, changes[i].factor[tile * R + k]);
                }
            }
            let blocks = w
                .as_chunks_mut::<R>()
                .0
                .iter_mut()
                .zip(p.as_chunks_mut::<R>().0);
            for (b, ((w, p), rate)) in blocks.zip(rate).enumerate() {
                let rate = *rate;
                let mut old = [zero; N];
                for i in 0..N {
                    old[i] = changes[i].rate[b];
                }
                for k in 0..R {
                    // Through locals: the compiler does not know that W, P and the rates do not overlap.
                    let (mut w_new, mut p_new) = (w[k], p[k]);
                    for i in 0..N {
                        let p_old = p_new;
                        p_new = T::fma(s, c[i][k], old[i], T::v_mul(s, decay, p_old));
                        w_new = T::v_add(s, w_new, if P_FIRST { p_new } else { p_old });
                    }
                    w[k] = w_new;
                    p[k] = p_new;
                    sums[k] = T::fma(s, w_new, rate, sums[k]);
                }
            }
            for k in 0..R {
                drive[k] = T::v_sum(s, sums[k]);
            }
        }
    }
    for_tile!(tile, R => tiles::<T, S, R, N, P_FIRST>(s, (w, p), changes, decay, rate, drive));
}

/// What is left to apply of many plastic steps at once: `W ← W + sum P + of_w rateᵀ`, then
/// `P ← keep P + of_p rateᵀ` with the old P in both.
#[derive(Clone, Copy)]
pub(crate) struct Leap<'a, T: Constants, S: Simd> {
    pub(crate) sum: T,
    pub(crate) keep: T,
    pub(crate) rate: &'a [T::V<S>],
    /// One per row.
    pub(crate) of_w: &'a [T],
    pub(crate) of_p: &'a [T],
}

/// Applies `leap` to W and P, and computes `drive = W rate` with the new W.
#[inline(always)]
pub(crate) fn leap_and_drive<T: Constants, S: Simd>(
    s: S,
    tile: usize,
    (w, p): (&mut [T::V<S>], &mut [T::V<S>]),
    leap: Leap<'_, T, S>,
    rate: &[T::V<S>],
    drive: &mut [T],
) {
    #[inline(always)]
    fn tiles<T: Constants, S: Simd, const R: usize>(
        s: S,
        (w, p): (&mut [T::V<S>], &mut [T::V<S>]),
        leap: Leap<'_, T, S>,
        rate: &[T::V<S>],
        drive: &mut [T],
    ) {
        let (sum, keep) = (T::splat(s, leap.sum), T::splat(s, leap.keep));
        let n = R * rate.len();
        let factors = leap.of_w.chunks_exact(R).zip(leap.of_p.chunks_exact(R));
        let rows = factors.zip(drive.chunks_exact_mut(R));
        let matrices = w.chunks_exact_mut(n).zip(p.chunks_exact_mut(n));
        for ((w, p), ((of_w, of_p), drive)) in matrices.zip(rows) {
            let mut sums = [T::splat(s, T::ZERO); R];
            let blocks = w
                .as_chunks_mut::<R>()
                .0
                .iter_mut()
                .zip(p.as_chunks_mut::<R>().0);
            for ((w, p), (rate, old)) in blocks.zip(rate.iter().zip(leap.rate)) {
                let (rate, old) = (*rate, *old);
                for k in 0..R {
                    let p_old = p[k];
                    let w_new = T::fma(s, sum, p_old, T::fma(s, T::splat(s, of_w[k]), old, w[k]));
                    w[k] = w_new;
                    p[k] = T::fma(s, T::splat(s, of_p[k]), old, T::v_mul(s, keep, p_old));
                    sums[k] = T::fma(s, w_new, rate, sums[k]);
                }
            }
            for k in 0..R {
                drive[k] = T::v_sum(s, sums[k]);
            }
        }
    }
    for_tile!(tile, R => tiles::<T, S, R>(s, (w, p), leap, rate, drive));
}
