//! A finished run.

use std::collections::BTreeMap;

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

    /// The number of a metric, if it has one.
    pub(super) fn metric(&self, name: &str) -> Option<f64> {
        let metric = self.metrics.iter().find(|(metric, _)| metric == name);
        match metric {
            Some((_, Cell::Number(x))) => Some(*x),
            _ => None,
        }
    }

    /// Whether all numbers are those of another record of the same run. Words may differ: which vector unit
    /// computed is one of them.
    pub(super) fn has_numbers_of(&self, other: &Self) -> bool {
        let numbers = |record: &Self| -> Vec<(String, String)> {
            let all = record.metrics.iter();
            let numbers = all.filter(|(_, cell)| matches!(cell, Cell::Number(_)));
            numbers.map(|(k, v)| (k.clone(), v.to_string())).collect()
        };
        // In a CSV file tables are in another order, and have the columns of all runs.
        let tables = |record: &Self| -> BTreeMap<String, Vec<Vec<String>>> {
            let fields = |row: &Vec<Cell>| {
                let fields = row.iter().map(Cell::to_string);
                fields.filter(|field| !field.is_empty()).collect()
            };
            let all = record.tables.iter();
            let all = all.filter(|(_, table)| !table.rows.is_empty());
            all.map(|(name, table)| (name.clone(), table.rows.iter().map(fields).collect()))
                .collect()
        };
        numbers(self) == numbers(other) && tables(self) == tables(other)
    }
}
