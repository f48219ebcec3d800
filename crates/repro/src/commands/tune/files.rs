//! What a search leaves as files: all trials, the best point as a study, and a page.

use anyhow::Result;

use super::super::ranks::shown;
use crate::experiment::searched::Searched;
use crate::experiment::{Plan, setting_cell};
use crate::paths::Output;
use crate::report::points::{Parameter, Points};
use crate::report::studied::write_points;
use crate::results::files::write_atomically;
use crate::results::{Cell, Table};
use crate::search::{Search, Step, Trial, Tune};
use crate::terminal::{count, say};

/// A step that was done.
pub(super) struct Done {
    pub(super) step: Step,
    pub(super) generation: usize,
    /// What the search had cost by the end of its generation.
    pub(super) spent: f64,
}

/// One row per step, in the order of the search.
pub(super) fn write_trials(
    search: &Search,
    done: &[Done],
    output: &Output,
    plan: &Plan,
) -> Result<()> {
    let Tune {
        rungs,
        space,
        objective,
        ..
    } = search.tune();
    let ranked = search.ranked();
    let mut ranks = vec![0; search.trials().len()];
    for (rank, &trial) in ranked.iter().enumerate() {
        ranks[trial] = rank + 1;
    }
    let first = ["trial", "rung", "generation"].map(str::to_owned);
    let keys = space.keys().chain(rungs.key()).map(str::to_owned);
    let score = [
        "seeds".to_owned(),
        "diverged".to_owned(),
        format!("{}_{}", objective.metric, objective.over_seeds.name()),
        format!("{}_standard_error", objective.metric),
        "spent".to_owned(),
        "rank".to_owned(),
    ];
    let mut table = Table::new(first.into_iter().chain(keys).chain(score));
    for Done {
        step,
        generation,
        spent,
    } in done
    {
        let trial = &search.trials()[step.trial];
        let score = &trial.scores[step.rung];
        let cell = |key| trial.setting(key).map_or(Cell::Empty(()), setting_cell);
        let length = rungs
            .length(step.rung)
            .map(|(_, length)| Cell::from(length));
        let is_last = step.rung + 1 == trial.scores.len();
        let row: Vec<Cell> = [step.trial + 1, step.rung + 1, *generation]
            .map(Cell::from)
            .into_iter()
            .chain(space.keys().map(cell))
            .chain(length)
            .chain([
                score.runs.into(),
                score.diverged.into(),
                score.value.into(),
                score.standard_error.into(),
                Cell::rounded(*spent, 9),
                match is_last {
                    true => ranks[step.trial].into(),
                    false => Cell::Empty(()),
                },
            ])
            .collect();
        table.rows.push(row);
    }
    table.write(&output.trials(&plan.experiment))
}

/// A study file of the best point, unless one of its seeds diverged. Returns whether there is one.
pub(super) fn write_best(
    search: &Search,
    searched: &Searched<'_>,
    seeds: &[u64],
    output: &Output,
    plan: &Plan,
) -> Result<bool> {
    let Some(&best) = search.ranked().first() else {
        return Ok(false);
    };
    let trial = &search.trials()[best];
    let Some(score) = trial.scores.last().filter(|score| score.diverged == 0) else {
        return Ok(false);
    };
    let tune = search.tune();
    let rung = trial.scores.len() - 1;
    let settings = tune.settings(&trial.point, rung);
    let study = searched.file(&settings, &seeds[..tune.rungs.seeds(rung)])?;
    let text = format!(
        "# Trial {} of the search {}: {} = {} ± {} ({} and standard error over {}).\n{study}",
        best + 1,
        plan.experiment,
        tune.objective.metric,
        shown(score.value),
        shown(score.standard_error),
        tune.objective.over_seeds.name(),
        count(score.runs, "seed"),
    );
    write_atomically(&output.best(&plan.experiment), text.as_bytes())?;
    Ok(true)
}

/// The page of the search.
pub(super) fn write_page(
    search: &Search,
    done: &[Done],
    output: &Output,
    plan: &Plan,
) -> Result<()> {
    let Tune {
        rungs,
        space,
        objective,
        budget,
        rule,
        ..
    } = search.tune();
    let name = plan.experiment.as_str();
    let ranked: Vec<&Trial> = search
        .ranked()
        .iter()
        .map(|&trial| &search.trials()[trial])
        .collect();
    let parameter = |key: &str| {
        let value = |trial: &&Trial| trial.setting(key).map_or(Cell::Empty(()), setting_cell);
        Parameter {
            key: key.to_owned(),
            log: Some(space.is_log(key)),
            free: !space.is_tied(key),
            values: ranked.iter().map(value).collect(),
        }
    };
    let rung = Parameter {
        key: "rung".to_owned(),
        log: None,
        free: false,
        values: ranked
            .iter()
            .map(|trial| trial.scores.len().to_string().into())
            .collect(),
    };
    let last = rungs.len() - 1;
    let at_the_top = |done: &&Done| done.step.rung == last;
    let progress = done.iter().filter(at_the_top).filter_map(|done| {
        let score = search.trials()[done.step.trial].scores[last];
        (score.diverged == 0).then_some((done.spent, score.value))
    });
    let progress: Vec<(f64, f64)> = progress.collect();
    let value = format!("{} {}", objective.over_seeds.name(), objective.metric);
    let page = Points {
        name,
        about: format!(
            "{} {} by rule {}, at the cost of {:.1} of {budget} runs of the last of {}. Points on higher rungs come first.",
            plan.about,
            count(ranked.len(), "trial"),
            rule.name(),
            search.spent(),
            count(rungs.len(), "rung"),
        )
        .trim()
        .to_owned(),
        objective: &value,
        better: objective.better,
        parameters: space.keys().map(parameter).chain((last > 0).then_some(rung)).collect(),
        // All trials have been there.
        compared: ranked.iter().map(|trial| trial.scores[0].sound()).collect(),
        scores: ranked.iter().filter_map(|trial| trial.scores.last().copied()).collect(),
        progress: &progress,
        files: vec![
            (format!("{name}-best.toml"), "the best point as a study"),
            (format!("{name}.trials.csv"), "one row per trial and rung"),
            (format!("data/{name}.csv"), "one row per run"),
        ],
    };
    write_points(&page, output)?;
    say(format!("{}", output.figure(name, "html").display()));
    Ok(())
}
