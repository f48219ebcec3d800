//! Results on disk: a journal that survives anything, and the CSV files made from it.
//!
//! While runs finish, each is one line of `runs/<experiment>*.jsonl`, written in one go: a kill
//! loses only runs that had not ended, and a torn last line is passed over. The CSV files hold the
//! runs of the current plan in plan order; results of other plans stay in the journal. CSV files
//! without a journal (those that ship with a checkout) count as finished runs too.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::sync::Mutex;

use anyhow::{Context as _, Result, anyhow};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::experiment::{Plan, Run};
use crate::paths::Output;
use crate::provenance;
use crate::results::table::write_csv;
use crate::results::{Cell, Frame, Table};
use crate::settings::tree;
use crate::studies::Outcome;

/// One finished run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    key: String,
    metrics: Vec<(String, Cell)>,
    tables: Vec<(String, Table)>,
    wall_s: Cell,
    code: String,
}

impl Record {
    /// The result of `run`, computed by this very program in `wall_s` seconds.
    pub fn new(run: &Run, outcome: Outcome, wall_s: f64) -> Self {
        let owned = |(name, metric): (&'static str, Cell)| (name.to_owned(), metric);
        Self {
            key: run.key.clone(),
            metrics: outcome.metrics.into_iter().map(owned).collect(),
            tables: outcome
                .tables
                .into_iter()
                .map(|(n, t)| (n.to_owned(), t))
                .collect(),
            wall_s: Cell::from((wall_s * 1e3).round() / 1e3),
            code: provenance::CODE.to_owned(),
        }
    }
}

/// All results of one experiment under one profile.
pub struct Store {
    output: Output,
    experiment: String,
    finished: HashMap<String, Record>,
    journal: Mutex<Option<fs::File>>,
    journal_name: String,
}

impl Store {
    /// Reads what is there. `shard` names this machine's share of the work, if it is shared.
    pub fn open(output: &Output, experiment: &str, shard: Option<(usize, usize)>) -> Result<Self> {
        let mut store = Self {
            output: output.clone(),
            experiment: experiment.to_owned(),
            finished: HashMap::new(),
            journal: Mutex::new(None),
            journal_name: match shard {
                Some((i, n)) => format!("{experiment}.{i}of{n}.jsonl"),
                None => format!("{experiment}.jsonl"),
            },
        };
        store.import_csv().with_context(|| {
            format!(
                "the results in {} cannot be taken up",
                output.data().display()
            )
        })?;
        for path in store.journals()? {
            store.read_journal(&path)?;
        }
        Ok(store)
    }

    /// Whether this run has a result.
    pub fn has(&self, key: &str) -> bool {
        self.finished.contains_key(key)
    }

    /// Appends finished runs to the journal; safe from several threads.
    pub fn append(&self, record: &Record) -> Result<()> {
        let path = self.output.journals().join(&self.journal_name);
        let context = || format!("cannot write {}", path.display());
        let mut line = serde_json::to_string(record)?;
        line.push('\n');
        let mut journal = self
            .journal
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let file = match journal.as_mut() {
            Some(file) => file,
            None => {
                fs::create_dir_all(self.output.journals()).with_context(context)?;
                // A line torn by a kill must not swallow the next one.
                let torn =
                    fs::read(&path).is_ok_and(|bytes| bytes.last().is_some_and(|&b| b != b'\n'));
                if torn {
                    line.insert(0, '\n');
                }
                let file = OpenOptions::new().create(true).append(true).open(&path);
                journal.insert(file.with_context(context)?)
            }
        };
        file.write_all(line.as_bytes()).with_context(context)
    }

    /// Takes a result into memory.
    pub fn insert(&mut self, record: Record) {
        self.finished.insert(record.key.clone(), record);
    }

    /// Writes the CSV files of all runs of the plan that are finished.
    pub fn write(&self, plan: &Plan) -> Result<()> {
        let done: Vec<(&Run, &Record)> = plan
            .runs
            .iter()
            .filter_map(|run| Some((run, self.finished.get(&run.key)?)))
            .collect();
        self.write_runs(&done)?;
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in done.iter().flat_map(|(_, record)| &record.tables) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        for name in names {
            self.write_table(name, &done)?;
        }
        Ok(())
    }

    fn write_runs(&self, done: &[(&Run, &Record)]) -> Result<()> {
        let mut columns: Vec<String> = vec!["key".into(), "seed".into()];
        let first = columns.len();
        let mut add = |name: &str| match columns.iter().position(|c| c == name) {
            Some(_) => {}
            None => columns.push(name.to_owned()),
        };
        for (run, _) in done {
            tree::leaves(&run.settings)
                .iter()
                .for_each(|(key, _)| add(key));
        }
        for (_, record) in done {
            record.metrics.iter().for_each(|(name, _)| add(name));
        }
        columns.extend(["wall_s".into(), "code".into()]);
        let rows: Vec<Vec<Cell>> = done
            .iter()
            .map(|(run, record)| {
                let settings = tree::leaves(&run.settings);
                let settings = settings.iter().map(|(k, v)| (k.as_str(), setting_cell(v)));
                let metrics = record.metrics.iter().map(|(k, v)| (k.as_str(), v.clone()));
                let mut values: HashMap<&str, Cell> = settings.chain(metrics).collect();
                let mut row = vec![Cell::from(run.key.as_str()), Cell::Number(run.seed as f64)];
                row.extend(
                    columns[first..columns.len() - 2]
                        .iter()
                        .map(|c| values.remove(c.as_str()).unwrap_or(Cell::Empty(()))),
                );
                row.extend([record.wall_s.clone(), Cell::from(record.code.as_str())]);
                row
            })
            .collect();
        let path = self.output.runs_csv(&self.experiment);
        write_csv(&path, &columns, rows.iter().map(|r| r.iter().collect()))
    }

