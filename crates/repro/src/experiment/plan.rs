//! The list of runs of an experiment.

use anyhow::{Result, ensure};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::settings::tree;
use crate::studies::{Job, StudyKind};

/// One run: a pure function of its settings and its seed.
pub struct Run {
    /// Identifies settings, seed and version of the study: equal keys, equal results.
    pub key: String,
    /// Seed of all its random numbers.
    pub seed: u64,
    /// All settings, defaults included.
    pub settings: Value,
    /// The work itself.
    pub job: Box<dyn Job>,
}

impl Run {
    pub(super) fn new(study: &'static StudyKind, settings: &Value, seed: u64) -> Result<Self> {
        let job = study.parse(settings)?;
        job.check(seed)?;
        let settings = job.settings();
        let identity = format!("{} {} {settings} {seed}", study.name, study.version);
        let digest = Sha256::digest(identity.as_bytes());
        let key = digest
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(Self {
            key,
            seed,
            settings,
            job,
        })
    }

    /// The setting at a dotted key.
    pub fn setting(&self, key: &str) -> Option<&Value> {
        tree::get(&self.settings, key)
    }
}

/// All runs of an experiment under one profile, in order, each once.
pub struct Plan {
    /// The experiment's name.
    pub experiment: String,
    /// What one run computes.
    pub study: &'static StudyKind,
    /// The dotted keys that vary.
    pub varied: Vec<String>,
    /// The runs.
    pub runs: Vec<Run>,
}

impl Plan {
    pub(super) fn new<'a>(
        experiment: String,
        study: &'static StudyKind,
        varied: impl Iterator<Item = &'a str>,
        runs: Vec<Run>,
    ) -> Self {
        let mut seen = std::collections::HashSet::new();
        let runs = runs
            .into_iter()
            .filter(|run| seen.insert(run.key.clone()))
            .collect();
        let mut keys: Vec<String> = Vec::new();
        for key in varied {
            if !keys.iter().any(|k| k == key) {
                keys.push(key.to_owned());
            }
        }
        Self {
            experiment,
            study,
            varied: keys,
            runs,
        }
    }

    /// Estimated seconds on one core of a current laptop.
    pub fn seconds(&self) -> f64 {
        self.runs.iter().map(|run| run.job.seconds()).sum()
    }

    /// Keeps the `index`-th of `count` shares, so that several machines can split the work.
    pub fn shard(&mut self, index: usize, count: usize) -> Result<()> {
        ensure!(
            (1..=count).contains(&index),
            "--shard {index}/{count}: the first number runs from 1 to {count}"
        );
        let mut position = 0;
        self.runs.retain(|_| {
            position += 1;
            (position - 1) % count == index - 1
        });
        Ok(())
    }
}
