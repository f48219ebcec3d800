//! Journals: a line for every finished run, written in one go.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::record::Record;

/// Lines are left to the system's cache for no longer than this while more come, so that a machine that fails loses little. (A
/// process that is killed loses nothing.)
const SYNC: Duration = Duration::from_secs(10);

/// The journal that this program appends to; the file is made with the first line.
pub(super) struct Journal {
    path: PathBuf,
    file: Option<File>,
    synced: Instant,
}

impl Journal {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            file: None,
            synced: Instant::now(),
        }
    }

    pub(super) fn append(&mut self, record: &Record) -> Result<()> {
        let context = || format!("cannot write {}", self.path.display());
        let mut line = serde_json::to_string(record)?;
        line.push('\n');
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let dir = self.path.parent().unwrap_or(Path::new(""));
                fs::create_dir_all(dir).with_context(context)?;
                // A line torn by a kill must not swallow the next one.
                let bytes = fs::read(&self.path).unwrap_or_default();
                if bytes.last().is_some_and(|&byte| byte != b'\n') {
                    line.insert(0, '\n');
                }
                let file = OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open(&self.path);
                self.file.insert(file.with_context(context)?)
            }
        };
        file.write_all(line.as_bytes()).with_context(context)?;
        if self.synced.elapsed() >= SYNC {
            file.sync_data().with_context(context)?;
            self.synced = Instant::now();
        }
        Ok(())
    }
}

/// The records of a journal from byte `from` on, and where the last line that is whole ends. A line that is no record was torn
/// by a kill; its run is simply done again.
pub(super) fn read(path: &Path, from: u64) -> Result<(Vec<Record>, u64)> {
    let context = || path.display().to_string();
    let mut file = File::open(path).with_context(context)?;
    file.seek(SeekFrom::Start(from)).with_context(context)?;
    let (mut records, mut whole) = (Vec::new(), from);
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).with_context(context)? > 0 {
        records.extend(serde_json::from_slice(&line).ok());
        if line.ends_with(b"\n") {
            whole += line.len() as u64;
        }
        line.clear();
    }
    Ok((records, whole))
}

/// All journals of an experiment, of this machine and of others that share the work.
pub(super) fn all(dir: &Path, experiment: &str) -> Result<Vec<PathBuf>> {
    let Ok(entries) = fs::read_dir(dir) else {
        return Ok(Vec::new());
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let rest = name.strip_prefix(experiment);
        if rest.is_some_and(|rest| rest.starts_with('.') && rest.ends_with(".jsonl")) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Cell;

    fn record(key: &str) -> Record {
        Record {
            key: key.to_owned(),
            metrics: vec![("error".to_owned(), Cell::from(0.1))],
            tables: Vec::new(),
            wall_s: Cell::from(1.0),
            code: "commit".to_owned(),
        }
    }

    #[test]
    fn a_torn_line_loses_only_itself() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("runs/a.jsonl");
        let mut journal = Journal::new(path.clone());
        journal.append(&record("first")).unwrap();
        journal.append(&record("second")).unwrap();
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 20]).unwrap();
        Journal::new(path.clone()).append(&record("third")).unwrap();
        let (records, whole) = read(&path, 0).unwrap();
        assert_eq!(records, [record("first"), record("third")]);
        // What others add is read from there on.
        assert_eq!(whole, fs::metadata(&path).unwrap().len());
        journal.append(&record("fourth")).unwrap();
        assert_eq!(read(&path, whole).unwrap().0, [record("fourth")]);
    }

    #[test]
    fn journals_of_other_experiments_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["tau.jsonl", "tau.1of2.jsonl", "tau_0.jsonl", "tau.csv"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let found = all(dir.path(), "tau").unwrap();
        let names: Vec<_> = found.iter().map(|p| p.file_name().unwrap()).collect();
        assert_eq!(names, ["tau.1of2.jsonl", "tau.jsonl"]);
        assert!(all(&dir.path().join("nowhere"), "tau").unwrap().is_empty());
    }
}
