//! Experiments: one TOML file says which study is run, what is fixed, what varies, and how much of
//! it each profile does.
//!
//! ```toml
//! study = "yinyang"                 # what one run computes: a module of `studies`
//! base = "yin_yang"                 # settings that it stands on: a file in `experiments/base/`, or one's own
//! about = "one line for people"
//!
//! [network]                         # the settings of the study that the base has not, or has otherwise
//! start = "random"
//! # …
//!
//! [profile.quick]                   # seeds, points and changed settings of one profile
//! seeds = [2304, 3446]
//! set = { "training.epochs" = 10 }
//! [[profile.quick.points]]          # axes are crossed; several blocks are put one after another
//! "network.learning_lag_ms" = { from = 0, to = 30, points = 7 }
//! ```
//!
//! A file of a user's own sweep has `seeds` and `[[points]]` at the top level and needs no profile; one of a search has
//! `[tune]` in place of points (see `search`).

mod asked;
mod axis;
mod base;
mod change;
mod domain;
mod effect;
mod plan;
mod points;
mod run;
pub(crate) mod searched;
mod stream;

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use serde::Deserialize;
use serde_json::{Map, Value};

pub(crate) use asked::setting_cell;
pub use change::Change;
pub(crate) use domain::{Domain, Interval, Scale, number, tidy};
pub use plan::Plan;
pub(crate) use points::check_apart;
pub use run::Run;
pub(crate) use stream::stream;

use crate::datasets::Contents;
use crate::limits;
use crate::paths::Repository;
use crate::profile::Profile;
use crate::settings::{parse_at, plain, tree};
use crate::studies::{self, StudyKind};
use asked::Asked;
use base::over_base;
use points::{Block, Point};

/// An experiment file, read and understood, with nothing varied yet.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// File name without `.toml`; names the CSV files.
    pub name: String,
    /// What one run computes.
    pub study: &'static StudyKind,
    /// One line for people.
    pub about: String,
    /// The metric that ranks the points of a sweep, if the file names one.
    pub rank_by: Option<String>,
    origin: String,
    settings: Value,
    /// The dotted keys of the settings that stand in the file itself.
    own: Vec<String>,
    amount: Amount,
    profiles: BTreeMap<String, Amount>,
    /// The table of a search, as it stands there.
    tune: Option<Value>,
    contents: Arc<Contents>,
}

/// How much is to be done: the part that a profile may change.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Amount {
    seeds: Option<Seeds>,
    points: Option<Vec<Map<String, Value>>>,
    #[serde(default)]
    set: Map<String, Value>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "seeds is a list of whole numbers, or { first = 1, count = 20 }"
)]
enum Seeds {
    List(Vec<u64>),
    Range(SeedRange),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedRange {
    first: u64,
    count: u64,
}

impl Seeds {
    fn list(&self) -> Result<Vec<u64>> {
        match self {
            Self::List(list) => Ok(list.clone()),
            Self::Range(SeedRange { first, count }) => {
                let key = format!("seeds = {{ first = {first}, count = {count} }}");
                limits::check_runs(&key, *count as f64)?;
                let end = first.checked_add(*count);
                let end = end.with_context(|| format!("{key}: the last is beyond 2^64"))?;
                Ok((*first..end).collect())
            }
        }
    }
}

impl Experiment {
    /// Reads an experiment file. `repository` has the bases that ship, and data sets.
    ///
    /// # Errors
    /// Unreadable file, bad TOML, unknown study, base or key: the message names file and key.
    pub fn read(path: &Path, repository: &Repository) -> Result<Self> {
        let origin = path.display().to_string();
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {origin}"))?;
        Self::parse(path, &text, repository).with_context(|| origin)
    }

