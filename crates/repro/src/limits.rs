//! What this machine can hold: asked before anything is allocated, since an allocation that fails ends the program.

use std::fs;
use std::sync::OnceLock;

use anyhow::{Result, ensure};

/// Bytes of a planned run: its settings, its key, and its row.
const RUN: f64 = 8e3;

/// Bytes of memory, of the machine or of the share that this process is given.
pub(crate) fn memory() -> f64 {
    static MEMORY: OnceLock<f64> = OnceLock::new();
    *MEMORY.get_or_init(|| {
        let number = |text: &str| text.trim().parse::<f64>().ok();
        let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
            let line = text
                .lines()
                .find_map(|line| line.strip_prefix("MemTotal:"))?;
            Some(1024.0 * number(line.trim().strip_suffix("kB")?)?)
        });
        let share = fs::read_to_string("/sys/fs/cgroup/memory.max");
        let share = share.ok().and_then(|text| number(&text));
        let machine = machine.unwrap_or(64e9);
        share.map_or(machine, |share| share.min(machine))
    })
}

/// Refuses what needs more bytes than there are. `what` needs them.
pub(crate) fn check_bytes(what: &str, bytes: f64) -> Result<()> {
    let memory = memory();
    ensure!(
        bytes <= memory,
        "{what}: about {} would be needed, this machine has {}",
        size(bytes),
        size(memory)
    );
    Ok(())
}

/// Refuses more runs than can be planned.
pub(crate) fn check_runs(what: &str, runs: f64) -> Result<()> {
    let most = (memory() / RUN).floor();
    ensure!(
        runs <= most,
        "{what}: {runs:e} runs, of which this machine can hold {most:e} at most"
    );
    Ok(())
}

/// The most threads that are of any use: few a core, however they are timed.
pub(crate) fn threads() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    64.max(4 * cores)
}

fn size(bytes: f64) -> String {
    match bytes {
        b if b < 1e9 => format!("{:.0} MB", b / 1e6),
        b if b < 1e15 => format!("{:.0} GB", b / 1e9),
        b => format!("{:.0e} GB", b / 1e9),
    }
}
