//! What a search looks for.

use anyhow::{Context as _, Result, anyhow, bail};
use serde::Deserialize;

use crate::ranking::{OverSeeds, Score};
use crate::studies::{Better, Metric, StudyKind};

/// A metric over the seeds of a point, and its good end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Objective {
    /// The metric.
    pub(crate) metric: &'static str,
    /// Its good end.
    pub(crate) better: Better,
    /// What makes one number of the seeds.
    pub(crate) over_seeds: OverSeeds,
}

/// The good end, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Direction {
    Higher,
    Lower,
}

impl Objective {
    /// The metric of that name, or else the one that ranks the points of the study.
    ///
    /// # Errors
    /// No such metric, one of test data, or one without a good end while none is given.
    pub(super) fn new(
        study: &StudyKind,
        name: Option<&str>,
        direction: Option<Direction>,
        over_seeds: OverSeeds,
    ) -> Result<Self> {
        let name = name.unwrap_or(study.headline);
        let metric = study.metrics.iter().find(|metric| metric.name() == name);
        let metric = metric.filter(|metric| metric.is_number());
        let metric = metric.with_context(|| {
            format!(
                "objective = {name:?}: study {:?} has no such number; it has {}",
                study.name,
                allowed(study)
            )
        })?;
        if metric.of_test_data {
            bail!(
                "objective = {name:?} is of test data, which are for what a search has found and not for the search: \
                 of study {:?} it may be {}",
                study.name,
                allowed(study)
            );
        }
        let better = match (direction, metric.better) {
            (Some(Direction::Higher), _) => Better::Higher,
            (Some(Direction::Lower), _) => Better::Lower,
            (None, Some(better)) => better,
            (None, None) => {
                return Err(anyhow!(
                    "direction is missing: neither end of {name} is known to be the good one; it is \"higher\" or \"lower\""
                ));
            }
        };
        Ok(Self {
            metric: metric.name(),
            better,
            over_seeds,
        })
    }

    /// What the seeds of a point found, one value each.
    pub(crate) fn score(&self, values: &[Option<f64>]) -> Score {
        Score::of(values, self.over_seeds, self.better)
    }
}

/// What a search may be for, for people.
fn allowed(study: &StudyKind) -> String {
    let all = study.metrics.iter();
    let allowed = all.filter(|metric| metric.is_number() && !metric.of_test_data);
    let names: Vec<&str> = allowed.map(Metric::name).collect();
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", "),
    }
}
