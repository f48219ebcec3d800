//! `repro describe`: what a study file may say, from the studies themselves.

use std::io::Write as _;

use anyhow::Result;
use serde_json::Value;

use super::ranks::Ranks;
use crate::experiment::Experiment;
use crate::paths::Repository;
use crate::profile::Profile;
use crate::results::Column;
use crate::settings::tree;
use crate::studies::{self, Better, Metric, StudyKind};
use crate::terminal::Screen;

/// What stands in a study file besides the settings of its study.
const LANGUAGE: &str = r#"
A study file is TOML. Settings are the keys of its study; `repro describe STUDY` lists them. Beside them:

  study = "yinyang"                   what one run computes
  base = "yin_yang"                   settings below those of the file: of experiments/base/, or a file of your own
  about = "one line for people"
  seeds = [1, 2, 3]                   or { first = 1, count = 20 }; by default 1
  rank_by = "validation_accuracy"     the metric that ranks the points of a sweep

`repro sweep` runs all points of all [[points]] blocks, each with all seeds. In a block:

  "key" = [1, 2]                      these values
  "key" = { from = 0, to = 30, points = 7 }                            equally spaced; scale = "log": by equal ratios
  "key" = { from = 1, to = 9, random = "uniform" }                     drawn; "log-uniform"; step = 1: in steps from `from` on
  "key" = { random = ["a", "b"] }                                      drawn from a list
  draws = 20                          points drawn, where an axis is random; each axis has random numbers of its own
  draw_seed = 0                       seed of the draws
  combine = "cross"                   each value with each; "pair": first with first, second with second

`repro tune` searches. In [tune]:

  rule = "tpe"                        proposes points: "random", "sobol", "tpe"
  budget = 60                         what the search may cost, in runs of the last rung; a shorter run, or what one that goes on
                                      from a lower rung adds, counts by its share of that length. It is no time, which differs
                                      from machine to machine, and so would the table; --dry-run estimates the time
  objective = "validation_accuracy"   a number of the study that is not of test data
  direction = "higher"                or "lower"; by default the good end of the metric
  over_seeds = "mean"                 or "median", "worst"
  seed = 1                            seed of the proposals
  batch = 8                           trials of a generation, which is decided by those before it alone
  startup = 10                        trials before "tpe" learns from them

in [tune.rungs], if points are to be run ever longer, or with ever more seeds, as long as they are among the best:

  "training.epochs" = [3, 9, 27]      the setting that says how long a run is
  seeds = [1, 3, 10]                  seeds on each rung
  keep_one_in = 3                     of the trials of a rung, the best third goes on

and in [tune.space]:

  "key" = { from = 1, to = 9 }        also with scale = "log", step = 1
  "key" = ["a", "b"]                  or { choice = ["a", "b"] }
  "key" = { equals = "other.key", times = 2 }
  when = { "other.key" = ["a"] }      in any of these tables: the key is there only where a choice is one of these

Keys are dotted: "network.eta_up.0" is the first of a list. `repro sweep` writes data/NAME.csv, a row per run: key, seed, all
settings, all metrics, has_diverged (0 or 1, where diverged says in words what did), wall_s (seconds; of a run that went on from
a shorter one, since then), code (commit); and NAME.summary.csv, a row per point. `repro tune` writes NAME.trials.csv, a row per
trial and rung, and NAME-best.toml, the best point as a study file. NAME.html shows either; there, the importance of a parameter
is the share of the variance of ranks of points (on the lowest rung) that goes with it, alone and together with others: the rise
of the error of a random forest when its values are shuffled.

Processes that see one folder share the work with --shard 1/3, 2/3, 3/3; a second one without it is refused, or waits (--wait).
"#;

