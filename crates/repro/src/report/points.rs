//! Points that were tried, as a picture and a page show them.

use crate::ranking::Score;
use crate::results::Cell;
use crate::studies::Better;

/// One parameter and its value at each point; empty where a point lacks it.
pub(crate) struct Parameter {
    pub(crate) key: String,
    /// Whether its logarithm is shown, if it is known which is right.
    pub(crate) log: Option<bool>,
    /// Whether it was varied by itself, and does not follow from others or from what was found.
    pub(crate) free: bool,
    pub(crate) values: Vec<Cell>,
}

/// Points that were tried, the best first.
pub(crate) struct Points<'a> {
    /// The study.
    pub(crate) name: &'a str,
    /// What was done, for people.
    pub(crate) about: String,
    /// The metric, and its good end.
    pub(crate) objective: &'a str,
    pub(crate) better: Better,
    pub(crate) parameters: Vec<Parameter>,
    /// What was found at each point, all under the same conditions; none where seeds diverged.
    pub(crate) compared: Vec<Option<f64>>,
    /// What was found at each point.
    pub(crate) scores: Vec<Score>,
    /// Of a search: cost so far and value of every trial on the last rung, in the order of the search.
    pub(crate) progress: &'a [(f64, f64)],
    /// Names of files in the same folder, and what they are.
    pub(crate) files: Vec<(String, &'a str)>,
}

impl Points<'_> {
    /// What was found at each point, none where seeds diverged.
    pub(super) fn values(&self) -> Vec<Option<f64>> {
        self.scores.iter().map(Score::sound).collect()
    }

    /// The points that have a value, the best first.
    pub(super) fn order(&self) -> Vec<usize> {
        let values = self.values();
        let there = (0..values.len()).filter(|&i| values[i].is_some_and(f64::is_finite));
        there.collect()
    }
}
