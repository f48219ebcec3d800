//! What a figure is, and what it is drawn from.

use anyhow::{Context as _, Result};

use super::foot::foot;
use super::works::Work;
use crate::plot::{Files, Page};
use crate::results::columns::experiments;
use crate::results::files::write_atomically;
use crate::results::{Inputs, Reads, Results};

/// A figure of one of the sources.
#[derive(Debug)]
pub struct Figure {
    /// Names the figure on the command line and its files.
    pub id: &'static str,
    /// The work it is from or about.
    pub work: &'static Work,
    /// The file that draws it.
    pub code: &'static str,
    /// Where it stands there.
    pub place: &'static str,
    /// What comes out, as a heading.
    pub finding: &'static str,
    /// What is drawn, in a line.
    pub shows: &'static str,
    /// What it reads of the results of experiments.
    pub reads: &'static [Reads],
    /// Settings that say how much was done, with words for people: where the source did more, the foot of the
    /// figure says so.
    pub amounts: &'static [(&'static str, &'static str)],
    /// Draws it.
    pub draw: fn(&Inputs<'_>) -> Result<Page>,
}

impl Figure {
    /// Where it stands in which work.
    pub fn source(&self) -> String {
        format!("{}, {}", self.work.name, self.place)
    }

    /// The experiments that it is drawn from.
    pub fn experiments(&self) -> Vec<&'static str> {
        experiments(self.reads)
    }

    /// Draws the figure from its CSV files and writes SVG, PNG and PDF.
    pub fn render(&self, results: &Results) -> Result<()> {
        let context = || format!("figure {}", self.id);
        let inputs = Inputs::new(results, self.id, self.reads);
        let draw = || {
            let mut page = (self.draw)(&inputs)?;
            page.note(foot(results, &self.experiments(), self.amounts)?);
            page.render()
        };
        let files: Files = draw().with_context(context)?;
        let write = |extension: &str, bytes: &[u8]| {
            write_atomically(&results.output().figure(self.id, extension), bytes)
        };
        write("svg", files.svg.as_bytes())?;
        write("pdf", &files.pdf)?;
        write("png", &files.png)
    }
}
