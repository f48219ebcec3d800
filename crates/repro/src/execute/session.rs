//! Runs of one experiment that are asked for bit by bit, since what others found says which come next.

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::Instant;

use anyhow::{Context as _, Result};

use super::options::Options;
use super::pool::{compute, failed, lock};
use super::stop::Interrupted;
use crate::experiment::{Plan, Run};
use crate::progress::Progress;
use crate::results::provenance::Command;
use crate::store::{Lock, Origin, Pauses, Record, Store};

/// The results of an experiment, and the right to add to them.
pub(crate) struct Session<'a> {
    options: &'a Options<'a>,
    store: Mutex<Store>,
    _held: Lock,
    /// Where runs that may become longer are paused, if any may.
    pauses: Option<Pauses>,
    start: Instant,
    computed: bool,
}

impl<'a> Session<'a> {
    /// Takes up the results of the experiment that `plan` is of, and the states of its runs, where there may be longer ones.
    ///
    /// # Errors
    /// Another process at the same runs, or results that cannot be read.
    pub(crate) fn open(
        plan: &Plan,
        options: &'a Options<'a>,
        pauses: Option<Pauses>,
    ) -> Result<Self> {
        let held = Lock::take(options.output, plan)?;
        Ok(Self {
            options,
            store: Mutex::new(Store::open(options.output, plan)?),
            _held: held,
            pauses,
            start: Instant::now(),
            computed: false,
        })
    }

    /// Computes those of the runs that have no results, and says whether there were any. `plan` is what they belong to.
    ///
    /// # Errors
    /// As of [`super::execute`]; what has ended is kept.
    pub(crate) fn compute(&mut self, plan: &Plan, runs: &[&Run]) -> Result<bool> {
        let mut store = lock(&self.store);
        if self.options.fresh {
            let earlier = runs.iter().copied();
            let earlier = earlier.filter(|run| store.origin(&run.key) != Some(Origin::Computed));
            let earlier: Vec<&Run> = earlier.collect();
            store.start_again(earlier.into_iter());
        }
        let mut seen = HashSet::new();
        let open = runs.iter().filter(|run| !store.has(&run.key));
        let mut open: Vec<&Run> = open.copied().filter(|run| seen.insert(&run.key)).collect();
        drop(store);
        if open.is_empty() {
            return Ok(false);
        }
        for run in &open {
            let checked = run.job.check_data(self.options.data);
            checked.with_context(|| plan.experiment.clone())?;
        }
        // The longest first, so that no thread sits idle at the end.
        open.sort_by(|a, b| b.job.seconds().total_cmp(&a.job.seconds()));
        self.computed = true;
        let progress = Progress::new(open.len(), 0, open.iter().copied());
        let ended = |position: usize, record: Record| -> Result<()> {
            lock(&self.store).keep(record)?;
            progress.finished(position, open[position], &plan.experiment);
            Ok(())
        };
        let queue: Vec<(&Plan, &Run)> = open.iter().map(|run| (plan, *run)).collect();
        let failures = compute(
            &queue,
            self.options,
            self.pauses.as_ref(),
            &progress,
            &ended,
        );
        progress.close();
        failed(failures, open.len())?;
        let store = lock(&self.store);
        let there = |run: &&Run| store.has(&run.key);
        if !open.iter().all(there) {
            return Err(Interrupted {
                finished: plan.runs.iter().filter(there).count(),
                total: plan.runs.len(),
                fresh: self.options.fresh,
            }
            .into());
        }
        Ok(true)
    }

    /// A metric of a run that has a result: none if it diverged.
    pub(crate) fn metric(&self, run: &Run, name: &str) -> Option<f64> {
        lock(&self.store).metric(&run.key, name)
    }

    /// No run will be longer: takes the states away.
    pub(crate) fn end(&self) -> Result<()> {
        self.pauses.as_ref().map_or(Ok(()), Pauses::clear)
    }

    /// Writes the CSV files of all runs of the plan that have results.
    pub(crate) fn write(&self, plan: &Plan) -> Result<()> {
        let command = self
            .computed
            .then(|| Command::this(self.start.elapsed().as_secs_f64()));
        lock(&self.store).write(plan, command)
    }
}
