//! Cost against sequence length: the circuit is linear, softmax attention quadratic.
//!
//! One head, d = 64 (queries, keys and values), m = 256 hidden neurons, f32, one thread. `softmax` is this crate's own,
//! blocked, its products by `gemm`. `small`: four heads of d = 8, as the transformer on MNIST has them; its items are
//! tokens times heads.

use astro::attention::{Circuit, FeatureKind, FeatureMap, HeadMaps, Mask, Qkv, softmax};
use divan::{Bencher, black_box, counter::ItemsCount};
use nalgebra::DMatrix;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

const TOKENS: [usize; 8] = [128, 256, 512, 1024, 2048, 4096, 8192, 16384];
const DIM: usize = 64;

fn main() {
    divan::main();
}

fn sequence(tokens: usize) -> Qkv<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(tokens as u64);
    let mut draw = || DMatrix::from_fn(DIM, tokens, |_, _| StandardNormal.sample(&mut rng));
    Qkv::new(draw(), draw(), draw(), 1).expect("shapes fit")
}

fn circuit(kind: FeatureKind, hidden: usize) -> Circuit<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let features = FeatureMap::draw(kind, DIM, hidden, &mut rng).expect("sizes fit");
    Circuit::new(features, 1, DIM).expect("sizes fit")
}

fn bench_circuit(bencher: Bencher, tokens: usize, mask: Mask, kind: FeatureKind, hidden: usize) {
    let qkv = sequence(tokens);
    let mut circuit = circuit(kind, hidden);
    bencher
        .counter(ItemsCount::new(tokens))
        .bench_local(|| circuit.attend(black_box(&qkv), mask, &mut ()));
}

fn bench_softmax(bencher: Bencher, tokens: usize, mask: Mask) {
    let qkv = sequence(tokens);
    bencher
        .counter(ItemsCount::new(tokens))
        .bench_local(|| softmax(black_box(&qkv), mask));
}

#[divan::bench_group(sample_count = 5, min_time = 0.2, max_time = 3)]
mod bidirectional {
    use super::*;

    #[divan::bench(args = TOKENS)]
    fn circuit_m256(bencher: Bencher, tokens: usize) {
        bench_circuit(
            bencher,
            tokens,
            Mask::Bidirectional,
            FeatureKind::PositiveOrthogonal,
            256,
        );
    }

    #[divan::bench(args = TOKENS)]
    fn circuit_m64(bencher: Bencher, tokens: usize) {
        bench_circuit(
            bencher,
            tokens,
            Mask::Bidirectional,
            FeatureKind::PositiveOrthogonal,
            64,
        );
    }

    #[divan::bench(args = TOKENS)]
    fn circuit_elu(bencher: Bencher, tokens: usize) {
        bench_circuit(
            bencher,
            tokens,
            Mask::Bidirectional,
            FeatureKind::EluPlusOne,
            DIM,
        );
    }

    #[divan::bench(args = TOKENS)]
    fn softmax(bencher: Bencher, tokens: usize) {
        bench_softmax(bencher, tokens, Mask::Bidirectional);
    }
}

#[divan::bench_group(sample_count = 5, min_time = 0.2, max_time = 3)]
mod small {
    use super::*;

    const TOKENS: [usize; 3] = [49, 512, 4096];
    const HEADS: usize = 4;
    const DIM: usize = 8;

    fn sequence(tokens: usize) -> Qkv<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(tokens as u64);
        let mut draw =
            || DMatrix::from_fn(HEADS * DIM, tokens, |_, _| StandardNormal.sample(&mut rng));
        Qkv::new(draw(), draw(), draw(), HEADS).expect("shapes fit")
    }

    fn bench(bencher: Bencher, tokens: usize, hidden: usize) {
        let qkv = sequence(tokens);
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let kind = FeatureKind::PositiveOrthogonal;
        let map = || FeatureMap::draw(kind, DIM, hidden, &mut rng).expect("sizes fit");
        let maps = std::iter::repeat_with(map).take(HEADS).collect();
        let maps = HeadMaps::each(maps).expect("maps fit");
        let mut circuit = Circuit::new(maps, HEADS, DIM).expect("sizes fit");
        bencher
            .counter(ItemsCount::new(tokens * HEADS))
            .bench_local(|| circuit.attend(black_box(&qkv), Mask::Bidirectional, &mut ()));
    }

    #[divan::bench(args = TOKENS)]
    fn circuit_m8(bencher: Bencher, tokens: usize) {
        bench(bencher, tokens, 8);
    }

    #[divan::bench(args = TOKENS)]
    fn circuit_m32(bencher: Bencher, tokens: usize) {
        bench(bencher, tokens, 32);
    }

    #[divan::bench(args = TOKENS)]
    fn circuit_m128(bencher: Bencher, tokens: usize) {
        bench(bencher, tokens, 128);
    }

    #[divan::bench(args = TOKENS)]
    fn softmax(bencher: Bencher, tokens: usize) {
        let qkv = sequence(tokens);
        bencher
            .counter(ItemsCount::new(tokens * HEADS))
            .bench_local(|| super::softmax(black_box(&qkv), Mask::Bidirectional));
    }
}

#[divan::bench_group(sample_count = 5, min_time = 0.2, max_time = 3)]
mod causal {
    use super::*;

    #[divan::bench(args = TOKENS)]
    fn circuit_m256(bencher: Bencher, tokens: usize) {
        bench_circuit(
            bencher,
            tokens,
            Mask::Causal,
            FeatureKind::PositiveOrthogonal,
            256,
        );
    }

    #[divan::bench(args = TOKENS)]
    fn softmax(bencher: Bencher, tokens: usize) {
        bench_softmax(bencher, tokens, Mask::Causal);
    }
}
