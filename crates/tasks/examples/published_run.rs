//! Repeats a published run by its seed: Yin-Yang, 45 epochs at a learning-lag of 20.3 ms, in a few seconds.
//!
//! `cargo run --release -p tasks --example published_run [fixed]`; with fixed steps, as published, it gives the published number
//! exactly, and takes several times as long.
#![allow(clippy::print_stdout, reason = "an example prints")]

use microcircuit::{Integrator, Microcircuit, NetworkParams, Pattern, PyraLNet, Trial, Weights};
use tasks::yinyang::{self, Sizes};

/// Its seed, and its accuracy on the test set: `datasets/published/hill2020_yinyang_runs.csv`.
const PUBLISHED: (u32, f64) = (2304, 0.968333);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let integrator = match std::env::args().nth(1).as_deref() {
        Some("fixed") => Integrator::Euler,
        _ => Integrator::Adaptive,
    };
    let params = NetworkParams {
        learning_lag_ms: 30.0 * 40.0 / 59.0,
        integrator,
        ..NetworkParams::yin_yang()
    };
    // One generator gives data, weights, and the orders of all epochs.
    let (mut stream, sets) = yinyang::run(PUBLISHED.0, Sizes::PUBLISHED);
    let params = params.check()?;
    let weights = Weights::<f32>::draw(&params, || stream.uniform());
    let mut network = PyraLNet::new(params, &weights)?;
    let sample = |set: &tasks::Dataset, i| (set.input(i).collect(), set.target(i, 0.1, 1.0));
    for _ in 0..45 {
        let mut epoch = stream.epoch(sets.train.len(), sets.validation.len(), 1);
        // What is validated after an epoch moves the network too.
        epoch.validation.iter_mut().for_each(|v| v.truncate(100));
        for trial in microcircuit::epoch(&epoch.train, &epoch.validation) {
            let (set, i) = match trial {
                Trial::Train(i) => (&sets.train, i),
                Trial::Validate(i) => (&sets.validation, i),
            };
            let (input, target): (Vec<f64>, Vec<f64>) = sample(set, i);
            let pattern = match trial {
                Trial::Train(_) => Pattern::train(&input, &target),
                Trial::Validate(_) => Pattern::validate(&input, &target),
            };
            network.present(&pattern, &mut ())?;
        }
    }
    network.reset();
    let mut correct = 0;
    for i in 0..sets.test.len() {
        let (input, target): (Vec<f64>, Vec<f64>) = sample(&sets.test, i);
        let output = network.present(&Pattern::validate(&input, &target), &mut ())?;
        let highest = (0..3).max_by(|&a, &b| output[a].total_cmp(&output[b]));
        correct += usize::from(highest == Some(sets.test.labels[i]));
    }
    let (n, published) = (sets.test.len(), PUBLISHED.1);
    println!(
        "test samples that are right: {correct} of {n}, published {:.0}",
        published * n as f64
    );
    Ok(())
}
