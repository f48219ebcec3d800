//! The best trials of a search on the terminal.

use std::io::Write as _;

use anyhow::Result;

use super::super::ranks::{Ranks, short, shown};
use crate::experiment::Plan;
use crate::paths::Output;
use crate::ranking::Score;
use crate::search::{Search, Tune};
use crate::terminal::{Screen, count};

/// Trials shown on the terminal; the file of trials has all.
const SHOWN: usize = 10;

/// Prints the best trials, and where everything is.
pub(super) fn print(search: &Search, plan: &Plan, output: &Output, best: bool) -> Result<()> {
    let Tune {
        rungs,
        space,
        objective,
        ..
    } = search.tune();
    let value = format!("{} {}", objective.over_seeds.name(), objective.metric);
    let keys: Vec<&str> = space.keys().collect();
    let heads = keys
        .iter()
        .copied()
        .chain(rungs.key())
        .map(|key| short(key).to_owned());
    let own = ["rank", "trial", "rung"].map(str::to_owned).into_iter();
    let score = [value, "± s.e.".to_owned(), "seeds".to_owned()];
    let ranked = search.ranked();
    let rows = ranked.iter().take(SHOWN).enumerate().map(|(rank, &place)| {
        let trial = &search.trials()[place];
        let rung = trial.scores.len() - 1;
        let Score {
            value,
            standard_error,
            runs,
            diverged,
            ..
        } = trial.scores[rung];
        let setting = |key: &&str| {
            trial
                .setting(key)
                .map_or_else(String::new, ToString::to_string)
        };
        let own = [rank + 1, place + 1, rung + 1]
            .map(|n| n.to_string())
            .into_iter();
        let length = rungs.length(rung).map(|(_, length)| length.to_string());
        let score = [shown(value), shown(standard_error), runs.to_string()];
        let note = (diverged > 0).then(|| format!("{diverged} diverged"));
        let row = own
            .chain(keys.iter().map(setting))
            .chain(length)
            .chain(score);
        row.chain(note).collect()
    });
    let ranks = Ranks {
        names: own.chain(heads).chain(score).collect(),
        words: 0,
        rows: rows.collect(),
    };
    let mut out = Screen::new();
    ranks.print(&mut out)?;
    writeln!(
        out,
        "{} at the cost of {:.1} of {} runs: {}",
        count(ranked.len(), "trial"),
        search.spent(),
        search.tune().budget,
        output.trials(&plan.experiment).display()
    )?;
    match best {
        true => writeln!(
            out,
            "the best as a study, to be run with other seeds or longer: {}",
            output.best(&plan.experiment).display()
        )?,
        false => writeln!(out, "seeds of every trial diverged: there is no best one")?,
    }
    Ok(())
}
