//! `repro all`, `repro run`, `repro plot`.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow, ensure};
use clap::Args;

use crate::compare;
use crate::datasets::DataSets;
use crate::execute::{Options, execute};
use crate::experiment::{Change, Experiment, Plan};
use crate::figures::{self, Figure};
use crate::limits;
use crate::paths::{Output, Repository};
use crate::profile::Profile;
use crate::progress::duration;
use crate::report;
use crate::results::Results;
use crate::terminal::say;

/// Which results are meant, and where they lie.
#[derive(Debug, Args)]
pub(crate) struct Destination {
    /// How much work: minutes, or the sources' exact numbers
    #[arg(long, value_enum, default_value_t)]
    pub(crate) profile: Profile,
    /// Folder of the output; the profile's name is added to it [default: figures/]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Change a setting of the experiments, e.g. --set training.epochs=10; without --out such results
    /// have a folder of their own, named after the change
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) changes: Vec<Change>,
}

impl Destination {
    /// The folder: the one asked for, or else that of the profile and the changes.
    pub(crate) fn output(&self, repository: &Repository) -> Output {
        match &self.out {
            Some(out) => Output::new(out, self.profile),
            None => Output::new(repository.figures(), self.profile).changed(&self.changes),
        }
    }
}

/// How runs are done.
#[derive(Debug, Args)]
pub(crate) struct RunOptions {
    /// Threads; results do not depend on it [default: one per core]
    #[arg(long, value_name = "N", value_parser = parse_threads)]
    pub(crate) threads: Option<usize>,
    /// Do only the K-th of N shares of the runs, to split the work among machines
    #[arg(long, value_name = "K/N", value_parser = parse_shard)]
    pub(crate) shard: Option<(usize, usize)>,
    /// Compute again what has results, and say whether they are the same
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Say what would be done, and how long it takes; do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Go on with the other runs when one fails
    #[arg(long)]
    keep_going: bool,
    /// Wait for another process that does these runs, and go on from what it leaves, instead of giving up
    #[arg(long)]
    wait: bool,
}

impl RunOptions {
    /// How plans are executed with results in this folder.
    pub(crate) fn options<'a>(&self, output: &'a Output, data: &'a DataSets) -> Options<'a> {
        Options {
            output,
            data,
            fresh: self.fresh,
            dry_run: self.dry_run,
            keep_going: self.keep_going,
            wait: self.wait,
        }
    }
}

/// A number of threads that this machine can start and use.
pub(crate) fn parse_threads(text: &str) -> Result<usize> {
    let most = limits::threads();
    match text.parse() {
        Ok(threads) if (1..=most).contains(&threads) => Ok(threads),
        _ => Err(anyhow!("from 1 to {most} threads can be of use here")),
    }
}

fn parse_shard(text: &str) -> Result<(usize, usize)> {
    let parts = text
        .split_once('/')
        .and_then(|(k, n)| Some((k.parse().ok()?, n.parse().ok()?)));
    match parts {
        Some((k, n)) if (1..=n).contains(&k) => Ok((k, n)),
        _ => Err(anyhow!("{text:?} is not K/N with K from 1 to N, e.g. 2/8")),
    }
}

/// Runs what the figures need and draws them, each as soon as its data are complete.
pub(crate) fn make(ids: &[String], place: &Destination, work: &RunOptions) -> Result<()> {
    let Destination {
        profile, changes, ..
    } = place;
    let (profile, shard) = (*profile, work.shard);
    let start = Instant::now();
    let repository = Repository::find()?;
    let output = place.output(&repository);
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
                say(format!("{}", output.figure(figure.id, "svg").display()));
            }
        }
        Ok(())
    };
    let data = DataSets::new(&repository.datasets()).keeping(output.made());
    execute(&plans, &work.options(&output, &data), &draw_ready)?;
    if work.dry_run {
        return Ok(());
    }
    report::write(&results)?;
    let runs: usize = plans.iter().map(|p| p.share().count()).sum();
    say(format!(
        "{} figures from {runs} runs in {}: {}",
        figures.len(),
        duration(start.elapsed().as_secs_f64()),
        output.dir().join("index.html").display()
    ));
    Ok(())
}

/// Draws figures again from their CSV files: these, or all that there are results for.
pub(crate) fn plot(ids: &[String], place: &Destination) -> Result<()> {
    let repository = Repository::find()?;
    let output = place.output(&repository);
    let results = Results::new(&repository, &output, place.profile);
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
        say(format!("{}", output.figure(figure.id, "svg").display()));
    }
    if !missing.is_empty() {
        let missing: Vec<&str> = missing.iter().map(|figure| figure.id).collect();
        say(format!("not run yet: {}", missing.join(", ")));
    }
    report::write(&results)
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
            experiments.push(Experiment::read(&repository.experiment(name), repository)?);
        }
    }
    check_changes(&experiments, changes)?;
    let mut plans: Vec<Plan> = Vec::new();
    let mut before = 0;
    for experiment in &experiments {
        let plan = experiment.plan(profile, changes)?;
        let runs = plan.runs.len();
        plans.push(Plan {
            shard,
            before,
            ..plan
        });
        before += runs;
    }
    for change in changes {
        Experiment::check_effect(change, &plans)?;
    }
    for figure in figures {
        check_columns(figure, &plans)?;
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
    fn shares_are_counted_through_all_experiments() {
        let repository = Repository::find().unwrap();
        let figures = figures::select(&[]).unwrap();
        let mut plans = plans(&repository, &figures, Profile::Quick, &[], None).unwrap();
        let mut share = |shard| -> Vec<Vec<String>> {
            let share = |plan: &mut Plan| {
                plan.shard = shard;
                plan.share().map(|run| run.key.clone()).collect()
            };
            plans.iter_mut().map(share).collect()
        };
        let all = share(None);
        let shares = [1, 2, 3, 4, 5].map(|k| share(Some((k, 5))));
        let sizes = shares
            .iter()
            .map(|share| share.iter().flatten().count())
            .collect::<Vec<_>>();
        // As equal as they can be, although some experiments have fewer runs than there are shares.
        let (least, most) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
        assert!(most - least <= 1, "{sizes:?}");
        assert!(all.iter().any(|plan| plan.len() < 5));
        for (i, plan) in all.iter().enumerate() {
            let mut runs: Vec<&String> = shares.iter().flat_map(|share| &share[i]).collect();
            let mut plan: Vec<&String> = plan.iter().collect();
            runs.sort();
            plan.sort();
            assert_eq!(runs, plan);
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