    fn parse(path: &Path, text: &str, repository: &Repository) -> Result<Self> {
        let table: toml::Table = text.parse()?;
        let Value::Object(mut top) = plain("", toml::Value::Table(table))? else {
            bail!("not a TOML table")
        };
        let take_text = |top: &mut Map<String, Value>, key: &str| match top.remove(key) {
            None => Ok(None),
            Some(Value::String(s)) => Ok(Some(s)),
            Some(other) => Err(anyhow!("key {key:?} is {other}: it must be a string")),
        };
        let study = take_text(&mut top, "study")?.ok_or_else(|| {
            anyhow!(
                "key \"study\" is missing; it is one of {}",
                studies::names().join(", ")
            )
        })?;
        let study = studies::find(&study)?;
        let about = take_text(&mut top, "about")?.unwrap_or_default();
        let rank_by = take_text(&mut top, "rank_by")?;
        let profiles = match top.remove("profile") {
            Some(value) => parse_at::<BTreeMap<String, Amount>>("profile", value)?,
            None => BTreeMap::new(),
        };
        for key in profiles.keys() {
            ensure!(
                Profile::ALL.iter().any(|p| p.name() == key),
                "there is no profile {key:?}; the profiles are quick and paper"
            );
        }
        let tune = top.remove("tune");
        let mut amount = Map::new();
        for key in ["seeds", "points"] {
            if let Some(value) = top.remove(key) {
                amount.insert(key.into(), value);
            }
        }
        let amount = Amount::deserialize(Value::Object(amount)).context("seeds or points")?;
        let own = Value::Object(top.clone());
        let own = tree::leaves(&own).into_iter().map(|(key, _)| key).collect();
        let settings = Value::Object(over_base(top, path, &repository.bases())?);
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        Ok(Self {
            name: name.into_owned(),
            study,
            about,
            rank_by,
            origin: path.display().to_string(),
            settings,
            own,
            amount,
            profiles,
            tune,
            contents: Arc::clone(repository.contents()),
        })
    }

    /// Everything that is to be run, in the order of the file, settings checked.
    ///
    /// `changes` are `--set key=value` of the command line: they win over the file, and a key that
    /// the file varies is then fixed. Keys in `changes` that this study does not have are left out;
    /// [`Self::knows`] tells.
    pub fn plan(&self, profile: Profile, changes: &[Change]) -> Result<Plan> {
        ensure!(
            self.tune.is_none(),
            "{}: key tune: this is a search: `repro tune` does it",
            self.origin
        );
        let (varied, runs) = self.runs(profile, changes)?;
        let asked = |profile| -> Result<Arc<Asked>> {
            let (_, runs) = self.runs(profile, &[])?;
            Ok(Arc::new(Asked::new(&runs)))
        };
        let file = match changes.is_empty() {
            true => Arc::new(Asked::new(&runs)),
            false => asked(profile)?,
        };
        let paper = match profile == Profile::Paper || self.profiles.is_empty() {
            true => Arc::clone(&file),
            false => asked(Profile::Paper)?,
        };
        Ok(Plan {
            experiment: self.name.clone(),
            study: self.study,
            varied,
            runs,
            shard: None,
            before: 0,
            about: self.about.clone(),
            profile,
            file,
            paper,
        })
    }

    /// Estimated seconds of all runs on one core of a current laptop.
    pub fn seconds(&self, profile: Profile) -> Result<f64> {
        let (_, runs) = self.runs(profile, &[])?;
        Ok(runs.iter().map(|run| run.job.seconds()).sum())
    }

    /// The settings that vary, and the runs, each once.
    fn runs(&self, profile: Profile, changes: &[Change]) -> Result<(Vec<String>, Vec<Run>)> {
        self.try_runs(profile, changes)
            .with_context(|| self.origin.clone())
    }

