//! `repro sweep`: a user's own hyper-parameter study.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Result, anyhow};

use crate::commands::figures::{Work, check_changes};
use crate::datasets::DataSets;
use crate::execute::execute;
use crate::experiment::{Change, Experiment, Plan};
use crate::paths::{Output, Repository};
use crate::profile::Profile;
use crate::results::stats::mean_std;
use crate::results::{Cell, Frame, Row, Table};
use crate::studies::{Better, Metric};
use crate::terminal::Screen;

/// Points shown on the terminal; the summary file has all.
const SHOWN: usize = 20;

/// One parameter point over its seeds.
struct Point {
    values: Vec<String>,
    mean: f64,
    std: f64,
    runs: usize,
    diverged: usize,
}

/// Runs the sweep, writes `<name>.csv` and `<name>.summary.csv`, and prints the best points.
pub(crate) fn sweep(
    file: &Path,
    out: Option<&Path>,
    changes: &[Change],
    work: &Work,
) -> Result<()> {
    let repository = Repository::find()?;
    let experiment = Experiment::read(file, &repository)?;
    let (metric, better) = ranking(&experiment)?;
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
    let data = DataSets::new(&repository.datasets()).keeping(output.made());
    execute(&plans, &work.options(&output, &data), &|_| Ok(()))?;
    if work.dry_run {
        return Ok(());
    }
    let [plan] = plans;
    let frame = Frame::read(&output.runs_csv(&plan.experiment))?;
    let points = rank(&plan, &frame, metric, better)?;
    write_summary(&plan, &output, metric, &points)?;
    print(&plan, metric, &points)
}

/// The metric that ranks the points, and which end of it is the good one.
fn ranking(experiment: &Experiment) -> Result<(&'static str, Better)> {
    let Experiment { study, rank_by, .. } = experiment;
    let name = rank_by.as_deref().unwrap_or(study.headline);
    let ranks = |metric: &Metric| metric.better.map(|better| (metric.name(), better));
    let metric = study.metrics.iter().find(|metric| metric.name() == name);
    metric.and_then(ranks).ok_or_else(|| {
        let all = study.metrics.iter().filter_map(ranks);
        let all: Vec<&str> = all.map(|(name, _)| name).collect();
        anyhow!(
            "{}: rank_by = {name:?}: points of study {:?} are ranked by one of {}",
            experiment.origin(),
            study.name,
            all.join(", ")
        )
    })
}

/// The points of the sweep, best first. A diverged run has no metric and counts as such.
fn rank(plan: &Plan, frame: &Frame, metric: &str, better: Better) -> Result<Vec<Point>> {
    let mut groups: Vec<(Vec<String>, Vec<Option<f64>>)> = Vec::new();
    let rows: HashMap<&str, Row<'_>> = frame
        .rows()
        .map(|row| Ok((row.text("key")?, row)))
        .collect::<Result<_>>()?;
    for run in &plan.runs {
        let Some(row) = rows.get(run.key.as_str()) else {
            continue;
        };
        let value = |key: &String| {
            run.setting(key)
                .map_or_else(String::new, ToString::to_string)
        };
        let values: Vec<String> = plan.varied.iter().map(value).collect();
        let score = row.maybe(metric)?;
        match groups.iter_mut().find(|(v, _)| *v == values) {
            Some((_, scores)) => scores.push(score),
            None => groups.push((values, vec![score])),
        }
    }
    let mut points: Vec<Point> = groups
        .into_iter()
        .map(|(values, scores)| {
            let valid: Vec<f64> = scores.iter().flatten().copied().collect();
            let (mean, std) = mean_std(&valid);
            Point {
                values,
                mean,
                std,
                runs: scores.len(),
                diverged: scores.len() - valid.len(),
            }
        })
        .collect();
    let sign = if better == Better::Higher { -1.0 } else { 1.0 };
    let order = |p: &Point| {
        if p.mean.is_nan() {
            f64::INFINITY
        } else {
            sign * p.mean
        }
    };
    points.sort_by(|a, b| order(a).total_cmp(&order(b)));
    Ok(points)
}

fn write_summary(plan: &Plan, output: &Output, metric: &str, points: &[Point]) -> Result<()> {
    let scores = [format!("{metric}_mean"), format!("{metric}_std")];
    let counts = ["runs", "without_result"].map(str::to_owned);
    let mut table = Table::new(plan.varied.iter().cloned().chain(scores).chain(counts));
    table.rows = points
        .iter()
        .map(|p| {
            let values = p.values.iter().map(|v| Cell::parse(v.trim_matches('"')));
            let rest = [
                p.mean.into(),
                p.std.into(),
                p.runs.into(),
                p.diverged.into(),
            ];
            values.chain(rest).collect()
        })
        .collect();
    table.write(&output.summary(&plan.experiment))
}

fn print(plan: &Plan, metric: &str, points: &[Point]) -> Result<()> {
    let mut out = Screen::new();
    let names: Vec<&str> = plan
        .varied
        .iter()
        .map(|k| k.split_once('.').map_or(k.as_str(), |(_, rest)| rest))
        .collect();
    let widths: Vec<usize> = names
        .iter()
        .enumerate()
        .map(|(i, name)| {
            points
                .iter()
                .map(|p| p.values[i].len())
                .fold(name.len(), usize::max)
                + 2
        })
        .collect();
    for (name, width) in names.iter().zip(&widths) {
        write!(out, "{name:<width$}")?;
    }
    writeln!(out, "{metric:>18}{:>10}{:>6}", "± std", "runs")?;
    for point in points.iter().take(SHOWN) {
        for (value, width) in point.values.iter().zip(&widths) {
            write!(out, "{value:<width$}")?;
        }
        let note = if point.diverged > 0 {
            format!("  {} without result", point.diverged)
        } else {
            String::new()
        };
        let std = if point.std.is_nan() {
            "–".to_owned()
        } else {
            format!("{:.5}", point.std)
        };
        writeln!(out, "{:>18.5}{std:>10}{:>6}{note}", point.mean, point.runs)?;
    }
    if points.len() > SHOWN {
        writeln!(
            out,
            "… and {} more points in the summary file",
            points.len() - SHOWN
        )?;
    }
    Ok(())
}
