//! The circuit watched in time while a sequence is written and read, beside the algebraic circuit.

use anyhow::{Result, ensure};
use astro::attention::leaky::{Instant, LeakyCircuit, TimeConstants};
use astro::attention::{Circuit, Fidelity, Frame, Mask, Phase, Trajectory};
use astro::numerics::random::Streams;
use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

use super::sequence::{CIRCUIT, Hidden, SEQUENCE, Sequence, memory};
use super::{DataSets, Idle, Metric, Monitor, Outcome, Study};
use crate::results::{Cell, Column, Table, columns};

/// Significant digits of the long tables.
const DIGITS: usize = 6;
/// Hidden and output neurons whose rates are tabulated, of the first head.
const SHOWN: usize = 4;

/// One random sequence, in continuous time.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::studies) struct AttentionTraces {
    sequence: Sequence,
    circuit: Hidden,
    time: TimeConstants,
    record: Record,
    separation: Separation,
}

/// What of the circuit's time course is kept.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    /// Integration steps between the rows of table `traces`.
    steps: usize,
}

/// Circuits whose time scales are ever further apart.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Separation {
    /// Ratios ε of neighbouring time scales.
    epsilons: Vec<f64>,
}

/// Columns of table `separation`.
const SEPARATION: [Column; 2] = columns! {
    "epsilon" [""] "ratio ε of neighbouring time scales",
    "relative_error" [""] "norm of the difference from the algebraic circuit, relative to the norm of that one",
};

/// Columns of its own settings.
const SETTINGS: &[Column] = &columns! {
    "time.hidden_ms" ["ms"] "membrane time constant of hidden and output neurons",
    "time.synapse_ms" ["ms"] "time constant of the decay of Hebbian weights",
    "time.calcium_ms" ["ms"] "time constant of the decay of calcium",
    "time.token_ms" ["ms"] "how long a token is presented",
    "time.dt_ms" ["ms"] "step of integration",
    "record.steps" ["steps"] "steps between the rows of table traces",
    "separation.epsilons" ["list"] "ratios ε of neighbouring time scales in table separation",
};

impl Study for AttentionTraces {
    const NAME: &'static str = "attention-traces";
    const METRICS: &'static [Metric] = &[Metric::lower(
        "relative_error",
        "",
        "norm of the difference from the algebraic circuit, relative to the norm of that one",
    )];
    const HEADLINE: &'static str = "relative_error";
    const SETTINGS: &'static [&'static [Column]] = &[SEQUENCE, CIRCUIT, SETTINGS];
    const TABLES: &'static [(&'static str, &'static [Column])] = &[
        ("traces", &TRACE_COLUMNS),
        ("tokens", &TRACE_COLUMNS),
        ("separation", &SEPARATION),
    ];

    fn idle(&self) -> Vec<Idle> {
        self.circuit.idle()
    }

    fn memory(&self) -> Vec<(&'static str, f64)> {
        let mut memory = memory(&self.sequence, &self.circuit);
        let rows = 2.0 * self.sequence.tokens as f64 * self.time.token_ms
            / self.time.dt_ms
            / self.record.steps.max(1) as f64;
        memory.push(("record.steps", 700.0 * rows));
        memory
    }

    fn check(&self, seed: u64) -> Result<()> {
        self.sequence.check()?;
        let Sequence {
            heads, head_dim, ..
        } = self.sequence;
        let map = self.circuit.draw(head_dim, &mut Streams::new(seed))?;
        LeakyCircuit::new(map, heads, head_dim, self.time)?;
        ensure!(
            self.circuit.count(head_dim) >= SHOWN,
            "circuit.m = {}: at least {SHOWN} are shown",
            self.circuit.m
        );
        ensure!(
            head_dim >= SHOWN,
            "sequence.head_dim = {head_dim}: at least {SHOWN} are shown"
        );
        ensure!(
            self.record.steps > 0,
            "record.steps = 0: must be at least 1"
        );
        for &epsilon in &self.separation.epsilons {
            ensure!(
                epsilon > 0.0 && epsilon < 1.0,
                "separation.epsilons: {epsilon} must lie between 0 and 1"
            );
        }
        Ok(())
    }

    fn seconds(&self) -> f64 {
        let Sequence {
            tokens,
            heads,
            head_dim,
            ..
        } = self.sequence;
        let steps: f64 = self
            .separation
            .epsilons
            .iter()
            .map(|epsilon| 16.0 / epsilon)
            .sum();
        let per_step = self.circuit.m as f64 * (head_dim as f64 + 2.0) * heads as f64;
        steps * 2.0 * tokens as f64 * per_step * 2e-9
    }

    fn run(&self, seed: u64, _: &DataSets, monitor: &Monitor<'_>) -> Result<Outcome> {
        let mut streams = Streams::new(seed);
        let Sequence {
            heads,
            head_dim,
            mask,
            tokens,
            ..
        } = self.sequence;
        let qkv = self.sequence.draw(&mut streams)?;
        let map = self.circuit.draw(head_dim, &mut streams)?;

        let mut trajectory = Trajectory::default();
        let algebraic =
            Circuit::new(map.clone(), heads, head_dim)?.attend(&qkv, mask, &mut trajectory)?;
        let mut traces = Table::new(TRACE_COLUMNS);
        let mut step = 0;
        let mut resolved = LeakyCircuit::new(map.clone(), heads, head_dim, self.time)?;
        let output = resolved.attend(&qkv, mask, &mut |now: &Instant<'_>| {
            if now.head == 0 {
                step += 1;
                if step % self.record.steps == 0 {
                    traces.push(trace_row(now));
                }
            }
        })?;
        let mut outcome = Outcome::default();
        let error = |output: &DMatrix<f64>| {
            Fidelity::compare(output, &algebraic).map_or(f64::NAN, |f| f.relative_error)
        };
        outcome.metric("relative_error", error(&output));
        outcome.table("traces", traces);
        outcome.table(
            "tokens",
            token_table(&trajectory, mask, tokens, self.time.token_ms),
        );

        let mut separation = Table::new(SEPARATION);
        for (i, &epsilon) in self.separation.epsilons.iter().enumerate() {
            monitor.at((i + 1) as f64 / (self.separation.epsilons.len() + 1) as f64)?;
            let time = TimeConstants::separated(epsilon, 2 * tokens, self.time.token_ms);
            let mut circuit = LeakyCircuit::new(map.clone(), heads, head_dim, time)?;
            let output = circuit.attend(&qkv, mask, &mut |_| {})?;
            separation.push([epsilon.into(), error(&output).into()]);
        }
        outcome.table("separation", separation);
        Ok(outcome)
    }
}

