//! Trains the published network on Yin-Yang for three epochs, tests it, and saves its weights.
//!
//! `cargo run --release -p tasks --example train_yin_yang [WEIGHTS.npz]`
#![allow(clippy::print_stdout, reason = "an example prints")]

use std::error::Error;

use microcircuit::{Microcircuit, NetworkParams, Pattern, PyraLNet, Weights};
use tasks::Dataset;
use tasks::yinyang::{self, Sizes};

fn main() -> Result<(), Box<dyn Error>> {
    let params = NetworkParams {
        learning_lag_ms: 20.0,
        t_pattern_ms: 50.0,
        out_lag_ms: 40.0,
        ..NetworkParams::yin_yang()
    };
    let params = params.check()?;
    // One generator gives data, weights and orders, as in the published runs.
    let (mut stream, sets) = yinyang::run(2304, Sizes::PUBLISHED);
    let weights = Weights::<f32>::draw(&params, || stream.uniform());
    let mut network = PyraLNet::new(params, &weights)?;

    for epoch in 1..=3 {
        for &i in &stream.epoch(sets.train.len(), 0, 1).train {
            let (input, target) = sample(&sets.train, i);
            network.present(&Pattern::train(&input, &target), &mut ())?;
        }
        println!(
            "epoch {epoch}: {:.1} % of the test set",
            100.0 * test(&mut network, &sets.test)?
        );
    }

    let path = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "yin_yang.npz".into());
    network.weights().save_npz(&path)?;
    println!("weights: {path}");
    Ok(())
}

/// Rates of the input layer, and target potentials of the output layer.
fn sample(set: &Dataset, i: usize) -> (Vec<f64>, Vec<f64>) {
    (set.input(i).collect(), set.target(i, 0.1, 1.0))
}

/// The share of samples whose own output is the highest.
fn test(network: &mut PyraLNet<f32>, set: &Dataset) -> Result<f64, Box<dyn Error>> {
    let mut correct = 0;
    for i in 0..set.len() {
        let (input, target) = sample(set, i);
        let output = network.present(&Pattern::validate(&input, &target), &mut ())?;
        let highest = (0..3).max_by(|&a, &b| output[a].total_cmp(&output[b]));
        correct += usize::from(highest == Some(set.labels[i]));
    }
    Ok(correct as f64 / set.len() as f64)
}
