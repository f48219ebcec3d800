//! Row kernels: every row of a matrix times one vector of presynaptic rates, along the lanes.
//!
//! Changes of the weights can be left to the next walk through the matrix, see [`Deferred`](crate::deferred::Deferred).

use pulp::Simd;

use super::elementary::Constants;
use super::plasticity;
use super::sums::sums;
use super::tiles::for_tile;

/// The change of one plastic step that is still to be applied: presynaptic rates, and a postsynaptic factor c per row.
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
        let (w, drive) = (w.as_chunks::<R>().0, drive.as_chunks_mut::<R>().0);
        for tile in 0..drive.len() {
            let Some(w) = w.get(tile * rate.len()..(tile + 1) * rate.len()) else {
                return;
            };
            store_sums::<T, S, R>(s, &mut drive[tile], drive_tile::<T, S, R>(s, w, rate));
        }
    }
    for_tile!(tile, R => tiles::<T, S, R>(s, w, rate, drive));
}

/// [`drive`] of one tile, lanes not yet added up: `w` holds as many blocks as `rate`.
#[inline(always)]
pub(crate) fn drive_tile<T: Constants, S: Simd, const R: usize>(
    s: S,
    w: &[[T::V<S>; R]],
    rate: &[T::V<S>],
) -> [T::V<S>; R] {
    let w = &w[..rate.len()];
    let mut sums = [T::splat(s, T::ZERO); R];
    for b in 0..rate.len() {
        for k in 0..R {
            sums[k] = T::fma(s, w[b][k], rate[b], sums[k]);
        }
    }
    sums
}

