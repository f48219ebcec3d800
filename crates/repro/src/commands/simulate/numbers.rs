//! CSV files of numbers that a user wrote: every mistake is named by file, line and column.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use csv::{ReaderBuilder, StringRecord, Trim};

/// A table of finite numbers whose columns are in the order asked for.
#[derive(Debug)]
pub(super) struct Numbers {
    /// The file, for messages.
    pub(super) origin: String,
    /// Line of the file and values of every row; at least one.
    pub(super) rows: Vec<(u64, Vec<f64>)>,
}

impl Numbers {
    /// Reads a file that must have exactly the columns `names`, in any order; `needed` says so to
    /// people.
    pub(super) fn read(path: &Path, names: &[String], needed: &str) -> Result<Self> {
        let origin = path.display().to_string();
        let mut reader = ReaderBuilder::new()
            .flexible(true)
            .trim(Trim::All)
            .from_path(path)
            .with_context(|| format!("cannot read {origin}"))?;
        let header = reader.headers().with_context(|| origin.clone())?.clone();
        let places = arrange(&header, names)
            .with_context(|| format!("{origin}: line 1: the columns are to be {needed}"))?;
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.with_context(|| origin.clone())?;
            let line = record.position().map_or(0, csv::Position::line);
            let values = row(&record, &header, names, &places)
                .with_context(|| format!("{origin}: line {line}"))?;
            rows.push((line, values));
        }
        ensure!(
            !rows.is_empty(),
            "{origin}: there is no row below the header"
        );
        Ok(Self { origin, rows })
    }
}

/// Where each of `names` stands in the header.
fn arrange(header: &StringRecord, names: &[String]) -> Result<Vec<usize>> {
    for (place, column) in header.iter().enumerate() {
        let first = header.iter().position(|c| c == column);
        ensure!(first == Some(place), "column {column:?} is there twice");
    }
    let places = names.iter().map(|name| {
        header
            .iter()
            .position(|c| c == name)
            .ok_or_else(|| anyhow!("column {name:?} is missing"))
    });
    let places = places.collect::<Result<Vec<_>>>()?;
    match header
        .iter()
        .find(|column| !names.iter().any(|n| n == column))
    {
        Some(unknown) => bail!("column {unknown:?} is one too many"),
        None => Ok(places),
    }
}

fn row(
    record: &StringRecord,
    header: &StringRecord,
    names: &[String],
    places: &[usize],
) -> Result<Vec<f64>> {
    ensure!(
        record.len() == header.len(),
        "{} fields under {} columns",
        record.len(),
        header.len()
    );
    let number = |(name, &place): (&String, &usize)| match record[place].parse::<f64>() {
        Ok(x) if x.is_finite() => Ok(x),
        _ => bail!(
            "column {name:?} holds {:?}, a finite number is needed",
            &record[place]
        ),
    };
    names.iter().zip(places).map(number).collect()
}
