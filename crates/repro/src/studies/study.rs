//! What a study is, and what a run is given and gives back.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, ensure};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::datasets::{Contents, DataSets};
use crate::results::columns::{BOOKKEEPING, KEY};
use crate::results::{Cell, Column, Table};
use crate::settings::parse_at;

/// What a run found out.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// One value each, by name: the run's row in `<experiment>.csv`.
    pub metrics: Vec<(&'static str, Cell)>,
    /// Longer results, by name: rows of `<experiment>.<table>.csv`.
    pub tables: Vec<(&'static str, Table)>,
}

impl Outcome {
    /// Adds a metric.
    pub fn metric(&mut self, name: &'static str, value: impl Into<Cell>) {
        self.metrics.push((name, value.into()));
    }

    /// Adds a table.
    pub fn table(&mut self, name: &'static str, table: Table) {
        self.tables.push((name, table));
    }
}

/// What a study implements.
pub trait Study: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The word after `study =`.
    const NAME: &'static str;
    /// Goes up when the same settings and seed give other results than before.
    const VERSION: u32 = 1;
    /// All metrics, in the order of their columns. A run that diverges may lack some.
    const METRICS: &'static [Metric];
    /// The metric that says how good a point is.
    const HEADLINE: &'static str;

    /// What the columns of its settings mean.
    const SETTINGS: &'static [&'static [Column]];
    /// All tables that its runs may make, by name, with their columns. One whose name ends in `*` stands for any number
    /// that begin so.
    const TABLES: &'static [(&'static str, &'static [Column])] = &[];

    /// The tables that runs of these settings make, empty: all of them, if nothing else is said. A run that diverges may
    /// lack some.
    fn tables(&self) -> Vec<(&'static str, Table)> {
        let empty = |&(name, columns): &(_, &[Column])| (name, Table::new(columns));
        Self::TABLES.iter().map(empty).collect()
    }

    /// Fills in defaults that depend on other settings, and what the files that are named hold.
    fn resolve(&mut self, _: &Contents) {}

    /// Settings that have no effect beside the others as they are.
    fn idle(&self) -> Vec<Idle> {
        Vec::new()
    }

    /// Bytes that a run needs, by the dotted key that they grow with. Asked before anything is checked or allocated:
    /// settings may be any numbers.
    fn memory(&self) -> Vec<(&'static str, f64)>;

    /// Refuses settings (or a seed) that cannot run, before anything runs.
    fn check(&self, seed: u64) -> Result<()>;

    /// Refuses data that are missing or damaged, before anything runs.
    fn check_data(&self, _: &DataSets) -> Result<()> {
        Ok(())
    }

    /// Estimated seconds on one core of a current laptop.
    fn seconds(&self) -> f64;

    /// What is still to be made before such runs can begin, once for all of them.
    fn waits_for(&self, _: &DataSets) -> Option<Preparation> {
        None
    }

    /// The setting that says how long a run is, if a run with more of it begins as one with less, and can
    /// [take up](Kept::taken_up) what that kept.
    fn goes_on_in(&self) -> Option<&'static str> {
        None
    }

    /// Does the work, which depends on settings, seed and data alone. Calls [`Monitor::at`] now and then.
    fn run(&self, seed: u64, data: &DataSets, monitor: &Monitor<'_>) -> Result<Outcome>;
}

/// Work that several runs wait for, and that is done once.
#[derive(Clone, Debug, PartialEq)]
pub struct Preparation {
    /// What it is, for people; the same for all runs that share it.
    pub what: String,
    /// Estimated seconds, as for [`Study::seconds`].
    pub seconds: f64,
}

/// A setting without effect, and the one that is why. Both are dotted keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Idle {
    /// What has no effect.
    pub key: &'static str,
    /// The setting beside which it has none.
    pub beside: &'static str,
}

impl Idle {
    /// These have no effect beside that.
    pub(crate) fn all(keys: &[&'static str], beside: &'static str) -> Vec<Self> {
        keys.iter().map(|&key| Self { key, beside }).collect()
    }
}

/// A column of `<experiment>.csv` that a study writes.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// The column.
    pub column: Column,
    /// Which end is the good one, if one is.
    pub better: Option<Better>,
    /// Whether it is of test data, by which nothing may be chosen.
    pub of_test_data: bool,
}

impl Metric {
    /// An accuracy, or the like.
    pub(crate) const fn higher(
        name: &'static str,
        unit: &'static str,
        about: &'static str,
    ) -> Self {
        Self::new(Column::new(name, unit, about), Some(Better::Higher))
    }

    /// An error, or the like.
    pub(crate) const fn lower(name: &'static str, unit: &'static str, about: &'static str) -> Self {
        Self::new(Column::new(name, unit, about), Some(Better::Lower))
    }

