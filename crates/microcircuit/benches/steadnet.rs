//! The steady-state approximation beside the plain implementation of the same equations: one training pattern.

mod support;

use divan::Bencher;
use microcircuit::reference::PlainSteadNet;
use microcircuit::{NetworkParams, PerLayer, SteadNet, Sweep};
use support::{present, weights};

fn main() {
    support::bench_warm();
}

/// As on Yin-Yang (4-120-3), and on MNIST with one and with two hidden layers.
const SIZES: [&[usize]; 3] = [&[4, 120, 3], &[784, 100, 10], &[784, 500, 500, 10]];

fn params(dims: &[usize]) -> NetworkParams {
    let yin_yang = NetworkParams::yin_yang();
    if dims[0] == 4 {
        return yin_yang;
    }
    let hidden = dims.len() - 2;
    NetworkParams {
        dims: dims.to_vec(),
        g_a: 0.471,
        g_som: 0.12,
        eta_up: PerLayer([0.2, 0.0013, 0.000_38][2 - hidden..].to_vec()),
        eta_ip: PerLayer([0.0039, 0.0022][2 - hidden..].to_vec()),
        init_up: 0.094,
        init_ip: 0.05,
        sweep: Some(Sweep::Downward),
        ..yin_yang
    }
}

#[divan::bench(args = SIZES, sample_count = 100)]
fn f32(bencher: Bencher<'_, '_>, dims: &[usize]) {
    let params = params(dims).check().expect("valid");
    let weights = weights(&params, 0);
    present(
        bencher,
        SteadNet::<f32>::new(params, &weights).expect("fits"),
    );
}

#[divan::bench(args = SIZES, sample_count = 20, max_time = 5)]
fn reference_f32(bencher: Bencher<'_, '_>, dims: &[usize]) {
    let params = params(dims).check().expect("valid");
    let weights = weights(&params, 0);
    let network = PlainSteadNet::<f32>::new(params, &weights).expect("fits");
    present(bencher, network);
}
