//! How far the steady-state approximation is from the full simulation.

use anyhow::{Result, ensure};
use microcircuit::{
    Compartment, Integrator, Microcircuit, NetworkParams, Params, Pattern, Synapse,
};
use serde::{Deserialize, Serialize};

use super::circuits::{
    DIVERGED, ENGINE, Model, NETWORK, PLASTICITY, network_bytes, record_divergence,
};
use super::yinyang::{Schedule, Session, TASK, Task};
use super::{DataSets, Idle, Metric, Monitor, Outcome, Study};
use crate::results::{Cell, Column, Table, columns};

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
    /// Patterns from one row of a quantity in table `deviations` to the next.
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

type Network = dyn Microcircuit<f32>;

/// What is compared.
#[derive(Clone, Copy, Debug)]
enum Quantity {
    /// Settled somata of one population.
    Somata(usize, Compartment),
    /// One plastic matrix.
    Weights(usize, Synapse),
}

impl Quantity {
    /// What a run compares: all plastic matrices if it learns, else all somata.
    fn of(params: &Params, learn: bool) -> Vec<Self> {
        if !learn {
            let populations = |layer| {
                let kinds = [Compartment::Soma, Compartment::InnSoma];
                kinds.map(|kind| Self::Somata(layer, kind))
            };
            let output = params.n_hidden() + 1;
            let hidden = (1..output).flat_map(populations);
            return hidden
                .chain([Self::Somata(output, Compartment::Soma)])
                .collect();
        }
        let plastic = |&(layer, synapse): &(usize, Synapse)| match synapse {
            Synapse::Up => params.eta_up(layer) > 0.0,
            Synapse::Ip => params.eta_ip(layer) > 0.0,
            Synapse::Pi => params.eta_pi(layer) > 0.0,
            Synapse::Down => false,
        };
        let plastic = params.synapses().filter(plastic);
        plastic
            .map(|(layer, synapse)| Self::Weights(layer, synapse))
            .collect()
    }

    fn name(self) -> String {
        match self {
            Self::Somata(layer, Compartment::InnSoma) => format!("interneurons_{layer}"),
            Self::Somata(layer, _) => format!("pyramidal_{layer}"),
            Self::Weights(layer, Synapse::Up) => format!("up_{layer}"),
            Self::Weights(layer, Synapse::Ip) => format!("ip_{layer}"),
            Self::Weights(layer, Synapse::Pi) => format!("pi_{layer}"),
            Self::Weights(layer, Synapse::Down) => format!("down_{layer}"),
        }
    }

    fn read(self, network: &Network) -> Vec<f32> {
        match self {
            Self::Somata(layer, kind) => network.potential(layer, kind).unwrap_or_default(),
            Self::Weights(layer, synapse) => {
                let weights = network.weights();
                let matrix = weights.get(layer, synapse);
                matrix.map_or_else(Vec::new, |w| w.iter().copied().collect())
            }
        }
    }
}

/// How far one quantity of the approximations is from that of the simulation.
///
/// ```text
/// somata     √⟨(u_sim − u_stead)² / ⟨u_sim⟩²⟩     outer mean over neurons, inner over all patterns: each neuron by itself
/// weights    √(⟨(W_sim − W_stead)²⟩ / ⟨W_sim²⟩)   means over entries, the second over all recorded patterns too
/// ```
///
/// Source: the published program's plots; its labels say "RMSE / RMS" for both.
struct Deviations {
    quantity: Quantity,
    /// Sum over patterns of each soma, or of the mean square of the weights.
    sums: Vec<f64>,
    counted: usize,
    /// Per row of the table: pattern, index of the approximation, and squares of the differences: of each soma, or their mean.
    squares: Vec<(usize, usize, Vec<f64>)>,
}

impl Deviations {
    fn new(quantity: Quantity) -> Self {
        Self {
            quantity,
            sums: Vec::new(),
            counted: 0,
            squares: Vec::new(),
        }
    }

    /// Counts a state of the simulation among those that deviations are relative to.
    fn count(&mut self, simulated: &[f32]) {
        let terms: Vec<f64> = match self.quantity {
            Quantity::Somata(..) => simulated.iter().map(|&u| f64::from(u)).collect(),
            Quantity::Weights(..) => vec![mean(simulated.iter().map(|&w| f64::from(w).powi(2)))],
        };
        self.sums.resize(terms.len(), 0.0);
        self.sums
            .iter_mut()
            .zip(terms)
            .for_each(|(sum, x)| *sum += x);
        self.counted += 1;
    }

