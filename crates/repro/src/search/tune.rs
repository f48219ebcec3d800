//! The table `[tune]` of a study file.

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::objective::{Direction, Objective};
use super::proposals::Rule;
use super::rungs::{Rungs, check_seeds};
use super::space::Space;
use crate::limits;
use crate::ranking::OverSeeds;
use crate::settings::parse_at;
use crate::studies::StudyKind;

/// What a search is to do.
#[derive(Clone, Debug)]
pub(crate) struct Tune {
    /// How points are proposed.
    pub(crate) rule: Rule,
    /// What it looks for.
    pub(crate) objective: Objective,
    /// What it may cost, in runs of the last rung.
    pub(crate) budget: f64,
    /// Seed of its random numbers.
    pub(super) seed: u64,
    /// Steps of a generation.
    pub(super) batch: usize,
    /// Trials before the rule learns from any.
    pub(super) startup: usize,
    /// How long and with how many seeds trials are run.
    pub(crate) rungs: Rungs,
    /// Where it looks.
    pub(crate) space: Space,
}

/// As it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    rule: Rule,
    objective: Option<String>,
    direction: Option<Direction>,
    #[serde(default)]
    over_seeds: OverSeeds,
    budget: f64,
    #[serde(default = "one")]
    seed: u64,
    #[serde(default = "batch")]
    batch: usize,
    startup: Option<usize>,
    rungs: Option<Map<String, Value>>,
    space: Map<String, Value>,
}

fn one() -> u64 {
    1
}

fn batch() -> usize {
    8
}

/// Trials before TPE learns, if nothing else is said.
const STARTUP: usize = 10;

impl Tune {
    /// Reads the table. `seeds` is the number of seeds of the file, if it names them.
    ///
    /// # Errors
    /// The message names the key.
    pub(crate) fn parse(table: &Value, study: &StudyKind, seeds: Option<usize>) -> Result<Self> {
        let written: Written = parse_at("tune", table.clone())?;
        let Written {
            rule,
            over_seeds,
            budget,
            seed,
            batch,
            ..
        } = written;
        let (name, direction) = (written.objective.as_deref(), written.direction);
        let objective = Objective::new(study, name, direction, over_seeds).context("key tune")?;
        let rungs = match &written.rungs {
            Some(table) => Rungs::parse(table, seeds)?,
            None => Rungs::one(seeds.unwrap_or(1)),
        };
        if let Some(all) = seeds {
            check_seeds(&rungs, all)?;
        }
        if over_seeds != OverSeeds::Mean {
            ensure!(
                rungs.seeds(rungs.len() - 1) > 1,
                "key tune.over_seeds: there is only one seed: leave it out"
            );
        }
        ensure!(batch > 0, "key tune.batch: 0: it must be at least 1");
        ensure!(
            written.startup.is_none() || rule == Rule::Tpe,
            "key tune.startup has no effect with tune.rule = {:?}: leave it out",
            rule.name()
        );
        let startup = written.startup.unwrap_or(STARTUP);
        let cheapest = rungs.cost(0) / rungs.seeds(0) as f64;
        limits::check_runs("key tune.budget", budget / cheapest)?;
        limits::check_runs(
            "key tune.batch",
            (batch * rungs.seeds(rungs.len() - 1)) as f64,
        )?;
        let space = Space::parse(&written.space)?;
        if let Some(key) = rungs.key() {
            let keys = space.keys().chain([key]);
            crate::experiment::check_apart(keys).context("key tune.rungs")?;
        }
        rule.check(&space)?;
        Ok(Self {
            rule,
            objective,
            budget,
            seed,
            batch,
            startup,
            rungs,
            space,
        })
    }

    /// The same, with what it costs to go from a rung to the next: only what a run has in addition, if runs `go_on` where those
    /// of the rung below ended.
    ///
    /// # Errors
    /// A budget that is not enough for one trial.
    pub(crate) fn going_on(self, go_on: bool) -> Result<Self> {
        let rungs = self.rungs.going_on(go_on);
        let (budget, least) = (self.budget, rungs.cost_from(0));
        ensure!(
            budget.is_finite() && budget >= least,
            "key tune.budget: {budget}: one trial costs {least:.4} by the time that it has passed all rungs"
        );
        Ok(Self { rungs, ..self })
    }

