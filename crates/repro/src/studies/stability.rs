//! Three neurons, one of each kind, watched as they settle, oscillate or diverge.

use anyhow::{Context as _, Result, ensure};
use microcircuit::{
    Compartment, Every, HiddenWeights, Microcircuit as _, NetworkParams, Params, Pattern, PyraLNet,
    View, Weights, steady,
};
use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

use super::circuits::{DIVERGED, Model, NETWORK, PLASTICITY, network_bytes, record_divergence};
use super::{DataSets, Idle, Metric, Monitor, Outcome, Study};
use crate::results::{Cell, Column, Table, columns};

/// Settings of a network 1-1-1 with a constant input and a constant target.
///
/// Source: Hill (2020), Fig. 3.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stability {
    network: NetworkParams,
    weights: Synapses,
    /// Rate of the input neuron and target potential of the output neuron.
    input: f64,
    target: f64,
    /// Potential at which the hidden neuron starts, the others being settled; none: all at rest.
    #[serde(default)]
    start_hidden: Option<f64>,
    phase: Phase,
    /// Steps between the rows of table `traces`.
    record_steps: usize,
}

/// The five weights.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Synapses {
    up_1: f64,
    up_2: f64,
    ip: f64,
    pi: f64,
    down: f64,
}

/// Range of potentials of the hidden neuron over which its derivative is tabulated.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Phase {
    from: f64,
    to: f64,
    points: usize,
}

impl Synapses {
    fn matrices(self) -> Weights<f64> {
        let one = |w| DMatrix::from_element(1, 1, w);
        Weights {
            hidden: vec![HiddenWeights {
                up: one(self.up_1),
                down: one(self.down),
                pi: one(self.pi),
                ip: one(self.ip),
            }],
            output: one(self.up_2),
        }
    }
}

/// Somatic potentials of hidden neuron, interneuron and output.
type Somata = [f64; 3];

impl Stability {
    fn params(&self) -> Result<Params> {
        self.network.check().context("network")
    }

    fn pattern(&self) -> Pattern<'_> {
        Pattern {
            input: std::slice::from_ref(&self.input),
            target: std::slice::from_ref(&self.target),
            nudge: true,
            learn: false,
            noise: false,
        }
    }

    /// The network at its start, and the time (ms) that its preparation took.
    ///
    /// A start away from rest is prepared as an experimenter would: with the apical inputs cut and
    /// the input weight chosen such that the hidden neuron settles where it should, the network is
    /// left to itself until nothing moves; then it gets its own weights back.
    fn start(&self, params: &Params) -> Result<(PyraLNet<f64>, f64)> {
        let weights = self.weights.matrices();
        let Some(hidden) = self.start_hidden else {
            return Ok((PyraLNet::new(params.clone(), &weights)?, 0.0));
        };
        let clamped = Synapses {
            up_1: hidden / (params.basal_prediction(1) * self.input),
            pi: 0.0,
            down: 0.0,
            ..self.weights
        };
        let mut network = PyraLNet::new(params.clone(), &clamped.matrices())?;
        let NetworkParams { g_l, g_b, g_d, .. } = self.network;
        let slowest_ms = 1.0 / (g_l + g_b.min(g_d));
        let patterns = (60.0 * slowest_ms / self.network.t_pattern_ms).ceil();
        for _ in 0..patterns as usize {
            network.present(&self.pattern(), &mut ())?;
        }
        network.set_weights(&weights)?;
        Ok((network, patterns * self.network.t_pattern_ms))
    }

    /// Where output and interneuron would settle if the hidden neuron stood still.
    fn settled(&self, params: &Params, weights: &Weights<f64>, hidden: f64) -> Pair {
        let target = Some(std::slice::from_ref(&self.target));
        let output = only(steady::output(params, weights, &[hidden], target));
        let inn = steady::interneurons(params, weights, 1, &[hidden], &[output]);
        Pair {
            interneuron: only(inn),
            output,
        }
    }

    /// u̇ of the hidden neuron at potential `hidden`, the others being where they settle with it.
    fn derivative(&self, params: &Params, weights: &Weights<f64>, hidden: f64) -> f64 {
        let Pair {
            interneuron,
            output,
        } = self.settled(params, weights, hidden);
        only(steady::pyramidal_derivative(
            params,
            weights,
            1,
            &[self.input],
            &[hidden],
            &[interneuron],
            &[output],
        ))
    }
}

