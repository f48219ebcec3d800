//! States of paused runs: what a longer run of the same settings and seed goes on from.
//!
//! Each is a file of its own in `runs/paused/<experiment>/`, whole at any moment, named by all settings but how long the run
//! is; a longer run replaces it, and the longest takes it away. None is needed for a result: a run whose state is not there,
//! damaged, or of another build of the program, starts from the beginning and finds the same.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use sha2::{Digest as _, Sha256};

use crate::experiment::{Plan, Run};
use crate::paths::Output;
use crate::results::files::write_atomically;
use crate::results::provenance::CODE;
use crate::studies::Kept;

/// The states of the runs of a search.
pub(crate) struct Pauses {
    dir: PathBuf,
    /// The setting that says how long a run is, and the most that it will be.
    key: String,
    longest: f64,
}

/// The state of one run.
pub(crate) struct Pause {
    path: PathBuf,
    is_longest: bool,
}

impl Pauses {
    /// Of runs of an experiment, the longest of which have `key` = `longest`.
    pub(crate) fn new(output: &Output, experiment: &str, key: &str, longest: f64) -> Self {
        Self {
            dir: output.paused(experiment),
            key: key.to_owned(),
            longest,
        }
    }

    /// That of a run, if it can go on.
    pub(crate) fn of(&self, plan: &Plan, run: &Run) -> Option<Pause> {
        let key = run.job.goes_on_in().filter(|key| *key == self.key)?;
        let length = run.setting(key)?.as_f64()?;
        Some(Pause {
            path: self.dir.join(run.key_but_for(key, plan.study)),
            is_longest: length >= self.longest,
        })
    }

    /// Removes all of them: no run will be longer. One that cannot be removed does no harm.
    pub(crate) fn clear(&self) {
        let _ = fs::remove_dir_all(&self.dir);
        // Unless there are states of other experiments beside it.
        let _ = self.dir.parent().map(fs::remove_dir);
    }
}

impl Pause {
    /// The run has a result.
    pub(crate) fn ended(&self) {
        if self.is_longest {
            // What stays is removed with the folder.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Kept for Pause {
    fn taken_up(&self) -> Option<Vec<u8>> {
        let kept = fs::read(&self.path).ok()?;
        let end = kept.iter().position(|&byte| byte == b'\n')?;
        let state = &kept[end + 1..];
        (kept[..end] == *heading(state).as_bytes()).then(|| state.to_vec())
    }

    fn is_wanted(&self) -> bool {
        !self.is_longest
    }

    fn keep(&self, state: &[u8]) -> Result<()> {
        let mut bytes = heading(state).into_bytes();
        bytes.push(b'\n');
        bytes.extend(state);
        write_atomically(&self.path, &bytes)
    }
}

/// The build of the program, and a digest.
fn heading(state: &[u8]) -> String {
    let digest = Sha256::digest(state);
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{CODE} {digest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_state_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let pause = |is_longest| Pause {
            path: dir.path().join("a/b"),
            is_longest,
        };
        let (short, long) = (pause(false), pause(true));
        assert_eq!(long.taken_up(), None);
        short.keep(b"state\nof a run").unwrap();
        assert_eq!(long.taken_up().unwrap(), b"state\nof a run");
        let whole = fs::read(&short.path).unwrap();
        for damaged in [
            &whole[..whole.len() - 1],
            &[&whole[..], b"n"].concat(),
            &[b"other", &whole[..]].concat(),
            b"",
        ] {
            fs::write(&short.path, damaged).unwrap();
            assert_eq!(long.taken_up(), None);
        }
        short.ended();
        assert!(short.path.exists() && short.is_wanted() && !long.is_wanted());
        long.ended();
        assert!(!short.path.exists());
    }
}
