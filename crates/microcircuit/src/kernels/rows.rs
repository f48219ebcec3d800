//! Row kernels: every row of a matrix times one vector of presynaptic rates, along the lanes.
//!
//! Weights change by P, the low-pass weight change scaled to one step (P = dt η Δ):
//!
//! ```text
//! W ← W + P
//! P ← (1 - dt/τ_w) P + c rᵀ        c = dt η · dt/τ_w · e
//! ```
//!
//! The change of a step is applied in the next one, on the way through the matrix that computes its drive: each
//! weight is loaded and stored once a step.

use pulp::Simd;

use super::elementary::Constants;
use super::packed::MAX_TILE;

/// Calls a function that is generic over the number of rows in a tile.
macro_rules! for_tile {
    ($tile:expr, $R:ident => $call:expr) => {{
        macro_rules! with {
            ($rows:literal) => {{
                const $R: usize = $rows;
                $call
            }};
        }
        match $tile {
            1 => with!(1),
            2 => with!(2),
            3 => with!(3),
            4 => with!(4),
            5 => with!(5),
            6 => with!(6),
            7 => with!(7),
            _ => {
                debug_assert_eq!($tile, MAX_TILE, "tiles have 1 to 8 rows");
                with!(8)
            }
        }
    }};
}

/// What the update of a step needs: its presynaptic rates, and per row its postsynaptic factors.
#[derive(Clone, Copy)]
pub(crate) struct Update<'a, T: Constants, S: Simd> {
    /// Rates of the step that is caught up with, one per lane.
    pub(crate) old: &'a [T::V<S>],
    /// c, one per row.
    pub(crate) factor: &'a [T],
    /// 1 where W takes part in plasticity, 0 where only P is kept; `None`: 1 everywhere.
    pub(crate) plastic: Option<&'a [T]>,
    /// 1 - dt/τ_w
    pub(crate) decay: T,
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

/// Applies `update` to W and P, and computes `drive = W rate` with the new W.
#[inline(always)]
pub(crate) fn update_and_drive<T: Constants, S: Simd>(
    s: S,
    tile: usize,
    (w, p): (&mut [T::V<S>], &mut [T::V<S>]),
    update: Update<'_, T, S>,
    rate: &[T::V<S>],
    drive: &mut [T],
) {
    #[inline(always)]
    fn tiles<T: Constants, S: Simd, const R: usize>(
        s: S,
        (w, p): (&mut [T::V<S>], &mut [T::V<S>]),
        update: Update<'_, T, S>,
        rate: &[T::V<S>],
        drive: &mut [T],
    ) {
        let decay = T::splat(s, update.decay);
        let n = R * rate.len();
        let rows = update
            .factor
            .chunks_exact(R)
            .zip(drive.chunks_exact_mut(R))
            .enumerate();
        let matrices = w.chunks_exact_mut(n).zip(p.chunks_exact_mut(n));
        for ((w, p), (tile, (factor, drive))) in matrices.zip(rows) {
            let c: [T::V<S>; R] = std::array::from_fn(|k| T::splat(s, factor[k]));
            let plastic = update.plastic.map(|plastic| &plastic[tile * R..][..R]);
            let mut sums = [T::splat(s, T::ZERO); R];
            let rates = rate.iter().zip(update.old);
            let blocks = w
                .as_chunks_mut::<R>()
                .0
                .iter_mut()
                .zip(p.as_chunks_mut::<R>().0);
            for ((w, p), (new, old)) in blocks.zip(rates) {
                for k in 0..R {
                    let change = match plastic {
                        None => p[k],
                        Some(plastic) => T::v_mul(s, T::splat(s, plastic[k]), p[k]),
                    };
                    w[k] = T::v_add(s, w[k], change);
                    p[k] = T::fma(s, c[k], *old, T::v_mul(s, decay, p[k]));
                    sums[k] = T::fma(s, w[k], *new, sums[k]);
                }
            }
            for k in 0..R {
                drive[k] = T::v_sum(s, sums[k]);
            }
        }
    }
    for_tile!(tile, R => tiles::<T, S, R>(s, (w, p), update, rate, drive));
}
