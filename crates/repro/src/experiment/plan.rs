//! The list of runs of an experiment.

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
    /// The runs of this share of the work.
    pub runs: Vec<Run>,
    /// Number of runs of all shares.
    pub planned: usize,
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
                BOOKKEEPING.into_iter().for_each(&mut add);
                for run in &self.runs {
                    let leaves = tree::leaves(&run.settings);
                    leaves.iter().for_each(|(key, _)| add(key));
                }
                let metrics = self.study.metrics.iter();
                metrics.for_each(|metric| add(metric.name));
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

    /// Keeps the `index`-th of `count` shares, so that several machines can split the work.
    pub fn shard(&mut self, index: usize, count: usize) -> Result<()> {
        ensure!(
            (1..=count).contains(&index),
            "--shard {index}/{count}: the first number runs from 1 to {count}"
        );
        let mut position = 0;
        self.runs.retain(|_| {
            position += 1;
            (position - 1) % count == index - 1
        });
        Ok(())
    }
}
