//! What plasticity does within a pattern, at several stages of training: why learning needs a lag.

use anyhow::{Result, ensure};
use microcircuit::{Compartment, Every, NetworkParams, Pattern, Synapse, View};
use serde::{Deserialize, Serialize};

use super::circuits::{DIVERGED, ENGINE, Model, NETWORK, network_bytes, record_divergence};
use super::yinyang::{Schedule, Session, TASK, Task};
use super::{DataSets, Idle, Metric, Monitor, Outcome, Study};
use crate::results::{Column, Table, columns};

/// Settings of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlasticityTraces {
    network: NetworkParams,
    #[serde(default)]
    task: Task,
    probe: Probe,
}

/// When to look, and for how long.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Probe {
    /// Epochs of training after which the next patterns are looked at, ascending.
    epochs: Vec<usize>,
    /// Over how many training patterns the traces are averaged.
    patterns: usize,
    /// Time between points of the trace, ms.
    every_ms: f64,
}

/// Columns of table `traces`.
const TRACES: [Column; 4] = columns! {
    "epoch" ["epochs"] "epochs of training done",
    "time_ms" ["ms"] "time since the pattern began",
    "prediction_error" [""] "difference between somatic rate and that predicted by the basal dendrite, mean size over hidden neurons and patterns",
    "weight_change_per_ms" ["1/ms"] "learning rate times low-pass Δ of the first forward weights, mean size over synapses and patterns; 0 during the learning-lag",
};

/// Columns of its own settings.
const SETTINGS: &[Column] = &columns! {
    "probe.epochs" ["list"] "epochs of training after which traces are taken",
    "probe.patterns" ["patterns"] "training patterns over which traces are averaged",
    "probe.every_ms" ["ms"] "time between the points of a trace",
};

impl Study for PlasticityTraces {
    const NAME: &'static str = "plasticity-traces";
    const METRICS: &'static [Metric] = &[
        ENGINE,
        Metric::lower(
            "settled_error",
            "",
            "prediction_error of the last row of table traces",
        ),
        DIVERGED,
    ];
    const HEADLINE: &'static str = "settled_error";
    const SETTINGS: &'static [&'static [Column]] = &[NETWORK, TASK, SETTINGS];
    const TABLES: &'static [(&'static str, &'static [Column])] = &[("traces", &TRACES)];

    fn idle(&self) -> Vec<Idle> {
        Model::PyraLNet.idle(&self.network)
    }

    fn memory(&self) -> Vec<(&'static str, f64)> {
        let epochs = self.probe.epochs.iter().max().copied().unwrap_or(0) as f64;
        let points = self.network.t_pattern_ms / self.probe.every_ms;
        vec![
            network_bytes(&self.network),
            self.task.memory(&self.network),
            (
                "probe.epochs",
                8.0 * (epochs + 1.0) * self.task.train as f64,
            ),
            (
                "probe.every_ms",
                300.0 * points * self.probe.epochs.len() as f64,
            ),
        ]
    }

    fn check(&self, seed: u64) -> Result<()> {
        self.task.check(&self.network, seed)?;
        let Probe {
            epochs,
            patterns,
            every_ms,
        } = &self.probe;
        ensure!(
            !epochs.is_empty() && epochs.windows(2).all(|w| w[0] < w[1]),
            "probe.epochs = {epochs:?}: a list of ascending numbers is needed, as in [0, 1, 5]"
        );
        ensure!(
            (1..=self.task.train).contains(patterns),
            "probe.patterns = {patterns}: from 1 to the {} training samples",
            self.task.train
        );
        ensure!(
            *every_ms >= self.network.dt_ms,
            "probe.every_ms = {every_ms}: at least one step of {} ms",
            self.network.dt_ms
        );
        Ok(())
    }

    fn seconds(&self) -> f64 {
        let epochs = self.probe.epochs.last().copied().unwrap_or(0);
        let patterns = epochs as f64 * self.task.train as f64 + 10.0 * self.probe.patterns as f64;
        patterns * Model::PyraLNet.pattern_seconds(&self.network)
    }

    fn run(&self, seed: u64, _: &DataSets, monitor: &Monitor<'_>) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        let result = self.trace(seed, monitor, &mut outcome);
        record_divergence(result, &mut outcome)?;
        Ok(outcome)
    }
}

