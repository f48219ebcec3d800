//! A layer of one's own, gap junctions between neighbouring astrocytes, in a network that is trained.
//!
//! `cargo run --release -p astro --example own_layer`
#![allow(clippy::print_stdout, reason = "an example prints")]

use astro::networks::layers::*;
use astro::networks::{Codes, Network, Trainer, TrainingParams};
use astro::numerics::{NumericsError, random::Streams};
use nalgebra::DMatrix;
use std::sync::Arc;

type Matrix = DMatrix<f32>;
type Done = Result<(), NumericsError>;

/// y_i = x_i + 0.1 Σ (x_j - x_i), over the neighbours j in a row of cells.
#[derive(Debug)]
struct GapJunctions(usize);

/// The map of a whole batch, \[sample, cell\]. It is symmetric, and so its own gradient.
fn exchange(x: &Matrix) -> Matrix {
    DMatrix::from_fn(x.nrows(), x.ncols(), |s, i| {
        let neighbours = i.saturating_sub(1)..(i + 2).min(x.ncols());
        x[(s, i)] + 0.1 * neighbours.map(|j| x[(s, j)] - x[(s, i)]).sum::<f32>()
    })
}

impl Layer for GapJunctions {
    fn name(&self) -> &'static str {
        "gap-junctions"
    }
    fn inputs(&self) -> usize {
        self.0
    }
    fn forward(&self, _: &[f32], x: &Matrix, y: &mut Matrix, _: Pass<'_>) -> Done {
        NumericsError::check_shape("gap junctions' input", x.shape(), (x.nrows(), self.0))?;
        y.copy_from(&exchange(x));
        Ok(())
    }
    fn backward(&self, _: &[f32], _: Passed<'_>, grad: Gradients<'_>) -> Done {
        grad.x.copy_from(&exchange(grad.y));
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let gather = Band::new(Kind::Gather, Wiring::Lattice, 12, true)?;
    let (function, features) = (Activation::LogSoftmax, 10);
    let decide = Nonlinearity { function, features };
    let (own, streams) = (Arc::new(GapJunctions(10)), Streams::new(1));
    let network = Network::new(vec![Arc::new(gather), own, Arc::new(decide)])?
        .initialised(&mut streams.weights.clone());
    // Ten codes of 12 numbers, one of each class.
    let codes = Codes::fixed(&DMatrix::identity(10, 12), (0..10).collect())?;
    let mut trainer = Trainer::new(network, &TrainingParams::default(), streams)?;
    for _ in 0..800 {
        trainer.train_epoch(&codes)?;
    }
    println!("accuracy: {}", trainer.test(&codes)?.1);
    Ok(())
}
