//! What the studies of microcircuits have in common.

use anyhow::Result;
use microcircuit::{
    Integrator, Microcircuit, NetworkParams, Number, Params, PresentError, PyraLNet, SteadNet,
    Synapse, Weights,
};
use serde::{Deserialize, Serialize};

use super::{Idle, Metric, Outcome};
use crate::results::stats::argmax;
use crate::results::{Column, columns};

/// Which of the two networks computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lower")]
pub(crate) enum Model {
    /// The full simulation.
    #[default]
    PyraLNet,
    /// The steady-state approximation.
    SteadNet,
}

impl Model {
    /// A network of this kind at rest. `normal` supplies noise. The published programs are in single precision.
    pub(crate) fn build<T: Number>(
        self,
        params: Params,
        weights: Weights<T>,
        normal: impl FnMut() -> f64 + Send + 'static,
    ) -> Result<Box<dyn Microcircuit<T>>> {
        Ok(match self {
            Self::PyraLNet => Box::new(PyraLNet::with_noise(params, &weights, normal)?),
            Self::SteadNet => Box::new(SteadNet::new(params, &weights)?),
        })
    }

    /// Parameters of such a network that do nothing for this kind.
    pub(super) fn idle(self, network: &NetworkParams) -> Vec<Idle> {
        match self {
            Self::SteadNet => Idle::all(
                &[
                    "network.dt_ms",
                    "network.tau_0_ms",
                    "network.out_lag_ms",
                    "network.input",
                    "network.tolerance",
                ],
                "model",
            ),
            Self::PyraLNet => {
                let steady = ["network.n_passes", "network.n_exposures", "network.sweep"];
                let mut idle = Idle::all(&steady, "model");
                if network.integrator == Integrator::Euler {
                    idle.extend(Idle::all(&["network.tolerance"], "network.integrator"));
                }
                idle
            }
        }
    }

    /// Estimated seconds for one pattern, from measured times per step and weight.
    pub(super) fn pattern_seconds(self, network: &NetworkParams) -> f64 {
        let pairs = network.dims.windows(2).map(|d| d[0] * d[1]);
        let weights = (pairs.sum::<usize>() * 4) as f64;
        match self {
            Self::PyraLNet => {
                // The input layer costs little per step. Adaptive steps are those of the transient and few more.
                let inner = network
                    .dims
                    .windows(2)
                    .skip(1)
                    .map(|d| d[0] * d[1])
                    .sum::<usize>()
                    * 4;
                let steps = network.t_pattern_ms / network.dt_ms;
                let steps = match network.integrator {
                    Integrator::Euler => steps,
                    Integrator::Adaptive => steps.min(200.0),
                };
                steps * (1.2e-7 + 8e-11 * inner as f64)
            }
            Self::SteadNet => {
                let sweeps = network.n_passes as f64 + 1.0;
                network.n_exposures as f64 * sweeps * (2e-7 + 2e-10 * weights)
            }
        }
    }
}

/// Columns of [`NetworkParams`].
pub(super) const NETWORK: &[Column] = &columns! {
    "network.dims" ["list"] "neurons per layer: input, hidden layers, output",
    "network.activation" ["word"] "from somatic potential to rate",
    "network.dt_ms" ["ms"] "Euler step",
    "network.g_l" ["1/ms"] "leak conductance of every soma",
    "network.g_b" ["1/ms"] "conductance from basal dendrite to soma of a pyramidal neuron",
    "network.g_a" ["1/ms"] "conductance from apical dendrite to soma of a hidden pyramidal neuron",
    "network.g_d" ["1/ms"] "conductance from dendrite to soma of an interneuron",
    "network.g_som" ["1/ms"] "conductance of the nudging of output neurons and interneurons",
    "network.tau_w_ms" ["ms"] "time constant of the low-pass Δ of weight changes",
    "network.tau_0_ms" ["ms"] "time constant of the transition from one pattern to the next",
    "network.noise" ["1/ms"] "standard deviation of the noise on the derivative of every soma, once a step",
    "network.bias_rate" [""] "rate of the bias neuron; empty: no bias",
    "network.eta_up" [""] "learning rates of the forward weights, per layer",
    "network.eta_ip" [""] "learning rates from pyramidal neurons to interneurons, per hidden layer",
    "network.eta_pi" [""] "learning rates from interneurons to pyramidal neurons, per hidden layer",
    "network.init_up" [""] "initial forward weights are uniform between minus and plus this",
    "network.init_down" [""] "the same for feedback weights",
    "network.init_pi" [""] "the same for weights from interneurons to pyramidal neurons",
    "network.init_ip" [""] "the same for weights from pyramidal neurons to interneurons",
    "network.start" ["word"] "whether lateral weights start as drawn (random) or self-predicting",
    "network.t_pattern_ms" ["ms"] "time for which a pattern is presented",
    "network.out_lag_ms" ["ms"] "the output is averaged from this time of a pattern on",
    "network.learning_lag_ms" ["ms"] "plasticity is off until this time of a pattern",
    "network.reset_deltas" ["true or false"] "whether the low-pass Δ is zeroed after each pattern",
    "network.input" ["word"] "coordinates in which forward weights from the input are simulated: plain or factored",
    "network.integrator" ["word"] "how the full simulation advances in time: euler, as published, or adaptive",
    "network.tolerance" [""] "error of rates that the adaptive integrator allows itself per leap",
    "network.n_passes" ["sweeps"] "SteadNet: upward and downward sweeps per exposure",
    "network.n_exposures" [""] "SteadNet: weight updates per pattern",
    "network.sweep" ["word"] "SteadNet: which layers the downward sweep visits; empty: by the number of hidden layers",
};

