//! Samples with a class each, from CSV and NPZ files of the user's own.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use astro::numerics::tensors::TensorFile;

use super::form::Form;
use crate::limits;

/// The column of the classes.
const LABEL: &str = "label";
/// How long a part of a file may be that a message repeats.
const SHOWN: usize = 40;

/// Samples to learn from and to be tested with.
#[derive(Debug)]
pub(crate) struct Sets {
    pub(crate) train: Samples,
    pub(crate) test: Samples,
}

impl Sets {
    /// Reads a folder of CSV or NPZ files.
    ///
    /// # Errors
    /// A file that is missing or damaged, values outside of \[0, 1\], labels that are no whole numbers from 0 to 255,
    /// sets of different numbers of features: the message names the file, the line or sample, and what would be right.
    pub(super) fn read(dir: &Path, form: Form) -> Result<Self> {
        let read = |set: &str| match form {
            Form::Csv => from_csv(dir.join(format!("{set}.csv"))),
            Form::Npz | Form::Idx => from_npz(dir.join(format!("{set}.npz"))),
        };
        let (train, test) = (read("train")?, read("test")?);
        ensure!(
            train.features == test.features,
            "{}: {} features, must be {} as in {}",
            test.path.display(),
            test.features,
            train.features,
            train.path.display()
        );
        Ok(Self { train, test })
    }
}

/// Samples of one file.
#[derive(Debug)]
pub(crate) struct Samples {
    path: PathBuf,
    features: usize,
    values: Vec<f32>,
    labels: Vec<u8>,
}

impl Samples {
    fn new(path: PathBuf, features: usize, values: Vec<f32>, labels: Vec<u8>) -> Result<Self> {
        let name = path.display();
        ensure!(!labels.is_empty(), "{name}: there are no samples");
        ensure!(features > 0, "{name}: there are no features, only labels");
        debug_assert_eq!(values.len(), features * labels.len());
        Ok(Self {
            path,
            features,
            values,
            labels,
        })
    }

    /// Where they come from.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Number of features of each.
    pub(crate) fn features(&self) -> usize {
        self.features
    }

    /// Their features, in \[0, 1\], sample after sample.
    pub(super) fn values(&self) -> &[f32] {
        &self.values
    }

    /// Features of one.
    pub(crate) fn sample(&self, i: usize) -> &[f32] {
        &self.values[i * self.features..(i + 1) * self.features]
    }

    /// Their classes.
    pub(crate) fn labels(&self) -> &[u8] {
        &self.labels
    }
}

/// A feature, which is a rate or the ink of a pixel. `place` says where it stands.
fn feature(value: f64, place: impl Display) -> Result<f32> {
    ensure!(
        (0.0..=1.0).contains(&value),
        "{place} is {value}: features must be from 0 to 1 (divide bytes by 255)"
    );
    Ok(value as f32)
}

/// A class. `place` says where it stands.
fn class(value: f64, place: impl Display) -> Result<u8> {
    ensure!(
        value.fract() == 0.0 && (0.0..=255.0).contains(&value),
        "{place} is {value}: labels must be whole numbers from 0 on, 255 at most"
    );
    Ok(value as u8)
}

fn from_csv(path: PathBuf) -> Result<Samples> {
    let name = path.display().to_string();
    let context = || name.clone();
    let bytes = std::fs::metadata(&path).map_or(0, |file| file.len());
    limits::check_bytes(&name, 4.0 * bytes as f64)?;
    let mut reader = csv::Reader::from_path(&path).with_context(context)?;
    let columns = reader.headers().with_context(context)?.clone();
    let labelled: Vec<usize> = (0..columns.len())
        .filter(|&i| columns[i].trim() == LABEL)
        .collect();
    let [label] = labelled[..] else {
        anyhow::bail!(
            "{name}: {} columns are named {LABEL:?} in its first line, must be one; the others are features",
            labelled.len()
        );
    };
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let record = record.with_context(context)?;
        let line = record.position().map_or(0, csv::Position::line);
        for (i, field) in record.iter().enumerate() {
            let column: String = columns[i].chars().take(SHOWN).collect();
            let place = format_args!("{name}: line {line}, column {column:?}");
            let Ok(value) = field.trim().parse::<f64>() else {
                let field: String = field.chars().take(SHOWN).collect();
                anyhow::bail!("{place} is {field:?}: it must be a number");
            };
            if i == label {
                labels.push(class(value, place)?);
            } else {
                values.push(feature(value, place)?);
            }
        }
    }
    Samples::new(path, columns.len() - 1, values, labels)
}

fn from_npz(path: PathBuf) -> Result<Samples> {
    let name = path.display().to_string();
    let file = TensorFile::open(&path)?;
    let (shape, dtype) = file.layout("x")?;
    ensure!(
        shape.len() >= 2,
        "{name}: array `x` has shape {shape:?}; expected [samples, features] or [samples, rows, columns]"
    );
    // Beside the file: its bytes, and each number twice.
    let numbers: f64 = shape.iter().map(|&extent| extent as f64).product();
    limits::check_bytes(
        &format!("{name}: array `x` of shape {shape:?}"),
        24.0 * numbers,
    )?;
    let (samples, features) = (shape[0], shape[1..].iter().product::<usize>());
    let (found, _) = file.layout("y")?;
    ensure!(
        found == [samples],
        "{name}: array `y` has shape {found:?}; expected [{samples}], one label for each sample of `x`"
    );
    // Bytes are the ink of pixels.
    let scale = if dtype == "|u1" { 255.0 } else { 1.0 };
    let values = file
        .numbers("x")?
        .data
        .into_iter()
        .enumerate()
        .map(|(i, value)| {
            let (sample, at) = (i / features, i % features);
            let place = format_args!("{name}: array `x`, sample {sample}, feature {at} (from 0)");
            feature(value / scale, place)
        });
    let values = values.collect::<Result<_>>()?;
    let labels = file
        .numbers("y")?
        .data
        .into_iter()
        .enumerate()
        .map(|(i, value)| {
            class(
                value,
                format_args!("{name}: array `y`, sample {i} (from 0)"),
            )
        });
    let labels = labels.collect::<Result<_>>()?;
    Samples::new(path, features, values, labels)
}
