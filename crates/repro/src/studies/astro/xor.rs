//! Exclusive or, by a stack of astrocytes and by a dense network.

use std::sync::Arc;

use anyhow::{Result, ensure};
use astro::networks::classifier::xor_network;
use astro::networks::layers::{Activation, Dense, Nonlinearity, Wiring};
use astro::networks::network::Network;
use astro::numerics::random::Streams;
use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

use super::classifier::Cells;
use super::regression::{Descent, Regression};
use super::{DataSets, Idle, Metric, Monitor, Outcome, Study};
use crate::results::{Column, columns};

/// Settings of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::studies) struct Xor {
    network: XorSettings,
    training: XorTraining,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct XorSettings {
    /// Astrocytes: 2-4-4-6-6-8-8-10-10-8-6-4-2-1. Neurons: 2-`hidden`-1.
    cells: Cells,
    #[serde(default = "published")]
    wiring: Wiring,
    /// Astrocytes: whether layers have biases; the published network has none.
    #[serde(default)]
    bias: bool,
    /// Between the layers.
    activation: Activation,
    #[serde(default = "ten")]
    hidden: usize,
}

fn published() -> Wiring {
    Wiring::Published
}

fn ten() -> usize {
    10
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct XorTraining {
    steps: usize,
    learning_rate: f64,
}

impl Xor {
    fn network(&self) -> Result<Network> {
        let XorSettings {
            cells,
            wiring,
            bias,
            activation,
            hidden,
        } = self.network;
        Ok(match cells {
            Cells::Astrocytes => xor_network(wiring, bias, activation)?,
            Cells::Neurons => Network::new(vec![
                Arc::new(Dense {
                    inputs: 2,
                    outputs: hidden,
                }),
                Arc::new(Nonlinearity {
                    function: activation,
                    features: hidden,
                }),
                Arc::new(Dense {
                    inputs: hidden,
                    outputs: 1,
                }),
            ])?,
        })
    }
}

/// Columns of its own settings.
const SETTINGS: &[Column] = &columns! {
    "network.cells" ["word"] "astrocytes, or neurons in their place",
    "network.wiring" ["word"] "astrocytes: whose connections",
    "network.bias" ["true or false"] "astrocytes: whether layers have biases",
    "network.activation" ["word"] "nonlinearity between the layers",
    "network.hidden" ["neurons"] "neurons: width of the hidden layer",
    "training.steps" ["steps"] "steps of training at most",
    "training.learning_rate" [""] "step size of Adam",
};

impl Study for Xor {
    const NAME: &'static str = "astro-xor";
    const METRICS: &'static [Metric] = &[
        Metric::higher(
            "solved",
            "0 or 1",
            "whether all four outputs came within 0.1 of their targets",
        ),
        Metric::lower(
            "steps",
            "steps",
            "steps of training until it was solved, or all of them",
        ),
        Metric::lower(
            "squared_error",
            "",
            "mean squared error over the four patterns at the end",
        ),
        Metric::neutral("parameters", "", "trained values of the network"),
    ];
    const HEADLINE: &'static str = "solved";
    const SETTINGS: &'static [&'static [Column]] = &[SETTINGS];

    fn idle(&self) -> Vec<Idle> {
        let keys: &[_] = match self.network.cells {
            Cells::Astrocytes => &["network.hidden"],
            Cells::Neurons => &["network.wiring", "network.bias"],
        };
        Idle::all(keys, "network.cells")
    }

    fn memory(&self) -> Vec<(&'static str, f64)> {
        vec![("network.hidden", 1e3 * self.network.hidden as f64)]
    }

    fn check(&self, _: u64) -> Result<()> {
        self.network()?;
        let XorTraining {
            steps,
            learning_rate,
        } = self.training;
        ensure!(steps > 0, "training.steps = 0: at least one is needed");
        ensure!(
            learning_rate > 0.0,
            "training.learning_rate = {learning_rate}: it must be above 0"
        );
        Ok(())
    }

    fn seconds(&self) -> f64 {
        self.training.steps as f64 * 8e-6
    }

    /// Ends as soon as all four outputs are within 0.1 of their targets, which counts as solved.
    fn run(&self, seed: u64, _: &DataSets, monitor: &Monitor<'_>) -> Result<Outcome> {
        let mut network = self.network()?.initialised(&mut Streams::new(seed).weights);
        let task = Regression {
            x: DMatrix::from_row_slice(4, 2, &[0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]),
            target: DMatrix::from_row_slice(4, 1, &[0.0, 1.0, 1.0, 0.0]),
        };
        let XorTraining {
            steps,
            learning_rate,
        } = self.training;
        let descent = Descent {
            steps,
            learning_rate,
            cooling: false,
        };
        let mut solved = false;
        let (error, steps) = task.fit(&mut network, &descent, monitor, |y| {
            solved = (y - &task.target).amax() < 0.1;
            solved
        })?;
        let mut outcome = Outcome::default();
        outcome.metric("solved", usize::from(solved));
        outcome.metric("steps", steps);
        outcome.metric("squared_error", error);
        outcome.metric("parameters", network.theta().len());
        Ok(outcome)
    }
}
