//! One run of an experiment.

use anyhow::Result;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::datasets::Contents;
use crate::limits;
use crate::settings::tree;
use crate::studies::{Job, StudyKind};

/// One run: a pure function of its settings and its seed.
pub struct Run {
    /// Identifies settings, seed and version of the study: equal keys, equal results.
    pub key: String,
    /// Seed of all its random numbers.
    pub seed: u64,
    /// The work itself.
    pub job: Box<dyn Job>,
}

impl Run {
    pub(super) fn new(
        study: &'static StudyKind,
        settings: &Value,
        seed: u64,
        contents: &Contents,
    ) -> Result<Self> {
        let job = study.parse(settings, contents)?;
        let settings = job.settings();
        for (key, bytes) in job.memory() {
            let value = tree::get(&settings, key).unwrap_or(&Value::Null);
            limits::check_bytes(&format!("{key} = {value}"), bytes)?;
        }
        job.check(seed)?;
        Ok(Self {
            key: key(study, &settings, seed),
            seed,
            job,
        })
    }

    /// Identifies all settings but this one, with seed and version.
    pub(crate) fn key_but_for(&self, setting: &str, study: &StudyKind) -> String {
        let mut settings = self.settings();
        tree::remove(&mut settings, setting);
        key(study, &settings, self.seed)
    }

    /// All settings, defaults included. They are made when asked for: of many runs they are most of what there is to hold.
    pub fn settings(&self) -> Value {
        self.job.settings()
    }

    /// The setting at a dotted key.
    pub fn setting(&self, key: &str) -> Option<Value> {
        tree::get(&self.settings(), key).cloned()
    }
}

fn key(study: &StudyKind, settings: &Value, seed: u64) -> String {
    let identity = format!("{} {} {settings} {seed}", study.name, study.version);
    let digest = Sha256::digest(identity.as_bytes());
    let first = digest.iter().take(8);
    first.map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::studies;

    #[test]
    fn a_key_depends_on_settings_seed_and_version() {
        static LATER: std::sync::OnceLock<StudyKind> = std::sync::OnceLock::new();
        let study = studies::find("astro-structure").unwrap();
        let later = LATER.get_or_init(|| study.with_version(study.version + 1));
        let key = |study, inputs: usize, seed| {
            let none = Contents::new(std::path::Path::new("none"));
            Run::new(study, &json!({"inputs": inputs}), seed, &none)
                .unwrap()
                .key
        };
        // As in the committed results.
        assert_eq!(key(study, 8, 1), "a6b9ee72ac587f28");
        let others = [key(later, 8, 1), key(study, 9, 1), key(study, 8, 2)];
        for (i, other) in others.iter().enumerate() {
            assert!(!others[..i].contains(other) && other != "a6b9ee72ac587f28");
        }
    }
}
