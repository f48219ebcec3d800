//! What a run produces: tables of numbers and words.

use std::path::Path;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::columns::stands_for;
use super::files::write_atomically;

/// One entry of a table. A number that is not finite is stored as empty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    /// A finite number.
    Number(f64),
    /// Anything that is not a number.
    Text(String),
    /// Not defined for this row.
    Empty(()),
}

impl Cell {
    /// Reads a CSV field: empty, a number, or text.
    pub fn parse(field: &str) -> Self {
        match field.parse::<f64>() {
            _ if field.is_empty() => Self::Empty(()),
            Ok(x) if x.is_finite() => Self::Number(x),
            _ => Self::Text(field.to_owned()),
        }
    }

    /// A number with no more than this many significant digits, for long tables.
    pub fn rounded(x: f64, digits: usize) -> Self {
        let digits = digits.saturating_sub(1);
        Self::from(format!("{x:.digits$e}").parse().unwrap_or(x))
    }
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(x) => write!(f, "{x}"),
            Self::Text(s) => f.write_str(s),
            Self::Empty(()) => Ok(()),
        }
    }
}

impl From<f64> for Cell {
    fn from(x: f64) -> Self {
        if x.is_finite() {
            Self::Number(x)
        } else {
            Self::Empty(())
        }
    }
}

impl From<usize> for Cell {
    fn from(n: usize) -> Self {
        Self::Number(n as f64)
    }
}

impl From<&str> for Cell {
    fn from(s: &str) -> Self {
        Self::Text(s.to_owned())
    }
}

impl From<String> for Cell {
    fn from(s: String) -> Self {
        Self::Text(s)
    }
}

/// Rows that a run adds to a table of its experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Column names.
    pub columns: Vec<String>,
    /// Rows, each as long as `columns`.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// An empty table with these columns.
    pub fn new(columns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            columns: columns.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
        }
    }

    /// Whether a table has the columns that this one declares; see [`mod@super::columns`].
    pub(crate) fn stands_for(&self, table: &Self) -> bool {
        let declared = |column: &String| self.columns.iter().any(|name| stands_for(name, column));
        let there = |name: &String| name.ends_with('*') || table.columns.contains(name);
        table.columns.iter().all(declared) && self.columns.iter().all(there)
    }

    /// Writes the table as CSV in one go: whoever looks sees the old file or the new one, never a part.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        write_rows(path, &self.columns, self.rows.iter())
    }

    /// Appends a row.
    ///
    /// # Panics
    /// If the row is not as wide as the table: a bug in the study that writes it.
    pub fn push<const N: usize>(&mut self, row: [Cell; N]) {
        assert_eq!(row.len(), self.columns.len(), "columns: {:?}", self.columns);
        self.rows.push(row.into());
    }
}

/// Writes rows as CSV in one go, as [`Table::write`], without holding all of them as cells.
pub(crate) fn write_rows(
    path: &Path,
    columns: &[String],
    rows: impl Iterator<Item = impl AsRef<[Cell]>>,
) -> Result<()> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns)?;
    for row in rows {
        writer.write_record(row.as_ref().iter().map(ToString::to_string))?;
    }
    write_atomically(path, &writer.into_inner()?)
}
