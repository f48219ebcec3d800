//! Progress with time left: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal as _;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::experiment::Run;
use crate::terminal::say;

/// Plain lines come no more often than this.
const LINE_INTERVAL: Duration = Duration::from_secs(10);
/// Resolution of the bar.
const STEPS: f64 = 10_000.0;

/// Progress over a queue of runs, weighted by their estimated cost.
pub(crate) struct Progress {
    bar: ProgressBar,
    terminal: bool,
    start: Instant,
    state: Mutex<State>,
}

struct State {
    /// Estimated seconds and fraction done of every queued run.
    runs: Vec<(f64, f64)>,
    /// Estimated seconds of all of them, and how many of these are done.
    work: f64,
    done: f64,
    finished: usize,
    total: usize,
    last_line: Instant,
    /// What runs wait for before they begin.
    note: Option<String>,
}

impl State {
    /// The run at this place of the queue is done up to `fraction`.
    fn reached(&mut self, position: usize, fraction: f64) {
        let (seconds, before) = &mut self.runs[position];
        self.done += *seconds * (fraction - *before);
        *before = fraction;
    }
}

impl Progress {
    /// `skipped` of `total` runs had been finished before.
    pub(crate) fn new<'a>(
        total: usize,
        skipped: usize,
        queue: impl Iterator<Item = &'a Run>,
    ) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(Some(STEPS as u64), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{bar:32} {percent:>3} %  {msg}") {
            bar.set_style(style);
        }
        let runs: Vec<(f64, f64)> = queue
            .map(|run| (run.job.seconds().max(1e-3), 0.0))
            .collect();
        if skipped > 0 && !runs.is_empty() {
            say(format!("{skipped} of {total} runs were finished before"));
        }
        let now = Instant::now();
        let state = State {
            work: runs.iter().map(|run| run.0).sum(),
            done: 0.0,
            runs,
            finished: skipped,
            total,
            last_line: now,
            note: None,
        };
        Self {
            bar,
            terminal,
            start: now,
            state: Mutex::new(state),
        }
    }

    /// The run at this place of the queue is done up to `fraction`.
    pub(crate) fn at(&self, position: usize, fraction: f64) {
        let mut state = self.lock();
        state.reached(position, fraction);
        state.note = None;
        self.show(&mut state, None).into_iter().for_each(say);
    }

    /// Runs wait for this.
    pub(crate) fn waits(&self, what: String) {
        let mut state = self.lock();
        state.note = Some(what);
        self.show(&mut state, None).into_iter().for_each(say);
    }

    /// The run at this place of the queue has ended.
    pub(crate) fn finished(&self, position: usize, run: &Run, experiment: &str) {
        let mut state = self.lock();
        state.reached(position, 1.0);
        state.finished += 1;
        let line = format!("{experiment}: seed {}, run {}", run.seed, run.key);
        self.show(&mut state, Some(&line)).into_iter().for_each(say);
    }

    /// Says something in between, above the bar.
    pub(crate) fn close(&self) {
        self.bar.finish_and_clear();
    }

    /// Moves the bar; without a terminal, returns a line where one is due.
    fn show(&self, state: &mut State, ended: Option<&str>) -> Option<String> {
        let fraction = (state.done / state.work.max(1e-9)).clamp(0.0, 1.0);
        let elapsed = self.start.elapsed();
        let left = match fraction {
            f if f > 0.005 => {
                let left = elapsed.as_secs_f64() * (1.0 - f) / f;
                format!("{} left", duration(left))
            }
            _ => "estimating".to_owned(),
        };
        let left = state.note.as_ref().unwrap_or(&left);
        let counts = format!("{} of {} runs, {left}", state.finished, state.total);
        if self.terminal {
            self.bar.set_position((fraction * STEPS) as u64);
            self.bar.set_message(counts);
            return None;
        }
        let last = ended.is_some() && state.finished == state.total;
        if !last && state.last_line.elapsed() < LINE_INTERVAL {
            return None;
        }
        state.last_line = Instant::now();
        let ended = ended.map_or_else(String::new, |ended| format!("  ({ended})"));
        Some(format!("{:3.0} %  {counts}{ended}", 100.0 * fraction))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// `42 s`, `3 min 20 s`, `2 h 05 min`.
pub(crate) fn duration(seconds: f64) -> String {
    let s = seconds.round().max(0.0) as u64;
    match s {
        0..=99 => format!("{s} s"),
        100..=3599 => format!("{} min {:02} s", s / 60, s % 60),
        _ => format!("{} h {:02} min", s / 3600, s % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_hears_of_a_run_before_it_ends() {
        let progress = Progress {
            bar: ProgressBar::hidden(),
            terminal: false,
            start: Instant::now(),
            state: Mutex::new(State {
                runs: vec![(10.0, 0.0), (10.0, 0.0)],
                work: 20.0,
                done: 0.0,
                finished: 0,
                total: 2,
                last_line: Instant::now(),
                note: None,
            }),
        };
        let mut state = progress.lock();
        state.reached(0, 0.5);
        state.reached(0, 0.25);
        assert_eq!(progress.show(&mut state, None), None);
        let long_ago = Instant::now().checked_sub(LINE_INTERVAL);
        state.last_line = long_ago.expect("the machine has been up for a while");
        let line = progress.show(&mut state, None).unwrap();
        assert!(line.starts_with(" 12 %  0 of 2 runs"), "{line}");
        assert_eq!(progress.show(&mut state, None), None, "not at once again");
    }
}
