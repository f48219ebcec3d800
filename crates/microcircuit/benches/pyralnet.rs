//! The full simulation beside the plain implementation of the same equations.
//!
//! Every bench presents patterns of 1000 Euler steps, so a time in microseconds is one in nanoseconds per step.
//! `lag_0`: all steps are plastic; `lag_20`: the first 200 of 1000 are not, as in the published runs.

use divan::{Bencher, black_box};
use microcircuit::reference::PlainPyraLNet;
use microcircuit::{
    InputForm, Microcircuit, NetworkParams, Pattern, PerLayer, PyraLNet, Real, Simd, Tuning,
    Weights,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn main() {
    divan::main();
}

/// Yin-Yang parameters for other layer sizes; learning-lag in ms.
fn params(dims: &[usize], lag: f64) -> NetworkParams {
    NetworkParams {
        dims: dims.to_vec(),
        // Rates that keep networks of any width in a sensible range.
        eta_up: PerLayer(vec![6.1 / (dims[0] as f64 / 4.0).powi(2), 0.000_732]),
        learning_lag_ms: lag,
        ..NetworkParams::yin_yang()
    }
}

/// Presents patterns to `network`; the first ones outside the timer.
fn present<T: Real>(bencher: Bencher<'_, '_>, mut network: impl Microcircuit<T>) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let dims = network.params().raw().dims.clone();
    let mut random = |n: usize| -> Vec<f64> { (0..n).map(|_| rng.random()).collect() };
    let patterns: Vec<_> = (0..16)
        .map(|_| (random(dims[0]), random(dims[dims.len() - 1])))
        .collect();
    let mut next = patterns.iter().cycle();
    let mut show = move || {
        let (input, target) = next.next().expect("a cycle");
        network
            .present(&Pattern::train(input, target), &mut ())
            .expect("stable")[0]
    };
    for _ in 0..4 {
        show();
    }
    bencher.bench_local(|| black_box(show()));
}

fn weights<T: Real>(params: &microcircuit::Params) -> Weights<T> {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    Weights::draw(params, || rng.random())
}

fn tuned<T: Real>(params: NetworkParams, tuning: Tuning) -> PyraLNet<T> {
    let params = params.check().expect("valid");
    let weights = weights(&params);
    PyraLNet::build(params, &weights, tuning, None).expect("fits")
}

fn plain<T: Real>(params: NetworkParams) -> PlainPyraLNet<T> {
    let params = params.check().expect("valid");
    let weights = weights(&params);
    PlainPyraLNet::new(params, weights, || 0.0).expect("fits")
}

const LAGS: [f64; 2] = [0.0, 20.0];

#[divan::bench_group(name = "4-120-3", sample_count = 60)]
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