struct Pair {
    interneuron: f64,
    output: f64,
}

/// The entry of a vector of one neuron.
fn only(values: Option<Vec<f64>>) -> f64 {
    values.and_then(|v| v.first().copied()).unwrap_or(f64::NAN)
}

/// The three somata, wherever their potentials can be had.
fn somata(potential: impl Fn(usize, Compartment) -> Option<Vec<f64>>) -> Somata {
    [
        only(potential(1, Compartment::Soma)),
        only(potential(1, Compartment::InnSoma)),
        only(potential(2, Compartment::Soma)),
    ]
}

/// Parameters of weights that are drawn: here they are given.
const DRAWN: [&str; 5] = [
    "network.init_up",
    "network.init_down",
    "network.init_pi",
    "network.init_ip",
    "network.start",
];
/// Columns of table `phase`.
const PHASE: [Column; 2] = columns! {
    "hidden" [""] "potential of the hidden neuron",
    "derivative_per_ms" ["1/ms"] "its du/dt, the others being where they settle with it",
};
/// Columns of table `traces`.
const TRACES: [Column; 6] = columns! {
    "t_ms" ["ms"] "time",
    "hidden" [""] "potential of the hidden neuron",
    "interneuron" [""] "potential of the interneuron",
    "output" [""] "potential of the output neuron",
    "interneuron_steady" [""] "potential where the interneuron would settle, given the hidden potential alone",
    "output_steady" [""] "potential where the output neuron would settle, given the hidden potential alone",
};

/// Columns of its own settings.
const SETTINGS: &[Column] = &columns! {
    "weights.up_1" [""] "weight from input to hidden neuron",
    "weights.up_2" [""] "weight from hidden to output neuron",
    "weights.ip" [""] "weight from hidden neuron to interneuron",
    "weights.pi" [""] "weight from interneuron to hidden neuron",
    "weights.down" [""] "weight from output to hidden neuron",
    "input" [""] "rate of the input neuron",
    "target" [""] "target potential of the output neuron",
    "start_hidden" [""] "potential at which the hidden neuron starts, the others being settled; empty: all at rest",
    "phase.from" [""] "lowest potential of table phase",
    "phase.to" [""] "highest potential of table phase",
    "phase.points" [""] "rows of table phase",
    "record_steps" ["steps"] "steps between the rows of table traces",
};