    /// What is neither good nor bad.
    pub(crate) const fn neutral(
        name: &'static str,
        unit: &'static str,
        about: &'static str,
    ) -> Self {
        Self::new(Column::new(name, unit, about), None)
    }

    const fn new(column: Column, better: Option<Better>) -> Self {
        Self {
            column,
            better,
            of_test_data: false,
        }
    }

    /// The same, of test data.
    pub(crate) const fn of_test_data(self) -> Self {
        Self {
            of_test_data: true,
            ..self
        }
    }

    /// Whether it is a number, and not a word or a text.
    pub(crate) fn is_number(&self) -> bool {
        !["word", "text"].contains(&self.column.unit)
    }

    /// The name of the column.
    pub(crate) const fn name(&self) -> &'static str {
        self.column.name
    }
}

/// Which end of a metric is the good one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Accuracies.
    Higher,
    /// Errors.
    Lower,
}

/// A study whose type has been forgotten.
pub trait Job: Send + Sync {
    /// All settings, defaults included.
    fn settings(&self) -> Value;
    /// See [`Study::tables`].
    fn tables(&self) -> Vec<(&'static str, Table)>;
    /// See [`Study::idle`].
    fn idle(&self) -> Vec<Idle>;
    /// See [`Study::memory`].
    fn memory(&self) -> Vec<(&'static str, f64)>;
    /// See [`Study::check`].
    fn check(&self, seed: u64) -> Result<()>;
    /// See [`Study::check_data`].
    fn check_data(&self, data: &DataSets) -> Result<()>;
    /// See [`Study::seconds`].
    fn seconds(&self) -> f64;
    /// See [`Study::waits_for`].
    fn waits_for(&self, data: &DataSets) -> Option<Preparation>;
    /// See [`Study::goes_on_in`].
    fn goes_on_in(&self) -> Option<&'static str>;
    /// See [`Study::run`].
    fn run(&self, seed: u64, data: &DataSets, monitor: &Monitor<'_>) -> Result<Outcome>;
}

impl<S: Study> Job for S {
    fn settings(&self) -> Value {
        serde_json::to_value(self).unwrap_or_else(|e| unreachable!("settings are plain data: {e}"))
    }
    fn tables(&self) -> Vec<(&'static str, Table)> {
        Study::tables(self)
    }
    fn idle(&self) -> Vec<Idle> {
        Study::idle(self)
    }
    fn memory(&self) -> Vec<(&'static str, f64)> {
        Study::memory(self)
    }
    fn check(&self, seed: u64) -> Result<()> {
        Study::check(self, seed)
    }
    fn check_data(&self, data: &DataSets) -> Result<()> {
        Study::check_data(self, data)
    }
    fn seconds(&self) -> f64 {
        Study::seconds(self)
    }
    fn waits_for(&self, data: &DataSets) -> Option<Preparation> {
        Study::waits_for(self, data)
    }
    fn goes_on_in(&self) -> Option<&'static str> {
        Study::goes_on_in(self)
    }
    fn run(&self, seed: u64, data: &DataSets, monitor: &Monitor<'_>) -> Result<Outcome> {
        Study::run(self, seed, data, monitor)
    }
}

/// An entry of the list of studies.
#[derive(Debug)]
pub struct StudyKind {
    /// The word after `study =`.
    pub name: &'static str,
    /// See [`Study::VERSION`].
    pub version: u32,
    /// See [`Study::METRICS`].
    pub metrics: &'static [Metric],
    /// See [`Study::HEADLINE`].
    pub headline: &'static str,
    /// See [`Study::SETTINGS`].
    settings: &'static [&'static [Column]],
    /// See [`Study::TABLES`].
    tables: &'static [(&'static str, &'static [Column])],
    parse: fn(&Value, &Contents) -> Result<Box<dyn Job>>,
}

impl StudyKind {
    pub(super) const fn of<S: Study>() -> Self {
        Self {
            name: S::NAME,
            version: S::VERSION,
            metrics: S::METRICS,
            headline: S::HEADLINE,
            settings: S::SETTINGS,
            tables: S::TABLES,
            parse: |value, contents| {
                let mut study = parse_at::<S>("", value.clone())?;
                study.resolve(contents);
                Ok(Box::new(study))
            },
        }
    }

    /// What its settings mean.
    pub(crate) fn settings(&self) -> impl Iterator<Item = &'static Column> {
        self.settings.iter().copied().flatten()
    }

