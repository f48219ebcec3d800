//! Figures: how the CSV files of experiments are drawn.
//!
//! A figure is a file of its own with one [`Figure`]: what it shows, which experiments it needs,
//! and a function from their tables to a page. To add one, write the file and put a line into
//! [`ALL`].

mod accuracy;
mod astro;
mod attention;
mod dendritic_prediction;
mod learning_lag;
mod mimic;
mod mnist;
mod plasticity_traces;
mod stability;
mod steady_state_validity;
mod time_constants;
mod yinyang;

use std::path::Path;

use anyhow::{Context as _, Result, anyhow};

use crate::experiment::{Experiment, Profile};
use crate::frame::{Frame, write_atomically};
use crate::paths::{Output, Repository};
use crate::plot::Page;
use crate::store;

pub(crate) use astro::STARTED;

/// Every figure there is, in the order of the sources.
pub static ALL: &[&Figure] = &[
    &dendritic_prediction::FIGURE,
    &stability::FIGURE,
    &mimic::FIGURE,
    &steady_state_validity::FIGURE,
    &yinyang::YINYANG,
    &yinyang::YINYANG_STEADNET,
    &learning_lag::LEARNING_LAG,
    &learning_lag::LEARNING_LAG_RESET,
    &time_constants::TAU_0,
    &time_constants::TAU_W,
    &plasticity_traces::PLASTICITY_TRACES,
    &mnist::MNIST_STEADNET,
    &mnist::MNIST_PYRALNET,
    &astro::ASTRO_VS_NEURONS,
    &astro::LATENTS,
    &astro::DIFFUSION,
    &astro::NOISE,
    &astro::DROPOUT,
    &attention::ATTENTION_ERROR,
    &attention::ATTENTION_TRACES,
    &attention::ATTENTION_SWAP,
    &astro::LAYERS,
    &astro::DEPTH,
    &astro::DIGITS,
    &astro::XOR,
    &astro::APPROXIMATION,
];

/// A figure of one of the sources.
#[derive(Debug)]
pub struct Figure {
    /// Names the figure on the command line and its files.
    pub id: &'static str,
    /// Where it stands in its source.
    pub source: &'static str,
    /// What it shows, in a line.
    pub shows: &'static str,
    /// The experiments it is drawn from.
    pub experiments: &'static [&'static str],
    /// Draws it.
    pub draw: fn(&Inputs<'_>) -> Result<Page>,
}

/// What a figure can be drawn from: CSV files, never memory.
pub struct Inputs<'a> {
    /// The checkout, for published values and for what the full experiment would be.
    pub repository: &'a Repository,
    /// The results.
    pub output: &'a Output,
    /// The profile they were made with.
    pub profile: Profile,
}

impl Inputs<'_> {
    /// `<experiment>.csv`: one row per run.
    pub fn runs(&self, experiment: &str) -> Result<Frame> {
        store::read_csv(&self.output.runs_csv(experiment), experiment)
    }

    /// `<experiment>.<table>.csv`: several rows per run.
    pub fn table(&self, experiment: &str, table: &str) -> Result<Frame> {
        store::read_csv(&self.output.table_csv(experiment, table), experiment)
    }

    /// A table of published values.
    pub fn published(&self, file: &str) -> Result<Frame> {
        Frame::read(&self.repository.published(file))
    }

    /// How the drawn runs fall short of the paper profile, for the foot of the figure: seeds and
    /// any of `amounts` (dotted settings with a word for people), e.g.
    /// `quick profile: 2 of 10 seeds, 10 of 45 epochs`. Empty if nothing falls short. Runs that
    /// leave the published integrator say so here too.
    pub fn shortfall(&self, experiment: &str, amounts: &[(&str, &str)]) -> Result<String> {
        let drawn = self.runs(experiment)?;
        let full = Experiment::read(&self.repository.experiment(experiment))?;
        let full = full.plan(Profile::Paper, &[])?;
        let mut seeds: Vec<u64> = full.runs.iter().map(|r| r.seed).collect();
        seeds.sort_unstable();
        seeds.dedup();
        let mut parts = Vec::new();
        let mut compare = |have: f64, want: f64, what: &str| {
            if have < want {
                parts.push(format!("{have} of {want} {what}"));
            }
        };
        compare(
            drawn.distinct("seed")?.len() as f64,
            seeds.len() as f64,
            "seeds",
        );
        let points = |n: usize, seeds: usize| (n / seeds.max(1)) as f64;
        compare(
            points(drawn.len(), drawn.distinct("seed")?.len()),
            points(full.runs.len(), seeds.len()),
            "points",
        );
        for (key, what) in amounts {
            let largest = |values: Vec<f64>| values.into_iter().fold(0.0, f64::max);
            let want = full.runs.iter().filter_map(|r| r.setting(key)?.as_f64());
            compare(largest(drawn.numbers(key)?), largest(want.collect()), what);
        }
        let adaptive = drawn.has("network.integrator")
            && !drawn.matching("network.integrator", "adaptive")?.is_empty();
        if adaptive {
            parts.push("adaptive integrator".into());
        }
        Ok(match parts.is_empty() {
            true => String::new(),
            false => format!("{} profile: {}", self.profile.name(), parts.join(", ")),
        })
    }
}

impl Figure {
    /// Draws the figure from its CSV files and writes SVG and PNG.
    pub fn render(&self, inputs: &Inputs<'_>) -> Result<()> {
        let context = || format!("figure {}", self.id);
        let (svg, png) = (self.draw)(inputs)
            .and_then(|page| page.render())
            .with_context(context)?;
        let write = |extension: &str, bytes: &[u8]| {
            let path = inputs.output.figure(self.id, extension);
            write_atomically(Path::new(&path), bytes)
        };
        write("svg", svg.as_bytes())?;
        write("png", &png)
    }
}

/// The figures with these ids, in the order of [`ALL`]; all of them if no id is given.
pub fn select(ids: &[String]) -> Result<Vec<&'static Figure>> {
    for id in ids {
        if !ALL.iter().any(|f| f.id == id) {
            let known: Vec<&str> = ALL.iter().map(|f| f.id).collect();
            return Err(anyhow!(
                "there is no figure {id:?}; the figures are {}",
                known.join(", ")
            ));
        }
    }
    Ok(ALL
        .iter()
        .copied()
        .filter(|f| ids.is_empty() || ids.iter().any(|id| id == f.id))
        .collect())
}
