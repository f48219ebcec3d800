//! The circuit of neurons and astrocytes in place of softmax attention: how far it is off, by the number of hidden neurons.
//!
//! `cargo run --release -p astro --example attention_head`
#![allow(clippy::print_stdout, reason = "an example prints")]

use astro::attention::{Circuit, FeatureKind, FeatureMap, Fidelity, Mask, Qkv, softmax};
use nalgebra::DMatrix;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

const HEADS: usize = 2;
const DIM: usize = 8;
const TOKENS: usize = 64;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut draw = |scale: f64| {
        DMatrix::from_fn(HEADS * DIM, TOKENS, |_, _| -> f64 {
            let x: f64 = StandardNormal.sample(&mut rng);
            scale * x
        })
    };
    let qkv = Qkv::new(draw(0.7), draw(0.7), draw(1.0), HEADS)?;
    let wanted = softmax(&qkv, Mask::Causal);
    println!("hidden neurons  relative error  mean cosine");
    for hidden in [16, 64, 256, 1024, 4096] {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let features = FeatureMap::draw(FeatureKind::PositiveOrthogonal, DIM, hidden, &mut rng)?;
        // Writes and reads the sequence token by token; its state does not grow with it.
        let mut circuit = Circuit::new(features, HEADS, DIM)?;
        let output = circuit.attend(&qkv, Mask::Causal, &mut ())?;
        let fidelity = Fidelity::compare(&output, &wanted).ok_or("shapes differ")?;
        println!(
            "{hidden:>14}  {:>14.3}  {:>11.4}",
            fidelity.relative_error, fidelity.mean_cosine
        );
    }
    Ok(())
}
