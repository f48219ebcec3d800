//! The right to compute, taken at once or waited for.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};

use super::options::Options;
use super::stop::{Interrupted, STOP};
use crate::experiment::Plan;
use crate::store::Lock;
use crate::terminal::say;

/// Time between two looks at what another process does.
pub(super) const LOOK: Duration = Duration::from_millis(200);

/// Takes the right to compute runs of the plan, or waits for it, if that was asked for.
///
/// # Errors
/// Another process has it: the message says who, and since when. [`Interrupted`] while waiting.
pub(super) fn hold(plan: &Plan, options: &Options<'_>) -> Result<Lock> {
    let mut waits = false;
    loop {
        let held = match Lock::take(options.output, plan)? {
            Ok(lock) => return Ok(lock),
            Err(held) => held,
        };
        if !options.wait {
            bail!(
                "{held}; --wait waits for it, --shard shares the work, another --out is apart from it"
            );
        }
        if STOP.load(Ordering::Relaxed) {
            return Err(Interrupted {
                finished: 0,
                total: plan.share().count(),
                fresh: options.fresh,
            }
            .into());
        }
        if !waits {
            say(format!("waiting: {held}"));
            waits = true;
        }
        thread::sleep(LOOK);
    }
}
