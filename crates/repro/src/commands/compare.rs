//! `repro compare`.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Result, ensure};

use super::figures::output;
use crate::compare::{self, Comparison, Point, verdicts};
use crate::figures::{self, Inputs};
use crate::paths::{Output, Repository};
use crate::profile::Profile;
use crate::results::{Cell, Table};

const POINT_COLUMNS: [&str; 15] = [
    "figure",
    "series",
    "parameter",
    "value",
    "ours_mean",
    "ours_std",
    "ours_runs",
    "ours_epochs",
    "published_mean",
    "published_std",
    "published_runs",
    "published_epochs",
    "difference",
    "standard_errors",
    "profile",
];

const RUN_COLUMNS: [&str; 9] = [
    "figure",
    "series",
    "parameter",
    "value",
    "seed",
    "validation_correct_ours",
    "validation_correct_published",
    "test_correct_ours",
    "test_correct_published",
];

/// Prints tables and verdicts, and writes `compare.csv` and `compare_runs.csv`.
pub(crate) fn compare(ids: &[String], profile: Profile, out: Option<&Path>) -> Result<()> {
    let repository = Repository::find()?;
    let output = output(&repository, out, profile);
    let inputs = Inputs {
        repository: &repository,
        output: &output,
        profile,
    };
    let chosen: Vec<&Comparison> = figures::select(ids)?
        .iter()
        .filter_map(|f| compare::ALL.iter().find(|c| c.figure == f.id))
        .collect();
    ensure!(
        ids.is_empty() || !chosen.is_empty(),
        "nothing is published to compare {} with; there is for {}",
        ids.join(", "),
        compare::ALL
            .iter()
            .map(|c| c.figure)
            .collect::<Vec<_>>()
            .join(", ")
    );
    let mut all = Vec::new();
    let mut missing = Vec::new();
    for comparison in chosen {
        match (comparison.points)(&inputs) {
            Ok(points) => all.push((comparison.figure, points)),
            Err(error) if ids.is_empty() => missing.push((comparison.figure, error)),
            Err(error) => return Err(error),
        }
    }
    print(&all, profile)?;
    for (figure, error) in missing {
        eprintln!("{figure}: not compared: {error:#}");
    }
    write(&all, profile, &output)
}

fn print(all: &[(&str, Vec<Point>)], profile: Profile) -> Result<()> {
    let mut out = std::io::stdout().lock();
    for (figure, points) in all {
        writeln!(out, "{figure}, {} profile", profile.name())?;
        writeln!(
            out,
            "  {:<28} {:>24} {:>19} {:>19} {:>11} {:>7}",
            "series", "at", "ours / %", "published / %", "difference", "s.e."
        )?;
        for point in points {
            writeln!(
                out,
                "  {:<28} {:>24} {:>19} {:>19} {:>+11.2} {:>7}",
                point.series,
                format!("{} = {:.2}", point.x.0, point.x.1),
                point.ours.percent(),
                point.published.percent(),
                100.0 * (point.ours.mean - point.published.mean),
                point.standard_errors_text()
            )?;
        }
        for line in verdicts(points) {
            writeln!(out, "  → {line}")?;
        }
        print_runs(&mut out, points)?;
    }
    Ok(())
}

/// The runs that repeat a published one, seed by seed.
fn print_runs(out: &mut impl std::io::Write, points: &[Point]) -> Result<()> {
    for point in points.iter().filter(|p| !p.repeated.is_empty()) {
        write!(out, "  {} {} = {:.2}:", point.series, point.x.0, point.x.1)?;
        for run in &point.repeated {
            write!(out, " {} ({:+})", run.seed, run.test.0 - run.test.1)?;
        }
        writeln!(out, "  [seed (test samples more than published)]")?;
    }
    Ok(())
}

fn write(all: &[(&str, Vec<Point>)], profile: Profile, output: &Output) -> Result<()> {
    let mut points = Table::new(POINT_COLUMNS);
    let mut runs = Table::new(RUN_COLUMNS);
    for (figure, point) in all
        .iter()
        .flat_map(|(f, points)| points.iter().map(move |p| (*f, p)))
    {
        let place: [Cell; 4] = [
            figure.into(),
            point.series.clone().into(),
            point.x.0.into(),
            point.x.1.into(),
        ];
        let (ours, published) = (&point.ours, &point.published);
        let mut row = place.to_vec();
        row.extend([
            ours.mean.into(),
            ours.std.into(),
            ours.runs.into(),
            point.epochs.0.into(),
        ]);
        row.extend([
            published.mean.into(),
            published.std.into(),
            published.runs.into(),
        ]);
        row.extend([point.epochs.1.into(), (ours.mean - published.mean).into()]);
        row.extend([point.standard_errors().into(), profile.name().into()]);
        points.rows.push(row);
        for run in &point.repeated {
            let mut row = place.to_vec();
            row.push(Cell::Number(run.seed as f64));
            let counts = [run.validation.0, run.validation.1, run.test.0, run.test.1];
            row.extend(counts.map(Cell::from));
            runs.rows.push(row);
        }
    }
    points.write(&output.dir().join("compare.csv"))?;
    runs.write(&output.dir().join("compare_runs.csv"))
}
