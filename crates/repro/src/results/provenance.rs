//! Where results come from: `<experiment>.provenance.toml`, beside the CSV file that it is about.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use super::files::write_atomically;

/// The commit this program was built from; `+` after it: with uncommitted changes.
pub(crate) const CODE: &str = env!("REPRO_CODE");

/// What is known of the rows of `<experiment>.csv`. Figures and comparisons read it instead of the experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The experiment and what it is about.
    pub experiment: String,
    /// One line for people.
    pub about: String,
    /// What one run computes.
    pub study: String,
    /// Its version.
    pub study_version: u32,
    /// How much work was asked for.
    pub profile: String,
    /// Runs that were asked for.
    pub planned: usize,
    /// Runs that have results: rows of the CSV file.
    pub finished: usize,
    /// Seeds of the rows.
    pub seeds: Vec<u64>,
    /// Settings that vary by plan.
    pub varied: Vec<String>,
    /// Columns that are results, not settings.
    pub metrics: Vec<String>,
    /// Seconds of computation behind all rows.
    pub wall_s: f64,
    /// Whether a row was computed by a program with uncommitted changes.
    pub uncommitted: bool,
    /// Number of rows by the commit of the program that computed them.
    pub commits: BTreeMap<String, usize>,
    /// What the paper profile of the experiment asks for.
    pub paper: Paper,
    /// Settings that are not as in the experiment file, with their values here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub changed: BTreeMap<String, String>,
    /// The last command that computed any of the rows, if it is known.
    #[serde(default)]
    pub last: Option<Command>,
}

/// The amount of work of the paper profile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paper {
    /// Runs.
    pub runs: usize,
    /// Different seeds.
    pub seeds: usize,
    /// Numbers that are larger in the paper profile than in any row.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub more: BTreeMap<String, f64>,
}

/// A command that computed runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// As it was typed.
    pub command: String,
    /// The commit of its program.
    pub code: String,
    /// When it ended.
    pub unix_time: u64,
    /// How long it took, s.
    pub elapsed_s: f64,
    /// How many runs it computed at a time.
    pub threads: usize,
    /// Where it ran.
    pub machine: String,
}

impl Provenance {
    /// Reads the file; `None` if it is not there.
    ///
    /// # Errors
    /// A file that cannot be read or understood: the message names it.
    pub fn read(path: &Path) -> Result<Option<Self>> {
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        toml::from_str(&text).map(Some).with_context(|| {
            format!(
                "{}: not understood; `repro run` writes it anew",
                path.display()
            )
        })
    }

    /// In which settings the rows are not those of the experiment file, for people; `None` if they are.
    pub(crate) fn differs(&self) -> Option<String> {
        let one = |(setting, value): (&String, &String)| match value.as_str() {
            "" => format!("{setting} unset"),
            value => format!("{setting} = {value}"),
        };
        let all: Vec<String> = self.changed.iter().map(one).collect();
        let name = &self.experiment;
        (!all.is_empty()).then(|| format!("not as in {name}.toml: {}", all.join(", ")))
    }

    /// Writes the file.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        write_atomically(path, toml::to_string(self)?.as_bytes())
    }
}

impl Command {
    /// This very command, which took `elapsed_s` seconds.
    pub(crate) fn this(elapsed_s: f64) -> Self {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            command: std::env::args()
                .skip(1)
                .fold("repro".to_owned(), |all, arg| all + " " + &arg),
            code: CODE.to_owned(),
            unix_time: now.as_secs(),
            elapsed_s: (elapsed_s * 10.0).round() / 10.0,
            threads: rayon::current_num_threads(),
            machine: machine(),
        }
    }
}

fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|l| l.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    });
    let cpu = cpu.unwrap_or_else(|| "unknown processor".into());
    format!("{cpu}, {} {}", std::env::consts::OS, std::env::consts::ARCH)
}
