//! The full simulation beside the plain implementation of the same equations.
//!
//! Every bench presents patterns of 1000 Euler steps, so a time in microseconds is one in nanoseconds per step.
//! Learning-lag 0: all steps are plastic; 20 ms: the first 200 of 1000 are not, as in the published runs; 100 ms: none is.

mod support;

use divan::Bencher;
use microcircuit::{InputForm, Simd, Tuning};
use support::{params, plain, present, tuned};

fn main() {
    support::bench_warm();
}

const LAGS: [f64; 3] = [0.0, 20.0, 100.0];

#[divan::bench_group(name = "4-120-3", sample_count = 500)]
mod yin_yang {
    use super::*;

    const DIMS: [usize; 3] = [4, 120, 3];

    #[divan::bench(args = LAGS)]
    fn f32(bencher: Bencher<'_, '_>, lag: f64) {
        present(bencher, tuned::<f32>(params(&DIMS, lag), Tuning::default()));
    }

    #[divan::bench(args = LAGS)]
    fn f32_plain_input(bencher: Bencher<'_, '_>, lag: f64) {
        let tuning = Tuning {
            input: InputForm::Plain,
            ..Tuning::default()
        };
        present(bencher, tuned::<f32>(params(&DIMS, lag), tuning));
    }

    #[divan::bench(args = LAGS)]
    fn f32_avx2(bencher: Bencher<'_, '_>, lag: f64) {
        let tuning = Tuning {
            simd: Simd::Avx2,
            ..Tuning::default()
        };
        present(bencher, tuned::<f32>(params(&DIMS, lag), tuning));
    }

    #[divan::bench(args = LAGS)]
    fn f64(bencher: Bencher<'_, '_>, lag: f64) {
        present(bencher, tuned::<f64>(params(&DIMS, lag), Tuning::default()));
    }

    #[divan::bench(args = LAGS, sample_count = 5, sample_size = 1)]
    fn reference_f32(bencher: Bencher<'_, '_>, lag: f64) {
        present(bencher, plain::<f32>(params(&DIMS, lag)));
    }
}

#[divan::bench_group(name = "sizes", sample_count = 30)]
mod sizes {
    use super::*;

    const SIZES: [[usize; 3]; 3] = [[2, 3, 2], [4, 100, 10], [784, 100, 10]];

    #[divan::bench(args = SIZES)]
    fn f32(bencher: Bencher<'_, '_>, dims: [usize; 3]) {
        present(bencher, tuned::<f32>(params(&dims, 0.0), Tuning::default()));
    }

    #[divan::bench(args = SIZES, sample_count = 3, sample_size = 1)]
    fn reference_f32(bencher: Bencher<'_, '_>, dims: [usize; 3]) {
        present(bencher, plain::<f32>(params(&dims, 0.0)));
    }
}
