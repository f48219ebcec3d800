//! The foot of every figure: what it lacks of its source, and where its runs are not those of the experiment.

use anyhow::Result;

use crate::plot::literal;
use crate::results::{Frame, Provenance, Results};

/// Settings with words for people.
type Amounts = [(&'static str, &'static str)];

/// What has to be said of the results of these experiments; empty if they are all that the source did.
pub(super) fn foot(results: &Results, experiments: &[&str], amounts: &Amounts) -> Result<String> {
    let mut parts: Vec<(Vec<&str>, String)> = Vec::new();
    for &experiment in experiments {
        let runs = results.runs(experiment)?;
        let said = match results.provenance(experiment)? {
            Some(provenance) => {
                let profile = results.profile().name();
                let short = shortfall(&runs, &provenance, amounts)?;
                let short = short.map(|short| format!("{profile} profile: {short}"));
                let differs = provenance.differs().map(|differs| literal(&differs));
                short.into_iter().chain(differs).collect()
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

/// How runs fall short of the paper profile: seeds, points, and any of `amounts`. Runs that leave the published
/// integrator say so here too.
fn shortfall(runs: &Frame, provenance: &Provenance, amounts: &Amounts) -> Result<Option<String>> {
    let paper = &provenance.paper;
    let seeds = runs.distinct("seed")?.len();
    let points = |runs: usize, seeds: usize| runs / seeds.max(1);
    let mut parts = Vec::new();
    for (have, want, what) in [
        (seeds, paper.seeds, "seeds"),
        (
            points(runs.len(), seeds),
            points(paper.runs, paper.seeds),
            "points",
        ),
    ] {
        if have < want {
            parts.push(format!("{have} of {want} {what}"));
        }
    }
    for (key, what) in amounts {
        if let Some(want) = paper.more.get(*key) {
            let have = runs.numbers(key)?.into_iter().fold(0.0, f64::max);
            parts.push(format!("{have} of {want} {what}"));
        }
    }
    let integrator = "network.integrator";
    if runs.has(integrator) && !runs.matching(integrator, "adaptive")?.is_empty() {
        parts.push("adaptive integrator".into());
    }
    Ok((!parts.is_empty()).then(|| parts.join(", ")))
}
