//! `repro tune`: a search for the best point of a user's own study.

mod files;
mod table;

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::figures::RunOptions;
use super::ranks::shown;
use crate::datasets::DataSets;
use crate::execute::Session;
use crate::experiment::searched::Searched;
use crate::experiment::{Change, Experiment, Plan};
use crate::limits;
use crate::paths::{Output, Repository};
use crate::progress::duration;
use crate::search::{Search, Step, Trial, Tune};
use crate::store::Pauses;
use crate::studies::Better;
use crate::terminal::{count, say};
use files::{Done, write_best, write_page, write_trials};
use table::print;

/// Searches, writes the runs, `<name>.trials.csv` and `<name>-best.toml`, and prints the best trials.
pub(crate) fn tune(
    file: &Path,
    out: Option<&Path>,
    changes: &[Change],
    work: &RunOptions,
) -> Result<()> {
    ensure!(
        work.shard.is_none() || !work.fresh,
        "--fresh: what other shares computed again cannot be told from what was there: leave --shard out, or give another --out"
    );
    let repository = Repository::find()?;
    let experiment = Experiment::read(file, &repository)?;
    let (table, seeds) = experiment.search()?;
    let tune = Tune::parse(table, experiment.study, seeds.as_ref().map(Vec::len));
    let tune = tune.with_context(|| experiment.origin().to_owned())?;
    let last = tune.rungs.len() - 1;
    let seeds = seeds.unwrap_or_else(|| (1..=tune.rungs.seeds(last) as u64).collect());
    let probes = tune.space.probes();
    let probes: Vec<_> = probes
        .iter()
        .map(|point| tune.settings(point, last))
        .collect();
    let searched = Searched::new(&experiment, changes, &probes, &seeds)?;
    // The shortest runs may be refused where the longest are not.
    searched.run(&tune.settings(&tune.space.probes()[0], 0), seeds[0])?;
    let mut go_on = tune.rungs.key().is_some();
    for probe in &probes {
        go_on &= searched.run(probe, seeds[0])?.job.goes_on_in() == tune.rungs.key();
    }
    let tune = tune.going_on(go_on);
    let tune = tune.with_context(|| experiment.origin().to_owned())?;
    let output = match out {
        Some(out) => Output::at(out),
        None => Output::at(Path::new("sweeps")).changed(changes),
    };
    let seconds = searched.run(&probes[0], seeds[0])?.job.seconds();
    announce(&experiment, &tune, &output, seconds);
    if work.dry_run {
        return Ok(());
    }
    let data = DataSets::new(&repository.datasets()).keeping(output.made());
    let options = work.options(&output, &data);
    let keys = tune.space.keys().chain(tune.rungs.key());
    let mut plan = Plan {
        shard: work.shard,
        ..searched.plan(keys.map(str::to_owned).collect())
    };
    let longest = tune.rungs.length(last);
    let pauses = longest.map(|(key, longest)| Pauses::new(&output, &experiment.name, key, longest));
    let mut session = Session::open(&plan, &options, pauses)?;
    let mut search = Search::new(tune);
    let done = run(&mut search, &searched, &seeds, &mut plan, &mut session);
    plan.settle();
    // What has ended before a failure goes into the files as well.
    session.write(&plan)?;
    let done = done?;
    session.end();
    write_trials(&search, &done, &output, &plan)?;
    let best = write_best(&search, &searched, &seeds, &output, &plan)?;
    print(&search, &plan, &output, best)?;
    write_page(&search, &done, &output, &plan)
}

/// Does the search to its end. All runs go into the plan, each once, in the order in which they were asked for.
fn run(
    search: &mut Search,
    searched: &Searched<'_>,
    seeds: &[u64],
    plan: &mut Plan,
    session: &mut Session<'_>,
) -> Result<Vec<Done>> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut done = Vec::new();
    loop {
        let steps = search.next()?;
        if steps.is_empty() {
            return Ok(done);
        }
        let mut asked: Vec<(Step, Vec<usize>)> = Vec::new();
        for step in steps {
            let tune = search.tune();
            let point = tune.settings(&search.trials()[step.trial].point, step.rung);
            let mut runs = Vec::new();
            for &seed in &seeds[..tune.rungs.seeds(step.rung)] {
                let run = searched.run(&point, seed)?;
                let place = *places.entry(run.key.clone()).or_insert(plan.runs.len());
                if place == plan.runs.len() {
                    plan.runs.push(run);
                }
                runs.push(place);
            }
            asked.push((step, runs));
        }
        limits::check_runs("the runs of the search", plan.runs.len() as f64)?;
        let runs = asked.iter().flat_map(|(_, runs)| runs);
        let runs: Vec<_> = runs.map(|&place| &plan.runs[place]).collect();
        let computed = session.compute(plan, &runs)?;
        let metric = search.tune().objective.metric;
        for (step, runs) in asked {
            let values = runs
                .iter()
                .map(|&place| session.metric(&plan.runs[place], metric));
            let values: Vec<Option<f64>> = values.collect();
            search.tell(step, &values);
            let (generation, spent) = (search.generations(), search.spent());
            done.push(Done {
                step,
                generation,
                spent,
            });
        }
        if computed {
            say(state(search));
        }
    }
}

/// What will be done, for people.
fn announce(experiment: &Experiment, tune: &Tune, output: &Output, seconds: f64) {
    let rungs = match tune.rungs.len() {
        1 => String::new(),
        n => format!(" on {n} rungs"),
    };
    let threads = rayon::current_num_threads();
    say(format!(
        "{}: a search for the {} {} ({} over {}) by rule {}{rungs}, at the cost of {} runs",
        experiment.name,
        end(tune.objective.better),
        tune.objective.metric,
        tune.objective.over_seeds.name(),
        count(tune.rungs.seeds(tune.rungs.len() - 1), "seed"),
        tune.rule.name(),
        tune.budget,
    ));
    if let Some((key, _)) = tune.rungs.length(0) {
        say(match tune.rungs.go_on() {
            true => format!(
                "runs of more {key} go on where those of fewer ended, and cost what they add"
            ),
            false => format!(
                "runs of more {key} begin anew: study {:?} as it is set cannot go on where those of fewer ended",
                experiment.study.name
            ),
        });
    }
    say(format!(
        "results go to {}: about {} on {}",
        output.dir().display(),
        duration(tune.budget * seconds / threads as f64),
        count(threads, "thread"),
    ));
}

fn end(better: Better) -> &'static str {
    match better {
        Better::Higher => "highest",
        Better::Lower => "lowest",
    }
}

/// How far the search is, for people.
fn state(search: &Search) -> String {
    let best = search.ranked().first().map(|&trial| {
        let Trial { scores, .. } = &search.trials()[trial];
        let score = scores.last().map_or_else(String::new, |score| {
            format!("{} ± {}", shown(score.value), shown(score.standard_error))
        });
        format!(
            "; best: trial {}, rung {}: {score}",
            trial + 1,
            scores.len()
        )
    });
    format!(
        "generation {}: {}, {:.1} of {} spent{}",
        search.generations(),
        count(search.trials().len(), "trial"),
        search.spent(),
        search.tune().budget,
        best.unwrap_or_default()
    )
}
