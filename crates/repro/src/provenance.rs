//! Where a result comes from.

use std::time::SystemTime;

use anyhow::Result;
use serde::Serialize;

use crate::experiment::Plan;
use crate::paths::Output;
use crate::profile::Profile;
use crate::results::files::write_atomically;

/// The commit this program was built from; `+` after it: with uncommitted changes.
pub const CODE: &str = env!("REPRO_CODE");

#[derive(Serialize)]
struct Provenance<'a> {
    experiment: &'a str,
    study: &'a str,
    study_version: u32,
    profile: &'a str,
    runs: usize,
    finished: usize,
    seeds: Vec<u64>,
    varied: &'a [String],
    command: String,
    code: &'a str,
    unix_time: u64,
    elapsed_s: f64,
    threads: usize,
    machine: String,
}

/// Writes `data/<experiment>.provenance.toml`. `finished` runs of the plan have results; `elapsed_s` is
/// wall time of this invocation; the seconds of every run, and the commit that computed it, are in
/// the CSV.
pub fn write(
    output: &Output,
    plan: &Plan,
    profile: Profile,
    finished: usize,
    elapsed_s: f64,
) -> Result<()> {
    let mut seeds: Vec<u64> = plan.runs.iter().map(|r| r.seed).collect();
    seeds.sort_unstable();
    seeds.dedup();
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let provenance = Provenance {
        experiment: &plan.experiment,
        study: plan.study.name,
        study_version: plan.study.version,
        profile: profile.name(),
        runs: plan.runs.len(),
        finished,
        seeds,
        varied: &plan.varied,
        command: std::env::args()
            .skip(1)
            .fold("repro".to_owned(), |all, arg| all + " " + &arg),
        code: CODE,
        unix_time: now.as_secs(),
        elapsed_s: (elapsed_s * 10.0).round() / 10.0,
        threads: rayon::current_num_threads(),
        machine: machine(),
    };
    let text = toml::to_string(&provenance)?;
    write_atomically(&output.provenance(&plan.experiment), text.as_bytes())
}

fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|l| l.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        });
    let cpu = cpu.unwrap_or_else(|| "unknown processor".into());
    format!("{cpu}, {} {}", std::env::consts::OS, std::env::consts::ARCH)
}
