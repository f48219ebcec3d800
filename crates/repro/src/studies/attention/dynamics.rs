//! The circuit whose calcium diffuses and sets how fast a query is read, beside the algebraic circuit.

use anyhow::{Result, ensure};
use astro::attention::diffusing::{DiffusingCircuit, Instant, Start, TimeConstants};
use astro::attention::{Circuit, Fidelity, Phase, Trajectory};
use astro::numerics::random::Streams;
use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

use super::sequence::{CIRCUIT, Hidden, SEQUENCE, Sequence, memory};
use super::{DataSets, Idle, Metric, Monitor, Outcome, Study};
use crate::results::stats::{median, quantile};
use crate::results::{Cell, Column, Table, columns};

/// Significant digits of the tables.
const DIGITS: usize = 5;
/// Which processes' calcium is tabulated: shares of all that have less.
const SHARES: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];
/// A query is read once its output stays within this distance of attention, relative to the norm of that.
const SETTLED: f64 = 0.1;

/// One random sequence, read while calcium diffuses.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::studies) struct AttentionDynamics {
    sequence: Sequence,
    circuit: Hidden,
    time: TimeConstants,
    read: Read,
    record: Record,
}

/// How queries follow one another.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    start: Start,
}

/// What of the time course is kept.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    /// Rows of table `courses` for each of its two queries.
    rows: usize,
}

/// Columns of its own settings.
const SETTINGS: &[Column] = &columns! {
    "time.neuron_ms" ["ms"] "membrane time constant τ_n of the output neurons",
    "time.synapse_ms" ["ms"] "τ_s: a synapse settles in τ_s/p, with p the calcium of its process",
    "time.diffusion_ms" ["ms"] "τ_d: time constant in which calcium evens out over the astrocyte",
    "time.token_ms" ["ms"] "how long a token is read",
    "time.dt_ms" ["ms"] "step of integration",
    "read.start" ["word"] "what a query finds in synapses and output neurons: nothing (rest), or what the query before left (previous)",
    "record.rows" ["rows"] "rows of table courses for each of its two queries; none at 0",
};

/// Columns of table `queries`.
const QUERIES: [Column; 5] = columns! {
    "head" [""] "head, from 1",
    "token" [""] "token that is read, from 1",
    "calcium" [""] "calcium p* of the query, mean over the processes of the astrocyte",
    "settling_ms" ["ms"] "time from which the output stays within 10 % of attention; empty if that is never",
    "relative_error" [""] "distance from attention when the token ends, relative to the norm of attention",
};

/// Columns of table `courses`.
const COURSES: [Column; 9] = columns! {
    "query" ["word"] "which query of the first head: that with the least calcium or that with the most",
    "time_ms" ["ms"] "time since the token began to be read",
    "relative_error" [""] "distance from attention, relative to the norm of attention",
    "mean_calcium" [""] "calcium p* of the query, mean over the processes",
    "calcium_least" [""] "calcium of the process that has the least",
    "calcium_quarter" [""] "calcium that a quarter of the processes stay below",
    "calcium_median" [""] "calcium that half of the processes stay below",
    "calcium_three_quarters" [""] "calcium that three quarters of the processes stay below",
    "calcium_most" [""] "calcium of the process that has the most",
};

impl AttentionDynamics {
    /// Rates and weights that are integrated, over all steps of a run.
    fn updates(&self) -> f64 {
        let Sequence {
            tokens,
            heads,
            head_dim,
            ..
        } = self.sequence;
        let per_step = self.circuit.m as f64 * (head_dim as f64 + 12.0);
        tokens as f64 * heads as f64 * self.time.steps() as f64 * per_step
    }
}

impl Study for AttentionDynamics {
    const NAME: &'static str = "attention-dynamics";
    const METRICS: &'static [Metric] = &[
        Metric::lower(
            "relative_error",
            "",
            "norm of the difference from the algebraic circuit when tokens end, relative to the norm of that one",
        ),
        Metric::higher(
            "settled",
            "",
            "share of queries whose output came within 10 % of attention, and stayed there",
        ),
        Metric::lower(
            "median_settling_ms",
            "ms",
            "time that took, median over all queries; empty if half of them never came there",
        ),
    ];
    const HEADLINE: &'static str = "relative_error";
    const SETTINGS: &'static [&'static [Column]] = &[SEQUENCE, CIRCUIT, SETTINGS];
    const TABLES: &'static [(&'static str, &'static [Column])] =
        &[("queries", &QUERIES), ("courses", &COURSES)];

    fn idle(&self) -> Vec<Idle> {
        self.circuit.idle()
    }

    fn memory(&self) -> Vec<(&'static str, f64)> {
        let mut memory = memory(&self.sequence, &self.circuit);
        memory.push(("record.rows", 600.0 * self.record.rows as f64));
        memory
    }

    fn check(&self, seed: u64) -> Result<()> {
        self.sequence.check()?;
        let Sequence {
            heads, head_dim, ..
        } = self.sequence;
        let map = self.circuit.draw(head_dim, &mut Streams::new(seed))?;
        DiffusingCircuit::new(map, heads, head_dim, self.time, self.read.start)?;
        ensure!(
            self.record.rows <= self.time.steps(),
            "record.rows = {}: a token has {} steps (time.token_ms/time.dt_ms)",
            self.record.rows,
            self.time.steps()
        );
        Ok(())
    }

    fn seconds(&self) -> f64 {
        0.002 + self.updates() * 1e-9
    }

    fn run(&self, seed: u64, _: &DataSets, monitor: &Monitor<'_>) -> Result<Outcome> {
        monitor.at(0.0)?;
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
        let attention =
            Circuit::new(map.clone(), heads, head_dim)?.attend(&qkv, mask, &mut trajectory)?;

        let mut watch = Watch::new(self, attention.clone(), &trajectory);
        let output = DiffusingCircuit::new(map, heads, head_dim, self.time, self.read.start)?
            .attend(&qkv, mask, &mut |now| watch.see(now))?;

        let mut outcome = Outcome::default();
        let error = Fidelity::compare(&output, &attention).map_or(f64::NAN, |f| f.relative_error);
        let settling: Vec<f64> = watch
            .queries
            .iter()
            .map(|query| {
                query
                    .settling_ms(self.time.token_ms)
                    .unwrap_or(f64::INFINITY)
            })
            .collect();
        let settled = settling.iter().filter(|ms| ms.is_finite()).count();
        outcome.metric("relative_error", error);
        outcome.metric("settled", settled as f64 / (tokens * heads) as f64);
        let median = median(&settling);
        let median = if median.is_finite() { median } else { f64::NAN };
        outcome.metric("median_settling_ms", median);
        outcome.table("queries", watch.queries(self.time.token_ms, heads));
        outcome.table("courses", watch.courses);
        Ok(outcome)
    }
}