/// Column of [`Model`].
pub(super) const MODEL: &[Column] = &columns! {
    "model" ["word"] "full simulation (pyralnet) or steady-state approximation (steadnet)",
};

/// Metrics of every run of a microcircuit.
pub(super) const ENGINE: Metric = Metric::neutral("engine", "word", "vector unit that computed");
pub(super) const DIVERGED: Metric = Metric::neutral(
    columns::DIVERGED,
    "text",
    "what diverged; empty for a run that ended well",
);
/// See [`distance_from_self_prediction`].
pub(super) const IP_DISTANCE: Metric = Metric::lower(
    "ip_distance",
    "",
    "squared distance of the weights from pyramidal neurons to interneurons from the self-predicting state, at the end",
);
pub(super) const PI_DISTANCE: Metric = Metric::lower(
    "pi_distance",
    "",
    "squared distance of the weights from interneurons to pyramidal neurons from minus the feedback weights, at the end",
);

/// The number type of a simulation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Precision {
    /// Single precision, as the published programs
    #[default]
    F32,
    /// Double precision
    F64,
}

impl Precision {
    /// Whether it is the default.
    pub(super) fn is_single(&self) -> bool {
        *self == Self::F32
    }
}

/// Bytes of a network: of every weight, its kind's other matrices, copies and forms of it.
pub(super) fn network_bytes(network: &NetworkParams) -> (&'static str, f64) {
    let pairs = network.dims.windows(2);
    let weights: f64 = pairs.map(|d| d[0] as f64 * d[1] as f64).sum();
    let neurons: f64 = network.dims.iter().map(|&n| n as f64).sum();
    ("network.dims", 200.0 * (weights + neurons))
}

/// Parameters that do nothing where nothing is learned.
pub(super) const PLASTICITY: [&str; 6] = [
    "network.eta_up",
    "network.eta_ip",
    "network.eta_pi",
    "network.tau_w_ms",
    "network.learning_lag_ms",
    "network.reset_deltas",
];

/// Squared distances of the lateral weights of the first hidden layer from the self-predicting
/// state: `‖W_ip − W_ip*‖²` and `‖W_pi + W_down‖²`, where `W_ip*` holds the forward weights of the
/// next layer times the ratio of conductances that makes interneurons settle where that layer does.
///
/// Source: Hill (2020), Fig. 4d; Sacramento et al., arXiv:1801.00062.
pub(super) fn distance_from_self_prediction(params: &Params, weights: &Weights<f32>) -> (f64, f64) {
    let ideal = weights.clone().self_predicting(params);
    let distance = |synapse| {
        let (w, ideal) = (weights.get(1, synapse), ideal.get(1, synapse));
        w.zip(ideal)
            .map_or(f64::NAN, |(w, ideal)| f64::from((w - ideal).norm_squared()))
    };
    (distance(Synapse::Ip), distance(Synapse::Pi))
}

/// Mean squared error and accuracy, added up pattern by pattern.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Score {
    squared_error: f64,
    entries: usize,
    correct: usize,
    patterns: usize,
}

impl Score {
    /// Adds one output and what it should have been.
    pub(super) fn add<T: Number>(&mut self, output: &[T], target: &[f64], label: usize) {
        let pairs = output.iter().zip(target);
        let squares = pairs.map(|(u, t)| (u.to_f64() - t).powi(2));
        self.squared_error += squares.sum::<f64>();
        self.entries += output.len();
        self.correct += usize::from(argmax(output) == label);
        self.patterns += 1;
    }

    /// Mean over patterns and output neurons.
    pub(super) fn mse(&self) -> f64 {
        self.squared_error / self.entries as f64
    }

    /// Fraction of patterns whose largest output is not that of their class.
    pub(super) fn error(&self) -> f64 {
        (self.patterns - self.correct) as f64 / self.patterns as f64
    }

    /// Patterns added so far.
    pub(super) fn patterns(&self) -> usize {
        self.patterns
    }

    /// Fraction of patterns whose largest output is that of their class.
    pub(super) fn accuracy(&self) -> f64 {
        self.correct as f64 / self.patterns as f64
    }
}

/// Divergence is a result of a parameter point, not a failure of the sweep: it becomes the metric
/// `diverged`, which is empty for a run that ended well. Other errors pass through.
pub(super) fn record_divergence(result: Result<()>, outcome: &mut Outcome) -> Result<()> {
    let diverged = match result {
        Ok(()) => String::new(),
        Err(error) => match error.downcast_ref::<PresentError>() {
            Some(PresentError::Diverged(at)) => format!(
                "{:?} of layer {} was {:e} at {} ms",
                at.compartment, at.layer, at.value, at.time_ms
            ),
            _ => return Err(error),
        },
    };
    outcome.metric("diverged", diverged);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_averaged_over_patterns_and_output_neurons() {
        let mut score = Score::default();
        score.add(&[1.0, 0.5, 0.0], &[1.0, 0.0, 0.0], 0);
        score.add(&[0.0, 0.5, 0.0], &[0.0, 0.5, 1.0], 2);
        assert_eq!(score.mse(), (0.25 + 1.0) / 6.0);
        assert_eq!((score.accuracy(), score.error()), (0.5, 0.5));
        assert_eq!(score.patterns(), 2);
    }
}