/// Sums over patterns at one time of the pattern.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    error: f64,
    change: f64,
}

impl PlasticityTraces {
    fn trace(&self, seed: u64, monitor: &Monitor<'_>, outcome: &mut Outcome) -> Result<()> {
        let last = self.probe.epochs.last().copied().unwrap_or(0);
        let schedule = Schedule {
            epochs: last + 1,
            validations: 1,
            validation_patterns: 0,
        };
        let mut session = Session::new(Model::PyraLNet, &self.network, &self.task, schedule, seed)?;
        outcome.metric("engine", session.network.engine());
        let mut table = Table::new(TRACES);
        let mut settled = f64::NAN;
        for epoch in 0..=last {
            let probed = self.probe.epochs.contains(&epoch);
            let mut traces = Vec::new();
            for n in 0..session.epochs[epoch].train.len() {
                if n % 100 == 0 {
                    let done = epoch as f64 + n as f64 / self.task.train as f64;
                    monitor.at(done / (last + 1) as f64)?;
                }
                match probed && n < self.probe.patterns {
                    true => self.present_probed(&mut session, epoch, n, &mut traces)?,
                    false if epoch == last => break,
                    false => present(&mut session, epoch, n)?,
                }
            }
            let patterns = self.probe.patterns as f64;
            for (i, Sums { error, change }) in traces.iter().enumerate() {
                let time_ms = (i + 1) as f64 * self.every_steps() as f64 * self.network.dt_ms;
                settled = error / patterns;
                let change = change / patterns;
                table.push([epoch.into(), time_ms.into(), settled.into(), change.into()]);
            }
        }
        outcome.metric("settled_error", settled);
        outcome.table("traces", table);
        Ok(())
    }

    fn every_steps(&self) -> u64 {
        (self.probe.every_ms / self.network.dt_ms).round() as u64
    }

    /// Presents a training pattern and adds to the traces what happens in it.
    fn present_probed(
        &self,
        session: &mut Session,
        epoch: usize,
        n: usize,
        traces: &mut Vec<Sums>,
    ) -> Result<()> {
        let steps = session.params.steps_per_pattern() as u64;
        let lag = session.params.learning_lag_steps() as u64;
        let prediction = session.params.basal_prediction(1);
        let rate = |u: f32| session.params.raw().activation.rate(f64::from(u));
        let eta = session.params.eta_up(1);
        let every = self.every_steps();
        let look = |view: &View<'_, f32>| {
            let step = (view.step - 1) % steps + 1;
            let index = (step / every).saturating_sub(1) as usize;
            if !step.is_multiple_of(every) {
                return;
            }
            if traces.len() <= index {
                traces.resize(index + 1, Sums::default());
            }
            let soma = view.potential(1, Compartment::Soma).unwrap_or_default();
            let basal = view.potential(1, Compartment::Basal).unwrap_or_default();
            let errors = soma
                .iter()
                .zip(&basal)
                .map(|(&u, &v)| (rate(u) - rate((prediction * f64::from(v)) as f32)).abs());
            traces[index].error += errors.sum::<f64>() / soma.len() as f64;
            if step > lag
                && let Some(delta) = view.delta(1, Synapse::Up)
            {
                let sum: f64 = delta.iter().map(|d| f64::from(d.abs())).sum();
                traces[index].change += eta * sum / delta.len() as f64;
            }
        };
        let Session {
            network,
            epochs,
            train,
            ..
        } = session;
        let i = epochs[epoch].train[n];
        let pattern = Pattern::train(&train.inputs[i], &train.targets[i]);
        network.present(&pattern, &mut Every(1, look))?;
        Ok(())
    }
}

fn present(session: &mut Session, epoch: usize, n: usize) -> Result<()> {
    let Session {
        network,
        epochs,
        train,
        ..
    } = session;
    let i = epochs[epoch].train[n];
    network.present(
        &Pattern::train(&train.inputs[i], &train.targets[i]),
        &mut (),
    )?;
    Ok(())
}
