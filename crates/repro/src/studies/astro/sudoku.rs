//! Astrocyte Sudoku: a given dense layer as a stack of slides, and what is left over.

use anyhow::{Result, ensure};
use astro::networks::compile::{exact_bands, fit_bands, network, product};
use astro::numerics::random::Streams;
use nalgebra::DMatrix;
use rand::RngExt as _;
use serde::{Deserialize, Serialize};

use super::{DataSets, Idle, Metric, Monitor, Outcome, Study};
use crate::results::{Column, columns};

/// Settings of a run: a dense layer of `size` inputs and outputs with random weights, uniform in ±1/√size.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::studies) struct Sudoku {
    layer: DenseLayer,
    stack: Slides,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DenseLayer {
    size: usize,
}

/// The stack that is to compute it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Slides {
    /// Elimination gives 2·size − 3 slides whatever the depth; least squares as many as asked for.
    method: Method,
    depth: usize,
    /// Least squares: passes over all slides, and random starts of which the best counts.
    sweeps: usize,
    starts: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Method {
    Elimination,
    LeastSquares,
}

/// Columns of its own settings.
const SETTINGS: &[Column] = &columns! {
    "layer.size" [""] "inputs and outputs of the dense layer",
    "stack.method" ["word"] "elimination or least-squares",
    "stack.depth" ["layers"] "least squares: slides",
    "stack.sweeps" [""] "least squares: passes over all slides",
    "stack.starts" [""] "least squares: random starts of which the best counts",
};

impl Study for Sudoku {
    const NAME: &'static str = "astro-sudoku";
    const METRICS: &'static [Metric] = &[
        Metric::neutral("slides", "layers", "slides of the stack that was found"),
        Metric::lower(
            "residual",
            "",
            "distance of the stack from the dense matrix, relative to the norm of the matrix",
        ),
        Metric::lower(
            "network_sup_error",
            "",
            "largest difference between the outputs of stack and dense layer",
        ),
    ];
    const HEADLINE: &'static str = "residual";
    const SETTINGS: &'static [&'static [Column]] = &[SETTINGS];

    fn idle(&self) -> Vec<Idle> {
        let keys: &[_] = match self.stack.method {
            Method::Elimination => &["stack.depth", "stack.sweeps", "stack.starts"],
            Method::LeastSquares => &[],
        };
        Idle::all(keys, "stack.method")
    }

    fn memory(&self) -> Vec<(&'static str, f64)> {
        let (n, depth) = (self.layer.size as f64, self.stack.depth as f64);
        let matrix = 8.0 * n * n;
        let (slides, key) = match self.stack.method {
            Method::Elimination => (2.0 * n, "layer.size"),
            Method::LeastSquares => (depth, "stack.depth"),
        };
        // Of the network in single precision, 1000 samples are kept after every slide.
        vec![
            ("layer.size", 30.0 * matrix + 16e3 * n),
            (key, slides * (3.0 * matrix + 16e3 * n)),
        ]
    }

    fn check(&self, _: u64) -> Result<()> {
        let (DenseLayer { size }, Slides { depth, starts, .. }) = (&self.layer, &self.stack);
        ensure!(*size >= 2, "layer.size = {size}: at least 2 are needed");
        ensure!(*depth > 0, "stack.depth = 0: at least one slide is needed");
        ensure!(*starts > 0, "stack.starts = 0: at least one is needed");
        Ok(())
    }

    fn seconds(&self) -> f64 {
        let (
            n,
            Slides {
                depth,
                sweeps,
                starts,
                ..
            },
        ) = (self.layer.size as f64, &self.stack);
        *depth as f64 * *sweeps as f64 * *starts as f64 * (3.0 * n).powi(3) * 1e-9
    }

    fn run(&self, seed: u64, _: &DataSets, monitor: &Monitor<'_>) -> Result<Outcome> {
        let n = self.layer.size;
        let width = (n as f64).sqrt().recip();
        let mut rng = Streams::new(seed).weights;
        let a = DMatrix::from_fn(n, n, |_, _| rng.random_range(-width..width));
        let bias: Vec<f64> = (0..n).map(|_| rng.random_range(-width..width)).collect();
        let residual = |bands: &[DMatrix<f64>]| {
            product(bands).map_or(f64::NAN, |product| (product - &a).norm() / a.norm())
        };
        let mut best = Vec::new();
        match self.stack.method {
            Method::Elimination => best = exact_bands(&a)?,
            Method::LeastSquares => {
                let Slides {
                    depth,
                    sweeps,
                    starts,
                    ..
                } = self.stack;
                for start in 0..starts {
                    monitor.at(start as f64 / starts as f64)?;
                    let bands = fit_bands(&a, depth, sweeps, &mut rng)?;
                    if best.is_empty() || residual(&bands) < residual(&best) {
                        best = bands;
                    }
                }
            }
        }
        // The network in single precision, against the layer itself, over the cube |x| ≤ 1.
        let stack = network(&best, &bias, 1.0)?;
        let x = DMatrix::from_fn(1000, n, |_, _| rng.random_range(-1.0_f32..1.0));
        let y = stack.predict(&x, &mut rng)?.map(f64::from);
        let dense = x.map(f64::from) * a.transpose();
        let error = (0..n).map(|j| (y.column(j) - dense.column(j)).add_scalar(-bias[j]).amax());
        let mut outcome = Outcome::default();
        outcome.metric("slides", best.len());
        outcome.metric("residual", residual(&best));
        outcome.metric("network_sup_error", error.fold(0.0, f64::max));
        Ok(outcome)
    }
}
