//! Runs plans: in parallel, past what is already finished, stoppable at any moment.

mod hold;
mod options;
mod pool;
mod session;
mod stop;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::experiment::{Plan, Run};
use crate::progress::{Progress, duration};
use crate::results::provenance::Command;
use crate::store::{Lock, Record, Store};
use crate::studies::Preparation;
use crate::terminal::{count, say};
use hold::hold;
pub use options::Options;
use pool::{compute, failed, lock};
pub(crate) use session::Session;
pub use stop::{Interrupted, stop_on_ctrl_c};

struct Ongoing<'a> {
    plan: &'a Plan,
    store: Mutex<Store>,
    /// While there are runs to compute.
    held: Option<Lock>,
    /// Runs without results, at the start and now.
    open: usize,
    left: AtomicUsize,
}

impl<'a> Ongoing<'a> {
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
    let work = plans.iter().map(|plan| Ongoing::new(plan, options));
    let mut work = work.collect::<Result<Vec<_>>>()?;
    for Ongoing { plan, store, .. } in &work {
        let store = lock(store);
        for run in plan.share().filter(|run| !store.has(&run.key)) {
            let checked = run.job.check_data(data);
            checked.with_context(|| plan.experiment.clone())?;
        }
    }
    for work in work.iter_mut().filter(|work| work.open > 0) {
        if !options.dry_run {
            let lock = hold(work.plan, options)?;
            // Whoever had it until now may have finished runs.
            *work = Ongoing::new(work.plan, options)?;
            work.held = Some(lock);
        }
    }
    let work = work;
    let write = |work: &Ongoing<'_>| -> Result<()> {
        let computed = work.open > work.left.load(Ordering::Relaxed);
        let command = computed.then(|| Command::this(start.elapsed().as_secs_f64()));
        lock(&work.store).write(work.plan, command)
    };
    let finish = |index: usize| -> Result<()> {
        write(&work[index])?;
        done(index)
    };
    let mut queue: Vec<(usize, &Run)> = Vec::new();
    for (index, Ongoing { plan, store, .. }) in work.iter().enumerate() {
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
    let progress = Progress::new(
        total,
        total - queue.len(),
        queue.iter().map(|(_, run)| *run),
    );
    let (repeated, others) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let ended = |position: usize, record: Record| -> Result<()> {
        let (index, run) = queue[position];
        let work = &work[index];
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
    };
    let waiting: Vec<(&Plan, &Run)> = queue.iter().map(|&(i, run)| (work[i].plan, run)).collect();
    let failures = compute(&waiting, options, None, &progress, &ended);
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
    failed(failures, total)?;
    if finished < total {
        let fresh = options.fresh;
        return Err(Interrupted {
            finished,
            total,
            fresh,
        }
        .into());
    }
    Ok(())
}

/// What is about to be done, in words: amount, what is there, where it goes, and how long it takes.
fn announcement(work: &[Ongoing<'_>], options: &Options<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut all, mut longest) = (0.0, 0.0_f64);
    let mut first: Vec<Preparation> = Vec::new();
    for Ongoing {
        plan, store, open, ..
    } in work
    {
        let store = lock(store);
        let open_runs = plan.share().filter(|run| !store.has(&run.key));
        let mut seconds = 0.0;
        for run in open_runs {
            seconds += run.job.seconds();
            longest = longest.max(run.job.seconds());
            let work = run.job.waits_for(options.data);
            first.extend(work.filter(|work| !first.contains(work)));
        }
        all += seconds;
        let there = match plan.share().count() - open {
            0 => String::new(),
            there => format!(", {there} there already"),
        };
        lines.push(format!("{}{there}", plan.amount()));
    }
    let threads = rayon::current_num_threads();
    let before: f64 = first.iter().map(|work| work.seconds).sum();
    let time = before + longest.max(all / threads as f64);
    let fresh = match options.fresh {
        true => ", computed again whether there or not",
        false => "",
    };
    lines.extend(first.iter().map(|Preparation { what, seconds }| {
        format!("first: {what}, about {}", duration(*seconds))
    }));
    lines.push(format!(
        "results go to {}{fresh}: about {} on {}",
        options.output.dir().display(),
        duration(time),
        count(threads, "thread"),
    ));
    lines
}

/// Where the results of these plans came from, in words.
fn origins(work: &[Ongoing<'_>]) -> String {
    let mut counts = [0; 3];
    for Ongoing { plan, store, .. } in work {
        let store = lock(store);
        for origin in plan.share().filter_map(|run| store.origin(&run.key)) {
            counts[origin as usize] += 1;
        }
    }
    let [csv, journal, computed] = counts;
    format!("results: {csv} taken from CSV files, {journal} from journals, {computed} computed")
}
