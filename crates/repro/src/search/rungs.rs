//! Rungs of successive halving: how long and with how many seeds a trial is run before it is judged.

use anyhow::{Result, bail, ensure};
use serde_json::{Map, Value};

use crate::settings::{parse_at, tree};

/// Of the trials of a rung, one in this many goes on, if nothing else is said.
const KEEP_ONE_IN: usize = 3;

/// All rungs, the lowest first. Without halving there is one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rungs {
    /// The setting that says how long a run is, if the rungs differ in it.
    key: Option<String>,
    levels: Vec<Level>,
    /// Of the trials of a rung, the best in this many go on.
    keep_one_in: usize,
    /// Whether a run goes on where that of the rung below ended, and is not begun anew.
    go_on: bool,
}

/// One rung.
#[derive(Clone, Debug, PartialEq)]
struct Level {
    length: f64,
    seeds: usize,
}

impl Rungs {
    /// One rung with this many seeds.
    pub(super) fn one(seeds: usize) -> Self {
        Self {
            key: None,
            levels: vec![Level { length: 1.0, seeds }],
            keep_one_in: KEEP_ONE_IN,
            go_on: false,
        }
    }

    /// Reads `[tune.rungs]`. `all` is the number of seeds of the file, if it names them.
    ///
    /// # Errors
    /// The message names the key.
    pub(super) fn parse(table: &Map<String, Value>, all: Option<usize>) -> Result<Self> {
        let mut table = table.clone();
        let keep_one_in = match table.remove("keep_one_in") {
            Some(value) => parse_at("tune.rungs.keep_one_in", value)?,
            None => KEEP_ONE_IN,
        };
        ensure!(
            keep_one_in >= 2,
            "key tune.rungs.keep_one_in: {keep_one_in}: it must be at least 2"
        );
        let seeds = table.remove("seeds");
        let seeds: Option<Vec<usize>> = seeds
            .map(|seeds| parse_at("tune.rungs.seeds", seeds))
            .transpose()?;
        let rest = Value::Object(table);
        let mut lengths = tree::leaves(&rest).into_iter();
        let length = lengths.next();
        if let (Some((first, _)), Some((second, _))) = (&length, lengths.next()) {
            bail!(
                "key tune.rungs: one setting says how long a run is, not both {first} and {second}"
            );
        }
        let (key, lengths) = match length {
            Some((key, value)) => {
                let lengths: Vec<f64> = parse_at(&format!("tune.rungs.{key}"), value.clone())?;
                (Some(key), Some(lengths))
            }
            None => (None, None),
        };
        let name = key.as_deref().unwrap_or_default();
        let count = match (&lengths, &seeds) {
            (Some(lengths), Some(seeds)) => {
                ensure!(
                    lengths.len() == seeds.len(),
                    "key tune.rungs: {name} has {} rungs, seeds has {}",
                    lengths.len(),
                    seeds.len()
                );
                seeds.len()
            }
            (Some(lengths), None) => lengths.len(),
            (None, Some(seeds)) => seeds.len(),
            (None, None) => bail!(
                "key tune.rungs: it needs a setting that says how long a run is, e.g. \"training.epochs\" = [3, 9, 27], \
                 or seeds = [1, 3, 10], or both"
            ),
        };
        ensure!(
            count >= 2,
            "key tune.rungs: {count} rung: give at least two, or leave rungs out"
        );
        let lengths = lengths.unwrap_or_else(|| vec![1.0; count]);
        let seeds = seeds.unwrap_or_else(|| vec![all.unwrap_or(1); count]);
        ensure!(
            lengths[0] > 0.0,
            "key tune.rungs.{name}: {}: it must be larger than 0",
            lengths[0]
        );
        ensure!(
            seeds[0] > 0,
            "key tune.rungs.seeds: 0: it must be at least 1"
        );
        let pairs = lengths.into_iter().zip(seeds);
        let levels: Vec<Level> = pairs
            .map(|(length, seeds)| Level { length, seeds })
            .collect();
        for pair in levels.windows(2) {
            ensure!(
                pair[1].length >= pair[0].length,
                "key tune.rungs.{name}: {} after {}: no rung is shorter than the one below it",
                pair[1].length,
                pair[0].length
            );
            ensure!(
                pair[1].seeds >= pair[0].seeds,
                "key tune.rungs.seeds: {} after {}: no rung has fewer than the one below it",
                pair[1].seeds,
                pair[0].seeds
            );
            ensure!(
                pair[0] != pair[1],
                "key tune.rungs: two rungs are the same: leave one out"
            );
        }
        Ok(Self {
            key,
            levels,
            keep_one_in,
            go_on: false,
        })
    }

