//! The foot of every figure: the runs behind it, what it lacks of its source, and where its runs are not those of the
//! experiment.

use anyhow::Result;

use crate::plot::literal;
use crate::results::{Frame, Provenance, Results};

/// Settings with words for people.
type Amounts = [(&'static str, &'static str)];

/// What has to be said of the results of these experiments; once, where it is the same of all.
pub(super) fn foot(results: &Results, experiments: &[&str], amounts: &Amounts) -> Result<String> {
    let mut parts: Vec<(Vec<&str>, String)> = Vec::new();
    for &experiment in experiments {
        let runs = results.runs(experiment)?;
        let said = match results.provenance(experiment)? {
            Some(provenance) => {
                let stands = behind(&runs, &provenance, amounts)?;
                let differs = provenance.differs().map(|differs| literal(&differs));
                [stands].into_iter().chain(differs).collect()
            }
            None => vec!["no provenance".to_owned()],
        };
        let said = said.join("; ");
        match parts.iter_mut().find(|(_, same)| *same == said) {
            Some((experiments, _)) => experiments.push(experiment),
            None => parts.push((vec![experiment], said)),
        }
    }
    let all = parts.len() == 1;
    parts.retain(|(_, said)| !said.is_empty());
    let say = |(experiments, said): (Vec<&str>, String)| match all {
        true => said,
        false => format!("{}: {said}", literal(&experiments.join(", "))),
    };
    Ok(parts.into_iter().map(say).collect::<Vec<_>>().join("; "))
}

/// The amount of work behind runs, as a part of that of the paper profile where it is less; how they were integrated; by which
/// profile and commits.
fn behind(runs: &Frame, provenance: &Provenance, amounts: &Amounts) -> Result<String> {
    let paper = &provenance.paper;
    let seeds = runs.distinct("seed")?.len();
    let points = |runs: usize, seeds: usize| runs / seeds.max(1);
    let mut parts = vec![part(seeds as f64, paper.seeds as f64, "seed")];
    let (have, want) = (points(runs.len(), seeds), points(paper.runs, paper.seeds));
    if have != want {
        parts.push(part(have as f64, want as f64, "point"));
    }
    // A figure's experiments differ in what they can do more of.
    for (key, what) in amounts.iter().filter(|(key, _)| runs.has(key)) {
        let have = runs.numbers(key)?.into_iter().fold(0.0, f64::max);
        let want = paper.more.get(*key).copied().unwrap_or(have);
        parts.push(part(have, want, what));
    }
    let integrator = "network.integrator";
    if runs.has(integrator) {
        let used = runs
            .distinct(integrator)?
            .into_iter()
            .filter(|name| !name.is_empty());
        parts.extend(used.map(|name| match name.as_str() {
            "euler" => "fixed steps".to_owned(),
            name => format!("{name} integrator"),
        }));
    }
    parts.push(format!("{} profile", provenance.profile));
    let commits: Vec<&str> = provenance.commits.keys().map(String::as_str).collect();
    parts.push(match commits[..] {
        [] => "no commit".to_owned(),
        [one] => format!("commit {one}"),
        ref several => format!("commits {}", several.join(", ")),
    });
    Ok(parts.join(", "))
}

/// `10 seeds`, or `3 of 10 seeds` where more were wanted.
fn part(have: f64, want: f64, what: &str) -> String {
    let plural = |n: f64| if n == 1.0 { "" } else { "s" };
    let what = what.trim_end_matches('s');
    match have < want {
        true => format!("{have} of {want} {what}{}", plural(want)),
        false => format!("{have} {what}{}", plural(have)),
    }
}