impl Study for Stability {
    const NAME: &'static str = "stability";
    const METRICS: &'static [Metric] = &[
        Metric::neutral(
            "initial_hidden",
            "",
            "potential of the hidden neuron at the start",
        ),
        Metric::neutral(
            "final_hidden",
            "",
            "potential of the hidden neuron at the end",
        ),
        Metric::neutral(
            "final_interneuron",
            "",
            "potential of the interneuron at the end",
        ),
        Metric::neutral(
            "final_output",
            "",
            "potential of the output neuron at the end",
        ),
        Metric::neutral(
            "initial_derivative_per_ms",
            "1/ms",
            "du/dt of the hidden neuron at its initial potential, the others being settled",
        ),
        Metric::neutral(
            "final_derivative_per_ms",
            "1/ms",
            "du/dt of the hidden neuron at its final potential, the others being settled",
        ),
        Metric::lower(
            "final_speed_per_ms",
            "1/ms",
            "size of final_derivative_per_ms: 0 where the network has settled",
        ),
        DIVERGED,
    ];
    const HEADLINE: &'static str = "final_speed_per_ms";
    const SETTINGS: &'static [&'static [Column]] = &[NETWORK, SETTINGS];
    const TABLES: &'static [(&'static str, &'static [Column])] =
        &[("traces", &TRACES), ("phase", &PHASE)];
    /// 2: steady states follow from the hidden potential alone, as in eqs. 33 and 34 of the source.
    const VERSION: u32 = 2;

    fn idle(&self) -> Vec<Idle> {
        let mut idle = Idle::all(&PLASTICITY, "study");
        idle.extend(Idle::all(&DRAWN, "weights"));
        idle.extend(Model::PyraLNet.idle(&self.network));
        idle
    }

    fn memory(&self) -> Vec<(&'static str, f64)> {
        let rows = self.network.t_pattern_ms / self.network.dt_ms / self.record_steps.max(1) as f64;
        vec![
            network_bytes(&self.network),
            ("record_steps", 300.0 * rows),
            ("phase.points", 120.0 * self.phase.points as f64),
        ]
    }

    fn check(&self, _: u64) -> Result<()> {
        self.params()?;
        let dims = &self.network.dims;
        ensure!(
            *dims == [1, 1, 1],
            "network.dims = {dims:?}: the study is about [1, 1, 1]"
        );
        ensure!(
            self.network.bias_rate.is_none() && self.network.noise == 0.0,
            "network: the study has neither bias neuron nor noise"
        );
        let Synapses {
            up_1,
            up_2,
            ip,
            pi,
            down,
        } = self.weights;
        let numbers = [up_1, up_2, ip, pi, down, self.input, self.target];
        ensure!(
            numbers.iter().all(|x| x.is_finite()),
            "weights, input and target must be finite: {numbers:?}"
        );
        if let Some(start) = self.start_hidden {
            ensure!(
                start.is_finite() && self.input != 0.0,
                "start_hidden = {start} with input = {}: a finite start is reached through an \
                 input that is not zero",
                self.input
            );
        }
        let Phase { from, to, points } = self.phase;
        ensure!(
            from.is_finite() && to.is_finite() && from < to && points >= 2,
            "phase = {{ from = {from}, to = {to}, points = {points} }}: from below to, 2 points or more"
        );
        let steps = self.params()?.steps_per_pattern();
        ensure!(
            self.record_steps > 0 && steps % self.record_steps == 0,
            "record_steps = {}: it must divide the {steps} steps of a pattern",
            self.record_steps
        );
        Ok(())
    }

    fn seconds(&self) -> f64 {
        5.0 * self.network.t_pattern_ms / self.network.dt_ms * 3e-7
    }

    fn run(&self, _: u64, _: &DataSets, monitor: &Monitor<'_>) -> Result<Outcome> {
        let params = self.params()?;
        let weights = self.weights.matrices();
        let (mut network, prepared_ms) = self.start(&params)?;
        monitor.at(0.5)?;
        let mut traces = Table::new(TRACES);
        let mut record = |time_ms: f64, somata: Somata| {
            let [hidden, inn, output] = somata;
            let steady = self.settled(&params, &weights, hidden);
            let row = [hidden, inn, output, steady.interneuron, steady.output];
            let [a, b, c, d, e] = row.map(|u| Cell::rounded(u, 6));
            traces.push([Cell::rounded(time_ms, 9), a, b, c, d, e]);
        };
        let start = somata(|layer, compartment| network.potential(layer, compartment));
        record(0.0, start);
        let mut observer = Every(self.record_steps as u64, |view: &View<'_, f64>| {
            let somata = somata(|layer, compartment| view.potential(layer, compartment));
            record(view.time_ms - prepared_ms, somata);
        });
        let presented = network.present(&self.pattern(), &mut observer).map(drop);
        let end = somata(|layer, compartment| network.potential(layer, compartment));
        let mut phase = Table::new(PHASE);
        let Phase { from, to, points } = self.phase;
        for i in 0..points {
            let u = from + (to - from) * i as f64 / (points - 1) as f64;
            let derivative = self.derivative(&params, &weights, u);
            phase.push([Cell::rounded(u, 7), Cell::rounded(derivative, 7)]);
        }
        let mut outcome = Outcome::default();
        outcome.metric("initial_hidden", start[0]);
        outcome.metric("final_hidden", end[0]);
        outcome.metric("final_interneuron", end[1]);
        outcome.metric("final_output", end[2]);
        let speed = |u| self.derivative(&params, &weights, u);
        outcome.metric("initial_derivative_per_ms", speed(start[0]));
        outcome.metric("final_derivative_per_ms", speed(end[0]));
        outcome.metric("final_speed_per_ms", speed(end[0]).abs());
        outcome.table("traces", traces);
        outcome.table("phase", phase);
        record_divergence(presented.map_err(Into::into), &mut outcome)?;
        Ok(outcome)
    }
}
