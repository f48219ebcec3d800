//! Forty patterns of a trained 4-120-3: fixed Euler steps beside the adaptive integrator, by pattern's length and
//! learning-lag, ms; test patterns; and an epoch of 200 training patterns by the plain implementation.

mod support;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use microcircuit::{Integrator, Microcircuit, NetworkParams, Pattern};
use support::{params, plain, points, samples, trained};

fn main() {
    support::bench_warm();
}

const DIMS: [usize; 3] = [4, 120, 3];
/// Patterns before, and in, what is timed.
const TRAINED: usize = 12000;
const PATTERNS: usize = 40;
/// Pattern and learning-lag, ms.
const TIMES: [(f64, f64); 5] = [
    (100.0, 20.0),
    (300.0, 20.0),
    (100.0, 10.0),
    (100.0, 5.0),
    (100.0, 0.0),
];

fn of((t_pattern_ms, lag): (f64, f64), integrator: Integrator) -> NetworkParams {
    NetworkParams {
        t_pattern_ms,
        out_lag_ms: t_pattern_ms - 20.0,
        integrator,
        ..params(&DIMS, lag)
    }
}

/// Times the same patterns from the same weights again and again.
fn patterns(bencher: Bencher<'_, '_>, params: NetworkParams, learn: bool) {
    let mut network = trained::<f32>(params, TRAINED);
    let (weights, samples) = (network.weights(), points(TRAINED + PATTERNS));
    let samples = &samples[TRAINED..];
    let run = move || {
        network.set_weights(&weights).expect("fits");
        for (input, target) in samples {
            let pattern = if learn {
                Pattern::train(input, target)
            } else {
                Pattern::validate(input, target)
            };
            black_box(network.present(&pattern, &mut ()).expect("stable"));
        }
    };
    bencher.counter(ItemsCount::new(PATTERNS)).bench_local(run);
}

#[divan::bench(args = TIMES, sample_count = 60, sample_size = 1)]
fn euler(bencher: Bencher<'_, '_>, times: (f64, f64)) {
    patterns(bencher, of(times, Integrator::Euler), true);
}

#[divan::bench(args = TIMES, sample_count = 60, sample_size = 10)]
fn adaptive(bencher: Bencher<'_, '_>, times: (f64, f64)) {
    patterns(bencher, of(times, Integrator::Adaptive), true);
}

#[divan::bench(args = [Integrator::Euler, Integrator::Adaptive], sample_count = 60, sample_size = 1)]
fn test_patterns(bencher: Bencher<'_, '_>, integrator: Integrator) {
    patterns(bencher, of((100.0, 20.0), integrator), false);
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn reference(bencher: Bencher<'_, '_>) {
    let mut network = plain::<f32>(params(&DIMS, 20.0));
    let samples = samples(network.params(), 200);
    bencher.bench_local(|| {
        for (input, target) in &samples {
            let pattern = Pattern::train(input, target);
            black_box(network.present(&pattern, &mut ()).expect("stable"));
        }
    });
}
