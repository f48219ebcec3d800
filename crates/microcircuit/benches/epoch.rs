//! An epoch of 200 training patterns on 4-120-3, learning-lag 20 ms: fixed Euler steps, the adaptive integrator, and
//! the plain implementation. Patterns of 100 ms as published, and of 300 ms.

mod support;

use divan::{Bencher, black_box};
use microcircuit::{Integrator, Microcircuit, NetworkParams, Pattern, Tuning};
use support::{params, plain, samples, tuned};

fn main() {
    support::bench_warm();
}

const DIMS: [usize; 3] = [4, 120, 3];
const PATTERNS: usize = 200;
const T_PATTERN_MS: [f64; 2] = [100.0, 300.0];

fn long(t_pattern_ms: f64, integrator: Integrator) -> NetworkParams {
    NetworkParams {
        t_pattern_ms,
        out_lag_ms: t_pattern_ms - 20.0,
        integrator,
        ..params(&DIMS, 20.0)
    }
}

/// Times the patterns of an epoch; the first epoch is outside the timer, unless it takes too long.
fn epoch(bencher: Bencher<'_, '_>, mut network: impl Microcircuit<f32>, warm: bool) {
    let samples = samples(network.params(), PATTERNS);
    let mut run = move || {
        for (input, target) in &samples {
            let pattern = Pattern::train(input, target);
            black_box(network.present(&pattern, &mut ()).expect("stable"));
        }
    };
    if warm {
        run();
    }
    bencher.bench_local(run);
}

#[divan::bench(args = T_PATTERN_MS, sample_count = 60, sample_size = 1)]
fn euler(bencher: Bencher<'_, '_>, t_pattern_ms: f64) {
    let params = long(t_pattern_ms, Integrator::Euler);
    epoch(bencher, tuned::<f32>(params, Tuning::default()), true);
}

#[divan::bench(args = T_PATTERN_MS, sample_count = 60, sample_size = 1)]
fn adaptive(bencher: Bencher<'_, '_>, t_pattern_ms: f64) {
    let params = long(t_pattern_ms, Integrator::Adaptive);
    epoch(bencher, tuned::<f32>(params, Tuning::default()), true);
}

#[divan::bench(args = T_PATTERN_MS, sample_count = 3, sample_size = 1)]
fn reference(bencher: Bencher<'_, '_>, t_pattern_ms: f64) {
    let params = long(t_pattern_ms, Integrator::Euler);
    epoch(bencher, plain::<f32>(params), false);
}
