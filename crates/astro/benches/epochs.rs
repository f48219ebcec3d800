//! Seconds per epoch of the networks in the figures: `cargo bench -p astro --bench epochs`.
//!
//! Data are random but of MNIST's size: 60,000 images of 784 pixels, 60,000 codes of 20 numbers.

use astro::networks::classifier::{AstrocyteClassifier, Disturbance, neuron_classifier};
use astro::networks::codes::Codes;
use astro::networks::images::GreyImages;
use astro::networks::layers::{Spillover, Wiring};
use astro::networks::network::Network;
use astro::networks::training::{Trainer, TrainingParams};
use astro::networks::vae::{Vae, VaeSizes, VaeTrainer};
use astro::numerics::adam::AdamParams;
use astro::numerics::dense::Threads;
use astro::numerics::random::{Streams, fill_standard_normal};
use divan::{Bencher, black_box};
use nalgebra::DMatrix;

const SAMPLES: usize = 60_000;

fn main() {
    divan::main();
}

fn labels() -> Vec<u8> {
    (0..SAMPLES).map(|i| (i % 10) as u8).collect()
}

fn fixed_codes() -> Codes {
    let mut z = DMatrix::zeros(SAMPLES, 20);
    fill_standard_normal(&mut Streams::new(1).codes, z.as_mut_slice());
    Codes::fixed(&z, labels()).unwrap()
}

fn normal_codes() -> Codes {
    let mean = DMatrix::from_fn(SAMPLES, 20, |i, j| {
        ((i * 7 + j * 3) % 11) as f32 * 0.2 - 1.0
    });
    Codes::normal(&mean, &DMatrix::from_element(SAMPLES, 20, -1.0), labels()).unwrap()
}

fn astrocytes(wiring: Wiring, disturbance: Disturbance) -> Network {
    AstrocyteClassifier {
        disturbance,
        ..AstrocyteClassifier::talk(wiring)
    }
    .build()
    .unwrap()
}

/// One epoch of training per iteration.
fn epoch(bencher: Bencher, network: Network, codes: Codes) {
    let streams = Streams::new(1);
    let network = network.initialised(&mut streams.weights.clone());
    let mut trainer = Trainer::new(network, &TrainingParams::default(), streams).unwrap();
    bencher.bench_local(|| trainer.train_epoch(black_box(&codes)).unwrap());
}

#[divan::bench(sample_count = 20)]
fn astrocytes_20_to_10_codes_given(bencher: Bencher) {
    epoch(
        bencher,
        astrocytes(Wiring::Published, Disturbance::None),
        fixed_codes(),
    );
}

#[divan::bench(sample_count = 20)]
fn astrocytes_20_to_10_diffusion_codes_given(bencher: Bencher) {
    let diffusion = Disturbance::Diffusion(Spillover::Published, 0.3);
    epoch(
        bencher,
        astrocytes(Wiring::Published, diffusion),
        fixed_codes(),
    );
}

#[divan::bench(sample_count = 20)]
fn astrocytes_20_to_10_lattice_conserving_codes_given(bencher: Bencher) {
    let diffusion = Disturbance::Diffusion(Spillover::Conserving, 0.3);
    epoch(
        bencher,
        astrocytes(Wiring::Lattice, diffusion),
        fixed_codes(),
    );
}

#[divan::bench(sample_count = 20)]
fn astrocytes_20_to_10_diffusion_codes_drawn(bencher: Bencher) {
    let diffusion = Disturbance::Diffusion(Spillover::Published, 0.3);
    epoch(
        bencher,
        astrocytes(Wiring::Published, diffusion),
        normal_codes(),
    );
}

#[divan::bench(sample_count = 20)]
fn astrocytes_20_to_10_noise_codes_given(bencher: Bencher) {
    epoch(
        bencher,
        astrocytes(Wiring::Published, Disturbance::Noise(0.1)),
        fixed_codes(),
    );
}

#[divan::bench(sample_count = 20)]
fn neurons_20_20_10_codes_given(bencher: Bencher) {
    epoch(
        bencher,
        neuron_classifier(&[20, 20, 10]).unwrap(),
        fixed_codes(),
    );
}

