//! The full simulation beside the plain implementation of the same equations.
//!
//! Every bench presents patterns of 1000 Euler steps, so a time in microseconds is one in nanoseconds per step. The first
//! is what the figures run: Yin-Yang as published, plain input, single precision, learning-lag 20 ms, so that the first 200
//! of 1000 steps are not plastic. Learning-lag 0: all steps are; 100 ms: none is.

mod support;

use divan::Bencher;
use microcircuit::{InputForm, NetworkParams, Simd, Tuning};
use support::{params, plain, present, tuned};

fn main() {
    support::bench_warm();
}

const LAGS: [f64; 3] = [20.0, 0.0, 100.0];

#[divan::bench_group(name = "a 4-120-3", sample_count = 500)]
mod yin_yang {
    use super::*;

    const DIMS: [usize; 3] = [4, 120, 3];

    #[divan::bench(name = "1 as the figures run it", args = LAGS)]
    fn f32(bencher: Bencher<'_, '_>, lag: f64) {
        present(bencher, tuned::<f32>(params(&DIMS, lag), Tuning::default()));
    }

    #[divan::bench(name = "2 plain implementation", args = LAGS, sample_count = 5, sample_size = 1)]
    fn reference_f32(bencher: Bencher<'_, '_>, lag: f64) {
        present(bencher, plain::<f32>(params(&DIMS, lag)));
    }

    #[divan::bench(args = LAGS)]
    fn avx2(bencher: Bencher<'_, '_>, lag: f64) {
        let tuning = Tuning {
            simd: Simd::Avx2,
            ..Tuning::default()
        };
        present(bencher, tuned::<f32>(params(&DIMS, lag), tuning));
    }

    #[divan::bench(args = LAGS)]
    fn general_form(bencher: Bencher<'_, '_>, lag: f64) {
        let tuning = Tuning {
            general: true,
            ..Tuning::default()
        };
        present(bencher, tuned::<f32>(params(&DIMS, lag), tuning));
    }

    #[divan::bench(args = LAGS)]
    fn factored_input(bencher: Bencher<'_, '_>, lag: f64) {
        let params = NetworkParams {
            input: InputForm::Factored,
            ..params(&DIMS, lag)
        };
        present(bencher, tuned::<f32>(params, Tuning::default()));
    }

    #[divan::bench(args = LAGS)]
    fn f64(bencher: Bencher<'_, '_>, lag: f64) {
        present(bencher, tuned::<f64>(params(&DIMS, lag), Tuning::default()));
    }
}

/// Mimic as the figure runs it, and MNIST.
#[divan::bench_group(name = "b sizes", sample_count = 30)]
mod sizes {
    use super::*;

    const SIZES: [[usize; 3]; 3] = [[2, 3, 2], [4, 100, 10], [784, 100, 10]];

    fn sized(dims: [usize; 3]) -> NetworkParams {
        let input = if dims[0] > 8 {
            InputForm::Factored
        } else {
            InputForm::Plain
        };
        NetworkParams {
            input,
            ..params(&dims, 0.0)
        }
    }

    #[divan::bench(args = SIZES)]
    fn f32(bencher: Bencher<'_, '_>, dims: [usize; 3]) {
        present(bencher, tuned::<f32>(sized(dims), Tuning::default()));
    }

    #[divan::bench(args = SIZES, sample_count = 3, sample_size = 1)]
    fn reference_f32(bencher: Bencher<'_, '_>, dims: [usize; 3]) {
        present(bencher, plain::<f32>(sized(dims)));
    }
}
