//! Two commands must not do the same runs at once.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};

use crate::experiment::Plan;
use crate::paths::Output;
use crate::progress::duration;

/// The right to compute runs of an experiment: of all runs, or of one share beside others. It ends with the process,
/// however that ends.
pub(crate) struct Lock {
    _files: Vec<File>,
}

/// Somebody else has the right.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    experiment: String,
    holder: String,
    path: PathBuf,
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            experiment,
            holder,
            path,
        } = self;
        write!(
            f,
            "{experiment}: {holder} does these runs already (lock: {})",
            path.display()
        )
    }
}

impl Lock {
    /// Takes the right, unless somebody else has it.
    pub(crate) fn take(output: &Output, plan: &Plan) -> Result<Result<Self, Held>> {
        let experiment = plan.experiment.as_str();
        let whole = output.lock(experiment, None);
        let mut files = Vec::new();
        match take(&whole, experiment, plan.shard.is_some())? {
            Ok(file) => files.push(file),
            Err(held) => return Ok(Err(held)),
        }
        if plan.shard.is_some() {
            let own = output.lock(experiment, plan.shard);
            match take(&own, experiment, false)? {
                Ok(file) => files.push(file),
                Err(held) => return Ok(Err(held)),
            }
        }
        Ok(Ok(Self { _files: files }))
    }

    /// Takes the right to one share of what shares of a search do next, unless somebody else has it.
    pub(crate) fn take_share(
        output: &Output,
        experiment: &str,
        share: (usize, usize),
    ) -> Result<Option<Self>> {
        let path = output.share_lock(experiment, share);
        let taken = take(&path, experiment, false)?;
        Ok(taken.ok().map(|file| Self { _files: vec![file] }))
    }
}

fn take(path: &Path, experiment: &str, shared: bool) -> Result<Result<File, Held>> {
    let context = || format!("cannot write {}", path.display());
    fs::create_dir_all(path.parent().unwrap_or(Path::new(""))).with_context(context)?;
    let mut options = OpenOptions::new();
    let options = options.create(true).truncate(false).read(true).write(true);
    let mut file = options.open(path).with_context(context)?;
    let taken = match shared {
        true => file.try_lock_shared(),
        false => file.try_lock(),
    };
    match taken {
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            // Who is just taking it may not have said so yet.
            let _ = file.read_to_string(&mut text);
            return Ok(Err(Held {
                experiment: experiment.to_owned(),
                holder: holder(&text),
                path: path.to_owned(),
            }));
        }
        // A file system without locks: nobody can be told apart.
        Err(TryLockError::Error(_)) | Ok(()) => {}
    }
    file.set_len(0).with_context(context)?;
    let (pid, host, now) = (std::process::id(), host(), now());
    let said = file.write_all(format!("{pid} {host} {now}\n").as_bytes());
    said.with_context(context)?;
    Ok(Ok(file))
}

/// Who wrote this, for people.
fn holder(text: &str) -> String {
    let fields: Vec<&str> = text.split_whitespace().collect();
    match fields[..] {
        [pid, host, since] => {
            let since = since.parse().unwrap_or_else(|_| now());
            let seconds = now().saturating_sub(since) as f64;
            format!("process {pid} on {host}, for {} now,", duration(seconds))
        }
        _ => "another process".to_owned(),
    }
}

fn host() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "this-machine".to_owned(),
        name => name.to_owned(),
    }
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().as_secs()
}
