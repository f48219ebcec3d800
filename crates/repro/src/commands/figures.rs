//! `repro all`, `repro run`, `repro plot`.

use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use crate::compare;
use crate::datasets::DataSets;
use crate::execute::execute;
use crate::experiment::{Change, Experiment, Plan};
use crate::figures::{self, Figure};
use crate::paths::{Output, Repository};
use crate::profile::Profile;
use crate::progress::duration;
use crate::report;
use crate::results::Results;

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
    let results = Results::new(&repository, &output, profile);
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
            let needed = figure.experiments();
            if needed.contains(&name) && needed.iter().all(|e| ready(e)) && shard.is_none() {
                figure.render(&results)?;
                eprintln!("{}", output.figure(figure.id, "svg").display());
            }
        }
        Ok(())
    };
    let data = DataSets::new(&repository.datasets());
    execute(&plans, &output, &data, shard, &draw_ready)?;
    report::write(&results)?;
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
    let results = Results::new(&repository, &output, profile);
    let has_results = |figure: &Figure| {
        let mut experiments = figure.experiments().into_iter();
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
        figure.render(&results)?;
        eprintln!("{}", output.figure(figure.id, "svg").display());
    }
    if !missing.is_empty() {
        let missing: Vec<&str> = missing.iter().map(|figure| figure.id).collect();
        eprintln!("not run yet: {}", missing.join(", "));
    }
    report::write(&results)
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
    for name in figures.iter().flat_map(|f| f.experiments()) {
        if !experiments.iter().any(|e| e.name == name) {
            experiments.push(Experiment::read(
                &repository.experiment(name),
                &repository.bases(),
            )?);
        }
    }
    check_changes(&experiments, changes)?;
    let plan = |experiment: &Experiment| experiment.plan(profile, changes);
    let mut plans = experiments.iter().map(plan).collect::<Result<Vec<_>>>()?;
    for figure in figures {
        check_columns(figure, &plans)?;
    }
    if let Some((index, count)) = shard {
        for plan in &mut plans {
            plan.shard(index, count)?;
        }
    }
    Ok(plans)
}

/// Refuses a figure, or its comparison with published values, that reads what no run will write.
fn check_columns(figure: &Figure, plans: &[Plan]) -> Result<()> {
    let comparison = compare::ALL.iter().find(|c| c.figure == figure.id);
    let reads = comparison.map_or(&[][..], |comparison| comparison.reads);
    for reads in figure.reads.iter().chain(reads) {
        let plan = plans
            .iter()
            .find(|plan| plan.experiment == reads.experiment);
        let plan = plan.with_context(|| {
            format!(
                "the comparison of {} reads {}, which the figure does not need",
                figure.id, reads.experiment
            )
        })?;
        plan.check_reads(figure.id, reads)?;
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Reads;

    #[test]
    fn every_column_that_is_read_will_be_written() {
        let repository = Repository::find().unwrap();
        let figures = figures::select(&[]).unwrap();
        for profile in Profile::ALL {
            plans(&repository, &figures, profile, &[], None).unwrap();
        }
    }

    #[test]
    fn a_mistyped_column_is_named_with_its_file_before_anything_runs() {
        const MISTYPED: &[Reads] = &[Reads::table("stability", "phase", &["key", "hiden"])];
        const NO_TABLE: &[Reads] = &[Reads::table("stability", "phases", &["key"])];
        let repository = Repository::find().unwrap();
        for (reads, words) in [
            (
                MISTYPED,
                ["stability.phase.csv", "hiden", "derivative_per_ms"],
            ),
            (
                NO_TABLE,
                ["stability.phases.csv", "stability", "no such table"],
            ),
        ] {
            let figure = Figure {
                reads,
                ..*figures::select(&["stability".to_owned()]).unwrap()[0]
            };
            let error = plans(&repository, &[&figure], Profile::Quick, &[], None);
            let message = format!("{:#}", error.err().unwrap());
            for word in words {
                assert!(message.contains(word), "{word}: {message}");
            }
        }
    }
}