    fn try_runs(&self, profile: Profile, changes: &[Change]) -> Result<(Vec<String>, Vec<Run>)> {
        let none = Amount::default();
        let chosen = self.profiles.get(profile.name()).unwrap_or(&none);
        let mut settings = self.settings.clone();
        for (key, value) in &chosen.set {
            tree::set(&mut settings, key, value.clone())?;
        }
        let mut known = Vec::new();
        for change in changes {
            if self.takes(&settings, change)? {
                known.push(change);
            }
        }
        let changes = known;
        for change in &changes {
            tree::set(&mut settings, &change.key, change.value.clone())?;
        }
        let seeds = chosen.seeds.as_ref().or(self.amount.seeds.as_ref());
        let seeds = seeds.map_or_else(|| Ok(vec![1]), Seeds::list)?;
        ensure!(!seeds.is_empty(), "seeds is empty: give at least one");
        let blocks = chosen.points.as_ref().or(self.amount.points.as_ref());
        let blocks = blocks.map_or_else(
            || Ok(vec![Block::default()]),
            |b| {
                b.iter()
                    .enumerate()
                    .map(|(i, block)| {
                        Block::parse(block).with_context(|| format!("points block {}", i + 1))
                    })
                    .collect::<Result<Vec<_>>>()
            },
        )?;
        let mut runs = Vec::new();
        for (i, block) in blocks.iter().enumerate() {
            let fixed = |key: &str| changes.iter().any(|c| c.key == key);
            let points = block.points(fixed);
            let points = points.with_context(|| format!("points block {}", i + 1))?;
            let all = runs.len() as f64 + points.len() as f64 * seeds.len() as f64;
            limits::check_runs("points and seeds together", all)?;
            let of_point = |point: Point| -> Result<Vec<Run>> {
                let mut settings = settings.clone();
                for (key, value) in point {
                    tree::set(&mut settings, &key, value)?;
                }
                let run = |&seed| Run::new(self.study, &settings, seed, &self.contents);
                seeds.iter().map(run).collect()
            };
            // The first error of all, whichever thread comes upon one first.
            let made: Vec<Result<Vec<Run>>> = points.into_par_iter().map(of_point).collect();
            for of_point in made {
                runs.extend(of_point?);
            }
        }
        let mut seen = HashSet::new();
        runs.retain(|run| seen.insert(run.key.clone()));
        let axes: Vec<&str> = blocks.iter().flat_map(Block::keys).collect();
        effect::check_runs(&runs, &axes)?;
        if changes.is_empty() {
            let written = self.own.iter().chain(chosen.set.keys());
            let written = written.filter(|key| self.is_optional(&settings, key));
            let axes = blocks.iter().flat_map(Block::keys);
            let mut written = written.map(String::as_str).chain(axes);
            let all: Vec<&Run> = runs.iter().collect();
            written.try_for_each(|key| effect::check_key(key, &all))?;
        }
        let mut varied: Vec<String> = Vec::new();
        for key in blocks.iter().flat_map(Block::keys) {
            if !varied.iter().any(|k| k == key) {
                varied.push(key.to_owned());
            }
        }
        Ok((varied, runs))
    }

    /// Whether the study has a value of its own for this setting.
    fn is_optional(&self, settings: &Value, key: &str) -> bool {
        let mut without = settings.clone();
        tree::remove(&mut without, key);
        self.study.parse(&without, &self.contents).is_ok()
    }

    /// What a setting is where it is left out of `settings`, if it may be.
    pub(crate) fn default_of(&self, settings: &Value, key: &str) -> Option<Value> {
        let mut without = settings.clone();
        tree::remove(&mut without, key);
        let job = self.study.parse(&without, &self.contents).ok()?;
        let default = tree::get(&job.settings(), key).cloned();
        Some(default.unwrap_or(Value::Null))
    }

    /// Refuses a change that has no effect on any of the runs that it was made for, except that it ends what the
    /// file varies.
    pub(crate) fn check_effect(change: &Change, plans: &[Plan]) -> Result<()> {
        let ends = |plan: &Plan| plan.varied.contains(&change.key);
        let mut first = Ok(());
        for plan in plans {
            let has = |run: &Run| run.setting(&change.key).is_some();
            if !plan.runs.iter().any(has) {
                continue;
            }
            let all: Vec<&Run> = plan.runs.iter().collect();
            match effect::check_key(&change.key, &all) {
                Err(error) if !ends(plan) => first = first.and(Err(error)),
                _ => return Ok(()),
            }
        }
        first.with_context(|| format!("--set {change}"))
    }

    /// Where the file lies.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether the study has the setting that is to change.
    pub fn knows(&self, change: &Change) -> Result<bool> {
        self.takes(&self.settings, change)
            .with_context(|| self.origin.clone())
    }

    /// Whether `settings` have the setting that is to change, or could have it: optional ones may be absent.
    fn takes(&self, settings: &Value, change: &Change) -> Result<bool> {
        let present = |settings: &Value| tree::get(settings, &change.key).is_some();
        if present(&self.study.parse(settings, &self.contents)?.settings()) {
            return Ok(true);
        }
        let mut changed = settings.clone();
        if tree::set(&mut changed, &change.key, change.value.clone()).is_err() {
            return Ok(false);
        }
        if let Ok(job) = self.study.parse(&changed, &self.contents) {
            return Ok(present(&job.settings()));
        }
        // An optional setting may be null, one that does not exist may not. A value of the wrong type is then
        // reported as that.
        let mut unset = settings.clone();
        tree::set(&mut unset, &change.key, Value::Null)?;
        Ok(self.study.parse(&unset, &self.contents).is_ok())
    }
}
