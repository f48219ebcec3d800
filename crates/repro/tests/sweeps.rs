//! Sweeps end to end: what is written, that threads do not matter, and that nothing is lost.

mod common;

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::{repro, run, small_sweep, stderr, stdout};

const AXES: &str = r#"
[[points]]
"network.learning_lag_ms" = { from = 0, to = 20, points = 3 }
"network.eta_up.0" = [3.0, 6.1]
"#;

fn sweep(file: &Path, out: &Path, more: &[&str]) -> std::process::Output {
    let paths = [file.to_str().unwrap(), "--out", out.to_str().unwrap()];
    run(&[&["sweep"], &paths[..], more].concat())
}

/// The CSV of runs without wall times and without the commit, which may differ.
fn results(out: &Path) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_path(out.join("data/small.csv")).unwrap();
    let columns = reader.headers().unwrap().len() - 2;
    let rows = reader
        .records()
        .map(|r| r.unwrap().iter().take(columns).map(String::from).collect());
    rows.collect()
}

#[test]
fn a_sweep_writes_a_row_per_run_and_ranks_the_points() {
    let dir = tempfile::tempdir().unwrap();
    let file = small_sweep(dir.path(), AXES);
    let output = sweep(&file, dir.path(), &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let rows = results(dir.path());
    assert_eq!(rows.len(), 3 * 2 * 2, "lags × rates × seeds");
    // A number of a list that varies is a column of its own.
    let mut runs = csv::Reader::from_path(dir.path().join("data/small.csv")).unwrap();
    let header = runs.headers().unwrap().clone();
    let place = |name: &str| header.iter().position(|column| column == name).unwrap();
    for row in runs.records() {
        let row = row.unwrap();
        let list: Vec<f64> = serde_json::from_str(&row[place("network.eta_up")]).unwrap();
        assert_eq!(
            row[place("network.eta_up.0")].parse(),
            Ok(list[0]),
            "{row:?}"
        );
    }
    assert!(!header.iter().any(|column| column == "network.eta_up.1"));
    let table = stdout(&output);
    assert!(
        table.lines().next().unwrap().contains("learning_lag_ms"),
        "{table}"
    );
    assert_eq!(table.lines().count(), 1 + 6, "{table}");
    let said = stderr(&output);
    assert!(
        said.contains("ranked by validation_accuracy, the highest first"),
        "{said}"
    );
    assert!(!said.contains("test data"), "{said}");

    let page = fs::read_to_string(dir.path().join("small.html")).unwrap();
    assert!(page.contains("small.summary.csv") && page.matches("<tr><td>").count() == 6);
    let picture = fs::read_to_string(dir.path().join("small.svg")).unwrap();
    assert_eq!(
        picture.matches("data-panel=").count(),
        1 + 2,
        "all, and each"
    );
    let summary = fs::read_to_string(dir.path().join("small.summary.csv")).unwrap();
    assert!(summary.starts_with(
        "network.eta_up.0,network.learning_lag_ms,validation_accuracy_mean,validation_accuracy_std,\
         validation_accuracy_standard_error,behind_best,behind_best_standard_error,runs,diverged\n"
    ));
    let means: Vec<f64> = summary
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(2).unwrap().parse().unwrap())
        .collect();
    assert!(
        means.windows(2).all(|w| w[0] >= w[1]),
        "best first: {means:?}"
    );
}

