//! What this machine's core can do at most: the ceilings that `PERFORMANCE.md` compares with.

use divan::{
    Bencher, black_box,
    counter::{BytesCount, ItemsCount},
};
use pulp::{Arch, Simd, WithSimd};

fn main() {
    divan::main();
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

/// Plasticity of one set of weights in the first-level cache: W += P, P = decay P + c r.
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
            for ((w, p), r) in w.iter_mut().zip(p.iter_mut()).zip(r) {
                *w = s.add_f32s(*w, *p);
                *p = s.mul_add_e_f32s(c, *r, s.mul_f32s(decay, *p));
            }
        }
    }
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
    let (mut w, mut p, r) = (vec![0.1; 768], vec![0.1; 768], vec![0.5; 768]);
    bencher
        .counter(ItemsCount::new(64 * 768_usize))
        .bench_local(|| {
            arch.dispatch(Plasticity {
                w: &mut w,
                p: &mut p,
                r: &r,
            })
        });
}

/// The same in the third-level cache: 500 x 500 weights, with their changes 2 MB.
#[divan::bench]
fn plasticity_in_l3(bencher: Bencher<'_, '_>) {
    let arch = Arch::new();
    let n = 500 * 512;
    let (mut w, mut p, r) = (vec![0.1; n], vec![0.1; n], vec![0.5; n]);
    bencher
        .counter(BytesCount::new(64 * n * 20))
        .bench_local(|| {
            arch.dispatch(Plasticity {
                w: &mut w,
                p: &mut p,
                r: &r,
            })
        });
}
