//! How near a trained stack of astrocytes comes to a function on a bounded domain.

use std::sync::Arc;

use anyhow::{Result, ensure};
use astro::networks::layers::{
    Activation, Band, Dense, Initial, Kind, Layer, Nonlinearity, Wiring,
};
use astro::networks::network::Network;
use astro::numerics::random::Streams;
use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

use super::classifier::Cells;
use super::regression::{Descent, Regression};
use super::{DataSets, Metric, Monitor, Outcome, Study};
use crate::results::{Column, columns};

/// Settings of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::studies) struct Approximation {
    target: Target,
    network: Stack,
    training: Fit,
}

/// Functions on \[−1, 1\] or \[−1, 1\]², with values in \[−1, 1\].
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Target {
    /// sin 2πx.
    Sine,
    /// 1 − 2|x|: a kink.
    Kink,
    /// 2 exp(−(x₁² + x₂²)/0.18) − 1.
    Bump,
    /// sin πx₁ cos πx₂.
    Ripple,
}

impl Target {
    fn inputs(self) -> usize {
        match self {
            Self::Sine | Self::Kink => 1,
            Self::Bump | Self::Ripple => 2,
        }
    }

    fn at(self, x: &[f64]) -> f64 {
        use std::f64::consts::{PI, TAU};
        match self {
            Self::Sine => (TAU * x[0]).sin(),
            Self::Kink => 1.0 - 2.0 * x[0].abs(),
            Self::Bump => 2.0 * (-(x[0] * x[0] + x[1] * x[1]) / 0.18).exp() - 1.0,
            Self::Ripple => (PI * x[0]).sin() * (PI * x[1]).cos(),
        }
    }

    /// A regular grid over the domain with about this many points.
    fn grid(self, points: usize) -> Regression {
        let inputs = self.inputs();
        let side = (points as f64).powf(1.0 / inputs as f64).round() as usize;
        let coordinate = |i: usize| 2.0 * i as f64 / (side - 1) as f64 - 1.0;
        let n = side.pow(inputs as u32);
        let x = DMatrix::from_fn(n, inputs, |s, k| {
            coordinate(s / side.pow(k as u32) % side) as f32
        });
        let target = DMatrix::from_fn(n, 1, |s, _| {
            let point: Vec<f64> = x.row(s).iter().map(|&x| f64::from(x)).collect();
            self.at(&point) as f32
        });
        Regression { x, target }
    }
}

/// A stack of astrocytes as wide as `width`, or a dense network with one hidden layer and as many values.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stack {
    cells: Cells,
    /// The stack spreads from the inputs by two a layer to (at least) this width, slides there, and gathers to one output.
    width: usize,
    /// Slides at full width.
    slides: usize,
    activation: Activation,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fit {
    steps: usize,
    learning_rate: f64,
    /// Points of the grid that is learned.
    points: usize,
    /// Points of the finer grid that the error is measured on.
    test_points: usize,
}

impl Approximation {
    /// The astrocyte stack: lattice wiring, so that every input is read.
    fn astrocytes(&self) -> Result<Network> {
        let Stack {
            width,
            slides,
            activation,
            ..
        } = self.network;
        let mut features = self.target.inputs();
        let spreads = width.saturating_sub(features).div_ceil(2);
        let gathers = (features + 2 * spreads) / 2;
        let kinds = [
            vec![Kind::Spread; spreads],
            vec![Kind::Slide; slides],
            vec![Kind::Gather; gathers],
        ];
        let mut layers: Vec<Arc<dyn Layer>> = Vec::new();
        for kind in kinds.concat() {
            if !layers.is_empty() {
                layers.push(Arc::new(Nonlinearity {
                    function: activation,
                    features,
                }));
            }
            let band = Band::new(kind, Wiring::Lattice, features, true)?;
            features = kind.outputs(features);
            layers.push(Arc::new(band.with_initial(Initial::Preserving)));
        }
        Ok(Network::new(layers)?)
    }

