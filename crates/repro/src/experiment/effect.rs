//! What has no effect is refused: two rows that differ in it would be the same result under two names.

use std::collections::HashMap;

use anyhow::{Result, bail};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::run::Run;
use crate::settings::tree;
use crate::studies::Idle;

/// Refuses runs of a seed that differ only in what has no effect. `axes` are the keys that vary.
pub(super) fn check_runs(runs: &[Run], axes: &[&str]) -> Result<()> {
    let varies = |idle: &Idle| axes.iter().any(|axis| stands_for(idle.key, axis));
    if !runs.iter().any(|run| run.job.idle().iter().any(varies)) {
        return Ok(());
    }
    // Of settings that have an effect, a digest.
    let mut seen: HashMap<([u8; 32], u64), &Run> = HashMap::with_capacity(runs.len());
    for run in runs {
        let mut effective = run.settings();
        for Idle { key, .. } in run.job.idle() {
            if tree::get(&effective, key).is_some() {
                tree::set(&mut effective, key, Value::Null)?;
            }
        }
        let digest = Sha256::digest(effective.to_string().as_bytes());
        if let Some(same) = seen.insert((digest.into(), run.seed), run) {
            let differs = |idle: &Idle| run.setting(idle.key) != same.setting(idle.key);
            if let Some(idle) = run.job.idle().into_iter().find(differs) {
                refuse(idle.key, run, idle)?;
            }
        }
    }
    Ok(())
}

/// Refuses a setting that somebody wrote and that has no effect on any of the runs.
pub(super) fn check_key(key: &str, runs: &[&Run]) -> Result<()> {
    let idle = |run: &Run| {
        run.job
            .idle()
            .into_iter()
            .find(|idle| stands_for(idle.key, key))
    };
    match runs.first().and_then(|run| idle(run)) {
        Some(reason) if runs.iter().all(|run| idle(run).is_some()) => refuse(key, runs[0], reason),
        _ => Ok(()),
    }
}

fn stands_for(idle: &str, key: &str) -> bool {
    let below = key.strip_prefix(idle);
    below.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn refuse(key: &str, run: &Run, Idle { beside, .. }: Idle) -> Result<()> {
    match run.setting(beside) {
        Some(value) => bail!("key {key} has no effect with {beside} = {value}: leave it out"),
        None => bail!("key {key} has no effect in this study: leave it out"),
    }
}
