//! Runs plans: in parallel, past what is already finished, stoppable at any moment.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow};

use crate::datasets::DataSets;
use crate::experiment::{Plan, Run};
use crate::paths::Output;
use crate::progress::Progress;
use crate::results::provenance::Command;
use crate::store::{Record, Store};
use crate::studies::{Monitor, Outcome, Stopped};

/// Set by the first Ctrl-C.
static STOP: AtomicBool = AtomicBool::new(false);

/// The end of an interrupted command; everything finished has been kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted {
    /// Runs that have results.
    pub finished: usize,
    /// Runs in all.
    pub total: usize,
}

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { finished, total } = self;
        write!(
            f,
            "interrupted with {finished} of {total} runs finished and kept; \
             the same command goes on from there"
        )
    }
}

impl std::error::Error for Interrupted {}

/// Makes Ctrl-C end the command orderly; a second one ends it at once.
pub fn stop_on_ctrl_c() -> Result<()> {
    ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })
    .context("cannot listen for Ctrl-C")
}

struct Work<'a> {
    plan: &'a Plan,
    store: Mutex<Store>,
    /// Runs without results, at the start and now.
    open: usize,
    left: AtomicUsize,
}

/// Executes plans in one pool of threads. As soon as the last run of a plan has ended its CSV files
/// are written and `done(index)` is called.
///
/// # Errors
/// Data that are missing or damaged: nothing is run. The first run that fails: no further runs are started, those finished are kept. [`Interrupted`]
/// after Ctrl-C.
pub fn execute(
    plans: &[Plan],
    output: &Output,
    data: &DataSets,
    shard: Option<(usize, usize)>,
    done: &(dyn Fn(usize) -> Result<()> + Sync),
) -> Result<()> {
    let start = Instant::now();
    let mut work = Vec::new();
    for plan in plans {
        let store = Store::open(output, plan, shard)?;
        let left = plan.runs.iter().filter(|run| !store.has(&run.key)).count();
        work.push(Work {
            plan,
            store: Mutex::new(store),
            open: left,
            left: AtomicUsize::new(left),
        });
    }
    let write = |work: &Work<'_>| -> Result<()> {
        let computed = work.open > work.left.load(Ordering::Relaxed);
        let command = computed.then(|| Command::this(start.elapsed().as_secs_f64()));
        lock(&work.store).write(work.plan, command)
    };
    let finish = |index: usize| -> Result<()> {
        write(&work[index])?;
        done(index)
    };
    let mut queue: Vec<(usize, &Run)> = Vec::new();
    for (index, Work { plan, store, .. }) in work.iter().enumerate() {
        let store = lock(store);
        let mut open: Vec<&Run> = plan.runs.iter().filter(|r| !store.has(&r.key)).collect();
        // The longest first, so that no thread sits idle at the end.
        open.sort_by(|a, b| b.job.seconds().total_cmp(&a.job.seconds()));
        queue.extend(open.into_iter().map(|run| (index, run)));
    }
    for (index, work) in work.iter().enumerate() {
        if work.left.load(Ordering::Relaxed) == 0 {
            finish(index)?;
        }
    }
    let total = plans.iter().map(|p| p.runs.len()).sum::<usize>();
    for (index, run) in &queue {
        run.job
            .check_data(data)
            .with_context(|| plans[*index].experiment.clone())?;
    }
    let progress = Progress::new(total, total - queue.len(), &queue);
    let next = AtomicUsize::new(0);
    let failure: Mutex<Option<anyhow::Error>> = Mutex::new(None);
    let fail = |error: anyhow::Error| {
        lock(&failure).get_or_insert(error);
    };
    rayon::scope(|scope| {
        for _ in 0..rayon::current_num_threads().min(queue.len()) {
            scope.spawn(|_| {
                while !STOP.load(Ordering::Relaxed) && lock(&failure).is_none() {
                    let position = next.fetch_add(1, Ordering::Relaxed);
                    let Some(&(index, run)) = queue.get(position) else {
                        break;
                    };
                    let work = &work[index];
                    let result =
                        one(run, work.plan, data, &progress, position).and_then(|record| {
                            let Some(record) = record else { return Ok(()) };
                            lock(&work.store).keep(record)?;
                            progress.finished(position, run, &work.plan.experiment);
                            if work.left.fetch_sub(1, Ordering::AcqRel) == 1 {
                                finish(index)?;
                            }
                            Ok(())
                        });
                    if let Err(error) = result {
                        fail(error);
                    }
                }
            });
        }
    });
    progress.close();
    // What is finished of an unfinished plan goes into its CSV files as well.
    let mut finished = 0;
    for work in &work {
        let left = work.left.load(Ordering::Relaxed);
        finished += work.plan.runs.len() - left;
        if left > 0 && left < work.plan.runs.len() {
            write(work)?;
        }
    }
    match lock(&failure).take() {
        Some(error) => Err(error),
        None if finished < total => Err(Interrupted { finished, total }.into()),
        None => Ok(()),
    }
}

/// One run; `None` if it was stopped.
fn one(
    run: &Run,
    plan: &Plan,
    data: &DataSets,
    progress: &Progress,
    position: usize,
) -> Result<Option<Record>> {
    let start = Instant::now();
    let tell = |fraction: f64| progress.at(position, fraction);
    let monitor = Monitor::new(&STOP, &tell);
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

/// The varied settings of a run, for people.
pub(crate) fn point(plan: &Plan, run: &Run) -> String {
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

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // A panic is turned into an error before it can poison anything worth distrusting.
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