    fn write_table(&self, name: &str, done: &[(&Run, &Record)]) -> Result<()> {
        let parts: Vec<(Cell, &Table)> = done
            .iter()
            .flat_map(|(_, r)| r.tables.iter().map(move |(n, t)| (r, n, t)))
            .filter(|(_, n, _)| *n == name)
            .map(|(r, _, t)| (Cell::from(r.key.as_str()), t))
            .collect();
        let Some((_, first)) = parts.first() else {
            return Ok(());
        };
        let names = first.columns.iter().cloned();
        let columns: Vec<String> = std::iter::once("key".to_owned()).chain(names).collect();
        let rows = parts.iter().flat_map(|(key, table)| {
            table
                .rows
                .iter()
                .map(move |row| std::iter::once(key).chain(row).collect())
        });
        write_csv(
            &self.output.table_csv(&self.experiment, name),
            &columns,
            rows,
        )
    }

    fn journals(&self) -> Result<Vec<PathBuf>> {
        let Ok(entries) = fs::read_dir(self.output.journals()) else {
            return Ok(Vec::new());
        };
        let prefix = format!("{}.", self.experiment);
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry?.path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if name.starts_with(&prefix) && name.ends_with(".jsonl") {
                paths.push(path);
            }
        }
        paths.sort();
        Ok(paths)
    }

    fn read_journal(&mut self, path: &PathBuf) -> Result<()> {
        let file = fs::File::open(path).with_context(|| path.display().to_string())?;
        for line in BufReader::new(file).split(b'\n') {
            // A line that is no record was torn by a kill; its run is simply done again.
            if let Ok(record) = serde_json::from_slice::<Record>(&line?) {
                self.insert(record);
            }
        }
        Ok(())
    }

    /// Takes up results that are only there as CSV.
    fn import_csv(&mut self) -> Result<()> {
        let path = self.output.runs_csv(&self.experiment);
        if !path.exists() {
            return Ok(());
        }
        let frame = Frame::read(&path)?;
        let is_metric =
            |c: &str| !c.contains('.') && !["key", "seed", "wall_s", "code"].contains(&c);
        for row in frame.rows() {
            let metrics = frame.columns().iter().filter(|c| is_metric(c));
            let metrics = metrics.map(|c| Ok((c.clone(), Cell::parse(row.text(c)?))));
            self.insert(Record {
                key: row.text("key")?.to_owned(),
                metrics: metrics.collect::<Result<_>>()?,
                tables: Vec::new(),
                wall_s: Cell::parse(row.text("wall_s")?),
                code: row.text("code")?.to_owned(),
            });
        }
        self.import_tables()
    }

    fn import_tables(&mut self) -> Result<()> {
        let prefix = format!("{}.", self.experiment);
        let mut paths: Vec<PathBuf> = fs::read_dir(self.output.data())?
            .map(|e| Ok(e?.path()))
            .collect::<Result<_>>()?;
        paths.sort();
        for path in paths {
            let file = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let name = file
                .strip_prefix(&prefix)
                .and_then(|f| f.strip_suffix(".csv"));
            let Some(name) = name.filter(|n| !n.contains('.')) else {
                continue;
            };
            let frame = Frame::read(&path)?;
            let columns = &frame.columns()[1..];
            for row in frame.rows() {
                let Some(record) = self.finished.get_mut(row.text("key")?) else {
                    continue;
                };
                let cells = columns.iter().map(|c| Ok(Cell::parse(row.text(c)?)));
                let cells = cells.collect::<Result<_>>()?;
                match record.tables.iter_mut().find(|(n, _)| n == name) {
                    Some((_, table)) => table.rows.push(cells),
                    None => {
                        let mut table = Table::new(columns.iter().cloned());
                        table.rows.push(cells);
                        record.tables.push((name.to_owned(), table));
                    }
                }
            }
        }
        Ok(())
    }
}

/// A setting as a CSV field; a list as JSON.
fn setting_cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Empty(()),
        Value::Number(n) => n
            .as_f64()
            .map_or_else(|| Cell::from(n.to_string()), Cell::from),
        Value::String(s) => Cell::from(s.as_str()),
        other => Cell::from(other.to_string()),
    }
}

/// The table of an experiment as figures read it.
pub fn read_csv(path: &std::path::Path, experiment: &str) -> Result<Frame> {
    if !path.exists() {
        return Err(anyhow!(
            "{} is not there: make it with `repro run` of the figure that needs {experiment}",
            path.display()
        ));
    }
    Frame::read(path)
}
