//! `repro all`, `repro run`, `repro plot`.

use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

use anyhow::{Result, ensure};

use crate::datasets::DataSets;
use crate::execute::execute;
use crate::experiment::{Change, Experiment, Plan};
use crate::figures::{self, Figure, Inputs};
use crate::paths::{Output, Repository};
use crate::profile::Profile;
use crate::progress::duration;
use crate::report;

/// What is asked of [`make`] besides the figures.
pub(crate) struct Request<'a> {
    pub(crate) profile: Profile,
    pub(crate) out: Option<&'a Path>,
    pub(crate) changes: &'a [Change],
    pub(crate) shard: Option<(usize, usize)>,
}

/// Runs what the figures need and draws them, each as soon as its data are complete.
pub(crate) fn make(ids: &[String], request: &Request<'_>) -> Result<()> {
    let Request {
        profile,
        changes,
        shard,
        ..
    } = *request;
    let start = Instant::now();
    let repository = Repository::find()?;
    let output = output(&repository, request.out, profile);
    let figures = figures::select(ids)?;
    let plans = plans(&repository, &figures, profile, changes, shard)?;
    let inputs = Inputs {
        repository: &repository,
        output: &output,
        profile,
    };
    let finished = Mutex::new(vec![false; plans.len()]);
    let draw_ready = |index: usize| -> Result<()> {
        let mut finished = finished
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        finished[index] = true;
        let ready = |name: &str| {
            plans
                .iter()
                .zip(finished.iter())
                .any(|(p, done)| *done && p.experiment == name)
        };
        let name = plans[index].experiment.as_str();
        for figure in &figures {
            let uses_it = figure.experiments.contains(&name);
            if uses_it && figure.experiments.iter().all(|e| ready(e)) && shard.is_none() {
                figure.render(&inputs)?;
                eprintln!("{}", output.figure(figure.id, "svg").display());
            }
        }
        Ok(())
    };
    let data = DataSets::new(&repository.datasets());
    execute(&plans, &output, &data, profile, shard, &draw_ready)?;
    report::write(&inputs)?;
    let runs: usize = plans.iter().map(|p| p.runs.len()).sum();
    eprintln!(
        "{} figures from {runs} runs in {}: {}",
        figures.len(),
        duration(start.elapsed().as_secs_f64()),
        output.dir().join("index.html").display()
    );
    Ok(())
}

/// Draws figures again from their CSV files: these, or all that there are results for.
pub(crate) fn plot(ids: &[String], profile: Profile, out: Option<&Path>) -> Result<()> {
    let repository = Repository::find()?;
    let output = output(&repository, out, profile);
    let inputs = Inputs {
        repository: &repository,
        output: &output,
        profile,
    };
    let has_results = |figure: &Figure| {
        let mut experiments = figure.experiments.iter();
        experiments.all(|experiment| output.runs_csv(experiment).exists())
    };
    let figures = figures::select(ids)?;
    let (drawn, missing): (Vec<_>, Vec<_>) = figures
        .into_iter()
        .partition(|figure| !ids.is_empty() || has_results(figure));
    ensure!(
        !drawn.is_empty(),
        "{}: there are no results; make them with `repro all`, or `repro run` of some figures",
        output.dir().display()
    );
    for figure in drawn {
        figure.render(&inputs)?;
        eprintln!("{}", output.figure(figure.id, "svg").display());
    }
    if !missing.is_empty() {
        let missing: Vec<&str> = missing.iter().map(|figure| figure.id).collect();
        eprintln!("not run yet: {}", missing.join(", "));
    }
    report::write(&inputs)
}

/// The output folder of a profile.
pub(crate) fn output(repository: &Repository, out: Option<&Path>, profile: Profile) -> Output {
    let base = out.map_or_else(|| repository.figures(), Path::to_owned);
    Output::new(&base, profile)
}

/// The plans of all experiments that the figures need, each once, everything checked.
fn plans(
    repository: &Repository,
    figures: &[&Figure],
    profile: Profile,
    changes: &[Change],
    shard: Option<(usize, usize)>,
) -> Result<Vec<Plan>> {
    let mut experiments: Vec<Experiment> = Vec::new();
    for name in figures.iter().flat_map(|f| f.experiments) {
        if !experiments.iter().any(|e| e.name == *name) {
            experiments.push(Experiment::read(&repository.experiment(name))?);
        }
    }
    check_changes(&experiments, changes)?;
    let plan = |experiment: &Experiment| {
        let mut plan = experiment.plan(profile, changes)?;
        if let Some((index, count)) = shard {
            plan.shard(index, count)?;
        }
        Ok(plan)
    };
    experiments.iter().map(plan).collect()
}

/// Every `--set` must mean something to at least one experiment.
pub(crate) fn check_changes(experiments: &[Experiment], changes: &[Change]) -> Result<()> {
    for change in changes {
        let mut known = false;
        for experiment in experiments {
            known |= experiment.knows(change)?;
        }
        let names: Vec<&str> = experiments.iter().map(|e| e.name.as_str()).collect();
        ensure!(
            known,
            "--set {}: no setting of this name in {}; the files in experiments/ show the names",
            change.key,
            names.join(", ")
        );
    }
    Ok(())
}
