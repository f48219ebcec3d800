//! How far the steady-state approximation is from the full simulation.

use anyhow::{Result, ensure};
use microcircuit::{Integrator, Microcircuit, NetworkParams, Params, Pattern, Weights};
use serde::{Deserialize, Serialize};

use super::circuits::{Model, PLASTICITY, network_bytes, record_divergence, somata};
use super::yinyang::{Schedule, Session, Task};
use super::{DataSets, Idle, Metric, Monitor, Outcome, Study};
use crate::results::{Cell, Table};

/// Settings of a comparison: one simulation, and beside it a steady-state network for every
/// combination of `n_passes` and `n_exposures`, all from the same weights and with the same
/// Yin-Yang samples.
///
/// Source: Hill (2020), Fig. 5.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SteadyState {
    network: NetworkParams,
    #[serde(default)]
    task: Task,
    /// Training samples presented, in the order of the set.
    patterns: usize,
    /// Whether the target nudges the output, and whether weights are plastic.
    nudge: bool,
    learn: bool,
    /// Sweeps per exposure, and weight updates per pattern, of the approximations.
    n_passes: Vec<usize>,
    n_exposures: Vec<usize>,
    /// Patterns between the rows of table `deviations`.
    record_patterns: usize,
}

impl SteadyState {
    /// The parameters of every approximation.
    fn variants(&self) -> Vec<NetworkParams> {
        let all = |&n_exposures| {
            self.n_passes.iter().map(move |&n_passes| NetworkParams {
                n_passes,
                n_exposures,
                ..self.network.clone()
            })
        };
        self.n_exposures.iter().flat_map(all).collect()
    }
}

/// Sums of squares of a difference and of what it is relative to.
#[derive(Clone, Copy, Debug, Default)]
struct Deviation {
    difference: f64,
    reference: f64,
}

impl Deviation {
    /// Adds entries of the simulation and of the approximation.
    fn add<'a>(
        &mut self,
        simulated: impl IntoIterator<Item = &'a f32>,
        approximate: impl IntoIterator<Item = &'a f32>,
    ) {
        for (&s, &a) in simulated.into_iter().zip(approximate) {
            let (s, a) = (f64::from(s), f64::from(a));
            self.difference += (s - a).powi(2);
            self.reference += s.powi(2);
        }
    }

    /// RMS of the difference over RMS of the simulation.
    ///
    /// ```text
    /// √(Σ (x_sim − x_stead)² / Σ x_sim²)
    /// ```
    fn relative(self) -> f64 {
        (self.difference / self.reference).sqrt()
    }
}

type Network = dyn Microcircuit<f32>;

/// Deviation of the settled somatic potentials of all pyramidal neurons and interneurons.
fn potentials(simulation: &Network, approximation: &Network) -> f64 {
    let mut deviation = Deviation::default();
    deviation.add(&somata(simulation), &somata(approximation));
    deviation.relative()
}

/// Deviation of all plastic weights.
fn weights(params: &Params, simulated: &Weights<f32>, approximate: &Weights<f32>) -> f64 {
    use microcircuit::Synapse::{Down, Ip, Pi, Up};
    let mut deviation = Deviation::default();
    for (layer, synapse) in params.synapses() {
        let plastic = match synapse {
            Up => params.eta_up(layer) > 0.0,
            Ip => params.eta_ip(layer) > 0.0,
            Pi => params.eta_pi(layer) > 0.0,
            Down => false,
        };
        if let (true, Some(s), Some(a)) = (
            plastic,
            simulated.get(layer, synapse),
            approximate.get(layer, synapse),
        ) {
            deviation.add(s, a);
        }
    }
    deviation.relative()
}

/// Columns of table `deviations`.
const DEVIATIONS: [&str; 5] = [
    "pattern",
    "n_passes",
    "n_exposures",
    "potentials",
    "weights",
];