/// Applies changes to P and W, the new P to W, and computes `drive = W rate` after the first of them. `decay` is
/// 1 - dt/τ_w.
#[inline(always)]
pub(crate) fn learn_and_drive<T: Constants, S: Simd, const N: usize>(
    s: S,
    tile: usize,
    (w, p): (&mut [T::V<S>], &mut [T::V<S>]),
    changes: [Change<'_, T, S>; N],
    decay: T,
    rate: &[T::V<S>],
    drive: &mut [T],
) {
    #[inline(always)]
    fn tiles<T: Constants, S: Simd, const R: usize, const N: usize>(
        s: S,
        (w, p): (&mut [T::V<S>], &mut [T::V<S>]),
        mut changes: [Change<'_, T, S>; N],
        decay: T,
        rate: &[T::V<S>],
        drive: &mut [T],
    ) {
        let (w, p) = (w.as_chunks_mut::<R>().0, p.as_chunks_mut::<R>().0);
        let drive = drive.as_chunks_mut::<R>().0;
        for tile in 0..drive.len() {
            let blocks = tile * rate.len()..(tile + 1) * rate.len();
            let (Some(w), Some(p)) = (w.get_mut(blocks.clone()), p.get_mut(blocks)) else {
                return;
            };
            let sums = learn_and_drive_tile::<T, S, R, N>(s, (w, p), changes, decay, rate);
            store_sums::<T, S, R>(s, &mut drive[tile], sums);
            for change in &mut changes {
                change.factor = &change.factor[R..];
            }
        }
    }
    for_tile!(tile, R => tiles::<T, S, R, N>(s, (w, p), changes, decay, rate, drive));
}

/// [`learn_and_drive`] of one tile, whose factors come first, lanes not yet added up.
#[inline(always)]
pub(crate) fn learn_and_drive_tile<T: Constants, S: Simd, const R: usize, const N: usize>(
    s: S,
    (w, p): (&mut [[T::V<S>; R]], &mut [[T::V<S>; R]]),
    changes: [Change<'_, T, S>; N],
    decay: T,
    rate: &[T::V<S>],
) -> [T::V<S>; R] {
    let decay = T::splat(s, decay);
    let zero = T::splat(s, T::ZERO);
    let (w, p) = (&mut w[..rate.len()], &mut p[..rate.len()]);
    let (mut sums, mut c) = ([zero; R], [[zero; R]; N]);
    let mut past = [rate; N];
    for i in 0..N {
        past[i] = &changes[i].rate[..rate.len()];
        let factor = &changes[i].factor[..R];
        for k in 0..R {
            c[i][k] = T::splat(s, factor[k]);
        }
    }
    for b in 0..rate.len() {
        let (now, mut old) = (rate[b], [zero; N]);
        for i in 0..N {
            old[i] = past[i][b];
        }
        for k in 0..R {
            // Copied into locals: the compiler cannot know that W, P and the rates do not overlap.
            let (mut w_new, mut p_new) = (w[b][k], p[b][k]);
            for i in 0..N {
                (w_new, p_new) =
                    plasticity::step::<T, S, true>(s, (w_new, p_new), c[i][k], old[i], decay);
                if i == 0 {
                    sums[k] = T::fma(s, w_new, now, sums[k]);
                }
            }
            w[b][k] = w_new;
            p[b][k] = p_new;
        }
    }
    sums
}

/// Applies changes to P, and to W the new P of all but the last `not_to_w`.
#[inline(always)]
pub(crate) fn catch_up<T: Constants, S: Simd>(
    s: S,
    tile: usize,
    (w, p): (&mut [T::V<S>], &mut [T::V<S>]),
    changes: &[Change<'_, T, S>],
    decay: T,
    not_to_w: usize,
) {
    let decay = T::splat(s, decay);
    for (i, change) in changes.iter().enumerate() {
        let (mut j, mut first_row) = (0, 0);
        while j < w.len().min(p.len()) {
            for block in 0..change.rate.len() {
                for row in first_row..first_row + tile {
                    let c = T::splat(s, change.factor[row]);
                    let next = plasticity::step::<T, S, true>(
                        s,
                        (w[j], p[j]),
                        c,
                        change.rate[block],
                        decay,
                    );
                    p[j] = next.1;
                    if i + not_to_w < changes.len() {
                        w[j] = next.0;
                    }
                    j += 1;
                }
            }
            first_row += tile;
        }
    }
}

/// W ← W + P
#[inline(always)]
pub(crate) fn advance<T: Constants, S: Simd>(s: S, w: &mut [T::V<S>], p: &[T::V<S>]) {
    for j in 0..w.len().min(p.len()) {
        w[j] = T::v_add(s, w[j], p[j]);
    }
}

/// The sums over the lanes of `R` vectors: at once, where they fit into one.
#[inline(always)]
pub(crate) fn store_sums<T: Constants, S: Simd, const R: usize>(
    s: S,
    to: &mut [T],
    vectors: [T::V<S>; R],
) {
    if R <= size_of::<T::V<S>>() / size_of::<T>() {
        return T::store_part(s, &mut to[..R], sums::<T, S, R>(s, vectors));
    }
    for k in 0..R {
        to[k] = T::v_sum(s, vectors[k]);
    }
}

/// `drive = (W + sum P) rate`
#[inline(always)]
pub(crate) fn drive_decaying<T: Constants, S: Simd>(
    s: S,
    tile: usize,
    (w, p): (&[T::V<S>], &[T::V<S>]),
    sum: T,
    rate: &[T::V<S>],
    drive: &mut [T],
) {
    #[inline(always)]
    fn tiles<T: Constants, S: Simd, const R: usize>(
        s: S,
        (w, p): (&[T::V<S>], &[T::V<S>]),
        sum: T,
        rate: &[T::V<S>],
        drive: &mut [T],
    ) {
        let sum = T::splat(s, sum);
        let (w, p) = (w.as_chunks::<R>().0, p.as_chunks::<R>().0);
        let drive = drive.as_chunks_mut::<R>().0;
        for tile in 0..drive.len() {
            let blocks = tile * rate.len()..(tile + 1) * rate.len();
            let (Some(w), Some(p)) = (w.get(blocks.clone()), p.get(blocks)) else {
                return;
            };
            let mut sums = [T::splat(s, T::ZERO); R];
            for b in 0..rate.len() {
                for k in 0..R {
                    let w = T::fma(s, sum, p[b][k], w[b][k]);
                    sums[k] = T::fma(s, w, rate[b], sums[k]);
                }
            }
            store_sums::<T, S, R>(s, &mut drive[tile], sums);
        }
    }
    for_tile!(tile, R => tiles::<T, S, R>(s, (w, p), sum, rate, drive));
}

/// Changes that are kept as a sum of products of a vector per row and one along it, `rates`, one after the other.
#[derive(Clone, Copy)]
pub(crate) struct Products<'a, T: Constants, S: Simd> {
    pub(crate) rates: &'a [T::V<S>],
    /// One number per row, `stride` apart from one product to the next: of W and of P.
    pub(crate) of_w: &'a [T],
    pub(crate) of_p: &'a [T],
    pub(crate) stride: usize,
    pub(crate) len: usize,
}

/// `W ← W + sum P + Σ of_w rateᵀ, P ← power P + Σ of_p rateᵀ`, with the old P in both.
#[inline(always)]
pub(crate) fn apply<T: Constants, S: Simd>(
    s: S,
    tile: usize,
    (w, p): (&mut [T::V<S>], &mut [T::V<S>]),
    (sum, power): (T, T),
    blocks: usize,
    changes: Products<'_, T, S>,
) {
    let (sum, power) = (T::splat(s, sum), T::splat(s, power));
    let (mut j, mut first_row) = (0, 0);
    while j < w.len().min(p.len()) {
        for block in 0..blocks {
            for row in first_row..first_row + tile {
                let old = p[j];
                let (mut w_new, mut p_new) = (T::fma(s, sum, old, w[j]), T::v_mul(s, power, old));
                for k in 0..changes.len {
                    let rate = changes.rates[k * blocks + block];
                    let of_w = T::splat(s, changes.of_w[k * changes.stride + row]);
                    let of_p = T::splat(s, changes.of_p[k * changes.stride + row]);
                    w_new = T::fma(s, of_w, rate, w_new);
                    p_new = T::fma(s, of_p, rate, p_new);
                }
                (w[j], p[j]) = (w_new, p_new);
                j += 1;
            }
        }
        first_row += tile;
    }
}