    fn record(&mut self, pattern: usize, approximation: usize, simulated: &[f32], other: &[f32]) {
        let pairs = simulated.iter().zip(other);
        let squares = pairs.map(|(&s, &a)| (f64::from(s) - f64::from(a)).powi(2));
        let squares = match self.quantity {
            Quantity::Somata(..) => squares.collect(),
            Quantity::Weights(..) => vec![mean(squares)],
        };
        self.squares.push((pattern, approximation, squares));
    }

    /// Pattern, index of the approximation, and deviation, in the order of recording.
    fn rows(&self) -> Vec<(usize, usize, f64)> {
        let scale = |sum: f64| match self.quantity {
            Quantity::Somata(..) => (sum / self.counted as f64).powi(2),
            Quantity::Weights(..) => sum / self.counted as f64,
        };
        let scales: Vec<f64> = self.sums.iter().map(|&sum| scale(sum)).collect();
        let row = |(pattern, approximation, squares): &(usize, usize, Vec<f64>)| {
            let relative = squares
                .iter()
                .zip(&scales)
                .map(|(square, scale)| square / scale);
            (*pattern, *approximation, mean(relative).sqrt())
        };
        self.squares.iter().map(row).collect()
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len() as f64;
    values.sum::<f64>() / n
}

/// Columns of table `deviations`.
const DEVIATIONS: [Column; 5] = columns! {
    "quantity" ["word"] "population of somata or plastic matrix, with its layer",
    "pattern" ["patterns"] "patterns presented so far",
    "n_passes" ["sweeps"] "sweeps per exposure of the approximation",
    "n_exposures" [""] "weight updates per pattern of the approximation",
    "deviation" [""] "root mean square of the deviation from the simulation, relative to the simulation: somata each by its own mean, weights by their root mean square",
};

/// Columns of its own settings.
const SETTINGS: &[Column] = &columns! {
    "patterns" ["patterns"] "training samples presented, in the order of the set",
    "nudge" ["true or false"] "whether the target nudges the output",
    "learn" ["true or false"] "whether weights are plastic",
    "n_passes" ["list"] "sweeps per exposure of the approximations",
    "n_exposures" ["list"] "weight updates per pattern of the approximations",
    "record_patterns" ["patterns"] "patterns from one row of a quantity in table deviations to the next",
};

impl Study for SteadyState {
    const NAME: &'static str = "steady-state-validity";
    const METRICS: &'static [Metric] = &[
        ENGINE,
        Metric::lower(
            "last_deviation",
            "",
            "the largest of the last deviations of all quantities",
        ),
        DIVERGED,
    ];
    const HEADLINE: &'static str = "last_deviation";
    const SETTINGS: &'static [&'static [Column]] = &[NETWORK, TASK, SETTINGS];
    const TABLES: &'static [(&'static str, &'static [Column])] = &[("deviations", &DEVIATIONS)];
    /// 2: deviations as the published program computes them, one per population or matrix.
    const VERSION: u32 = 2;

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
        let quantities = Quantity::of(&session.params, self.learn);
        let mut all: Vec<_> = quantities.into_iter().map(Deviations::new).collect();
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
            let recorded = (i + 1) % self.record_patterns == 0;
            if !recorded && self.learn {
                continue;
            }
            monitor.at(i as f64 / self.patterns as f64)?;
            for deviations in &mut all {
                let simulated = deviations.quantity.read(simulation);
                deviations.count(&simulated);
                if recorded {
                    for (k, approximation) in approximations.iter().enumerate() {
                        let other = deviations.quantity.read(approximation.as_ref());
                        deviations.record(i + 1, k, &simulated, &other);
                    }
                }
            }
        }
        let mut table = Table::new(DEVIATIONS);
        let mut last: f64 = 0.0;
        for deviations in &all {
            let rows = deviations.rows();
            for &(pattern, k, deviation) in &rows {
                table.push([
                    deviations.quantity.name().into(),
                    pattern.into(),
                    variants[k].n_passes.into(),
                    variants[k].n_exposures.into(),
                    Cell::rounded(deviation, 4),
                ]);
            }
            last = last.max(rows.last().map_or(f64::NAN, |row| row.2));
        }
        outcome.metric("last_deviation", last);
        outcome.table("deviations", table);
        Ok(())
    }
}