    /// The same, whose runs go on where those of the rung below ended, or are begun anew.
    pub(super) fn going_on(self, go_on: bool) -> Self {
        Self { go_on, ..self }
    }

    /// Whether runs go on where those of the rung below ended.
    pub(crate) fn go_on(&self) -> bool {
        self.go_on
    }

    /// Number of rungs.
    pub(crate) fn len(&self) -> usize {
        self.levels.len()
    }

    /// Of the trials of a rung, the best in this many go on.
    pub(super) fn keep_one_in(&self) -> usize {
        self.keep_one_in
    }

    /// The setting in which the rungs differ, if there is one.
    pub(crate) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// That setting with its value at a rung.
    pub(crate) fn length(&self, rung: usize) -> Option<(&str, f64)> {
        Some((self.key()?, self.levels[rung].length))
    }

    /// Seeds of a trial at a rung.
    pub(crate) fn seeds(&self, rung: usize) -> usize {
        self.levels[rung].seeds
    }

    /// What one trial costs at a rung when it comes from the one below, in runs of the last rung.
    pub(crate) fn cost(&self, rung: usize) -> f64 {
        let Level { length, seeds } = self.levels[rung];
        let last = self.levels[self.len() - 1].length;
        // Runs of the same length are the same runs.
        let below = rung.checked_sub(1).map(|below| &self.levels[below]);
        let below = below.filter(|below| self.go_on || below.length == length);
        let there = below.map_or(0.0, |below| below.seeds as f64 * below.length);
        (seeds as f64 * length - there) / last
    }

    /// What it costs from a rung up to the last.
    pub(super) fn cost_from(&self, rung: usize) -> f64 {
        (rung..self.len()).map(|rung| self.cost(rung)).sum()
    }
}

/// Refuses seeds of the file that no rung runs.
pub(super) fn check_seeds(rungs: &Rungs, all: usize) -> Result<()> {
    let most = rungs.seeds(rungs.len() - 1);
    ensure!(
        most <= all,
        "key tune.rungs.seeds: {most}: the file has only {all} seeds"
    );
    ensure!(
        most == all,
        "key seeds: of {all} only the first {most} are run, by the last of tune.rungs.seeds"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rungs(table: Value) -> Result<Rungs> {
        Rungs::parse(table.as_object().unwrap(), None)
    }

    #[test]
    fn a_trial_costs_the_runs_that_are_new() {
        let rungs = rungs(json!({"training": {"epochs": [3, 9, 9]}, "seeds": [1, 1, 4]})).unwrap();
        let costs: Vec<f64> = (0..3).map(|rung| rungs.cost(rung)).collect();
        assert_eq!(costs, [1.0 / 3.0, 1.0, 3.0]);
        assert_eq!(rungs.cost_from(1), 4.0);
        assert_eq!(rungs.length(1), Some(("training.epochs", 9.0)));
        assert_eq!(
            (Rungs::one(5).cost(0), Rungs::one(5).length(0)),
            (5.0, None)
        );
        let rungs = rungs.going_on(true);
        let costs: Vec<f64> = (0..3).map(|rung| rungs.cost(rung)).collect();
        assert_eq!(costs, [1.0 / 3.0, 2.0 / 3.0, 3.0]);
    }

    #[test]
    fn mistakes_are_named() {
        for (bad, words) in [
            (json!({}), "training.epochs"),
            (json!({"a.b": [1, 2], "c": [1, 2]}), "not both a.b and c"),
            (
                json!({"a": [1, 2], "seeds": [1, 2, 3]}),
                "a has 2 rungs, seeds has 3",
            ),
            (json!({"a": [1]}), "at least two"),
            (json!({"a": [0, 2]}), "tune.rungs.a"),
            (json!({"a": "all"}), "tune.rungs.a"),
            (json!({"a": [3, 2]}), "2 after 3"),
            (json!({"a": [3, 3]}), "the same"),
            (json!({"seeds": [0, 2]}), "tune.rungs.seeds"),
            (json!({"seeds": [3, 2]}), "fewer"),
            (json!({"seeds": [1, 2], "keep_one_in": 1}), "keep_one_in"),
        ] {
            let message = format!("{:#}", rungs(bad.clone()).unwrap_err());
            assert!(message.contains(words), "{bad}: {message}");
        }
        let three = rungs(json!({"seeds": [1, 3]})).unwrap();
        for (all, words) in [(2, "only 2 seeds"), (5, "of 5 only the first 3")] {
            let message = check_seeds(&three, all).unwrap_err().to_string();
            assert!(message.contains(words), "{message}");
        }
    }
}