#[divan::bench(sample_count = 20)]
fn neurons_20_30_10_codes_given(bencher: Bencher) {
    epoch(
        bencher,
        neuron_classifier(&[20, 30, 10]).unwrap(),
        fixed_codes(),
    );
}

/// Two classifiers side by side on two threads: what a sweep does. Time is per pair.
#[divan::bench(sample_count = 20)]
fn two_astrocyte_classifiers_on_two_threads(bencher: Bencher) {
    let codes = fixed_codes();
    let trainer = |seed| {
        let streams = Streams::new(seed);
        let network = astrocytes(Wiring::Published, Disturbance::None);
        let network = network.initialised(&mut streams.weights.clone());
        Trainer::new(network, &TrainingParams::default(), streams).unwrap()
    };
    let mut trainers = [trainer(1), trainer(2)];
    bencher.bench_local(|| {
        std::thread::scope(|scope| {
            for trainer in &mut trainers {
                let codes = &codes;
                scope.spawn(move || trainer.train_epoch(codes).unwrap());
            }
        });
    });
}

/// One epoch of the autoencoder per iteration.
#[divan::bench(args = [1, 2], sample_count = 5)]
fn vae_784_400_20_400_784_threads(bencher: Bencher, threads: usize) {
    let bytes = (0..SAMPLES * 784).map(|i| (i * 31 % 251) as u8).collect();
    let images = GreyImages::new(bytes, 784).unwrap();
    let streams = Streams::new(1);
    let vae = Vae::draw(VaeSizes::TALK, &mut streams.weights.clone()).unwrap();
    let adam = AdamParams::with_rate(1e-3);
    let mut trainer = VaeTrainer::new(vae, adam, 128, streams, Threads(threads)).unwrap();
    bencher.bench_local(|| trainer.train_epoch(black_box(&images)).unwrap());
}

/// The machine's ceiling for the epoch above: its matrix products alone, in the same shapes and on the same threads, without loading
/// images, sampling, nonlinearities, bias or Adam. Only the first of the 469 steps, timed 469 times.
#[divan::bench(args = [1, 2], sample_count = 5)]
#[allow(unsafe_code)]
fn vae_matrix_products_threads(bencher: Bencher, threads: usize) {
    use gemm::{Parallelism, gemm};
    let parallelism = if threads == 1 {
        Parallelism::None
    } else {
        Parallelism::Rayon(threads)
    };
    // (rows, columns, inner) of every product; a and b column-major, c = a b.
    let (batch, pixels, hidden, latents) = (128, 784, 400, 20);
    let products = [
        (batch, hidden, pixels),
        (batch, 2 * latents, hidden),
        (batch, hidden, latents),
        (batch, pixels, hidden),
        (pixels, hidden, batch),
        (hidden, latents, batch),
        (2 * latents, hidden, batch),
        (hidden, pixels, batch),
        (batch, hidden, pixels),
        (batch, latents, hidden),
        (batch, hidden, 2 * latents),
    ];
    let mut factors: Vec<_> = products
        .iter()
        .map(|&(m, n, k)| {
            (
                vec![0.5_f32; m * k],
                vec![0.25_f32; k * n],
                vec![0.0_f32; m * n],
            )
        })
        .collect();
    bencher.bench_local(|| {
        for _ in 0..SAMPLES.div_ceil(batch) {
            for (&(m, n, k), (a, b, c)) in products.iter().zip(&mut factors) {
                // SAFETY: a, b and c are m×k, k×n and m×n, column-major.
                unsafe {
                    gemm(
                        m,
                        n,
                        k,
                        c.as_mut_ptr(),
                        m as isize,
                        1,
                        false,
                        a.as_ptr(),
                        m as isize,
                        1,
                        b.as_ptr(),
                        k as isize,
                        1,
                        0.0,
                        1.0,
                        false,
                        false,
                        false,
                        parallelism,
                    );
                }
            }
        }
        black_box(&factors);
    });
}