    /// Number of astrocyte layers, and the network to train.
    fn network(&self) -> Result<(usize, Network)> {
        let astrocytes = self.astrocytes()?;
        let depth = astrocytes
            .layers()
            .iter()
            .filter(|layer| layer.connections() > 0)
            .count();
        if self.network.cells == Cells::Astrocytes {
            return Ok((depth, astrocytes));
        }
        // A hidden unit has its weights, its bias and its way out; the output has a bias.
        let inputs = self.target.inputs();
        let hidden = (astrocytes.theta().len().saturating_sub(1) / (inputs + 2)).max(1);
        let layers: Vec<Arc<dyn Layer>> = vec![
            Arc::new(Dense {
                inputs,
                outputs: hidden,
            }),
            Arc::new(Nonlinearity {
                function: self.network.activation,
                features: hidden,
            }),
            Arc::new(Dense {
                inputs: hidden,
                outputs: 1,
            }),
        ];
        Ok((depth, Network::new(layers)?))
    }
}

/// Columns of its own settings.
const SETTINGS: &[Column] = &columns! {
    "target" ["word"] "function that is approximated: sine, kink, bump or ripple",
    "network.cells" ["word"] "a stack of astrocytes, or a dense network with as many values",
    "network.width" ["cells"] "width that the stack spreads to",
    "network.slides" ["layers"] "slides at full width",
    "network.activation" ["word"] "nonlinearity between the layers",
    "training.steps" ["steps"] "steps of training",
    "training.learning_rate" [""] "step size of Adam at the start",
    "training.points" ["points"] "points of the grid that is learned",
    "training.test_points" ["points"] "points of the finer grid that errors are measured on",
};

impl Study for Approximation {
    const NAME: &'static str = "astro-approximation";
    const METRICS: &'static [Metric] = &[
        Metric::neutral(
            "depth",
            "layers",
            "astrocyte layers of the stack, also where neurons are trained in its place",
        ),
        Metric::neutral("parameters", "", "trained values of the network"),
        Metric::lower("sup_error", "", "largest error on the finer grid"),
        Metric::lower(
            "rms_error",
            "",
            "root of the mean squared error on the finer grid",
        ),
    ];
    const HEADLINE: &'static str = "sup_error";
    const SETTINGS: &'static [&'static [Column]] = &[SETTINGS];

    fn memory(&self) -> Vec<(&'static str, f64)> {
        let Stack { width, slides, .. } = self.network;
        let (width, slides) = (width as f64, slides as f64);
        let layers = 1.5 * width + slides;
        let (key, larger) = match width > slides {
            true => ("network.width", width),
            false => ("network.slides", slides),
        };
        let Fit {
            points,
            test_points,
            ..
        } = self.training;
        let sample = 16.0 * layers * (width + 2.0);
        vec![
            (key, 100.0 * larger + 40.0 * layers * (width + 2.0)),
            ("training.points", points as f64 * sample),
            ("training.test_points", test_points as f64 * sample),
        ]
    }

    fn check(&self, _: u64) -> Result<()> {
        self.network()?;
        let Fit {
            steps,
            learning_rate,
            points,
            test_points,
        } = self.training;
        ensure!(steps > 0, "training.steps = 0: at least one is needed");
        ensure!(
            learning_rate > 0.0,
            "training.learning_rate = {learning_rate}: it must be above 0"
        );
        for (key, points) in [("points", points), ("test_points", test_points)] {
            ensure!(
                points >= 4,
                "training.{key} = {points}: at least 4 are needed"
            );
        }
        Ok(())
    }

    fn seconds(&self) -> f64 {
        let layers =
            3.0 * self.network.width as f64 * (self.network.width + self.network.slides) as f64;
        self.training.steps as f64 * (2e-5 + 4e-10 * layers * self.training.points as f64)
    }

    fn run(&self, seed: u64, _: &DataSets, monitor: &Monitor<'_>) -> Result<Outcome> {
        let (depth, network) = self.network()?;
        let mut network = network.initialised(&mut Streams::new(seed).weights);
        let Fit {
            steps,
            learning_rate,
            points,
            test_points,
        } = self.training;
        let descent = Descent {
            steps,
            learning_rate,
            cooling: true,
        };
        let (mse, _) = self
            .target
            .grid(points)
            .fit(&mut network, &descent, monitor, |_| false)?;
        let test = self.target.grid(test_points);
        let y = network.predict(&test.x, &mut Streams::new(seed).layers)?;
        let mut outcome = Outcome::default();
        outcome.metric("depth", depth);
        outcome.metric("parameters", network.theta().len());
        outcome.metric("sup_error", f64::from((y - &test.target).amax()));
        outcome.metric("rms_error", mse.sqrt());
        Ok(outcome)
    }
}
