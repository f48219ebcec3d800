//! What a CSV file holds: the tables that figures are drawn from.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use csv::StringRecord;

use super::columns::{Reads, stands_for};

/// A CSV file in memory.
#[derive(Clone, Debug)]
pub struct Frame {
    origin: String,
    columns: Vec<String>,
    /// One string each, with where its fields end.
    rows: Vec<StringRecord>,
}

/// One row of a [`Frame`].
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    frame: &'a Frame,
    index: usize,
}

impl Frame {
    /// Reads a CSV file with a header line.
    pub fn read(path: &Path) -> Result<Self> {
        let origin = path.display().to_string();
        let mut reader = csv::Reader::from_path(path).with_context(|| origin.clone())?;
        let columns = reader.headers().with_context(|| origin.clone())?;
        let columns: Vec<String> = columns.iter().map(str::to_owned).collect();
        let rows = reader
            .records()
            .collect::<Result<_, csv::Error>>()
            .with_context(|| origin.clone())?;
        Ok(Self {
            origin,
            columns,
            rows,
        })
    }

    /// The column names.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Whether there is such a column.
    pub fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|c| c == column)
    }

    /// The rows in the order of the file.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = Row<'_>> + Clone {
        (0..self.rows.len()).map(|index| Row { frame: self, index })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows that satisfy `keep`.
    pub fn filter(&self, keep: impl Fn(Row<'_>) -> bool) -> Self {
        let rows = self
            .rows()
            .filter(|r| keep(*r))
            .map(|r| self.rows[r.index].clone())
            .collect();
        Self {
            origin: self.origin.clone(),
            columns: self.columns.clone(),
            rows,
        }
    }

    /// The columns that a reader declares.
    pub(crate) fn only(&self, reads: &Reads, reader: &str) -> Result<Self> {
        let missing = reads.missing(&self.columns);
        ensure!(
            missing.is_empty(),
            "{}: no column {}, which {reader} reads; it has {}",
            self.origin,
            missing.join(", "),
            self.columns.join(", ")
        );
        let declared = |column: &String| reads.columns.iter().any(|name| stands_for(name, column));
        let kept: Vec<usize> = (0..self.columns.len())
            .filter(|&i| declared(&self.columns[i]))
            .collect();
        let pick = |row: &StringRecord| kept.iter().map(|&i| &row[i]).collect();
        Ok(Self {
            origin: format!("{}, as {reader} declares to read it", self.origin),
            columns: kept.iter().map(|&i| self.columns[i].clone()).collect(),
            rows: self.rows.iter().map(pick).collect(),
        })
    }

    /// The rows that satisfy `keep`, which may fail to read them.
    pub(crate) fn try_filter(&self, keep: impl Fn(Row<'_>) -> Result<bool>) -> Result<Self> {
        let mut kept = Vec::new();
        for row in self.rows() {
            if keep(row)? {
                kept.push(self.rows[row.index].clone());
            }
        }
        Ok(Self {
            origin: self.origin.clone(),
            columns: self.columns.clone(),
            rows: kept,
        })
    }

    /// The rows whose `column` reads exactly `value`.
    pub fn matching(&self, column: &str, value: &str) -> Result<Self> {
        let index = self.index(column)?;
        Ok(self.filter(|r| &self.rows[r.index][index] == value))
    }

    /// The rows whose key is that of one of these runs.
    pub(crate) fn of_runs(&self, runs: &Self) -> Result<Self> {
        let keys = runs.distinct("key")?;
        self.try_filter(|row| {
            let own = row.text("key")?;
            Ok(keys.iter().any(|key| key == own))
        })
    }

    /// All numbers of a column, empty fields left out.
    pub fn numbers(&self, column: &str) -> Result<Vec<f64>> {
        self.rows()
            .filter_map(|r| r.maybe(column).transpose())
            .collect()
    }

    /// Two columns as points, rows where either is empty left out.
    pub fn points(&self, x: &str, y: &str) -> Result<Vec<(f64, f64)>> {
        let mut points = Vec::new();
        for row in self.rows() {
            if let (Some(x), Some(y)) = (row.maybe(x)?, row.maybe(y)?) {
                points.push((x, y));
            }
        }
        Ok(points)
    }

    /// The distinct texts of a column, in order of first appearance.
    pub fn distinct(&self, column: &str) -> Result<Vec<String>> {
        let index = self.index(column)?;
        let mut seen: Vec<String> = Vec::new();
        for row in &self.rows {
            if !seen.iter().any(|text| text == &row[index]) {
                seen.push(row[index].to_owned());
            }
        }
        Ok(seen)
    }

    /// Splits the rows by the values of a numeric column, ascending.
    pub fn by_number(&self, column: &str) -> Result<Vec<(f64, Frame)>> {
        let mut keys = self.numbers(column)?;
        keys.sort_by(f64::total_cmp);
        keys.dedup();
        keys.into_iter()
            .map(|key| {
                Ok((
                    key,
                    self.filter(|r| r.number(column).is_ok_and(|x| x == key)),
                ))
            })
            .collect()
    }

    fn index(&self, column: &str) -> Result<usize> {
        self.columns
            .iter()
            .position(|c| c == column)
            .ok_or_else(|| {
                anyhow!(
                    "{}: no column {column:?}; it has {}",
                    self.origin,
                    self.columns.join(", ")
                )
            })
    }
}

impl<'a> Row<'a> {
    /// The text of a column.
    pub fn text(&self, column: &str) -> Result<&'a str> {
        Ok(&self.frame.rows[self.index][self.frame.index(column)?])
    }

    /// The number in a column; empty is an error.
    pub fn number(&self, column: &str) -> Result<f64> {
        match self.maybe(column)? {
            Some(x) => Ok(x),
            None => bail!(
                "{}: line {}: column {column:?} is empty, a number is needed",
                self.frame.origin,
                self.index + 2
            ),
        }
    }

    /// The truth value in a column.
    pub fn truth(&self, column: &str) -> Result<bool> {
        match self.text(column)? {
            "true" => Ok(true),
            "false" => Ok(false),
            other => bail!(
                "{}: line {}: column {column:?} holds {other:?}, it must be true or false",
                self.frame.origin,
                self.index + 2
            ),
        }
    }

    /// The number in a column, if there is one.
    pub fn maybe(&self, column: &str) -> Result<Option<f64>> {
        let text = self.text(column)?;
        if text.is_empty() {
            return Ok(None);
        }
        let number = text.parse().ok().filter(|x: &f64| x.is_finite());
        let number = number.with_context(|| {
            format!(
                "{}: line {}: column {column:?} holds {text:?}, a finite number is needed",
                self.frame.origin,
                self.index + 2
            )
        })?;
        Ok(Some(number))
    }
}
