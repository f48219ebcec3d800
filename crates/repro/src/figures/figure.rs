//! What a figure is, and what it is drawn from.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::experiment::Experiment;
use crate::paths::{Output, Repository};
use crate::plot::Page;
use crate::profile::Profile;
use crate::results::Frame;
use crate::results::files::write_atomically;
use crate::store;

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
