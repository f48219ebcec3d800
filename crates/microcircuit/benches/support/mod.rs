//! What the benches share: parameters, weights and patterns from constant seeds.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "every bench is a program of its own, and none uses all of it"
)]

use std::thread::{available_parallelism, scope};
use std::time::{Duration, Instant};

use divan::{Bencher, black_box};
use microcircuit::reference::PlainPyraLNet;
use microcircuit::{
    Integrator, Microcircuit, NetworkParams, Number, Params, Pattern, PerLayer, PyraLNet, Real,
    Tuning, Weights,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Keeps all cores busy for a second, then runs the benches. Virtual processors that were idle are often slower in their
/// first few tenths of a second, which is all the time that some benches take.
pub fn bench_warm() {
    #[allow(clippy::disallowed_methods, reason = "a bench measures time")]
    let start = Instant::now();
    let cores = available_parallelism().map_or(1, usize::from);
    scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| while start.elapsed() < Duration::from_secs(1) {});
        }
    });
    divan::main();
}

/// Yin-Yang parameters for other layer sizes; learning-lag in ms.
pub fn params(dims: &[usize], lag: f64) -> NetworkParams {
    NetworkParams {
        dims: dims.to_vec(),
        // Rates that keep networks of any width in a sensible range.
        eta_up: PerLayer(vec![6.1 / (dims[0] as f64 / 4.0).powi(2), 0.000_732]),
        learning_lag_ms: lag,
        ..NetworkParams::yin_yang()
    }
}

/// Initial weights.
pub fn weights<T: Real>(params: &Params, seed: u64) -> Weights<T> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Weights::draw(params, || rng.random())
}

/// Inputs and targets, all uniform in \[0, 1).
pub fn samples(params: &Params, n: usize) -> Vec<(Vec<f64>, Vec<f64>)> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut random = |n: usize| -> Vec<f64> { (0..n).map(|_| rng.random()).collect() };
    let (inputs, outputs) = (params.dim(0), params.dim(params.n_hidden() + 1));
    (0..n).map(|_| (random(inputs), random(outputs))).collect()
}

/// Points of a disk, one of three classes each, as in the Yin-Yang task: inputs and targets.
pub fn points(n: usize) -> Vec<(Vec<f64>, Vec<f64>)> {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut point = || loop {
        let (x, y): (f64, f64) = (rng.random(), rng.random());
        if (x - 0.5).hypot(y - 0.5) <= 0.5 {
            return (x, y);
        }
    };
    let sample = |(x, y): (f64, f64)| {
        let [left, right] = [0.25, 0.75].map(|c: f64| (x - c).hypot(y - 0.5));
        let class = if left < 0.1 || right < 0.1 {
            2
        } else {
            usize::from(left <= 0.25 || y > 0.5 && right > 0.25)
        };
        let target = (0..3).map(|k| if k == class { 1.0 } else { 0.1 });
        (vec![x, y, 1.0 - x, 1.0 - y], target.collect())
    };
    (0..n).map(|_| sample(point())).collect()
}

/// The simulation under test, with weights trained by Euler's steps on a number of [`points`].
pub fn trained<T: Number>(params: NetworkParams, patterns: usize) -> PyraLNet<T> {
    let fixed = NetworkParams {
        integrator: Integrator::Euler,
        ..params.clone()
    };
    let mut teacher = tuned::<f32>(fixed, Tuning::default());
    for (input, target) in points(patterns) {
        let pattern = Pattern::train(&input, &target);
        teacher.present(&pattern, &mut ()).expect("stable");
    }
    let weights = teacher.weights().cast();
    let params = params.check().expect("valid");
    PyraLNet::build(params, &weights, Tuning::default(), None).expect("fits")
}

/// The simulation under test.
pub fn tuned<T: Number>(params: NetworkParams, tuning: Tuning) -> PyraLNet<T> {
    let params = params.check().expect("valid");
    let weights = weights(&params, 0);
    PyraLNet::build(params, &weights, tuning, None).expect("fits")
}

/// The plain implementation of the same equations.
pub fn plain<T: Real>(params: NetworkParams) -> PlainPyraLNet<T> {
    let params = params.check().expect("valid");
    let weights = weights(&params, 0);
    PlainPyraLNet::new(params, &weights, || 0.0).expect("fits")
}

/// Times one training pattern, after a few outside the timer.
pub fn present<T: Real>(bencher: Bencher<'_, '_>, mut network: impl Microcircuit<T>) {
    let samples = samples(network.params(), 16);
    let mut next = samples.iter().cycle();
    let mut show = move || {
        let (input, target) = next.next().expect("a cycle");
        let pattern = Pattern::train(input, target);
        network.present(&pattern, &mut ()).expect("stable")[0]
    };
    for _ in 0..4 {
        show();
    }
    bencher.bench_local(|| black_box(show()));
}