    /// Settings of a point at a rung: those of the point, and how long its runs are.
    pub(crate) fn settings(&self, point: &[(String, Value)], rung: usize) -> Vec<(String, Value)> {
        let length = self.rungs.length(rung);
        let length =
            length.map(|(key, length)| (key.to_owned(), crate::experiment::number(length)));
        point.iter().cloned().chain(length).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::studies;

    /// A table that is right, but for this.
    fn message(key: &str, value: Value, seeds: Option<usize>) -> String {
        let mut table = json!({
            "rule": "random", "budget": 50,
            "rungs": {"training.epochs": [1, 3], "seeds": [1, 2]},
            "space": {"x": {"from": 0, "to": 1}},
        });
        match value {
            Value::Null => drop(table.as_object_mut().unwrap().remove(key)),
            value => table[key] = value,
        }
        let study = studies::find("yinyang").unwrap();
        let tune = Tune::parse(&table, study, seeds).and_then(|tune| tune.going_on(false));
        format!("{:#}", tune.err().unwrap())
    }

    #[test]
    fn mistakes_are_named() {
        for (key, value, words) in [
            ("rule", Value::Null, &["tune", "rule"][..]),
            ("rule", json!("grid"), &["tune.rule", "grid", "sobol"]),
            ("budget", Value::Null, &["budget"]),
            ("budget", json!(2), &["tune.budget", "2.3333"]),
            ("budget", json!(1e15), &["tune.budget", "can hold"]),
            ("batch", json!(0), &["tune.batch", "at least 1"]),
            ("batches", json!(3), &["batches", "batch"]),
            ("startup", json!(5), &["tune.startup", "random"]),
            (
                "over_seeds",
                json!("best"),
                &["tune.over_seeds", "best", "worst"],
            ),
            (
                "objective",
                json!("acuracy"),
                &["objective", "acuracy", "validation_accuracy"],
            ),
            ("objective", json!("diverged"), &["objective", "diverged"]),
            (
                "objective",
                json!("test_mse"),
                &["test_mse", "test data", "last_validation_mse"],
            ),
            (
                "direction",
                json!("up"),
                &["tune.direction", "up", "higher"],
            ),
            (
                "space",
                json!({"training.epochs": [1, 2]}),
                &["tune.rungs", "training.epochs"],
            ),
            ("rungs", json!({"training.epochs": [1]}), &["tune.rungs"]),
        ] {
            let message = message(key, value, None);
            for word in words {
                assert!(message.contains(word), "{key}: {word}: {message}");
            }
        }
        let message = message("budget", json!(50), Some(3));
        assert!(
            message.contains("key seeds: of 3 only the first 2"),
            "{message}"
        );
    }

    #[test]
    fn a_direction_is_needed_where_neither_end_is_good() {
        let study = studies::find("astro-xor").unwrap();
        let parse = |more: Value| {
            let mut table = json!({"rule": "sobol", "budget": 5, "objective": "parameters"});
            table["space"] = json!({"x": [1, 2]});
            more.as_object()
                .unwrap()
                .iter()
                .for_each(|(k, v)| table[k] = v.clone());
            Tune::parse(&table, study, Some(1))
        };
        let message = format!("{:#}", parse(json!({})).unwrap_err());
        assert!(message.contains("direction"), "{message}");
        let tune = parse(json!({"direction": "lower"})).unwrap();
        assert_eq!(tune.objective.better, crate::studies::Better::Lower);
        let message = parse(json!({"direction": "lower", "over_seeds": "worst"}));
        let message = format!("{:#}", message.unwrap_err());
        assert!(
            message.contains("tune.over_seeds: there is only one"),
            "{message}"
        );
    }
}
