//! What this machine's core can do at most: the ceilings that `PERFORMANCE.md` compares with.

mod support;

use divan::{
    Bencher, black_box,
    counter::{BytesCount, ItemsCount},
};
use pulp::{Arch, Simd, WithSimd};

fn main() {
    support::bench_warm();
}

const ROUNDS: usize = 4096;

/// Multiply-adds in registers, twelve chains.
struct MultiplyAdd;

impl WithSimd for MultiplyAdd {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) -> f32 {
        let (a, b) = (
            s.splat_f32s(black_box(0.999)),
            s.splat_f32s(black_box(0.001)),
        );
        let mut sums = [s.splat_f32s(1.0); 12];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = s.mul_add_e_f32s(*sum, a, b);
            }
        }
        sums.iter().map(|sum| s.reduce_sum_f32s(*sum)).sum()
    }
}

/// Multiply-adds as above, and as many additions beside them: does one wait for the other?
struct MultiplyAddAndAdd;

impl WithSimd for MultiplyAddAndAdd {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) -> f32 {
        let (a, b) = (
            s.splat_f32s(black_box(0.999)),
            s.splat_f32s(black_box(0.001)),
        );
        let (mut sums, mut others) = ([s.splat_f32s(1.0); 12], [s.splat_f32s(1.0); 12]);
        for _ in 0..ROUNDS {
            for (sum, other) in sums.iter_mut().zip(&mut others) {
                *sum = s.mul_add_e_f32s(*sum, a, b);
                *other = s.add_f32s(*other, b);
            }
        }
        sums.iter()
            .chain(&others)
            .map(|sum| s.reduce_sum_f32s(*sum))
            .sum()
    }
}

/// Loads from the first-level cache: a sum of 768 numbers, eight chains.
struct Load<'a>(&'a [f32]);

impl WithSimd for Load<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) -> f32 {
        let mut sums = [s.splat_f32s(0.0); 8];
        for _ in 0..64 {
            for vectors in S::as_simd_f32s(black_box(self.0)).0.as_chunks::<8>().0 {
                for (sum, vector) in sums.iter_mut().zip(vectors) {
                    *sum = s.add_f32s(*sum, *vector);
                }
            }
        }
        sums.iter().map(|sum| s.reduce_sum_f32s(*sum)).sum()
    }
}

/// Stores to the first-level cache.
struct Store<'a>(&'a mut [f32]);

impl WithSimd for Store<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let x = s.splat_f32s(black_box(0.5));
        for _ in 0..64 {
            for vectors in S::as_mut_simd_f32s(black_box(&mut *self.0))
                .0
                .as_chunks_mut::<8>()
                .0
            {
                for vector in vectors {
                    *vector = x;
                }
            }
        }
    }
}

/// Divisions in registers, eight chains.
struct Divide;

impl WithSimd for Divide {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) -> f32 {
        let a = s.splat_f32s(black_box(1.001));
        let mut sums = [s.splat_f32s(1.0); 8];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = s.div_f32s(a, *sum);
            }
        }
        sums.iter().map(|sum| s.reduce_sum_f32s(*sum)).sum()
    }
}

/// Plasticity of weights, row by row: W += P, P = decay P + c r.
struct Plasticity<'a> {
    w: &'a mut [f32],
    p: &'a mut [f32],
    r: &'a [f32],
}

impl WithSimd for Plasticity<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let (decay, c) = (
            s.splat_f32s(black_box(0.997)),
            s.splat_f32s(black_box(0.001)),
        );
        let (w, p, r) = (
            S::as_mut_simd_f32s(self.w).0,
            S::as_mut_simd_f32s(self.p).0,
            S::as_simd_f32s(self.r).0,
        );
        for _ in 0..64 {
            for (w, p) in w.chunks_exact_mut(r.len()).zip(p.chunks_exact_mut(r.len())) {
                for ((w, p), r) in w.iter_mut().zip(p).zip(r) {
                    *w = s.add_f32s(*w, *p);
                    *p = s.mul_add_e_f32s(c, *r, s.mul_f32s(decay, *p));
                }
            }
        }
    }
}

/// Room for `n` numbers from a cache line's start on.
fn aligned(n: usize) -> Vec<f32> {
    vec![0.1; n + 16]
}

fn lanes() -> usize {
    struct Width;
    impl WithSimd for Width {
        type Output = usize;
        fn with_simd<S: Simd>(self, _: S) -> usize {
            S::F32_LANES
        }
    }
    Arch::new().dispatch(Width)
}

#[divan::bench]
fn multiply_add(bencher: Bencher<'_, '_>) {
    let arch = Arch::new();
    bencher
        .counter(ItemsCount::new(ROUNDS * 12 * lanes()))
        .bench_local(|| black_box(arch.dispatch(MultiplyAdd)));
}

#[divan::bench]
fn multiply_add_and_add(bencher: Bencher<'_, '_>) {
    let arch = Arch::new();
    bencher
        .counter(ItemsCount::new(ROUNDS * 12 * lanes()))
        .bench_local(|| black_box(arch.dispatch(MultiplyAddAndAdd)));
}

#[divan::bench]
fn load_from_l1(bencher: Bencher<'_, '_>) {
    let arch = Arch::new();
    let numbers = aligned(768);
    let numbers = &numbers[numbers.as_ptr().align_offset(64)..][..768];
    bencher
        .counter(BytesCount::new(64 * 768 * 4_usize))
        .bench_local(|| black_box(arch.dispatch(Load(numbers))));
}

#[divan::bench]
fn store_to_l1(bencher: Bencher<'_, '_>) {
    let arch = Arch::new();
    let mut numbers = aligned(768);
    let start = numbers.as_ptr().align_offset(64);
    let numbers = &mut numbers[start..][..768];
    bencher
        .counter(BytesCount::new(64 * 768 * 4_usize))
        .bench_local(|| arch.dispatch(Store(numbers)));
}

#[divan::bench]
fn divide(bencher: Bencher<'_, '_>) {
    let arch = Arch::new();
    bencher
        .counter(ItemsCount::new(ROUNDS * 8 * lanes()))
        .bench_local(|| black_box(arch.dispatch(Divide)));
}

/// 6 x 128 weights, as between 120 hidden neurons and 3 outputs with their interneurons.
#[divan::bench]
fn plasticity_in_l1(bencher: Bencher<'_, '_>) {
    let arch = Arch::new();
    let [mut w, mut p, r] = [0, 1, 2].map(|_| aligned(768));
    let [i, j, k] = [&w, &p, &r].map(|x| x.as_ptr().align_offset(64));
    let (w, p, r) = (&mut w[i..][..768], &mut p[j..][..768], &r[k..][..768]);
    bencher
        .counter(ItemsCount::new(64 * 768_usize))
        .bench_local(|| arch.dispatch(Plasticity { w, p, r }));
}

/// The same in the third-level cache: 500 x 512 weights, with their changes 2 MB. Bytes are those of weights and
/// changes, loaded and stored.
#[divan::bench]
fn plasticity_in_l3(bencher: Bencher<'_, '_>) {
    let arch = Arch::new();
    let n = 500 * 512;
    let [mut w, mut p, r] = [0, 1, 2].map(|_| aligned(n));
    let [i, j, k] = [&w, &p, &r].map(|x| x.as_ptr().align_offset(64));
    let (w, p, r) = (&mut w[i..][..n], &mut p[j..][..n], &r[k..][..512]);
    bencher
        .counter(BytesCount::new(64 * n * 16))
        .bench_local(|| {
            arch.dispatch(Plasticity { w, p, r });
        });
}
