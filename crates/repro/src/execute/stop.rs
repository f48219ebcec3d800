//! Ctrl-C: what it stops, and the error that reports it.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result};

/// Set by the first Ctrl-C.
pub(super) static STOP: AtomicBool = AtomicBool::new(false);

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

/// Makes Ctrl-C end the command in good order; a second one ends it at once.
pub fn stop_on_ctrl_c() -> Result<()> {
    ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })
    .context("cannot listen for Ctrl-C")
}
