//! Watches the apical dendrites of a hidden layer while one pattern settles, every millisecond: where interneurons cancel
//! the feedback, nothing is left, and what a target adds is the error.
//!
//! `cargo run --release -p tasks --example watch_dendrites > apical.csv`
#![allow(clippy::print_stdout, reason = "an example prints")]

use std::error::Error;

use microcircuit::{
    Compartment, Every, Microcircuit, NetworkParams, Pattern, PyraLNet, View, Weights,
};
use tasks::yinyang::{self, Sizes};

fn main() -> Result<(), Box<dyn Error>> {
    let params = NetworkParams::yin_yang().check()?;
    let (mut stream, sets) = yinyang::run(1, Sizes::PUBLISHED);
    let weights = Weights::<f64>::draw(&params, || stream.uniform());
    let steps_per_ms = (1.0 / params.raw().dt_ms).round() as u64;
    let input: Vec<f64> = sets.train.input(0).collect();
    let target = sets.train.target(0, 0.1, 1.0);

    println!("nudged,time_ms,mean_abs_apical,output_1,output_2,output_3");
    for nudge in [false, true] {
        let mut network = PyraLNet::new(params.clone(), &weights)?;
        let look = |view: &View<'_, f64>| {
            let apical = view.potential(1, Compartment::Apical).unwrap_or_default();
            let output = view.potential(2, Compartment::Soma).unwrap_or_default();
            let mean = apical.iter().map(|v| v.abs()).sum::<f64>() / apical.len() as f64;
            let [a, b, c] = [0, 1, 2].map(|i| output[i]);
            println!("{nudge},{},{mean:.3e},{a:.4},{b:.4},{c:.4}", view.time_ms);
        };
        let pattern = Pattern {
            nudge,
            ..Pattern::validate(&input, &target)
        };
        network.present(&pattern, &mut Every(steps_per_ms, look))?;
    }
    Ok(())
}
