//! Results on disk: a journal that survives anything, and the CSV files made from it.
//!
//! While runs finish, each is one line of `runs/<experiment>*.jsonl`, written in one go: a kill
//! loses only runs that had not ended, and a torn last line is passed over. The CSV files hold the
//! runs of the current plan in plan order; results of other plans stay in the journal. CSV files
//! without a journal (those that ship with a checkout) count as finished runs too. They are written
//! only where a row is new, and a row that then leaves them goes into the journal first.

mod journal;
mod lock;
mod paused;
mod record;
mod tables;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::account::account;
use crate::experiment::{Plan, Run};
use crate::paths::Output;
use crate::results::Frame;
use crate::results::provenance::{Command, Provenance};
use journal::Journal;
pub(crate) use lock::Lock;
pub(crate) use paused::{Pause, Pauses};
pub use record::Record;

/// All results of one experiment under one profile.
pub struct Store {
    output: Output,
    /// The results that count, with where they were found.
    finished: HashMap<String, (Record, Origin)>,
    /// Those that were there before and are computed again.
    earlier: HashMap<String, Record>,
    /// Keys of the rows of the CSV file, in its order.
    rows: Vec<String>,
    /// Keys of the results that are in a journal.
    journalled: HashSet<String>,
    journal: Journal,
    /// How far each journal has been read.
    read: HashMap<PathBuf, u64>,
}

/// Where a result was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// In the CSV files.
    Csv,
    /// In a journal only.
    Journal,
    /// Computed by this very command.
    Computed,
}

impl Store {
    /// Reads what is there.
    pub fn open(output: &Output, plan: &Plan) -> Result<Self> {
        let experiment = &plan.experiment;
        let context = || {
            let data = output.data();
            format!("the results in {} cannot be taken up", data.display())
        };
        let mut store = Self {
            output: output.clone(),
            finished: HashMap::new(),
            earlier: HashMap::new(),
            rows: Vec::new(),
            journalled: HashSet::new(),
            journal: Journal::new(output.journal(experiment, plan.shard)),
            read: HashMap::new(),
        };
        for record in tables::read(output, plan).with_context(context)? {
            store.rows.push(record.key.clone());
            store.insert(record, Origin::Csv);
        }
        for path in journal::all(&output.journals(), experiment)? {
            let (records, whole) = journal::read(&path, 0)?;
            store.read.insert(path, whole);
            for record in records {
                store.journalled.insert(record.key.clone());
                // A kill between two CSV files leaves rows without their tables.
                let in_csv = store
                    .finished
                    .get(&record.key)
                    .is_some_and(|(csv, origin)| {
                        *origin == Origin::Csv && csv.tables.len() >= record.tables.len()
                    });
                if !in_csv {
                    store.insert(record, Origin::Journal);
                }
            }
        }
        Ok(store)
    }

    /// Reads what other processes have found since. A run that has a result keeps it.
    pub(crate) fn take_up_others(&mut self, experiment: &str) -> Result<()> {
        for path in journal::all(&self.output.journals(), experiment)? {
            let from = self.read.get(&path).copied().unwrap_or(0);
            let (records, whole) = journal::read(&path, from)?;
            self.read.insert(path, whole);
            for record in records {
                self.journalled.insert(record.key.clone());
                if !self.has(&record.key) {
                    self.insert(record, Origin::Journal);
                }
            }
        }
        Ok(())
    }

    /// Forgets the results of these runs, so that they are computed again.
    pub(crate) fn start_again<'a>(&mut self, runs: impl Iterator<Item = &'a Run>) {
        for run in runs {
            if let Some((record, _)) = self.finished.remove(&run.key) {
                self.earlier.insert(run.key.clone(), record);
            }
        }
    }

    /// Where the result of this run was found, if it has one.
    pub(crate) fn origin(&self, key: &str) -> Option<Origin> {
        self.finished.get(key).map(|(_, origin)| *origin)
    }

    /// Whether this run has a result.
    pub fn has(&self, key: &str) -> bool {
        self.finished.contains_key(key)
    }

    /// A metric of this run, if it has a result with a number of that name, and did not diverge.
    pub(crate) fn metric(&self, key: &str, name: &str) -> Option<f64> {
        let (record, _) = self.finished.get(key)?;
        record.metric(name)
    }

    /// Keeps a result, on disk first. Says whether its numbers are those that the run had before, if it had any.
    pub fn keep(&mut self, record: Record) -> Result<Option<bool>> {
        let key = record.key.clone();
        self.take_up(&key)?;
        self.journal.append(&record)?;
        self.journalled.insert(key.clone());
        let earlier = self.earlier.get(&key);
        let same = earlier.map(|earlier| record.has_numbers_of(earlier));
        self.insert(record, Origin::Computed);
        Ok(same)
    }

    /// The result of this run, or the earlier one until it is computed again.
    fn record(&self, key: &str) -> Option<&Record> {
        let finished = self.finished.get(key).map(|(record, _)| record);
        finished.or_else(|| self.earlier.get(key))
    }

    fn insert(&mut self, record: Record, origin: Origin) {
        self.finished.insert(record.key.clone(), (record, origin));
    }

    /// Puts an earlier result that is in the CSV files only into the journal.
    fn take_up(&mut self, key: &str) -> Result<()> {
        if !self.journalled.contains(key)
            && let Some(record) = self.record(key).cloned()
        {
            self.journal.append(&record)?;
            self.journalled.insert(key.to_owned());
        }
        Ok(())
    }

    /// Writes the CSV files of all runs of the plan that are finished, and their provenance, unless
    /// they are there. `command` is the present one if it computed any of them.
    pub(crate) fn write(&mut self, plan: &Plan, command: Option<Command>) -> Result<()> {
        let path = self.output.provenance(&plan.experiment);
        let finished = plan
            .runs
            .iter()
            .filter(|run| self.record(&run.key).is_some());
        let keys: Vec<&String> = finished.map(|run| &run.key).collect();
        let is_new = |key: &&String| self.origin(key).is_some_and(|origin| origin != Origin::Csv);
        let as_they_are = !keys.iter().any(is_new) && keys.iter().copied().eq(&self.rows);
        if as_they_are && path.exists() {
            return Ok(());
        }
        let stay: HashSet<&String> = keys.into_iter().collect();
        let leave = self.rows.iter().filter(|key| !stay.contains(key));
        for key in leave.cloned().collect::<Vec<_>>() {
            self.take_up(&key)?;
        }
        let done = plan.runs.iter();
        let done = done.filter_map(|run| Some((run, self.record(&run.key)?)));
        let done: Vec<(&Run, &Record)> = done.collect();
        // The tables first: rows of runs that are not in the CSV file yet are passed over.
        tables::write_tables(&self.output, plan, &done)?;
        tables::write_runs(&self.output, plan, &done)?;
        self.rows = done.iter().map(|(run, _)| run.key.clone()).collect();
        // What cannot be read is written anew.
        let before = || Provenance::read(&path).ok().flatten();
        let last = command.or_else(|| before()?.last);
        let rows = Frame::read(&self.output.runs_csv(&plan.experiment))?;
        account(plan, &rows, last)?.write(&path)
    }
}
