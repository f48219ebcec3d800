//! No command destroys a result: what was computed is found again, and what is as it should be stays as it is.

mod common;

use std::fs;
use std::path::Path;

use common::{checkout, repro, run, small_sweep, stderr};

const AXES: &str = r#"
[[points]]
"network.learning_lag_ms" = [0.0, 20.0]
"#;

/// Sweeps, and returns what was said.
fn sweep(file: &Path, out: &Path, more: &[&str]) -> String {
    let paths = [file.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let output = run(&[&["sweep"], &paths[..], more].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    stderr(&output)
}

fn data(out: &Path, name: &str) -> String {
    fs::read_to_string(out.join("data").join(name)).unwrap()
}

#[test]
fn rows_that_leave_a_csv_file_are_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let file = small_sweep(dir.path(), &format!("[record]\ncurves = true\n{AXES}"));
    sweep(&file, dir.path(), &[]);
    let names = ["small.csv", "small.curves.csv"];
    let before = names.map(|name| data(dir.path(), name));
    // As in a clone, which has no journals.
    fs::remove_dir_all(dir.path().join("runs")).unwrap();
    sweep(&file, dir.path(), &["--set", "network.g_a=0.3"]);
    assert_ne!(data(dir.path(), "small.csv"), before[0]);
    let said = sweep(&file, dir.path(), &[]);
    assert!(
        said.contains("0 taken from CSV files, 4 from journals, 0 computed"),
        "{said}"
    );
    assert_eq!(names.map(|name| data(dir.path(), name)), before);
}

#[test]
fn a_command_that_computes_nothing_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let file = small_sweep(dir.path(), AXES);
    sweep(&file, dir.path(), &[]);
    // Written by somebody else, and noted by somebody else.
    let csv = data(dir.path(), "small.csv").replace('\n', "\r\n");
    let noted = data(dir.path(), "small.provenance.toml") + "# a note\n";
    fs::write(dir.path().join("data/small.csv"), &csv).unwrap();
    fs::write(dir.path().join("data/small.provenance.toml"), &noted).unwrap();
    let said = sweep(&file, dir.path(), &[]);
    assert!(
        said.contains("4 taken from CSV files, 0 from journals, 0 computed"),
        "{said}"
    );
    assert_eq!(data(dir.path(), "small.csv"), csv);
    assert_eq!(data(dir.path(), "small.provenance.toml"), noted);
}

#[test]
fn a_share_of_the_work_leaves_the_rows_of_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let file = small_sweep(dir.path(), AXES);
    sweep(&file, dir.path(), &[]);
    let before = data(dir.path(), "small.csv");
    sweep(&file, dir.path(), &["--shard", "1/2"]);
    assert_eq!(data(dir.path(), "small.csv"), before);
}

#[test]
fn what_is_computed_again_is_held_against_what_was_there() {
    let dir = tempfile::tempdir().unwrap();
    let file = small_sweep(dir.path(), &format!("[record]\ncurves = true\n{AXES}"));
    sweep(&file, dir.path(), &[]);
    let said = sweep(&file, dir.path(), &["--fresh"]);
    for words in [
        "0 taken from CSV files, 0 from journals, 4 computed",
        "computed again: 4 with the numbers there were before, 0 with others",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    // A result that is not what the run computes is told apart, and kept.
    let csv = dir.path().join("data/small.csv");
    let wrong = data(dir.path(), "small.csv").replace(",0.", ",0.9");
    fs::write(&csv, &wrong).unwrap();
    fs::remove_dir_all(dir.path().join("runs")).unwrap();
    let said = sweep(&file, dir.path(), &["--fresh"]);
    assert!(said.contains("again: 0 with the numbers"), "{said}");
    let journal = fs::read_to_string(dir.path().join("runs/small.jsonl")).unwrap();
    assert_eq!(
        journal.lines().count(),
        8,
        "the earlier four, and the new ones"
    );
}

#[test]
fn changed_settings_have_a_folder_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    checkout(dir.path());
    let run = |args: &[&str]| {
        let output = repro().args(args).current_dir(dir.path()).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        stderr(&output)
    };
    let change = ["--set", "neuron.eta=0.02"];
    let said = run(&[&["run", "dendritic-prediction"], &change[..]].concat());
    let folder = "figures/quick+neuron.eta=0.02";
    assert!(said.lines().next().unwrap().contains("2 runs"), "{said}");
    assert!(
        said.contains(&format!(
            "results go to {}",
            dir.path().join(folder).display()
        )),
        "{said}"
    );
    assert!(!dir.path().join("figures/quick").exists());
    // The same words lead there again.
    let figure = dir.path().join(folder).join("dendritic-prediction.svg");
    fs::remove_file(&figure).unwrap();
    run(&[&["plot"], &change[..]].concat());
    assert!(figure.exists());
}

#[test]
fn a_table_that_is_not_what_it_was_is_named_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let file = small_sweep(dir.path(), &format!("[record]\ncurves = true\n{AXES}"));
    sweep(&file, dir.path(), &[]);
    fs::remove_dir_all(dir.path().join("runs")).unwrap();
    let curves = dir.path().join("data/small.curves.csv");
    for text in ["", "x\n", "key,epoch\nab\n"] {
        fs::write(&curves, text).unwrap();
        let out = dir.path().to_str().unwrap();
        let output = run(&["sweep", file.to_str().unwrap(), "--out", out]);
        assert_eq!(output.status.code(), Some(1), "{text:?}");
        assert!(
            stderr(&output).contains("small.curves.csv"),
            "{}",
            stderr(&output)
        );
        assert_eq!(fs::read_to_string(&curves).unwrap(), text);
    }
}
