//! The list of runs of an experiment.

use std::collections::HashSet;
use std::sync::Arc;

use anyhow::{Result, bail, ensure};

use super::asked::Asked;
use super::run::Run;
use crate::profile::Profile;
use crate::results::Reads;
use crate::results::columns::BOOKKEEPING;
use crate::settings::tree;
use crate::studies::StudyKind;

/// All runs of an experiment under one profile, in order, each once.
pub struct Plan {
    /// The experiment's name.
    pub experiment: String,
    /// What one run computes.
    pub study: &'static StudyKind,
    /// The dotted keys that vary.
    pub varied: Vec<String>,
    /// All runs, of every share of the work.
    pub runs: Vec<Run>,
    /// The share that this machine does, if the work is shared: the K-th of N.
    pub(crate) shard: Option<(usize, usize)>,
    /// Runs of other plans that are shared among the same machines and come before these.
    pub(crate) before: usize,
    /// One line for people.
    pub(crate) about: String,
    /// How much work was asked for.
    pub(crate) profile: Profile,
    /// What the experiment file asks for under this profile, and under the paper profile.
    pub(crate) file: Arc<Asked>,
    pub(crate) paper: Arc<Asked>,
}

impl Plan {
    /// Refuses a reader of columns that these runs will not write.
    pub(crate) fn check_reads(&self, reader: &str, reads: &Reads) -> Result<()> {
        let (study, file) = (self.study.name, reads.file());
        let Some(written) = self.columns(reads.table) else {
            bail!("{file}, which {reader} reads: study {study:?} makes no such table as it is set");
        };
        let missing = reads.missing(&written);
        ensure!(
            missing.is_empty(),
            "{file}: {reader} reads column {}, which study {study:?} does not write; it writes {}",
            missing.join(", "),
            written.join(", ")
        );
        Ok(())
    }

    /// The columns of a CSV file that these runs will write, if they write it.
    fn columns(&self, table: Option<&str>) -> Option<Vec<String>> {
        let mut columns: Vec<String> = Vec::new();
        let mut add = |name: &str| {
            if !columns.iter().any(|column| column == name) {
                columns.push(name.to_owned());
            }
        };
        match table {
            None => {
                BOOKKEEPING.iter().for_each(|column| add(column.name));
                let settings = self.setting_columns(self.runs.iter());
                settings.iter().for_each(|key| add(key));
                let metrics = self.study.metrics.iter();
                metrics.for_each(|metric| add(metric.name()));
            }
            Some(table) => {
                add("key");
                let tables = self.runs.iter().flat_map(|run| run.job.tables());
                for (_, layout) in tables.filter(|(name, _)| *name == table) {
                    layout.columns.iter().for_each(|column| add(column));
                }
            }
        }
        (columns.len() > 1).then_some(columns)
    }

    /// The settings of these runs, lists as one; then those numbers of lists that vary.
    pub(crate) fn setting_columns<'a>(&self, runs: impl Iterator<Item = &'a Run>) -> Vec<String> {
        let mut columns: Vec<String> = Vec::new();
        let mut parts: HashSet<&String> = HashSet::new();
        for run in runs {
            let settings = run.settings();
            for (key, _) in tree::leaves(&settings) {
                if !columns.contains(&key) {
                    columns.push(key);
                }
            }
            let others = self.varied.iter().filter(|key| !columns.contains(key));
            parts.extend(others.filter(|key| tree::get(&settings, key).is_some()));
        }
        let parts = self.varied.iter().filter(|key| parts.contains(key));
        columns.extend(parts.cloned().collect::<Vec<_>>());
        columns
    }

    /// How much there is, for people: `learning-lag: 80 runs (8 points x 10 seeds)`.
    pub(crate) fn amount(&self) -> String {
        let seeds: HashSet<u64> = self.runs.iter().map(|run| run.seed).collect();
        let (runs, seeds) = (self.runs.len(), seeds.len());
        let product = match runs.is_multiple_of(seeds.max(1)) && seeds > 1 {
            true => format!(" ({} points x {seeds} seeds)", runs / seeds),
            false => String::new(),
        };
        let share = match self.shard {
            Some((index, count)) => format!(", share {index} of {count}"),
            None => String::new(),
        };
        format!("{}: {runs} runs{product}{share}", self.experiment)
    }

    /// The runs of this machine's share: all, or every N-th from the K-th on, counted through all plans.
    pub(crate) fn share(&self) -> impl Iterator<Item = &Run> {
        let (index, count) = self.shard.unwrap_or((1, 1));
        let first = (index - 1 + count - self.before % count) % count;
        self.runs.iter().skip(first).step_by(count)
    }
}
