//! Runs plans: in parallel, past what is already finished, stoppable at any moment.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow};

use crate::datasets::DataSets;
use crate::experiment::{Plan, Run};
use crate::paths::Output;
use crate::progress::{Progress, duration};
use crate::results::provenance::Command;
use crate::store::{Lock, Record, Store};
use crate::studies::{Monitor, Outcome, Stopped};
use crate::terminal::{count, say};

/// Set by the first Ctrl-C.
static STOP: AtomicBool = AtomicBool::new(false);

/// The end of an interrupted command; everything finished has been kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted {
    /// Runs that have results.
    pub finished: usize,
    /// Runs in all.
    pub total: usize,
    /// Whether runs that had results were computed again.
    pub fresh: bool,
}

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            finished,
            total,
            fresh,
        } = self;
        let then = match fresh {
            true => {
                "with --fresh they are computed once more, without it all that is there is used"
            }
            false => "the same command goes on from there",
        };
        write!(
            f,
            "interrupted with {finished} of {total} runs finished and kept; {then}"
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

/// How plans are executed.
pub struct Options<'a> {
    /// Where results are and go.
    pub output: &'a Output,
    /// What runs are handed.
    pub data: &'a DataSets,
    /// Computes again what has results.
    pub fresh: bool,
    /// Says what would be done, and does nothing.
    pub dry_run: bool,
    /// Goes on with the other runs when one fails.
    pub keep_going: bool,
}

struct Work<'a> {
    plan: &'a Plan,
    store: Mutex<Store>,
    /// While there are runs to compute.
    held: Option<Lock>,
    /// Runs without results, at the start and now.
    open: usize,
    left: AtomicUsize,
}

impl<'a> Work<'a> {
    fn new(plan: &'a Plan, options: &Options<'_>) -> Result<Self> {
        let mut store = Store::open(options.output, plan)?;
        if options.fresh {
            store.start_again(plan.share());
        }
        let left = plan.share().filter(|run| !store.has(&run.key)).count();
        Ok(Self {
            plan,
            store: Mutex::new(store),
            held: None,
            open: left,
            left: AtomicUsize::new(left),
        })
    }
}

/// Executes plans in one pool of threads. As soon as the last run of a plan has ended its CSV files
/// are written and `done(index)` is called.
///
/// # Errors
/// Data that are missing or damaged, or another process at the same runs: nothing is run. The first run that fails: no
/// further runs are started unless it is asked to go on, those finished are kept. [`Interrupted`] after Ctrl-C.
pub fn execute(
    plans: &[Plan],
    options: &Options<'_>,
    done: &(dyn Fn(usize) -> Result<()> + Sync),
) -> Result<()> {
    let start = Instant::now();
    let data = options.data;
    let work = plans.iter().map(|plan| Work::new(plan, options));
    let mut work = work.collect::<Result<Vec<_>>>()?;
    for Work { plan, store, .. } in &work {
        let store = lock(store);
        for run in plan.share().filter(|run| !store.has(&run.key)) {
            let checked = run.job.check_data(data);
            checked.with_context(|| plan.experiment.clone())?;
        }
    }
    for work in work.iter_mut().filter(|work| work.open > 0) {
        if !options.dry_run {
            let lock = Lock::take(options.output, work.plan)?;
            // Whoever had it until now may have finished runs.
            *work = Work::new(work.plan, options)?;
            work.held = Some(lock);
        }
    }
    let work = work;
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
        let mut open: Vec<&Run> = plan.share().filter(|r| !store.has(&r.key)).collect();
        // The longest first, so that no thread sits idle at the end.
        open.sort_by(|a, b| b.job.seconds().total_cmp(&a.job.seconds()));
        queue.extend(open.into_iter().map(|run| (index, run)));
    }
    for line in announcement(&work, options) {
        say(line);
    }
    if options.dry_run {
        return Ok(());
    }
    for (index, work) in work.iter().enumerate() {
        if work.left.load(Ordering::Relaxed) == 0 {
            finish(index)?;
        }
    }
    let total = plans.iter().map(|p| p.share().count()).sum::<usize>();
    let progress = Progress::new(total, total - queue.len(), &queue);
    let (repeated, others) = (AtomicUsize::new(0), AtomicUsize::new(0));
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
                    let Some(&(index, run)) = queue.get(position) else {
                        break;
                    };
                    let work = &work[index];
                    let result =
                        one(run, work.plan, data, &progress, position).and_then(|record| {
                            let Some(record) = record else { return Ok(()) };
                            match lock(&work.store).keep(record)? {
                                Some(true) => repeated.fetch_add(1, Ordering::Relaxed),
                                Some(false) => others.fetch_add(1, Ordering::Relaxed),
                                None => 0,
                            };
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
        finished += work.plan.share().count() - left;
        if left > 0 && left < work.open {
            write(work)?;
        }
    }
    say(origins(&work));
    let (repeated, others) = (repeated.into_inner(), others.into_inner());
    if repeated + others > 0 {
        say(format!(
            "computed again: {repeated} with the numbers there were before, {others} with others"
        ));
    }
    let mut failures = std::mem::take(&mut *lock(&failures));
    match failures.len() {
        1 => Err(failures.remove(0)),
        2.. => Err(anyhow!(
            "{} of {total} runs failed, the first of them: {:#}",
            failures.len(),
            failures[0]
        )),
        0 if finished < total => {
            let fresh = options.fresh;
            Err(Interrupted {
                finished,
                total,
                fresh,
            }
            .into())
        }
        0 => Ok(()),
    }
}

/// What is about to be done, for people: amount, what is there, where it goes, and how long it takes.
fn announcement(work: &[Work<'_>], options: &Options<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut all, mut longest) = (0.0, 0.0_f64);
    for Work {
        plan, store, open, ..
    } in work
    {
        let store = lock(store);
        let open_runs = plan.share().filter(|run| !store.has(&run.key));
        let mut seconds = 0.0;
        for run in open_runs {
            seconds += run.job.seconds();
            longest = longest.max(run.job.seconds());
        }
        all += seconds;
        let there = match plan.share().count() - open {
            0 => String::new(),
            there => format!(", {there} there already"),
        };
        lines.push(format!("{}{there}", plan.amount()));
    }
    let threads = rayon::current_num_threads();
    let time = longest.max(all / threads as f64);
    let fresh = match options.fresh {
        true => ", computed again whether there or not",
        false => "",
    };
    lines.push(format!(
        "results go to {}{fresh}: about {} on {}",
        options.output.dir().display(),
        duration(time),
        count(threads, "thread"),
    ));
    lines
}

/// Where the results of these plans came from, for people.
fn origins(work: &[Work<'_>]) -> String {
    let mut counts = [0; 3];
    for Work { plan, store, .. } in work {
        let store = lock(store);
        for origin in plan.share().filter_map(|run| store.origin(&run.key)) {
            counts[origin as usize] += 1;
        }
    }
    let [csv, journal, computed] = counts;
    format!("results: {csv} taken from CSV files, {journal} from journals, {computed} computed")
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
    let note = |what: String| progress.waits(what);
    let monitor = Monitor::new(&STOP, &tell).with_note(&note);
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
