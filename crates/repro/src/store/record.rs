//! A finished run.

use serde::{Deserialize, Serialize};

use crate::experiment::Run;
use crate::results::provenance::CODE;
use crate::results::{Cell, Table};
use crate::studies::Outcome;

/// One finished run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub(super) key: String,
    pub(super) metrics: Vec<(String, Cell)>,
    pub(super) tables: Vec<(String, Table)>,
    pub(super) wall_s: Cell,
    pub(super) code: String,
}

impl Record {
    /// The result of `run`, computed by this very program in `wall_s` seconds.
    pub fn new(run: &Run, outcome: Outcome, wall_s: f64) -> Self {
        let owned = |(name, metric): (&'static str, Cell)| (name.to_owned(), metric);
        Self {
            key: run.key.clone(),
            metrics: outcome.metrics.into_iter().map(owned).collect(),
            tables: outcome
                .tables
                .into_iter()
                .map(|(n, t)| (n.to_owned(), t))
                .collect(),
            wall_s: Cell::from((wall_s * 1e3).round() / 1e3),
            code: CODE.to_owned(),
        }
    }
}
