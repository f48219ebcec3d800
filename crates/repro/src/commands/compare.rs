//! `repro compare`.

use std::io::Write as _;

use anyhow::{Result, ensure};

use super::figures::Destination;
use crate::compare::{self, Compared, Comparison, Point};
use crate::figures;
use crate::paths::Repository;
use crate::profile::Profile;
use crate::results::Results;
use crate::terminal::{Screen, say};

/// Prints tables and verdicts.
pub(crate) fn compare(ids: &[String], place: &Destination) -> Result<()> {
    let repository = Repository::find()?;
    let profile = place.profile;
    let results = Results::new(&repository, &place.output(&repository), profile);
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
        match comparison.make(&results) {
            Ok(compared) => all.push((comparison.figure, compared)),
            Err(error) if ids.is_empty() => missing.push((comparison.figure, error)),
            Err(error) => return Err(error),
        }
    }
    print(&all, profile)?;
    for (figure, error) in missing {
        say(format!("{figure}: not compared: {error:#}"));
    }
    Ok(())
}

fn print(all: &[(&str, Compared)], profile: Profile) -> Result<()> {
    let mut out = Screen::new();
    for (figure, Compared { points, verdicts }) in all {
        writeln!(out, "{figure}, {} profile", profile.name())?;
        writeln!(
            out,
            "  {:<40} {:>24} {:>19} {:>19} {:>11} {:>10}",
            "series", "at", "ours / %", "published / %", "difference", "judged"
        )?;
        for point in points {
            let (ours, published) = point.values.texts();
            writeln!(
                out,
                "  {:<40} {:>24} {ours:>19} {published:>19} {:>+11.2} {:>10}",
                point.series,
                format!("{} = {:.2}", point.x.0, point.x.1),
                point.difference(),
                point.judgement()
            )?;
        }
        for line in verdicts {
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