/// What is kept of every query, and the courses of two.
struct Watch {
    attention: DMatrix<f64>,
    head_dim: usize,
    heads: usize,
    queries: Vec<Query>,
    /// Tokens with the least and with the most calcium.
    extremes: [usize; 2],
    /// Steps between rows of the courses; none are kept at 0.
    every: usize,
    dt_ms: f64,
    courses: Table,
}

/// One query of one head.
#[derive(Clone, Copy, Default)]
struct Query {
    calcium: f64,
    /// When the output was last further from attention than [`SETTLED`], or 0.
    outside_ms: f64,
    error: f64,
}

impl Query {
    fn settling_ms(&self, token_ms: f64) -> Option<f64> {
        // The last step of a token ends at T but for rounding.
        (self.outside_ms < token_ms * (1.0 - 1e-9)).then_some(self.outside_ms)
    }
}

impl Watch {
    fn new(study: &AttentionDynamics, attention: DMatrix<f64>, trajectory: &Trajectory) -> Self {
        let Sequence {
            tokens,
            heads,
            head_dim,
            ..
        } = study.sequence;
        let reads = trajectory
            .frames
            .iter()
            .filter(|frame| frame.head == 0 && frame.phase == Phase::Reading);
        let calcium = |token: &usize| {
            let frame = reads.clone().find(|frame| frame.token == *token);
            frame
                .and_then(|frame| frame.averaged_calcium)
                .unwrap_or(0.0)
        };
        let order = |a: &usize, b: &usize| calcium(a).total_cmp(&calcium(b));
        let least = (0..tokens).min_by(order).unwrap_or(0);
        let most = (0..tokens).max_by(order).unwrap_or(0);
        let steps = study.time.steps();
        Self {
            attention,
            head_dim,
            heads,
            queries: vec![Query::default(); tokens * heads],
            extremes: [least, most],
            every: steps.checked_div(study.record.rows).unwrap_or(0),
            dt_ms: study.time.token_ms / steps as f64,
            courses: Table::new(COURSES),
        }
    }

    fn see(&mut self, now: &Instant<'_>) {
        let attention = self.attention.column(now.token);
        let attention = &attention.as_slice()[now.head * self.head_dim..][..self.head_dim];
        let square = |x: f64| x * x;
        let away: f64 = now
            .output
            .iter()
            .zip(attention)
            .map(|(x, o)| square(x - o))
            .sum();
        let error = (away / attention.iter().map(|&o| square(o)).sum::<f64>()).sqrt();
        let query = &mut self.queries[now.token * self.heads + now.head];
        query.calcium = now.mean_calcium;
        query.error = error;
        if error > SETTLED {
            query.outside_ms = now.time_ms;
        }
        let step = (now.time_ms / self.dt_ms).round() as usize;
        if now.head == 0 && self.every > 0 && (step - 1).is_multiple_of(self.every) {
            for (name, token) in ["least", "most"].into_iter().zip(self.extremes) {
                if now.token == token {
                    self.courses.push(course_row(name, error, now));
                }
            }
        }
    }

    fn queries(&self, token_ms: f64, heads: usize) -> Table {
        let mut table = Table::new(QUERIES);
        for (i, query) in self.queries.iter().enumerate() {
            let settling = query.settling_ms(token_ms);
            table.push([
                (i % heads + 1).into(),
                (i / heads + 1).into(),
                Cell::rounded(query.calcium, DIGITS),
                settling.map_or(Cell::Empty(()), |ms| Cell::rounded(ms, DIGITS)),
                Cell::rounded(query.error, DIGITS),
            ]);
        }
        table
    }
}

fn course_row(query: &str, error: f64, now: &Instant<'_>) -> [Cell; 9] {
    let number = |x: f64| Cell::rounded(x, DIGITS);
    let [least, quarter, median, three_quarters, most] =
        SHARES.map(|share| number(quantile(now.calcium, share)));
    [
        query.into(),
        number(now.time_ms),
        number(error),
        number(now.mean_calcium),
        least,
        quarter,
        median,
        three_quarters,
        most,
    ]
}
