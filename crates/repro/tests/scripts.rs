//! Scripts beside the program agree with it.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use common::{run, small_sweep, stderr};

#[test]
fn scripts_and_results_have_the_same_mark_of_a_started_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let script = fs::read_to_string(root.join("scripts/compare_astro_runs.py")).unwrap();
    let mark = script
        .lines()
        .find_map(|line| line.strip_prefix("CHANCE = "));
    let mark: f64 = mark.unwrap().parse().unwrap();
    let runs = root.join("figures/paper/data/diffusion.csv");
    let mut reader = csv::Reader::from_path(runs).unwrap();
    let header = reader.headers().unwrap().clone();
    let place = |name: &str| header.iter().position(|column| column == name).unwrap();
    let (accuracy, started) = (place("test_accuracy"), place("started"));
    let mut runs = 0;
    for row in reader.records() {
        let row = row.unwrap();
        let above = row[accuracy].parse::<f64>().unwrap() >= mark;
        assert_eq!(&row[started] == "1", above, "{row:?}");
        runs += 1;
    }
    assert!(runs > 0);
}

/// An `sbatch` that runs the tasks of an array itself, all at once; the second of several cannot start.
const SBATCH: &str = r#"#!/bin/bash
echo "$*" >>"$LOG"
while [[ $1 == --* ]]; do
    case $1 in --array=*) array=${1#--array=} ;; esac
    shift
done
export SLURM_JOB_ID=7 SLURM_CPUS_PER_TASK=1 SLURM_SUBMIT_DIR=$PWD
export SLURM_ARRAY_TASK_MIN=${array%-*} SLURM_ARRAY_TASK_COUNT=$((${array#*-} - ${array%-*} + 1))
for ((task = ${array%-*}; task <= ${array#*-}; task++)); do
    program=$REPRO
    ((task == 2 && SLURM_ARRAY_TASK_COUNT > 1)) && program=false
    SLURM_ARRAY_TASK_ID=$task REPRO=$program bash "$@" >>"$LOG" 2>&1 &
done
wait
echo "7;cluster"
"#;

#[test]
fn a_job_array_does_sweeps_and_searches_although_a_task_fails() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let dir = tempfile::tempdir().unwrap();
    let sbatch = dir.path().join("sbatch");
    fs::write(&sbatch, SBATCH).unwrap();
    fs::set_permissions(&sbatch, fs::Permissions::from_mode(0o755)).unwrap();
    let log = dir.path().join("log");
    let path = format!(
        "{}:{}",
        dir.path().display(),
        std::env::var("PATH").unwrap()
    );
    let submit = |args: &[&str]| {
        let output = Command::new("bash")
            .current_dir(&root)
            .arg("scripts/slurm_array.sh")
            .args(args)
            .env("PATH", &path)
            .env("LOG", &log)
            .env("TASKS", "3")
            .env("REPRO", env!("CARGO_BIN_EXE_repro"))
            .env_remove("SLURM_JOB_ID")
            .output()
            .unwrap();
        let said = fs::read_to_string(&log).unwrap_or_default();
        assert!(output.status.success(), "{}{said}", stderr(&output));
        fs::remove_file(&log).unwrap();
        said
    };
    let axes = "[[points]]\n\"network.learning_lag_ms\" = [0, 5, 10]";
    let search = "[tune]\nrule = \"random\"\nbudget = 6\nbatch = 4\n[tune.space]\n\"network.eta_up.0\" = { from = 1, to = 9 }";
    for (command, rest, left) in [
        ("sweep", axes, "small.summary.csv"),
        ("tune", search, "small.trials.csv"),
    ] {
        let file = small_sweep(dir.path(), rest);
        let file = file.to_str().unwrap();
        let [whole, array] = ["whole", "array"].map(|out| dir.path().join(command).join(out));
        let alone = run(&[command, file, "--out", whole.to_str().unwrap()]);
        assert!(alone.status.success(), "{}", stderr(&alone));
        let said = submit(&[command, file, "--out", array.to_str().unwrap()]);
        assert!(
            said.contains("--dependency=afterany:7 --array=1 "),
            "{said}"
        );
        let table = |out: &Path| fs::read_to_string(out.join(left)).unwrap();
        assert_eq!(table(&whole), table(&array), "{said}");
    }
    let usage = Command::new("bash")
        .current_dir(&root)
        .args(["scripts/slurm_array.sh", "sweep"])
        .output()
        .unwrap();
    assert_eq!(usage.status.code(), Some(2));
    assert!(stderr(&usage).contains("usage"), "{}", stderr(&usage));
}
