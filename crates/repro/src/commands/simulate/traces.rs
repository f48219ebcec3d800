//! Potentials on their way into a CSV file.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use microcircuit::{Compartment, Real, View};

use crate::results::Cell;

/// The compartments by their names on the command line and in TRACES.csv.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum Recorded {
    Soma,
    Basal,
    Apical,
    InnSoma,
    InnDendrite,
}

impl Recorded {
    /// All of them.
    pub(super) const ALL: [Self; 5] = [
        Self::Soma,
        Self::Basal,
        Self::Apical,
        Self::InnSoma,
        Self::InnDendrite,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Soma => "soma",
            Self::Basal => "basal",
            Self::Apical => "apical",
            Self::InnSoma => "inn_soma",
            Self::InnDendrite => "inn_dendrite",
        }
    }

    fn compartment(self) -> Compartment {
        match self {
            Self::Soma => Compartment::Soma,
            Self::Basal => Compartment::Basal,
            Self::Apical => Compartment::Apical,
            Self::InnSoma => Compartment::InnSoma,
            Self::InnDendrite => Compartment::InnDendrite,
        }
    }
}

impl std::fmt::Display for Recorded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A file that appears under its name when it is finished, and not at all if it never is.
pub(super) struct Partial {
    target: PathBuf,
    path: PathBuf,
}

impl Partial {
    /// Begins the file, so that a place that cannot be written is known at once.
    pub(super) fn create(target: &Path) -> Result<Self> {
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let path = target.with_file_name(format!("{name}.{}.partial", std::process::id()));
        let context = || format!("cannot write {}", target.display());
        if target.is_dir() {
            Err(io::Error::from(io::ErrorKind::IsADirectory)).with_context(context)?;
        }
        File::create(&path).with_context(context)?;
        Ok(Self {
            target: target.to_owned(),
            path,
        })
    }

    /// Where it is until it is finished.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its name.
    pub(super) fn finish(self) -> Result<()> {
        fs::rename(&self.path, &self.target)
            .with_context(|| format!("cannot write {}", self.target.display()))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Nothing is there any more if it was finished.
        let _ = fs::remove_file(&self.path);
    }
}

/// TRACES.csv, row by row.
pub(super) struct Traces<'a> {
    partial: Partial,
    writer: BufWriter<File>,
    recorded: &'a [Recorded],
    rows: u64,
}

impl<'a> Traces<'a> {
    /// Begins the file with its header.
    pub(super) fn create(path: &Path, recorded: &'a [Recorded]) -> Result<Self> {
        let partial = Partial::create(path)?;
        let mut writer = BufWriter::new(File::create(partial.path())?);
        writeln!(writer, "time_ms,layer,compartment,index,value")?;
        Ok(Self {
            partial,
            writer,
            recorded,
            rows: 0,
        })
    }

    /// Adds one row per recorded compartment of every neuron.
    pub(super) fn record<T: Real>(&mut self, view: &View<'_, T>) -> io::Result<()> {
        // The time is a product of a count and a step: its last digits are noise.
        let time = Cell::rounded(view.time_ms, 12);
        for layer in 1.. {
            if view.potential(layer, Compartment::Soma).is_none() {
                break;
            }
            for recorded in self.recorded {
                let potentials = view.potential(layer, recorded.compartment());
                for (index, value) in potentials.into_iter().flatten().enumerate() {
                    // Debug writes tiny numbers with an exponent; both ways are exact.
                    writeln!(self.writer, "{time},{layer},{recorded},{index},{value:?}")?;
                    self.rows += 1;
                }
            }
        }
        Ok(())
    }

    /// Completes the file, and says how many rows it has.
    pub(super) fn finish(mut self) -> Result<u64> {
        self.writer.flush()?;
        self.partial.finish()?;
        Ok(self.rows)
    }
}
