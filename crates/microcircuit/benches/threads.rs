//! Runs of independent networks on one thread and on two: 8 runs of 10 patterns of 4-120-3, learning-lag 20 ms.

mod support;

use divan::{Bencher, black_box};
use microcircuit::{Microcircuit, Pattern, PyraLNet};
use rayon::prelude::*;
use support::{params, samples, weights};

fn main() {
    support::bench_warm();
}

const RUNS: u64 = 8;

#[divan::bench(args = [1, 2], sample_count = 200, sample_size = 1)]
fn runs(bencher: Bencher<'_, '_>, threads: usize) {
    let params = params(&[4, 120, 3], 20.0).check().expect("valid");
    let samples = samples(&params, 10);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.expect("threads to start");
    let run = |seed: u64| {
        let weights = weights(&params, seed);
        let mut network = PyraLNet::<f32>::new(params.clone(), &weights).expect("fits");
        for (input, target) in &samples {
            let pattern = Pattern::train(input, target);
            black_box(network.present(&pattern, &mut ()).expect("stable"));
        }
    };
    bencher.bench_local(|| pool.install(|| (0..RUNS).into_par_iter().for_each(run)));
}
