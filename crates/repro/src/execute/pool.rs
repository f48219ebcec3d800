//! Runs on all threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Result, anyhow};

use super::options::Options;
use super::stop::STOP;
use crate::datasets::DataSets;
use crate::experiment::{Plan, Run};
use crate::progress::Progress;
use crate::store::{Pause, Pauses, Record};
use crate::studies::{Kept, Monitor, Outcome, Stopped};
use crate::terminal::say;

/// Computes runs on all threads, begun in this order, and hands each record and its place in the queue to `ended`. Returns
/// what failed. The first failure ends the others, unless they are to go on; Ctrl-C ends all. Runs go on from states that are in
/// `pauses`, and leave theirs.
pub(super) fn compute(
    queue: &[(&Plan, &Run)],
    options: &Options<'_>,
    pauses: Option<&Pauses>,
    progress: &Progress,
    ended: &(dyn Fn(usize, Record) -> Result<()> + Sync),
) -> Vec<anyhow::Error> {
    let next = AtomicUsize::new(0);
    let failures: Mutex<Vec<anyhow::Error>> = Mutex::default();
    let goes_on = || options.keep_going || lock(&failures).is_empty();
    let fail = |error: anyhow::Error| {
        if options.keep_going {
            say(format!("failed: {error:#}"));
        }
        lock(&failures).push(error);
    };
    rayon::scope(|scope| {
        for _ in 0..rayon::current_num_threads().min(queue.len()) {
            scope.spawn(|_| {
                while !STOP.load(Ordering::Relaxed) && goes_on() {
                    let position = next.fetch_add(1, Ordering::Relaxed);
                    let Some(&(plan, run)) = queue.get(position) else {
                        break;
                    };
                    let pause = pauses.and_then(|pauses| pauses.of(plan, run));
                    let state = pause.as_ref().map(|pause| -> &dyn Kept { pause });
                    let result = one(run, plan, options.data, state, progress, position);
                    let kept = result.and_then(|record| match record {
                        Some(record) => {
                            ended(position, record).map(|()| pause.iter().for_each(Pause::ended))
                        }
                        None => Ok(()),
                    });
                    if let Err(error) = kept {
                        fail(error);
                    }
                }
            });
        }
    });
    std::mem::take(&mut *lock(&failures))
}

/// The error of a command in which these runs of `total` failed, if any did.
pub(super) fn failed(mut failures: Vec<anyhow::Error>, total: usize) -> Result<()> {
    match failures.len() {
        0 => Ok(()),
        1 => Err(failures.remove(0)),
        _ => Err(anyhow!(
            "{} of {total} runs failed, the first of them: {:#}",
            failures.len(),
            failures[0]
        )),
    }
}

/// One run; `None` if it was stopped.
fn one(
    run: &Run,
    plan: &Plan,
    data: &DataSets,
    state: Option<&dyn Kept>,
    progress: &Progress,
    position: usize,
) -> Result<Option<Record>> {
    let start = Instant::now();
    let tell = |fraction: f64| progress.at(position, fraction);
    let note = |what: String| progress.waits(what);
    let monitor = Monitor::new(&STOP, &tell).with_note(&note).with_kept(state);
    let work = || -> Result<Outcome> {
        let outcome = run.job.run(run.seed, data, &monitor)?;
        plan.study.check_outcome(run.job.as_ref(), &outcome)?;
        Ok(outcome)
    };
    let outcome = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text
            .or(panic.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        Err(anyhow!("the run ended in a bug of this program: {text}"))
    });
    match outcome {
        Ok(outcome) => Ok(Some(Record::new(
            run,
            outcome,
            start.elapsed().as_secs_f64(),
        ))),
        Err(error) if error.is::<Stopped>() => Ok(None),
        Err(error) => Err(error.context(format!(
            "{}: run {} (seed {}, {})",
            plan.experiment,
            run.key,
            run.seed,
            point(plan, run)
        ))),
    }
}

/// The varied settings of a run, in words.
fn point(plan: &Plan, run: &Run) -> String {
    let show = |key: &String| {
        let name = key.rsplit('.').next().unwrap_or(key);
        run.setting(key).map(|v| format!("{name} = {v}"))
    };
    let parts: Vec<String> = plan.varied.iter().filter_map(show).collect();
    if parts.is_empty() {
        "nothing varied".to_owned()
    } else {
        parts.join(", ")
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // A panic is turned into an error before it can poison anything worth distrusting.
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