#[test]
fn settings_absent_or_in_a_list_of_one_can_be_varied() {
    let dir = tempfile::tempdir().unwrap();
    let axes = "[[points]]\n\"network.eta_ip.0\" = [0.001, 0.002]";
    let file = small_sweep(dir.path(), axes);
    let list = fs::read_to_string(&file)
        .unwrap()
        .replace("eta_ip = 0.001464", "eta_ip = [0.001464]");
    fs::write(&file, list).unwrap();
    let output = sweep(&file, dir.path(), &["--set", "network.sweep=downward"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let table = stdout(&output);
    assert!(
        table.contains("0.001 ") && table.contains("0.002 "),
        "{table}"
    );
    let runs = fs::read_to_string(dir.path().join("data/small.csv")).unwrap();
    assert_eq!(runs.matches("downward").count(), 4, "{runs}");

    let output = sweep(&file, dir.path(), &["--set", "network.sweep=sideways"]);
    assert!(stderr(&output).contains("sideways"), "{}", stderr(&output));
}

/// The full simulation, by both integrators.
const FULL: &str = r#"
[[points]]
model = "pyralnet"
"network.learning_lag_ms" = [0.0, 10.0]
"network.integrator" = ["euler", "adaptive"]
"#;

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    for axes in [AXES, FULL] {
        same_on_any_number_of_threads(axes);
    }
}

fn same_on_any_number_of_threads(axes: &str) {
    let dir = tempfile::tempdir().unwrap();
    let file = small_sweep(dir.path(), axes);
    let outs = ["1", "2", "5"].map(|threads| {
        let out = dir.path().join(threads);
        assert!(sweep(&file, &out, &["--threads", threads]).status.success());
        results(&out)
    });
    assert_eq!(outs[0], outs[1]);
    assert_eq!(outs[0], outs[2]);
}

#[test]
fn shards_together_are_the_whole() {
    let dir = tempfile::tempdir().unwrap();
    let file = small_sweep(dir.path(), AXES);
    let (whole, parts) = (dir.path().join("whole"), dir.path().join("parts"));
    assert!(sweep(&file, &whole, &[]).status.success());
    for shard in ["1/3", "2/3", "3/3"] {
        let part = sweep(&file, &parts, &["--shard", shard]);
        assert!(part.status.success());
        assert!(stdout(&part).is_empty(), "a share has no ranking");
    }
    // Merging is running without a shard: nothing is left to do.
    let merged = sweep(&file, &parts, &[]);
    assert!(
        !stderr(&merged).contains("of 12 runs,"),
        "{}",
        stderr(&merged)
    );
    assert_eq!(results(&whole), results(&parts));
}

/// Runs the sweep in the background until its journal holds a result, then sends it `signal`.
fn interrupted(file: &Path, out: &Path, signal: &str) -> Option<i32> {
    let mut child = repro()
        .args([
            "sweep",
            file.to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
            "--threads",
            "1",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    let journal = out.join("runs/small.jsonl");
    while fs::read(&journal).map_or(0, |b| b.len()) == 0 {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "no run finished in a minute"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
    let pid = child.id().to_string();
    assert!(
        std::process::Command::new("kill")
            .args([signal, &pid])
            .status()
            .unwrap()
            .success()
    );
    child.wait().unwrap().code()
}

const LONGER: &str = r#"
[[points]]
"training.epochs" = [600, 610, 620, 630]
"network.learning_lag_ms" = [0, 20]
"#;

#[test]
fn a_killed_sweep_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let file = small_sweep(dir.path(), LONGER);
    let (killed, whole) = (dir.path().join("killed"), dir.path().join("whole"));
    assert_eq!(interrupted(&file, &killed, "-KILL"), None);
    // A kill may also tear the line that was being written.
    let journal = killed.join("runs/small.jsonl");
    let mut bytes = fs::read(&journal).unwrap();
    bytes.extend(b"{\"key\":\"torn");
    fs::write(&journal, bytes).unwrap();
    let resumed = sweep(&file, &killed, &[]);
    assert!(resumed.status.success(), "{}", stderr(&resumed));
    assert!(
        stderr(&resumed).contains("were finished before"),
        "{}",
        stderr(&resumed)
    );
    assert!(sweep(&file, &whole, &[]).status.success());
    assert_eq!(results(&killed), results(&whole));
}

#[test]
fn ctrl_c_keeps_finished_runs_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let file = small_sweep(dir.path(), LONGER);
    assert_eq!(interrupted(&file, dir.path(), "-INT"), Some(130));
    let kept = results(dir.path()).len();
    assert!((1..16).contains(&kept), "{kept}");
    assert!(sweep(&file, dir.path(), &[]).status.success());
    assert_eq!(results(dir.path()).len(), 16);
}

#[test]
fn csv_files_without_a_journal_count_as_finished() {
    let dir = tempfile::tempdir().unwrap();
    let file = small_sweep(dir.path(), AXES);
    assert!(sweep(&file, dir.path(), &[]).status.success());
    let before = fs::read_to_string(dir.path().join("data/small.csv")).unwrap();
    fs::remove_dir_all(dir.path().join("runs")).unwrap();
    assert!(sweep(&file, dir.path(), &[]).status.success());
    assert_eq!(
        before,
        fs::read_to_string(dir.path().join("data/small.csv")).unwrap()
    );
}

#[test]
fn a_diverging_run_is_a_result() {
    let dir = tempfile::tempdir().unwrap();
    let axes = "[[points]]\n\"network.init_down\" = [1.0, 1e9]\n\"network.n_passes\" = 4";
    let file = small_sweep(dir.path(), axes);
    let output = sweep(&file, dir.path(), &["--set", "network.start=random"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stdout(&output)
            .lines()
            .last()
            .unwrap()
            .contains("2 diverged"),
        "{}",
        stdout(&output)
    );
    let runs = dir.path().join("data/small.csv");
    let mut runs = csv::Reader::from_path(runs).unwrap();
    let columns = runs.headers().unwrap().clone();
    let column = |name: &str| columns.iter().position(|column| column == name).unwrap();
    let (says, has) = (column("diverged"), column("has_diverged"));
    let runs: Vec<csv::StringRecord> = runs.records().map(Result::unwrap).collect();
    assert!(
        runs.iter()
            .all(|run| (&run[has] == "1") != run[says].is_empty())
    );
    assert_eq!(runs.iter().filter(|run| &run[has] == "1").count(), 2);
    assert_eq!(
        runs.iter().filter(|run| &run[has] == "0").count(),
        runs.len() - 2
    );
}

#[test]
fn the_study_in_the_readme_runs_as_printed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let printed = readme.split("```toml\n").nth(1).unwrap();
    let printed = printed.split("```").next().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("small.toml");
    fs::write(&file, printed).unwrap();
    // Of its length only.
    let short = ["training.epochs=0", "task.validation=100", "task.test=2"];
    let short: Vec<&str> = short.iter().flat_map(|set| ["--set", set]).collect();
    let output = sweep(&file, dir.path(), &short);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(
        results(dir.path()).len(),
        20 * 3 * 3,
        "draws × rates × seeds"
    );
}

#[test]
fn points_are_ranked_by_the_good_end_of_their_metric() {
    let dir = tempfile::tempdir().unwrap();
    let means = |rank_by: &str| -> Vec<f64> {
        let file = small_sweep(dir.path(), AXES);
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, format!("rank_by = \"{rank_by}\"\n{text}")).unwrap();
        let output = sweep(&file, dir.path(), &[]);
        assert!(output.status.success(), "{}", stderr(&output));
        let said = stderr(&output);
        assert_eq!(
            said.contains("it is of test data"),
            rank_by.starts_with("test_"),
            "{said}"
        );
        let mut summary = csv::Reader::from_path(dir.path().join("small.summary.csv")).unwrap();
        let place = summary
            .headers()
            .unwrap()
            .iter()
            .position(|c| c == format!("{rank_by}_mean"));
        let rows = summary
            .records()
            .map(|row| row.unwrap()[place.unwrap()].parse().unwrap());
        rows.collect()
    };
    let accuracies = means("test_accuracy");
    assert!(
        accuracies.windows(2).all(|w| w[0] >= w[1]),
        "{accuracies:?}"
    );
    assert!(accuracies[0] > accuracies[5], "{accuracies:?}");
    for metric in ["test_mse", "last_validation_mse", "ip_distance"] {
        let errors = means(metric);
        assert!(
            errors.windows(2).all(|w| w[0] <= w[1]),
            "{metric}: {errors:?}"
        );
        assert!(errors[0] < errors[5], "{metric}: {errors:?}");
    }
    // The summary holds mean and deviation of the seeds.
    let mut runs = csv::Reader::from_path(dir.path().join("data/small.csv")).unwrap();
    let header = runs.headers().unwrap().clone();
    let place = |name: &str| header.iter().position(|c| c == name).unwrap();
    let column: Vec<f64> = runs
        .records()
        .map(|row| row.unwrap()[place("ip_distance")].parse().unwrap())
        .collect();
    let mut expected: Vec<(f64, f64)> = column
        .chunks(2)
        .map(|pair| {
            (
                (pair[0] + pair[1]) / 2.0,
                (pair[0] - pair[1]).abs() / 2f64.sqrt(),
            )
        })
        .collect();
    expected.sort_by(|a, b| a.0.total_cmp(&b.0));
    let summary = fs::read_to_string(dir.path().join("small.summary.csv")).unwrap();
    for (line, (mean, std)) in summary.lines().skip(1).zip(expected) {
        let fields: Vec<&str> = line.split(',').collect();
        let found: Vec<f64> = fields[2..4]
            .iter()
            .map(|field| field.parse().unwrap())
            .collect();
        assert!((found[0] / mean - 1.0).abs() < 1e-12, "{line}");
        assert!((found[1] / std - 1.0).abs() < 1e-9, "{line}");
    }
}

#[test]
fn two_commands_do_not_do_the_same_runs() {
    let dir = tempfile::tempdir().unwrap();
    let file = small_sweep(dir.path(), LONGER);
    let out = dir.path().to_str().unwrap();
    let args = ["sweep", file.to_str().unwrap(), "--out", out];
    let begin = |more: &[&str]| {
        let mut command = repro();
        command.args(args).args(more);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    let mut first = begin(&["--threads", "1"]);
    let lock = dir.path().join("runs/small.lock");
    let held = || fs::read_to_string(&lock).is_ok_and(|text| text.ends_with('\n'));
    let start = Instant::now();
    while !held() {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "no lock in a minute"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
    for more in [&[][..], &["--shard", "1/2"]] {
        let second = sweep(&file, dir.path(), more);
        let message = stderr(&second);
        assert_eq!(second.status.code(), Some(1), "{message}");
        let holder = format!("process {} on ", first.id());
        assert!(message.contains(&holder), "{message}");
        assert!(message.contains("--wait"), "{message}");
    }
    // Who waits for one that is killed does the work.
    let waiting = dir.path().join("waiting");
    let mut second = repro();
    second.args(args).arg("--wait").stdout(Stdio::null());
    second.stderr(fs::File::create(&waiting).unwrap());
    let mut second = second.spawn().unwrap();
    while !fs::read_to_string(&waiting)
        .unwrap()
        .contains("waiting: small: process")
    {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "not waiting after a minute"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
    // What would be done can be asked at any time.
    assert!(sweep(&file, dir.path(), &["--dry-run"]).status.success());
    // A lock does not outlive its holder.
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(second.wait().unwrap().success());
    assert_eq!(results(dir.path()).len(), 16);
    fs::remove_dir_all(dir.path().join("data")).unwrap();
    fs::remove_dir_all(dir.path().join("runs")).unwrap();
    let mut shards = ["1/2", "2/2"].map(|shard| begin(&["--shard", shard]));
    for shard in &mut shards {
        assert!(shard.wait().unwrap().success());
    }
    assert!(sweep(&file, dir.path(), &[]).status.success());
    assert_eq!(results(dir.path()).len(), 16);
    let journals = fs::read_dir(dir.path().join("runs")).unwrap();
    let journals = journals.map(|file| file.unwrap().path());
    let journals = journals.filter(|path| path.extension().is_some_and(|end| end == "jsonl"));
    let lines = journals.map(|path| fs::read_to_string(path).unwrap().lines().count());
    assert_eq!(lines.sum::<usize>(), 16, "no run was done twice");
}

#[test]
fn what_would_be_done_is_said_and_not_done() {
    let dir = tempfile::tempdir().unwrap();
    let file = small_sweep(dir.path(), AXES);
    let out = dir.path().join("out");
    let said = stderr(&sweep(&file, &out, &["--dry-run"]));
    for words in [
        "small: 12 runs (6 points x 2 seeds)",
        "results go to",
        "about",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!out.exists());
    assert!(sweep(&file, &out, &["--shard", "1/2"]).status.success());
    let said = stderr(&sweep(&file, &out, &["--dry-run"]));
    assert!(said.contains("6 there already"), "{said}");
}
