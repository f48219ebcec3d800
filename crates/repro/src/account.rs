//! What a command says of results: how they were made, and how many of the planned runs there are.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::experiment::Plan;
use crate::results::Frame;
use crate::results::columns::BOOKKEEPING;
use crate::results::provenance::{Command, Paper, Provenance};

/// What is to be known of these rows, which are results of runs of the plan. Everything but `last` follows from
/// rows, plan and experiment file.
pub(crate) fn account(plan: &Plan, rows: &Frame, last: Option<Command>) -> Result<Provenance> {
    let mut commits: BTreeMap<String, usize> = BTreeMap::new();
    let mut seeds: BTreeSet<u64> = BTreeSet::new();
    for row in rows.rows() {
        *commits.entry(row.text("code")?.to_owned()).or_default() += 1;
        seeds.extend(row.text("seed")?.parse::<u64>());
    }
    let metrics = plan.study.metrics.iter().map(|metric| metric.name());
    let metrics: Vec<&str> = metrics.filter(|name| rows.has(name)).collect();
    let results: Vec<&str> = BOOKKEEPING
        .iter()
        .map(|column| column.name)
        .chain(metrics.iter().copied())
        // Numbers of lists that are settings.
        .chain(plan.varied.iter().map(String::as_str))
        .collect();
    let wall_s: f64 = rows.numbers("wall_s")?.iter().sum();
    Ok(Provenance {
        experiment: plan.experiment.clone(),
        about: plan.about.clone(),
        study: plan.study.name.to_owned(),
        study_version: plan.study.version,
        profile: plan.profile.name().to_owned(),
        planned: plan.runs.len(),
        finished: rows.len(),
        seeds: seeds.into_iter().collect(),
        varied: plan.varied.clone(),
        metrics: metrics.iter().map(|&name| name.to_owned()).collect(),
        wall_s: (wall_s * 1e3).round() / 1e3,
        uncommitted: commits.keys().any(|code| code.ends_with('+')),
        commits,
        paper: Paper {
            runs: plan.paper.runs(),
            seeds: plan.paper.seeds(),
            more: plan.paper.more_than(rows)?,
        },
        changed: plan.file.changed(rows, &results)?,
        last,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Experiment;
    use crate::figures;
    use crate::paths::{Output, Repository};
    use crate::profile::Profile;

    #[test]
    fn the_account_of_the_results_that_ship_is_what_their_files_say() {
        let repository = Repository::find().unwrap();
        let output = Output::new(repository.figures(), Profile::Paper);
        let mut accounts = 0;
        for name in figures::ALL.iter().flat_map(|figure| figure.experiments()) {
            let Some(shipped) = Provenance::read(&output.provenance(name)).unwrap() else {
                continue;
            };
            let experiment = Experiment::read(&repository.experiment(name), &repository).unwrap();
            let plan = experiment.plan(Profile::Paper, &[]).unwrap();
            let rows = Frame::read(&output.runs_csv(name)).unwrap();
            let account = account(&plan, &rows, shipped.last.clone()).unwrap();
            assert_eq!(account, shipped);
            assert_eq!(account.finished, rows.len());
            accounts += 1;
        }
        assert!(accounts > 15, "{accounts}");
    }

    #[test]
    fn what_is_not_finished_and_not_committed_is_counted() {
        let repository = Repository::find().unwrap();
        let output = Output::new(repository.figures(), Profile::Paper);
        let experiment =
            Experiment::read(&repository.experiment("yinyang_steadnet"), &repository).unwrap();
        let plan = experiment.plan(Profile::Paper, &[]).unwrap();
        let rows = Frame::read(&output.runs_csv("yinyang_steadnet")).unwrap();
        let kept = rows.filter(|row| {
            row.text("seed")
                .is_ok_and(|seed| ["2", "78"].contains(&seed))
        });
        let account = account(&plan, &kept, None).unwrap();
        assert_eq!((account.planned, account.finished), (20, 4));
        assert_eq!((account.paper.seeds, account.seeds), (10, vec![2, 78]));
        assert!(account.changed.is_empty());
    }
}