const TRACE_COLUMNS: [Column; 13] = columns! {
    "time_ms" ["ms"] "time",
    "phase" ["word"] "writing or reading",
    "hidden_1" [""] "rate of hidden neuron 1",
    "hidden_2" [""] "rate of hidden neuron 2",
    "hidden_3" [""] "rate of hidden neuron 3",
    "hidden_4" [""] "rate of hidden neuron 4",
    "hebbian_norm" [""] "Frobenius norm of the Hebbian weights",
    "mean_calcium" [""] "calcium, mean over the processes of the astrocyte",
    "averaged_calcium" [""] "calcium as the astrocyte averages it for the token that is read; while reading",
    "output_1" [""] "rate of output neuron 1",
    "output_2" [""] "rate of output neuron 2",
    "output_3" [""] "rate of output neuron 3",
    "output_4" [""] "rate of output neuron 4",
};

fn trace_row(now: &Instant<'_>) -> [Cell; 13] {
    let gain = now.log_gain.exp();
    let number = |x: f64| Cell::rounded(x, DIGITS);
    let [h1, h2, h3, h4] = std::array::from_fn(|i| number(gain * now.hidden[i]));
    let [o1, o2, o3, o4] = std::array::from_fn(|i| number(now.output[i]));
    let reading = now.phase == Phase::Reading;
    let averaged = if reading {
        gain * gain * now.averaged_calcium
    } else {
        f64::NAN
    };
    [
        number(now.time_ms),
        phase_name(now.phase).into(),
        h1,
        h2,
        h3,
        h4,
        number(gain * norm(now.hebbian)),
        number(gain * mean(now.calcium)),
        number(averaged),
        o1,
        o2,
        o3,
        o4,
    ]
}

/// The algebraic circuit at the end of each presentation.
fn token_table(trajectory: &Trajectory, mask: Mask, tokens: usize, token_ms: f64) -> Table {
    let mut table = Table::new(TRACE_COLUMNS);
    for frame in trajectory.frames.iter().filter(|frame| frame.head == 0) {
        let before = mask
            .presentations(tokens)
            .position(|at| at == (frame.phase, frame.token))
            .expect("a frame is one of the presentations");
        table.push(token_row(frame, (before + 1) as f64 * token_ms));
    }
    table
}

fn token_row(frame: &Frame, time_ms: f64) -> [Cell; 13] {
    let number = |x: f64| Cell::rounded(x, DIGITS);
    // Hidden rates are φ itself; the trajectory carries the factor √(1/m) of the synapses.
    let sqrt_m = (frame.hidden.len() as f64).sqrt();
    let [h1, h2, h3, h4] = std::array::from_fn(|i| number(sqrt_m * frame.hidden[i]));
    let output = |i: usize| frame.output.get(i).map_or(Cell::Empty(()), |&x| number(x));
    [
        number(time_ms),
        phase_name(frame.phase).into(),
        h1,
        h2,
        h3,
        h4,
        number(norm(&frame.hebbian)),
        number(mean(&frame.calcium)),
        number(frame.averaged_calcium.unwrap_or(f64::NAN)),
        output(0),
        output(1),
        output(2),
        output(3),
    ]
}

fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Writing => "writing",
        Phase::Reading => "reading",
    }
}

fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}
