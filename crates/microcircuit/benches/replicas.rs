//! Sixteen networks: in the lanes of vectors, and one after another.
//!
//! Every bench presents one pattern of 1000 Euler steps, all of them plastic, to each of the 16 networks: a time in
//! microseconds, divided by 16, is one in nanoseconds per step of one network.

mod support;

use divan::{Bencher, black_box};
use microcircuit::{Microcircuit, Pattern, PyraLNet, Replicas, Weights};
use support::{params, plain, present, samples, tuned, weights};

fn main() {
    support::bench_warm();
}

const REPLICAS: usize = 16;
const SIZES: [[usize; 3]; 3] = [[2, 3, 2], [4, 30, 3], [4, 120, 3]];

fn all_weights(params: &microcircuit::Params) -> Vec<Weights<f32>> {
    (0..REPLICAS as u64)
        .map(|seed| weights(params, seed))
        .collect()
}

#[divan::bench(args = SIZES, sample_count = 40, sample_size = 1)]
fn in_lanes(bencher: Bencher<'_, '_>, dims: [usize; 3]) {
    let params = params(&dims, 0.0).check().expect("valid");
    let samples = samples(&params, REPLICAS);
    let patterns: Vec<_> = samples.iter().map(|(i, t)| Pattern::train(i, t)).collect();
    let weights = all_weights(&params);
    let mut replicas = Replicas::new(params, &weights).expect("fits");
    let mut show = || replicas.present(&patterns).expect("stable")[0][0];
    show();
    bencher.bench_local(|| black_box(show()));
}

#[divan::bench(args = SIZES, sample_count = 40, sample_size = 1)]
fn one_after_another(bencher: Bencher<'_, '_>, dims: [usize; 3]) {
    let params = params(&dims, 0.0).check().expect("valid");
    let samples = samples(&params, REPLICAS);
    let single = |w| PyraLNet::new(params.clone(), w).expect("fits");
    let mut networks: Vec<_> = all_weights(&params).iter().map(single).collect();
    let mut show = || {
        for (network, (input, target)) in networks.iter_mut().zip(&samples) {
            let pattern = Pattern::train(input, target);
            black_box(network.present(&pattern, &mut ()).expect("stable"));
        }
    };
    show();
    bencher.bench_local(show);
}

/// One network, one pattern: times 16 to compare.
#[divan::bench(args = SIZES, sample_count = 40)]
fn one(bencher: Bencher<'_, '_>, dims: [usize; 3]) {
    present(
        bencher,
        tuned::<f32>(params(&dims, 0.0), Default::default()),
    );
}

/// The same by the plain implementation.
#[divan::bench(args = SIZES, sample_count = 3, sample_size = 1)]
fn one_reference(bencher: Bencher<'_, '_>, dims: [usize; 3]) {
    present(bencher, plain::<f32>(params(&dims, 0.0)));
}
