//! `repro provenance`.

use anyhow::{Result, ensure};

use super::figures::Destination;
use crate::account::account;
use crate::experiment::Experiment;
use crate::figures;
use crate::paths::Repository;
use crate::results::{Frame, Provenance};
use crate::terminal::say;

/// Rewrites the provenance of all results from their CSV files and the experiment files alone. The command that
/// computed them is in neither; it stays as recorded.
pub(crate) fn provenance(place: &Destination) -> Result<()> {
    let repository = Repository::find()?;
    let output = place.output(&repository);
    let mut seen: Vec<&str> = Vec::new();
    for name in figures::ALL.iter().flat_map(|f| f.experiments()) {
        if seen.contains(&name) || !output.runs_csv(name).exists() {
            continue;
        }
        seen.push(name);
        let plan = Experiment::read(&repository.experiment(name), &repository)?
            .plan(place.profile, &place.changes)?;
        let rows = Frame::read(&output.runs_csv(name))?;
        let path = output.provenance(name);
        let before = Provenance::read(&path).ok().flatten();
        let last = before.and_then(|before| before.last);
        account(&plan, &rows, last)?.write(&path)?;
        say(format!("{}", path.display()));
    }
    let dir = output.dir().display();
    ensure!(!seen.is_empty(), "{dir}: there are no results");
    Ok(())
}
