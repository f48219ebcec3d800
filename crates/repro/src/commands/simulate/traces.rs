//! Potentials on their way into a CSV file.

use std::io::{self, Write as _};
use std::path::Path;

use anyhow::Result;
use clap::ValueEnum;
use microcircuit::{Compartment, Real, View};

use crate::results::Cell;
use crate::results::files::Sink;

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

/// TRACES.csv, row by row.
pub(super) struct Traces<'a> {
    sink: Sink,
    recorded: &'a [Recorded],
    rows: u64,
}

impl<'a> Traces<'a> {
    /// Begins the file with its header.
    pub(super) fn create(path: &Path, recorded: &'a [Recorded]) -> Result<Self> {
        let mut sink = Sink::create(path)?;
        writeln!(sink, "time_ms,layer,compartment,index,value")?;
        Ok(Self {
            sink,
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
                    writeln!(self.sink, "{time},{layer},{recorded},{index},{value:?}")?;
                    self.rows += 1;
                }
            }
        }
        Ok(())
    }

    /// Completes the file, and says how many rows it has.
    pub(super) fn finish(self) -> Result<u64> {
        self.sink.finish()?;
        Ok(self.rows)
    }
}
