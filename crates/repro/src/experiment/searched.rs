//! An experiment whose points are not in its file: a search says them one after another.

use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, ensure};
use serde_json::{Map, Value};

use super::asked::Asked;
use super::change::Change;
use super::plan::Plan;
use super::run::Run;
use super::{Experiment, effect};
use crate::profile::Profile;
use crate::settings::tree;
use crate::studies::Idle;

/// An experiment with the settings that are the same at all points of a search.
pub(crate) struct Searched<'a> {
    experiment: &'a Experiment,
    settings: Value,
}

impl Experiment {
    /// The table of the search, and the seeds that the file names.
    ///
    /// # Errors
    /// No such table, or what has no effect beside it.
    pub(crate) fn search(&self) -> Result<(&Value, Option<Vec<u64>>)> {
        let Some(tune) = &self.tune else {
            return Err(anyhow!(
                "{}: there is no [tune]: a search needs one, with a budget and a space; README shows it",
                self.origin
            ));
        };
        let beside = [
            ("points", self.amount.points.is_some()),
            ("profile", !self.profiles.is_empty()),
            ("rank_by", self.rank_by.is_some()),
        ];
        for (key, there) in beside {
            ensure!(
                !there,
                "{}: key {key} has no effect in a search: leave it out",
                self.origin
            );
        }
        let seeds = self.amount.seeds.as_ref().map(super::Seeds::list);
        let seeds = seeds.transpose().with_context(|| self.origin.clone())?;
        Ok((tune, seeds))
    }
}

impl<'a> Searched<'a> {
    /// `probes` are points that stand for all that the search may ask for, the middle one first; `seeds` are all of its seeds.
    ///
    /// # Errors
    /// Settings that cannot run at one of the probes or seeds, or have no effect; a change of what the search varies.
    pub(crate) fn new(
        experiment: &'a Experiment,
        changes: &[Change],
        probes: &[Vec<(String, Value)>],
        seeds: &[u64],
    ) -> Result<Self> {
        let origin = || experiment.origin.clone();
        Self::checked(experiment, changes, probes, seeds).with_context(origin)
    }

    fn checked(
        experiment: &'a Experiment,
        changes: &[Change],
        probes: &[Vec<(String, Value)>],
        seeds: &[u64],
    ) -> Result<Self> {
        let mut settings = experiment.settings.clone();
        let middle = probes.first().map_or(&[][..], Vec::as_slice);
        let varied: Vec<&str> = {
            let mut keys: Vec<&str> = probes
                .iter()
                .flatten()
                .map(|(key, _)| key.as_str())
                .collect();
            keys.sort_unstable();
            keys.dedup();
            keys
        };
        for change in changes {
            ensure!(
                !varied.contains(&change.key.as_str()),
                "--set {change}: the search varies it"
            );
            let mut whole = settings.clone();
            set(&mut whole, middle)?;
            ensure!(
                experiment.takes(&whole, change)?,
                "--set {}: study {:?} has no setting of this name",
                change.key,
                experiment.study.name
            );
            tree::set(&mut settings, &change.key, change.value.clone())?;
        }
        let everywhere = |key: &str| {
            probes
                .iter()
                .all(|probe| probe.iter().any(|(k, _)| k == key))
        };
        for key in &experiment.own {
            ensure!(
                !everywhere(key),
                "key {key} has no effect beside [tune], which has values of its own for it: leave it out"
            );
        }
        let searched = Self {
            experiment,
            settings,
        };
        let first = seeds.first().copied().unwrap_or(1);
        let runs = probes.iter().map(|probe| searched.run(probe, first));
        let runs = runs.collect::<Result<Vec<_>>>()?;
        for &seed in seeds {
            searched.run(middle, seed)?;
        }
        for key in &varied {
            let there = |probe: &&Vec<(String, Value)>| probe.iter().any(|(k, _)| k == key);
            let pairs = runs.iter().zip(probes.iter());
            let with = pairs.filter(|(_, probe)| there(probe)).map(|(run, _)| run);
            effect::check_key(key, &with.collect::<Vec<_>>())?;
        }
        let mut whole = searched.settings.clone();
        set(&mut whole, middle)?;
        let all: Vec<&Run> = runs.iter().collect();
        let own = experiment.own.iter().map(String::as_str);
        let optional = own.filter(|key| experiment.is_optional(&whole, key));
        for key in optional.chain(changes.iter().map(|change| change.key.as_str())) {
            effect::check_key(key, &all)?;
        }
        Ok(searched)
    }

    /// The run of a seed at a point.
    pub(crate) fn run(&self, point: &[(String, Value)], seed: u64) -> Result<Run> {
        let Experiment {
            study, contents, ..
        } = self.experiment;
        let mut settings = self.settings.clone();
        set(&mut settings, point)?;
        Run::new(study, &settings, seed, contents).with_context(|| {
            let point: Vec<String> = point.iter().map(|(k, v)| format!("{k} = {v}")).collect();
            format!("at {} (seed {seed})", point.join(", "))
        })
    }

    /// A plan without runs yet.
    pub(crate) fn plan(&self, varied: Vec<String>) -> Plan {
        let none = Arc::new(Asked::new(&[]));
        Plan {
            experiment: self.experiment.name.clone(),
            study: self.experiment.study,
            varied,
            runs: Vec::new(),
            shard: None,
            before: 0,
            about: self.experiment.about.clone(),
            profile: Profile::Quick,
            file: Arc::clone(&none),
            paper: none,
        }
    }

    /// A study file that asks for the runs of these seeds at a point, and for nothing else.
    pub(crate) fn file(&self, point: &[(String, Value)], seeds: &[u64]) -> Result<String> {
        let run = self.run(point, seeds.first().copied().unwrap_or(1))?;
        let mut settings = run.settings();
        for Idle { key, .. } in run.job.idle() {
            if self.experiment.is_optional(&settings, key) {
                tree::remove(&mut settings, key);
            }
        }
        let mut file = Map::new();
        file.insert("study".to_owned(), self.experiment.study.name.into());
        if !self.experiment.about.is_empty() {
            file.insert("about".to_owned(), self.experiment.about.clone().into());
        }
        file.insert("seeds".to_owned(), seeds.into());
        if let Value::Object(settings) = without_nulls(settings) {
            file.extend(settings);
        }
        Ok(toml::Table::try_from(file)?.to_string())
    }
}

impl Plan {
    /// Makes the runs that are there now those that the file asks for.
    pub(crate) fn settle(&mut self) {
        self.file = Arc::new(Asked::new(&self.runs));
        self.paper = Arc::clone(&self.file);
    }
}

/// Lays a point over settings.
fn set(settings: &mut Value, point: &[(String, Value)]) -> Result<()> {
    let mut point = point.iter();
    point.try_for_each(|(key, value)| tree::set(settings, key, value.clone()))
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let map = map.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(
                map.map(|(key, value)| (key, without_nulls(value)))
                    .collect(),
            )
        }
        value => value,
    }
}
