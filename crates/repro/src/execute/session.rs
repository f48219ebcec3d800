//! Runs of one experiment that are requested a few at a time: what earlier ones found decides which come next.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result};

use super::hold::{LOOK, hold};
use super::options::Options;
use super::pool::{compute, failed, lock};
use super::stop::{Interrupted, STOP};
use crate::experiment::{Plan, Run};
use crate::progress::Progress;
use crate::results::provenance::Command;
use crate::store::{Lock, Origin, Pauses, Record, Store};
use crate::terminal::{count as count_of, say};

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
        let held = hold(plan, options)?;
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
        let open: Vec<&Run> = open.copied().filter(|run| seen.insert(&run.key)).collect();
        drop(store);
        if open.is_empty() {
            return Ok(false);
        }
        for run in &open {
            let checked = run.job.check_data(self.options.data);
            checked.with_context(|| plan.experiment.clone())?;
        }
        match plan.shard {
            None => self.compute_all(plan, open)?,
            Some(shard) => self.compute_shared(plan, runs, shard)?,
        }
        Ok(true)
    }

    /// Computes the own share of the runs, then those that nobody has begun, and waits for the others.
    ///
    /// Each share of the runs has a lock, which whoever computes it holds, and which ends with the process: what a process
    /// that was killed or never started has not done, another one does.
    fn compute_shared(
        &mut self,
        plan: &Plan,
        runs: &[&Run],
        (own, count): (usize, usize),
    ) -> Result<()> {
        let mut waits = false;
        loop {
            let mut computes = false;
            for share in (0..count).map(|i| (own - 1 + i) % count) {
                let part = || runs.iter().copied().skip(share).step_by(count);
                if self.without_result(plan, part())?.is_empty() {
                    continue;
                }
                let lock =
                    Lock::take_share(self.options.output, &plan.experiment, (share + 1, count))?;
                if lock.is_none() {
                    continue;
                }
                // Whoever had it until now may have finished runs.
                let part = self.without_result(plan, part())?;
                if !part.is_empty() {
                    self.compute_all(plan, part)?;
                    computes = true;
                }
            }
            let left = self.without_result(plan, runs.iter().copied())?.len();
            if left == 0 {
                return Ok(());
            }
            if STOP.load(Ordering::Relaxed) {
                return Err(self.interrupted(plan).into());
            }
            if computes {
                continue;
            }
            if !waits {
                let left = count_of(left, "run");
                say(format!("waiting for {left} of other shares"));
                waits = true;
            }
            thread::sleep(LOOK);
        }
    }

    /// Those of the runs that have no result, of whatever process, each once.
    fn without_result<'r>(
        &self,
        plan: &Plan,
        runs: impl Iterator<Item = &'r Run>,
    ) -> Result<Vec<&'r Run>> {
        let mut store = lock(&self.store);
        store.take_up_others(&plan.experiment)?;
        let mut seen = HashSet::new();
        let open = runs.filter(|run| !store.has(&run.key) && seen.insert(&run.key));
        Ok(open.collect())
    }

    /// Computes these runs, none of which has a result.
    fn compute_all(&mut self, plan: &Plan, mut open: Vec<&Run>) -> Result<()> {
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
        let all = open.iter().all(|run| store.has(&run.key));
        drop(store);
        match all {
            true => Ok(()),
            false => Err(self.interrupted(plan).into()),
        }
    }

    fn interrupted(&self, plan: &Plan) -> Interrupted {
        let store = lock(&self.store);
        let finished = plan.runs.iter().filter(|run| store.has(&run.key));
        Interrupted {
            finished: finished.count(),
            total: plan.runs.len(),
            fresh: self.options.fresh,
        }
    }

    /// A metric of a run that has a result: none if it diverged.
    pub(crate) fn metric(&self, run: &Run, name: &str) -> Option<f64> {
        lock(&self.store).metric(&run.key, name)
    }

    /// Removes the states: no run will be longer.
    pub(crate) fn end(&self) {
        self.pauses.iter().for_each(Pauses::clear);
    }

    /// Writes the CSV files of all runs of the plan that have results.
    pub(crate) fn write(&self, plan: &Plan) -> Result<()> {
        let command = self
            .computed
            .then(|| Command::this(self.start.elapsed().as_secs_f64()));
        lock(&self.store).write(plan, command)
    }
}
