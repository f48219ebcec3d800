//! `repro list`.

use std::io::Write as _;

use anyhow::Result;

use crate::experiment::Experiment;
use crate::figures::{self, Figure};
use crate::paths::Repository;
use crate::profile::Profile;
use crate::progress::duration;
use crate::terminal::Screen;

/// Prints every figure with its source, its cost under each profile, and what it shows.
pub(crate) fn list() -> Result<()> {
    let repository = Repository::find()?;
    let mut out = Screen::new();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    writeln!(
        out,
        "{:<24}{:<26}{:>12}{:>16}   shows",
        "figure", "source", "quick", "paper"
    )?;
    for figure in figures::ALL {
        let cost = |profile| cost(&repository, figure, profile).map(|s| duration(s / cores as f64));
        writeln!(
            out,
            "{:<24}{:<26}{:>12}{:>16}   {}",
            figure.id,
            figure.source(),
            cost(Profile::Quick)?,
            cost(Profile::Paper)?,
            figure.shows
        )?;
    }
    writeln!(
        out,
        "\nTimes are estimates for the {cores} cores of this machine."
    )?;
    Ok(())
}

fn cost(repository: &Repository, figure: &Figure, profile: Profile) -> Result<f64> {
    let seconds =
        |name: &&str| Experiment::read(&repository.experiment(name), repository)?.seconds(profile);
    figure.experiments().iter().map(seconds).sum()
}