    /// All tables that its runs may make, with their columns.
    pub(crate) fn tables(&self) -> &'static [(&'static str, &'static [Column])] {
        self.tables
    }

    /// What a column of `<experiment>.csv` (no table) or of a table means, if the study declares it.
    pub(crate) fn column(&self, table: Option<&str>, name: &str) -> Option<Column> {
        let known: Vec<Column> = match table {
            None => {
                let settings = self.settings.iter().copied().flatten().copied();
                let metrics = self.metrics.iter().map(|metric| metric.column);
                BOOKKEEPING
                    .into_iter()
                    .chain(settings)
                    .chain(metrics)
                    .collect()
            }
            Some(table) => {
                let own = self.tables.iter().filter(|(name, _)| *name == table);
                let own = own.flat_map(|(_, columns)| columns.iter().copied());
                std::iter::once(KEY).chain(own).collect()
            }
        };
        known.into_iter().find(|column| column.stands_for(name))
    }

    /// Refuses an outcome that is not what the study declares: a bug of the study.
    pub(crate) fn check_outcome(&self, job: &dyn Job, outcome: &Outcome) -> Result<()> {
        for (name, _) in &outcome.metrics {
            ensure!(
                self.metrics.iter().any(|metric| metric.name() == *name),
                "study {:?} does not declare the metric {name:?}",
                self.name
            );
        }
        let declared = job.tables();
        for (name, table) in &outcome.tables {
            let layout = declared.iter().find(|(declared, _)| declared == name);
            let fits = layout.is_some_and(|(_, layout)| layout.stands_for(table));
            ensure!(
                fits,
                "study {:?} does not declare the table {name:?} with columns {}",
                self.name,
                table.columns.join(", ")
            );
        }
        Ok(())
    }

    /// The same study, made again.
    #[cfg(test)]
    pub(crate) fn with_version(&self, version: u32) -> Self {
        Self { version, ..*self }
    }

    /// Reads settings; unknown or missing keys and wrong types are errors that name the key.
    pub fn parse(&self, settings: &Value, contents: &Contents) -> Result<Box<dyn Job>> {
        (self.parse)(settings, contents)
    }
}

/// Connects a run with whoever waits for it.
pub struct Monitor<'a> {
    stop: &'a AtomicBool,
    progress: &'a (dyn Fn(f64) + Sync),
    note: Option<&'a (dyn Fn(String) + Sync)>,
    kept: Option<&'a dyn Kept>,
}

/// The place of the state that a run leaves to longer ones, which begin as it does.
pub trait Kept: Sync {
    /// What a shorter run, or one as long, left, if any did.
    fn taken_up(&self) -> Option<Vec<u8>>;
    /// Whether there may be longer ones.
    fn is_wanted(&self) -> bool;
    /// Leaves a state, in place of what is there.
    fn keep(&self, state: &[u8]) -> Result<()>;
}

/// The run was asked to stop before its end; it leaves no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

impl std::fmt::Display for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("stopped before its end")
    }
}

impl std::error::Error for Stopped {}

impl<'a> Monitor<'a> {
    /// `progress` hears the fraction done.
    pub fn new(stop: &'a AtomicBool, progress: &'a (dyn Fn(f64) + Sync)) -> Self {
        Self {
            stop,
            progress,
            note: None,
            kept: None,
        }
    }

    /// States of runs are taken up from here, and kept.
    pub(crate) fn with_kept(self, kept: Option<&'a dyn Kept>) -> Self {
        Self { kept, ..self }
    }

    /// See [`Kept::taken_up`].
    pub(super) fn taken_up(&self) -> Option<Vec<u8>> {
        self.kept?.taken_up()
    }

    /// See [`Kept::is_wanted`].
    pub(super) fn is_wanted(&self) -> bool {
        self.kept.is_some_and(Kept::is_wanted)
    }

    /// See [`Kept::keep`].
    pub(super) fn keep(&self, state: &[u8]) -> Result<()> {
        self.kept.map_or(Ok(()), |kept| kept.keep(state))
    }

    /// `note` hears what a run waits for before it begins.
    pub(crate) fn with_note(self, note: &'a (dyn Fn(String) + Sync)) -> Self {
        Self {
            note: Some(note),
            ..self
        }
    }

    /// Says what the run waits for and learns whether it should go on.
    pub(crate) fn waits(&self, what: impl FnOnce() -> String) -> Result<(), Stopped> {
        if let Some(note) = self.note {
            note(what());
        }
        self.goes_on()
    }

    /// Says how far the run is (0…1) and learns whether it should go on.
    pub fn at(&self, fraction: f64) -> Result<(), Stopped> {
        (self.progress)(fraction);
        self.goes_on()
    }

    fn goes_on(&self) -> Result<(), Stopped> {
        if self.stop.load(Ordering::Relaxed) {
            Err(Stopped)
        } else {
            Ok(())
        }
    }
}