/// Prints what a study file may say: of all studies, or of one.
pub(crate) fn describe(study: Option<&str>) -> Result<()> {
    let mut out = Screen::new();
    match study {
        None => {
            writeln!(out, "Studies: {}", studies::names().join(", "))?;
            write!(out, "{LANGUAGE}")?;
        }
        Some(name) => {
            let study = studies::find(name)?;
            let settings = settings(study, &Repository::find()?)?;
            writeln!(out, "Settings of study {name:?}\n")?;
            table(["key", "default", "unit", "meaning"], settings).print(&mut out)?;
            writeln!(out, "\nMetrics\n")?;
            let metrics = study.metrics.iter().map(|metric| metric_row(metric, study));
            table(["column", "unit", "good end", "meaning"], metrics.collect()).print(&mut out)?;
            for (name, columns) in study.tables() {
                writeln!(out, "\nTable {name}\n")?;
                let columns = columns.iter().map(|&Column { name, unit, about }| {
                    [name, unit, about].map(str::to_owned).to_vec()
                });
                table(["column", "unit", "meaning"], columns.collect()).print(&mut out)?;
            }
        }
    }
    Ok(())
}

fn table<const N: usize>(names: [&str; N], rows: Vec<Vec<String>>) -> Ranks {
    Ranks {
        names: names.map(str::to_owned).to_vec(),
        words: N,
        rows,
    }
}

fn metric_row(metric: &Metric, study: &StudyKind) -> Vec<String> {
    let end = match metric.better {
        Some(Better::Higher) => "higher",
        Some(Better::Lower) => "lower",
        None => "",
    };
    let mut about = metric.column.about.to_owned();
    if metric.name() == study.headline {
        about += " (ranks the points if nothing else is said)";
    }
    if metric.of_test_data {
        about += " (of test data)";
    }
    [metric.name(), metric.column.unit, end, &about]
        .map(str::to_owned)
        .to_vec()
}

/// All settings with their defaults, taken from an experiment that ships.
fn settings(study: &'static StudyKind, repository: &Repository) -> Result<Vec<Vec<String>>> {
    let example = example(study, repository)?;
    let row = |&Column { name, unit, about }: &Column| {
        let default = match &example {
            Some((experiment, settings)) => match tree::get(settings, name) {
                None | Some(Value::Null) => "none".to_owned(),
                Some(_) => match experiment.default_of(settings, name) {
                    None => "required".to_owned(),
                    Some(Value::Null) => "none".to_owned(),
                    Some(value) => value.to_string(),
                },
            },
            None => String::new(),
        };
        vec![name.to_owned(), default, unit.to_owned(), about.to_owned()]
    };
    Ok(study.settings().map(row).collect())
}

/// The first experiment of the study that ships, and settings of a run of it.
fn example(study: &StudyKind, repository: &Repository) -> Result<Option<(Experiment, Value)>> {
    for path in repository.experiments()? {
        let experiment = Experiment::read(&path, repository)?;
        if experiment.study.name == study.name {
            let plan = experiment.plan(Profile::Quick, &[])?;
            let first = plan.runs.into_iter().next();
            return Ok(first.map(|run| (experiment, run.settings())));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_of_every_study_has_a_default_or_is_required() {
        let repository = Repository::find().unwrap();
        for name in studies::names() {
            let rows = settings(studies::find(name).unwrap(), &repository).unwrap();
            assert!(!rows.is_empty(), "{name}");
            for row in rows {
                assert!(
                    row.iter().take(2).all(|field| !field.is_empty()),
                    "{name}: {row:?}"
                );
            }
        }
    }

    #[test]
    fn defaults_are_those_of_the_study_and_not_of_the_example() {
        let repository = Repository::find().unwrap();
        let rows = settings(studies::find("yinyang").unwrap(), &repository).unwrap();
        let default = |key: &str| rows.iter().find(|row| row[0] == key).unwrap()[1].clone();
        assert_eq!(default("training.epochs"), "required");
        assert_eq!(default("training.validation_patterns"), "100");
        assert_eq!(default("model"), "\"pyralnet\"");
        assert_eq!(default("precision"), "none");
    }
}
