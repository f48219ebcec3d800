//! Tables: what a run produces, what the CSV files hold, what figures are drawn from.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use serde::{Deserialize, Serialize};

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
    pub fn new(columns: &[&str]) -> Self {
        Self {
            columns: columns.iter().map(|&c| c.to_owned()).collect(),
            rows: Vec::new(),
        }
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

/// A CSV file in memory.
#[derive(Clone, Debug)]
pub struct Frame {
    origin: String,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
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
            .map(|r| Ok(r?.iter().map(str::to_owned).collect()))
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

    /// The rows whose `column` reads exactly `value`.
    pub fn matching(&self, column: &str, value: &str) -> Result<Self> {
        let index = self.index(column)?;
        Ok(self.filter(|r| self.rows[r.index][index] == value))
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
            if !seen.contains(&row[index]) {
                seen.push(row[index].clone());
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

    /// The number in a column, if there is one.
    pub fn maybe(&self, column: &str) -> Result<Option<f64>> {
        let text = self.text(column)?;
        if text.is_empty() {
            return Ok(None);
        }
        let number = text.parse().map_err(|_| {
            anyhow!(
                "{}: line {}: column {column:?} holds {text:?}, a number is needed",
                self.frame.origin,
                self.index + 2
            )
        })?;
        Ok(Some(number))
    }
}

/// Writes a CSV file in one go: whoever looks sees the old file or the new one, never a part.
pub fn write_csv<'a>(
    path: &Path,
    columns: &[String],
    rows: impl Iterator<Item = Vec<&'a Cell>>,
) -> Result<()> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns)?;
    for row in rows {
        writer.write_record(row.iter().map(ToString::to_string))?;
    }
    write_atomically(path, &writer.into_inner()?)
}

/// Writes a file by way of a temporary neighbour that is then renamed.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let context = || format!("cannot write {}", path.display());
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).with_context(context)?;
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    let partial = path.with_file_name(name);
    let mut file = fs::File::create(&partial).with_context(context)?;
    file.write_all(bytes).with_context(context)?;
    file.sync_all().with_context(context)?;
    fs::rename(&partial, path).with_context(context)
}