impl Study for SteadyState {
    const NAME: &'static str = "steady-state-validity";
    const METRICS: &'static [Metric] = &[
        Metric::neutral("engine"),
        Metric::lower("potential_deviation"),
        Metric::lower("weight_deviation"),
        Metric::neutral("diverged"),
    ];
    const HEADLINE: &'static str = "potential_deviation";

    fn tables(&self) -> Vec<(&'static str, Table)> {
        vec![("deviations", Table::new(DEVIATIONS))]
    }

    fn idle(&self) -> Vec<Idle> {
        let mut idle = Idle::all(&["network.n_passes"], "n_passes");
        idle.extend(Idle::all(&["network.n_exposures"], "n_exposures"));
        if self.network.integrator == Integrator::Euler {
            idle.extend(Idle::all(&["network.tolerance"], "network.integrator"));
        }
        if !self.learn {
            idle.extend(Idle::all(&PLASTICITY, "learn"));
        }
        if !self.nudge {
            let targets = ["task.target_low", "task.target_high"];
            idle.extend(Idle::all(&targets, "nudge"));
        }
        idle
    }

    fn memory(&self) -> Vec<(&'static str, f64)> {
        let variants = self.n_passes.len() as f64 * self.n_exposures.len() as f64;
        let (key, network) = network_bytes(&self.network);
        vec![
            (key, network),
            ("n_exposures", network * variants),
            self.task.memory(&self.network),
        ]
    }

    fn check(&self, seed: u64) -> Result<()> {
        self.task.check(&self.network, seed)?;
        ensure!(
            self.network.noise == 0.0,
            "network.noise = {}: there is no steady state with noise",
            self.network.noise
        );
        ensure!(
            (1..=self.task.train).contains(&self.patterns),
            "patterns = {}: from 1 to the {} training samples",
            self.patterns,
            self.task.train
        );
        ensure!(
            (1..=self.patterns).contains(&self.record_patterns),
            "record_patterns = {}: from 1 to the {} patterns",
            self.record_patterns,
            self.patterns
        );
        ensure!(
            !(self.n_passes.is_empty() || self.n_exposures.is_empty()),
            "n_passes = {:?}, n_exposures = {:?}: at least one of each is needed",
            self.n_passes,
            self.n_exposures
        );
        for variant in self.variants() {
            variant.check()?;
        }
        Ok(())
    }

    fn seconds(&self) -> f64 {
        let variants = self.variants();
        let approximations = variants.iter().map(|v| Model::SteadNet.pattern_seconds(v));
        let pattern = Model::PyraLNet.pattern_seconds(&self.network) + approximations.sum::<f64>();
        self.patterns as f64 * pattern
    }

    fn run(&self, seed: u64, _: &DataSets, monitor: &Monitor<'_>) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        let result = self.compare(seed, monitor, &mut outcome);
        record_divergence(result, &mut outcome)?;
        Ok(outcome)
    }
}

impl SteadyState {
    fn compare(&self, seed: u64, monitor: &Monitor<'_>, outcome: &mut Outcome) -> Result<()> {
        let schedule = Schedule {
            epochs: 0,
            validations: 0,
            validation_patterns: 0,
        };
        let mut session = Session::new(Model::PyraLNet, &self.network, &self.task, schedule, seed)?;
        outcome.metric("engine", session.network.engine());
        let simulation = session.network.as_mut();
        let initial = simulation.weights();
        let variants = self.variants();
        let mut approximations = Vec::new();
        for variant in &variants {
            let params = variant.check()?;
            // Without noise in its parameters a network never asks for a normal deviate.
            approximations.push(Model::SteadNet.build(params, initial.clone(), || 0.0)?);
        }
        let mut deviations = Table::new(DEVIATIONS);
        let mut last = (f64::NAN, f64::NAN);
        for i in 0..self.patterns {
            let pattern = Pattern {
                nudge: self.nudge,
                learn: self.learn,
                ..Pattern::validate(&session.train.inputs[i], &session.train.targets[i])
            };
            simulation.present(&pattern, &mut ())?;
            for approximation in &mut approximations {
                approximation.present(&pattern, &mut ())?;
            }
            if (i + 1) % self.record_patterns != 0 {
                continue;
            }
            monitor.at(i as f64 / self.patterns as f64)?;
            let simulated = simulation.weights();
            for (variant, approximation) in variants.iter().zip(&approximations) {
                last = (
                    potentials(simulation, approximation.as_ref()),
                    weights(&session.params, &simulated, &approximation.weights()),
                );
                deviations.push([
                    (i + 1).into(),
                    variant.n_passes.into(),
                    variant.n_exposures.into(),
                    Cell::rounded(last.0, 4),
                    Cell::rounded(last.1, 4),
                ]);
            }
        }
        outcome.metric("potential_deviation", last.0);
        outcome.metric("weight_deviation", last.1);
        outcome.table("deviations", deviations);
        Ok(())
    }
}
