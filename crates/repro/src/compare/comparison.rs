//! A comparison: the columns that it reads, and its points and verdicts.

use anyhow::Result;

use super::point::Point;
use super::verdict::verdicts;
use crate::results::columns::experiments;
use crate::results::{Inputs, Reads, Results};

/// How the results behind a figure compare with published ones.
pub(crate) struct Comparison {
    /// The figure's id.
    pub(crate) figure: &'static str,
    /// What it reads of the results of experiments.
    pub(crate) reads: &'static [Reads],
    pub(super) points: fn(&Inputs<'_>) -> Result<Vec<Point>>,
}

/// Ours against published.
pub(crate) struct Compared {
    pub(crate) points: Vec<Point>,
    /// A line per series, or one that says why there can be none.
    pub(crate) verdicts: Vec<String>,
}

impl Comparison {
    /// Compares what there is. Runs that are not those of the experiment file get no verdict.
    pub(crate) fn make(&self, results: &Results) -> Result<Compared> {
        let reader = format!("the comparison of {}", self.figure);
        let mut points = (self.points)(&Inputs::new(results, &reader, self.reads))?;
        let mut doubts = Vec::new();
        for experiment in experiments(self.reads) {
            match results.provenance(experiment)? {
                Some(provenance) => doubts.extend(provenance.differs()),
                None => doubts.push(format!("{experiment}: no provenance")),
            }
        }
        let verdicts = match doubts.is_empty() {
            true => verdicts(&points),
            false => {
                points.iter_mut().for_each(|point| point.doubted = true);
                vec![format!("no verdict: {}", doubts.join("; "))]
            }
        };
        Ok(Compared { points, verdicts })
    }
}
