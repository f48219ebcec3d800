//! `repro sweep`: a user's own hyper-parameter study.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Result, anyhow};

use super::ranks::{Ranks, short, shown};
use crate::commands::figures::{RunOptions, check_changes};
use crate::datasets::DataSets;
use crate::execute::{Interrupted, execute};
use crate::experiment::{Change, Experiment, Plan};
use crate::paths::{Output, Repository};
use crate::profile::Profile;
use crate::ranking::{OverSeeds, Score};
use crate::report::points::{Parameter, Points};
use crate::report::studied::write_points;
use crate::results::stats::mean_std;
use crate::results::{Cell, Frame, Row, Table};
use crate::settings::tree;
use crate::studies::{Better, Metric};
use crate::terminal::{Screen, say};

/// Points shown on the terminal; the summary file has all.
const SHOWN: usize = 20;

/// What ranks the points.
#[derive(Clone, Copy)]
struct Ranking {
    metric: &'static Metric,
    better: Better,
}

/// What each seed found: nothing, if it diverged.
type Seeds = Vec<(u64, Option<f64>)>;

/// One parameter point over its seeds.
struct Point {
    values: Vec<String>,
    seeds: Seeds,
    score: Score,
    /// How far the point is behind the best one: mean over the seeds that both have, and its standard error.
    behind: (f64, f64),
}

/// Runs the sweep, writes `<name>.csv` and `<name>.summary.csv`, and prints the best points.
pub(crate) fn sweep(
    file: &Path,
    out: Option<&Path>,
    changes: &[Change],
    work: &RunOptions,
) -> Result<()> {
    let repository = Repository::find()?;
    let experiment = Experiment::read(file, &repository)?;
    let ranking = Ranking::of(&experiment)?;
    check_changes(std::slice::from_ref(&experiment), changes)?;
    let plan = experiment.plan(Profile::Quick, changes)?;
    let plans = [Plan {
        shard: work.shard,
        ..plan
    }];
    for change in changes {
        Experiment::check_effect(change, &plans)?;
    }
    let output = match out {
        Some(out) => Output::at(out),
        None => Output::at(Path::new("sweeps")).changed(changes),
    };
    say(ranking.to_string());
    let data = DataSets::new(&repository.datasets()).keeping(output.made());
    let ended = execute(&plans, &work.options(&output, &data), &|_| Ok(()));
    let [plan] = plans;
    match &ended {
        Err(error) if !error.is::<Interrupted>() => return ended,
        _ if work.dry_run || !output.runs_csv(&plan.experiment).exists() => return ended,
        _ => {}
    }
    if work.shard.is_some() {
        say("a share of the runs is not ranked: the same command without --shard ranks all");
        return ended;
    }
    let frame = Frame::read(&output.runs_csv(&plan.experiment))?;
    let points = rank(&plan, &frame, ranking)?;
    write_summary(&plan, &output, ranking, &points)?;
    print(&plan, ranking, &points)?;
    write_page(&plan, &output, ranking, &points)?;
    ended
}

impl Ranking {
    /// By the metric that the file names, or else the one of the study.
    fn of(experiment: &Experiment) -> Result<Self> {
        let Experiment { study, rank_by, .. } = experiment;
        let name = rank_by.as_deref().unwrap_or(study.headline);
        let metric = study.metrics.iter().find(|metric| metric.name() == name);
        let ranking = metric.and_then(|metric| {
            let better = metric.better?;
            Some(Self { metric, better })
        });
        ranking.ok_or_else(|| {
            let all = study
                .metrics
                .iter()
                .filter(|metric| metric.better.is_some());
            let all: Vec<&str> = all.map(Metric::name).collect();
            anyhow!(
                "{}: rank_by = {name:?}: points of study {:?} are ranked by one of {}",
                experiment.origin(),
                study.name,
                all.join(", ")
            )
        })
    }

    fn score(self, seeds: &[(u64, Option<f64>)]) -> Score {
        let values: Vec<Option<f64>> = seeds.iter().map(|(_, value)| *value).collect();
        Score::of(&values, OverSeeds::Mean, self.better)
    }
}

impl std::fmt::Display for Ranking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let end = match self.better {
            Better::Higher => "highest",
            Better::Lower => "lowest",
        };
        write!(
            f,
            "points are ranked by {}, the {end} first",
            self.metric.name()
        )?;
        if self.metric.of_test_data {
            write!(
                f,
                "; it is of test data: what it says of the best of many points is too good"
            )?;
        }
        Ok(())
    }
}

/// The points of the sweep, best first, of the runs that have rows. A diverged run has no metric.
fn rank(plan: &Plan, frame: &Frame, ranking: Ranking) -> Result<Vec<Point>> {
    let rows: HashMap<&str, Row<'_>> = frame
        .rows()
        .map(|row| Ok((row.text("key")?, row)))
        .collect::<Result<_>>()?;
    let mut places: HashMap<Vec<String>, usize> = HashMap::new();
    let mut groups: Vec<(Vec<String>, Seeds)> = Vec::new();
    for run in &plan.runs {
        let Some(row) = rows.get(run.key.as_str()) else {
            continue;
        };
        let settings = run.settings();
        let value = |key: &String| {
            let value = tree::get(&settings, key);
            value.map_or_else(String::new, ToString::to_string)
        };
        let values: Vec<String> = plan.varied.iter().map(value).collect();
        let place = *places.entry(values.clone()).or_insert(groups.len());
        if place == groups.len() {
            groups.push((values, Vec::new()));
        }
        groups[place]
            .1
            .push((run.seed, row.maybe(ranking.metric.name())?));
    }
    let mut points: Vec<Point> = groups
        .into_iter()
        .map(|(values, seeds)| Point {
            values,
            score: ranking.score(&seeds),
            seeds,
            behind: (f64::NAN, f64::NAN),
        })
        .collect();
    points.sort_by(|a, b| a.score.compare(&b.score, ranking.better));
    let best: HashMap<u64, f64> = points.first().map_or_else(HashMap::new, |best| {
        let seeds = best.seeds.iter();
        seeds
            .filter_map(|(seed, value)| Some((*seed, (*value)?)))
            .collect()
    });
    for point in points.iter_mut().skip(1) {
        point.behind = behind(&point.seeds, &best, ranking.better);
    }
    Ok(points)
}

