//! Results as one reader sees them: the columns that it says it reads, and no others.

use anyhow::{Context as _, Result};

use super::columns::Reads;
use super::folder::Results;
use super::frame::Frame;

/// What a figure or comparison is made from. Columns that it does not declare are not there, so a name that is
/// missing from its list shows at once, and a name that no study writes shows before the first run.
pub struct Inputs<'a> {
    results: &'a Results,
    reader: &'a str,
    reads: &'static [Reads],
}

impl<'a> Inputs<'a> {
    pub(crate) fn new(results: &'a Results, reader: &'a str, reads: &'static [Reads]) -> Self {
        Self {
            results,
            reader,
            reads,
        }
    }

    /// `<experiment>.csv`: one row per run.
    pub fn runs(&self, experiment: &str) -> Result<Frame> {
        let reads = self.declared(experiment, None)?;
        self.results.runs(experiment)?.only(reads, self.reader)
    }

    /// `<experiment>.<table>.csv`: several rows per run.
    pub fn table(&self, experiment: &str, table: &str) -> Result<Frame> {
        let reads = self.declared(experiment, Some(table))?;
        let table = self.results.table(experiment, table)?;
        table.only(reads, self.reader)
    }

    /// A table of published values.
    pub fn published(&self, file: &str) -> Result<Frame> {
        self.results.published(file)
    }

    fn declared(&self, experiment: &str, table: Option<&str>) -> Result<&'static Reads> {
        let is_it = |reads: &&Reads| reads.experiment == experiment && reads.table == table;
        self.reads.iter().find(is_it).with_context(|| {
            let table = table.map_or(String::new(), |table| format!(" (table {table:?})"));
            format!(
                "{} does not declare that it reads {experiment}{table}",
                self.reader
            )
        })
    }
}
