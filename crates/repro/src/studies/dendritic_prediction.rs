//! One neuron of two compartments, whose dendrite learns to predict its soma.

use anyhow::{Result, ensure};
use microcircuit::{Activation, UrbanczikSenn};
use serde::{Deserialize, Serialize};

use super::{DataSets, Metric, Monitor, Outcome, Study};
use crate::results::{Cell, Column, Table, columns};

/// Settings of a learning neuron. It is nudged towards a target potential for a while; before and
/// after that its dendrite is alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DendriticPrediction {
    neuron: Neuron,
    /// Presynaptic rates, constant in time, and the weights they start with.
    rates: Vec<f64>,
    weights: Vec<f64>,
    /// Target potential.
    target: f64,
    phases: Phases,
    dt_ms: f64,
    /// Steps between the rows of table `traces`.
    record_steps: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Neuron {
    activation: Activation,
    g_l: f64,
    g_d: f64,
    g_som: f64,
    /// Learning rate, 1/ms.
    eta: f64,
    /// Whether weight changes pass a low-pass Δ, and its time constant.
    low_pass: bool,
    tau_w_ms: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Phases {
    before_ms: f64,
    nudged_ms: f64,
    after_ms: f64,
}

impl Phases {
    /// Total time, and whether the neuron is nudged at a given one.
    fn total_ms(&self) -> f64 {
        self.before_ms + self.nudged_ms + self.after_ms
    }

    fn nudged(&self, time_ms: f64) -> bool {
        (self.before_ms..self.before_ms + self.nudged_ms).contains(&time_ms)
    }
}

impl DendriticPrediction {
    fn neuron(&self) -> UrbanczikSenn {
        let Neuron {
            activation,
            g_l,
            g_d,
            g_som,
            eta,
            low_pass,
            tau_w_ms,
        } = self.neuron;
        let mut neuron = UrbanczikSenn {
            g_l,
            g_d,
            g_som,
            activation,
            ..UrbanczikSenn::new(self.weights.clone(), eta, low_pass.then_some(tau_w_ms))
        };
        neuron.soma = neuron.prediction(&self.rates);
        neuron
    }

    /// Rate κ at which the prediction approaches the target, linearised there, with a soma that
    /// has always settled.
    ///
    /// ```text
    /// d(u_target − v̂)/dt = −κ (u_target − v̂)          without low-pass
    /// κ = η λ f'(u_target) ‖r‖² g_d / (g_l + g_d),   λ = g_som / (g_l + g_d + g_som)
    /// ```
    ///
    /// With low-pass it is a second-order system, `τ_w ẍ + ẋ + κ x = 0`.
    fn convergence_rate(&self) -> f64 {
        let Neuron {
            activation,
            g_l,
            g_d,
            g_som,
            eta,
            ..
        } = self.neuron;
        let lambda = g_som / (g_l + g_d + g_som);
        let squares: f64 = self.rates.iter().map(|r| r * r).sum();
        eta * lambda * activation.slope(self.target) * squares * g_d / (g_l + g_d)
    }
}

/// Columns of table `traces`.
const TRACES: [Column; 4] = columns! {
    "t_ms" ["ms"] "time",
    "soma" [""] "somatic potential",
    "prediction" [""] "somatic potential that the dendrite predicts",
    "nudged" ["0 or 1"] "whether the soma is nudged towards the target",
};
/// Columns of table `weights`.
const WEIGHTS: [Column; 4] = columns! {
    "t_ms" ["ms"] "time",
    "synapse" [""] "synapse, from 1",
    "rate" [""] "its presynaptic rate",
    "weight" [""] "its weight",
};

/// Columns of its own settings.
const SETTINGS: &[Column] = &columns! {
    "neuron.activation" ["word"] "from somatic potential to rate",
    "neuron.g_l" ["1/ms"] "leak conductance of the soma",
    "neuron.g_d" ["1/ms"] "conductance from dendrite to soma",
    "neuron.g_som" ["1/ms"] "conductance of the nudging by the target",
    "neuron.eta" ["1/ms"] "learning rate",
    "neuron.low_pass" ["true or false"] "whether weight changes pass a low-pass Δ",
    "neuron.tau_w_ms" ["ms"] "time constant of that low-pass",
    "rates" ["list"] "presynaptic rates, constant in time",
    "weights" ["list"] "weights at the start",
    "target" [""] "target potential",
    "phases.before_ms" ["ms"] "time alone before the nudging",
    "phases.nudged_ms" ["ms"] "time of the nudging",
    "phases.after_ms" ["ms"] "time alone after it",
    "dt_ms" ["ms"] "Euler step",
    "record_steps" ["steps"] "steps between the rows of table traces",
};

impl Study for DendriticPrediction {
    const NAME: &'static str = "dendritic-prediction";
    const METRICS: &'static [Metric] = &[
        Metric::neutral(
            "final_prediction",
            "",
            "somatic potential that the dendrite predicts at the end of the run",
        ),
        Metric::neutral("final_soma", "", "somatic potential at the end of the run"),
        Metric::lower(
            "final_error",
            "",
            "distance of the prediction from the target potential at the end of the run",
        ),
        Metric::neutral(
            "convergence_rate_per_ms",
            "1/ms",
            "rate κ at which the prediction approaches the target by linear theory, without low-pass",
        ),
    ];
    const HEADLINE: &'static str = "final_error";
    const SETTINGS: &'static [&'static [Column]] = &[SETTINGS];
    const TABLES: &'static [(&'static str, &'static [Column])] =
        &[("traces", &TRACES), ("weights", &WEIGHTS)];

    fn memory(&self) -> Vec<(&'static str, f64)> {
        let rows = self.phases.total_ms() / self.dt_ms / self.record_steps.max(1) as f64;
        vec![("record_steps", 300.0 * rows * (1 + self.rates.len()) as f64)]
    }

    fn check(&self, _: u64) -> Result<()> {
        let (synapses, weights) = (self.rates.len(), self.weights.len());
        ensure!(
            synapses == weights && synapses > 0,
            "{synapses} rates and {weights} weights: give one of each per synapse"
        );
        let numbers = self.rates.iter().chain(&self.weights);
        ensure!(
            numbers.chain([&self.target]).all(|x| x.is_finite()),
            "rates = {:?}, weights = {:?}, target = {}: all must be finite",
            self.rates,
            self.weights,
            self.target
        );
        let n = &self.neuron;
        for (key, value) in [
            ("neuron.g_l", n.g_l),
            ("neuron.g_d", n.g_d),
            ("neuron.g_som", n.g_som),
            ("neuron.eta", n.eta),
            ("neuron.tau_w_ms", n.tau_w_ms),
            ("phases.nudged_ms", self.phases.nudged_ms),
            ("dt_ms", self.dt_ms),
        ] {
            ensure!(
                value.is_finite() && value > 0.0,
                "{key} = {value}: must be finite and above zero"
            );
        }
        let Phases {
            before_ms,
            after_ms,
            ..
        } = self.phases;
        for (key, value) in [("before_ms", before_ms), ("after_ms", after_ms)] {
            ensure!(
                value.is_finite() && value >= 0.0,
                "phases.{key} = {value}: must be finite and not negative"
            );
        }
        let limit = (2.0 / (n.g_l + n.g_d + n.g_som)).min(n.tau_w_ms);
        ensure!(
            self.dt_ms < limit,
            "dt_ms = {}: stay below {limit:.3} ms, where explicit Euler is stable",
            self.dt_ms
        );
        let steps = self.phases.total_ms() / self.dt_ms;
        ensure!(
            steps <= 1e8,
            "dt_ms = {}: {steps:.0} steps in all, at most 1e8 are allowed",
            self.dt_ms
        );
        ensure!(
            self.record_steps > 0,
            "record_steps = 0: at least 1, the number of steps between recorded ones"
        );
        Ok(())
    }

    fn seconds(&self) -> f64 {
        self.phases.total_ms() / self.dt_ms * 5e-8
    }

    fn run(&self, _: u64, _: &DataSets, monitor: &Monitor<'_>) -> Result<Outcome> {
        let mut traces = Table::new(TRACES);
        let mut weights = Table::new(WEIGHTS);
        let mut neuron = self.neuron();
        let steps = (self.phases.total_ms() / self.dt_ms).round() as usize;
        for step in 0..=steps {
            let time_ms = step as f64 * self.dt_ms;
            let nudged = self.phases.nudged(time_ms);
            if step % self.record_steps == 0 {
                monitor.at(step as f64 / steps.max(1) as f64)?;
                let time = Cell::rounded(time_ms, 9);
                let potentials = [neuron.soma, neuron.prediction(&self.rates)];
                let [soma, prediction] = potentials.map(|u| Cell::rounded(u, 7));
                traces.push([time.clone(), soma, prediction, usize::from(nudged).into()]);
                for (synapse, (&w, &r)) in neuron.weights.iter().zip(&self.rates).enumerate() {
                    let weight = Cell::rounded(w, 5);
                    weights.push([time.clone(), (synapse + 1).into(), r.into(), weight]);
                }
            }
            neuron.step(self.dt_ms, &self.rates, nudged.then_some(self.target));
        }
        let mut outcome = Outcome::default();
        outcome.metric("final_prediction", neuron.prediction(&self.rates));
        outcome.metric("final_soma", neuron.soma);
        let error = (neuron.prediction(&self.rates) - self.target).abs();
        outcome.metric("final_error", error);
        outcome.metric("convergence_rate_per_ms", self.convergence_rate());
        outcome.table("traces", traces);
        outcome.table("weights", weights);
        Ok(outcome)
    }
}