/// How far the seeds of a point are behind those of the best one: mean of the differences of seeds, and its standard error.
fn behind(seeds: &[(u64, Option<f64>)], best: &HashMap<u64, f64>, better: Better) -> (f64, f64) {
    let sign = match better {
        Better::Higher => 1.0,
        Better::Lower => -1.0,
    };
    let pairs = seeds.iter();
    let differences: Vec<f64> = pairs
        .filter_map(|(seed, value)| Some(sign * (best.get(seed)? - (*value)?)))
        .collect();
    let (mean, std) = mean_std(&differences);
    (mean, std / (differences.len() as f64).sqrt())
}

fn write_summary(plan: &Plan, output: &Output, ranking: Ranking, points: &[Point]) -> Result<()> {
    let metric = ranking.metric.name();
    let scores = ["mean", "std", "standard_error"].map(|what| format!("{metric}_{what}"));
    let others = [
        "behind_best",
        "behind_best_standard_error",
        "runs",
        "diverged",
    ];
    let others = others.map(str::to_owned);
    let mut table = Table::new(plan.varied.iter().cloned().chain(scores).chain(others));
    table.rows = points
        .iter()
        .map(
            |Point {
                 values,
                 score,
                 behind,
                 ..
             }| {
                let values = values.iter().map(|value| cell(value));
                let rest = [
                    score.value.into(),
                    score.std.into(),
                    score.standard_error.into(),
                    behind.0.into(),
                    behind.1.into(),
                    score.runs.into(),
                    score.diverged.into(),
                ];
                values.chain(rest).collect()
            },
        )
        .collect();
    table.write(&output.summary(&plan.experiment))
}

fn write_page(plan: &Plan, output: &Output, ranking: Ranking, points: &[Point]) -> Result<()> {
    let name = plan.experiment.as_str();
    let parameter = |(i, key): (usize, &String)| Parameter {
        key: key.clone(),
        log: None,
        free: true,
        values: points.iter().map(|point| cell(&point.values[i])).collect(),
    };
    let page = Points {
        name,
        about: format!("{} {}; {ranking}.", plan.about, plan.amount())
            .trim()
            .to_owned(),
        objective: ranking.metric.name(),
        better: ranking.better,
        parameters: plan.varied.iter().enumerate().map(parameter).collect(),
        compared: points.iter().map(|point| point.score.sound()).collect(),
        scores: points.iter().map(|point| point.score).collect(),
        progress: &[],
        files: vec![
            (format!("data/{name}.csv"), "one row per run"),
            (format!("{name}.summary.csv"), "one row per point"),
        ],
    };
    write_points(&page, output)?;
    say(format!("{}", output.figure(name, "html").display()));
    Ok(())
}

/// A setting as it was written down: a word without its quotes.
fn cell(value: &str) -> Cell {
    Cell::parse(value.trim_matches('"'))
}

fn print(plan: &Plan, ranking: Ranking, points: &[Point]) -> Result<()> {
    let mut out = Screen::new();
    let names = plan.varied.iter().map(|key| short(key).to_owned());
    let numbers = [ranking.metric.name(), "± s.e.", "± std", "runs"].map(str::to_owned);
    let row = |Point { values, score, .. }: &Point| -> Vec<String> {
        let numbers = [score.value, score.standard_error, score.std].map(shown);
        let row = values.iter().cloned().chain(numbers);
        let diverged = (score.diverged > 0).then(|| format!("{} diverged", score.diverged));
        row.chain([score.runs.to_string()])
            .chain(diverged)
            .collect()
    };
    let ranks = Ranks {
        names: names.chain(numbers).collect(),
        words: plan.varied.len(),
        rows: points.iter().take(SHOWN).map(row).collect(),
    };
    ranks.print(&mut out)?;
    if points.len() > SHOWN {
        writeln!(
            out,
            "… and {} more points in the summary file",
            points.len() - SHOWN
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_held_against_the_best_one_seed_by_seed() {
        let best = HashMap::from([(1, 0.9), (2, 0.7), (3, 0.8)]);
        // Whatever the seeds have in common is no difference of the points.
        let seeds = [(1, Some(0.8)), (2, Some(0.6)), (3, None), (4, Some(0.1))];
        let (mean, error) = behind(&seeds, &best, Better::Higher);
        assert!(
            (mean - 0.1).abs() < 1e-12 && error < 1e-12,
            "{mean} {error}"
        );
        assert!((behind(&seeds, &best, Better::Lower).0 + 0.1).abs() < 1e-12);
        assert!(behind(&seeds[2..], &best, Better::Higher).0.is_nan());
    }
}
