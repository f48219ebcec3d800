//! What a network is shown: patterns, and noise where it is given.

use std::path::Path;

use anyhow::{Result, bail, ensure};
use microcircuit::{Params, Pattern};

use super::numbers::Numbers;

/// A row of P.csv.
#[derive(Debug)]
pub(super) struct OwnedPattern {
    /// Its line in the file.
    pub(super) line: u64,
    input: Vec<f64>,
    target: Vec<f64>,
    nudge: bool,
    learn: bool,
}

impl OwnedPattern {
    /// Noisy unless it neither nudges nor learns: that is a validation pattern, without noise as in
    /// the published program.
    pub(super) fn as_pattern(&self) -> Pattern<'_> {
        let Self {
            ref input,
            ref target,
            nudge,
            learn,
            ..
        } = *self;
        Pattern {
            input,
            target,
            nudge,
            learn,
            noise: nudge || learn,
        }
    }
}

fn numbered(prefix: &'static str, n: usize) -> impl Iterator<Item = String> {
    (0..n).map(move |i| format!("{prefix}{i}"))
}

/// Reads patterns for a network of these parameters.
pub(super) fn read_patterns(path: &Path, params: &Params) -> Result<Vec<OwnedPattern>> {
    let (inputs, outputs) = (params.dim(0), params.dim(params.n_hidden() + 1));
    let flags = ["nudge", "learn"].map(String::from);
    let names: Vec<String> = numbered("r", inputs)
        .chain(numbered("u", outputs))
        .chain(flags)
        .collect();
    let needed = format!(
        "r0 to r{}, u0 to u{}, nudge and learn for dims = {:?}",
        inputs - 1,
        outputs - 1,
        params.raw().dims
    );
    let Numbers { origin, rows } = Numbers::read(path, &names, &needed)?;
    let pattern = |(line, values): (u64, Vec<f64>)| {
        let flag = |i: usize| match values[inputs + outputs + i] {
            0.0 => Ok(false),
            1.0 => Ok(true),
            x => bail!(
                "{origin}: line {line}: column {:?} is {x}: give 0 (no) or 1 (yes)",
                names[inputs + outputs + i]
            ),
        };
        Ok(OwnedPattern {
            line,
            nudge: flag(0)?,
            learn: flag(1)?,
            input: values[..inputs].to_vec(),
            target: values[inputs..inputs + outputs].to_vec(),
        })
    };
    rows.into_iter().map(pattern).collect()
}

/// Reads the noise of `n_patterns` patterns, in the order in which the network asks for it.
pub(super) fn read_noise(path: &Path, params: &Params, n_patterns: usize) -> Result<Vec<f64>> {
    let layers = 1..=params.n_hidden();
    let hidden: usize = layers.map(|l| params.dim(l) + params.dim(l + 1)).sum();
    let somata = hidden + params.dim(params.n_hidden() + 1);
    let names: Vec<String> = numbered("z", somata).collect();
    let needed = format!("z0 to z{}, one per soma", somata - 1);
    let Numbers { origin, rows } = Numbers::read(path, &names, &needed)?;
    let steps = n_patterns * params.steps_per_pattern();
    ensure!(
        rows.len() >= steps,
        "{origin}: {} rows: {n_patterns} patterns of {} steps need {steps}",
        rows.len(),
        params.steps_per_pattern()
    );
    Ok(rows.into_iter().flat_map(|(_, values)| values).collect())
}
