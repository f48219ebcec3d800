//! Results on disk: a journal that survives anything, and the CSV files made from it.
//!
//! While runs finish, each is one line of `runs/<experiment>*.jsonl`, written in one go: a kill
//! loses only runs that had not ended, and a torn last line is passed over. The CSV files hold the
//! runs of the current plan in plan order; results of other plans stay in the journal. CSV files
//! without a journal (those that ship with a checkout) count as finished runs too.

mod journal;
mod record;
mod tables;

use std::collections::HashMap;

use anyhow::{Context as _, Result};

use crate::account::account;
use crate::experiment::{Plan, Run};
use crate::paths::Output;
use crate::results::Frame;
use crate::results::provenance::{Command, Provenance};
use journal::Journal;
pub use record::Record;

/// All results of one experiment under one profile.
pub struct Store {
    output: Output,
    finished: HashMap<String, Record>,
    journal: Journal,
}

impl Store {
    /// Reads what is there. `shard` names this machine's share of the work, if it is shared.
    pub fn open(output: &Output, plan: &Plan, shard: Option<(usize, usize)>) -> Result<Self> {
        let experiment = &plan.experiment;
        let name = match shard {
            Some((i, n)) => format!("{experiment}.{i}of{n}.jsonl"),
            None => format!("{experiment}.jsonl"),
        };
        let mut store = Self {
            output: output.clone(),
            finished: HashMap::new(),
            journal: Journal::new(output.journals().join(name)),
        };
        let context = || {
            let data = output.data();
            format!("the results in {} cannot be taken up", data.display())
        };
        let shipped = tables::read(output, plan).with_context(context)?;
        shipped.into_iter().for_each(|record| store.insert(record));
        for path in journal::all(&output.journals(), experiment)? {
            let records = journal::read(&path)?;
            records.into_iter().for_each(|record| store.insert(record));
        }
        Ok(store)
    }

    /// Whether this run has a result.
    pub fn has(&self, key: &str) -> bool {
        self.finished.contains_key(key)
    }

    /// Keeps a result, on disk first.
    pub fn keep(&mut self, record: Record) -> Result<()> {
        self.journal.append(&record)?;
        self.insert(record);
        Ok(())
    }

    fn insert(&mut self, record: Record) {
        self.finished.insert(record.key.clone(), record);
    }

    /// Writes the CSV files of all runs of the plan that are finished, and what is to be known of them.
    /// `command` is the present one if it computed any of them.
    pub(crate) fn write(&self, plan: &Plan, command: Option<Command>) -> Result<()> {
        let done: Vec<(&Run, &Record)> = plan
            .runs
            .iter()
            .filter_map(|run| Some((run, self.finished.get(&run.key)?)))
            .collect();
        tables::write_runs(&self.output, plan, &done)?;
        tables::write_tables(&self.output, plan, &done)?;
        let path = self.output.provenance(&plan.experiment);
        // What cannot be read is written anew.
        let before = || Provenance::read(&path).ok().flatten();
        let last = command.or_else(|| before()?.last);
        let rows = Frame::read(&self.output.runs_csv(&plan.experiment))?;
        account(plan, &rows, last)?.write(&path)
    }
}
