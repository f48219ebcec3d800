//! Searches end to end: what is written, that neither threads nor kills matter, and what is refused.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use common::{SMALL, repro, run, stderr, stdout};

const TUNE: &str = r#"
[tune]
rule = "tpe"
objective = "validation_accuracy"
budget = 12
batch = 4
startup = 6

[tune.rungs]
"training.epochs" = [1, 2, 4]
seeds = [1, 2, 3]
keep_one_in = 2

[tune.space]
"network.eta_up.0" = { from = 0.1, to = 30, scale = "log" }
"network.eta_up.1" = { from = 1e-5, to = 1e-1, scale = "log" }
"network.eta_ip" = { equals = "network.eta_up.1", times = 2 }
"network.learning_lag_ms" = { from = 0, to = 20, step = 5 }
"network.init_up" = { from = 0.05, to = 0.2, when = { "network.start" = "random" } }
"network.start" = ["random", "self-predicting"]
"#;

/// A search of a moment: its file at `dir`, with changes of its text.
fn study(dir: &Path, changes: &[(&str, &str)]) -> PathBuf {
    // The search has the seeds, epochs, lags and starts.
    let fixed = SMALL
        .replace("seeds = [1, 2]\n", "")
        .replace("[training]\nepochs = 2\n", "")
        .replace("learning_lag_ms = 20.0\n", "")
        .replace("eta_ip = 0.001464\n", "")
        .replace("start = \"self-predicting\"\n", "");
    let mut text = format!("{fixed}{TUNE}");
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    let file = dir.join("small.toml");
    fs::write(&file, text).unwrap();
    file
}

fn tune(file: &Path, out: &Path, more: &[&str]) -> Output {
    let paths = [file.to_str().unwrap(), "--out", out.to_str().unwrap()];
    run(&[&["tune"], &paths[..], more].concat())
}

/// A CSV file without wall times and commits.
fn lasting(path: &Path) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header = reader.headers().unwrap().clone();
    let lasting = |i: &usize| !["wall_s", "code"].contains(&&header[*i]);
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        let fields = (0..row.len()).filter(lasting);
        fields.map(|i| row[i].to_owned()).collect()
    });
    rows.collect()
}

/// The same by column, without fields that are empty: runs of a search may have settings that others have not.
fn named(path: &Path) -> impl Iterator<Item = BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header = reader.headers().unwrap().clone();
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    rows.into_iter().map(move |row| {
        let fields = header.iter().zip(&row);
        // What varies has a column of its own, in a list too.
        let others = ["wall_s", "code", "network.eta_up.0", "network.eta_up.1"];
        let fields = fields.filter(|(name, field)| !others.contains(name) && !field.is_empty());
        let fields = fields.map(|(name, field)| (name.to_owned(), field.to_owned()));
        fields.collect()
    })
}

/// All that a search leaves, but for times.
fn left(out: &Path) -> (Vec<Vec<String>>, String, String) {
    let text = |name: &str| fs::read_to_string(out.join(name)).unwrap();
    let runs = lasting(&out.join("data/small.csv"));
    (runs, text("small.trials.csv"), text("small-best.toml"))
}

/// A column of the file of trials.
fn column(out: &Path, name: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_path(out.join("small.trials.csv")).unwrap();
    let header = reader.headers().unwrap().clone();
    let place = header.iter().position(|column| column == name).unwrap();
    let rows = reader.records().map(|row| row.unwrap()[place].to_owned());
    rows.collect()
}

#[test]
fn neither_threads_nor_kills_change_a_search() {
    let dir = tempfile::tempdir().unwrap();
    let file = study(dir.path(), &[]);
    let outs = ["1", "2", "8"].map(|threads| {
        let out = dir.path().join(threads);
        let output = tune(&file, &out, &["--threads", threads]);
        assert!(output.status.success(), "{}", stderr(&output));
        left(&out)
    });
    assert_eq!(outs[0], outs[1]);
    assert_eq!(outs[0], outs[2]);
    // Killed again and again, after ever other times.
    let out = dir.path().join("killed");
    let mut kills = 0;
    for round in 1.. {
        let mut child = repro()
            .args(["tune", file.to_str().unwrap(), "--threads", "2", "--out"])
            .arg(&out)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(40 + 37 * round % 400));
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{status}");
            break;
        }
        if kills == 60 {
            assert!(child.wait().unwrap().success());
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
    }
    assert!(kills >= 3, "{kills} kills");
    assert_eq!(outs[0], left(&out));
    let journal = fs::read_to_string(out.join("runs/small.jsonl")).unwrap();
    assert_eq!(
        journal.lines().filter(|line| line.ends_with('}')).count(),
        outs[0].0.len()
    );
}

#[test]
fn shares_of_a_search_find_what_one_process_does() {
    let dir = tempfile::tempdir().unwrap();
    let file = study(dir.path(), &[]);
    let out = |name: &str| dir.path().join(name);
    let begin = |name: &str, share: usize| {
        repro()
            .args(["tune", file.to_str().unwrap(), "--threads", "1", "--out"])
            .arg(out(name))
            .args(["--shard", &format!("{share}/3")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    assert!(tune(&file, &out("whole"), &[]).status.success());
    let whole = left(&out("whole"));
    // One does the work of those that never start.
    assert!(begin("alone", 2).wait().unwrap().success());
    assert_eq!(left(&out("alone")), whole);
    // Three do no run twice.
    let mut shares = [1, 2, 3].map(|share| begin("three", share));
    assert!(
        shares
            .iter_mut()
            .all(|share| share.wait().unwrap().success())
    );
    assert_eq!(left(&out("three")), whole);
    let journals = [1, 2, 3].map(|share| {
        let journal = out("three").join(format!("runs/small.{share}of3.jsonl"));
        fs::read_to_string(journal).map_or(0, |text| text.lines().count())
    });
    assert_eq!(
        journals.iter().sum::<usize>(),
        whole.0.len(),
        "{journals:?}"
    );
    // And each is killed again and again.
    let mut shares = [1, 2, 3].map(|share| Some(begin("killed", share)));
    let mut kills = 0;
    for round in 0.. {
        std::thread::sleep(Duration::from_millis(20 + 17 * round % 130));
        let which = round as usize % 3;
        let Some(mut share) = shares[which].take() else {
            break;
        };
        if let Some(status) = share.try_wait().unwrap() {
            assert!(status.success(), "{status}");
            break;
        }
        if kills == 50 {
            shares[which] = Some(share);
            break;
        }
        share.kill().unwrap();
        share.wait().unwrap();
        kills += 1;
        shares[which] = Some(begin("killed", which + 1));
    }
    assert!(kills >= 3, "{kills} kills");
    for share in shares.iter_mut().flatten() {
        assert!(share.wait().unwrap().success());
    }
    assert_eq!(left(&out("killed")), whole);
}

#[test]
fn states_of_paused_runs_are_not_needed() {
    let dir = tempfile::tempdir().unwrap();
    let file = study(dir.path(), &[("[1, 2, 4]", "[10, 30, 60]")]);
    let out = |name: &str| dir.path().join(name);
    let output = tune(&file, &out("whole"), &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("training.epochs go on where those of fewer ended"));
    let states = || -> Vec<PathBuf> {
        let files = fs::read_dir(out("damaged").join("runs/paused/small"));
        let files = files.map(|files| files.map(|file| file.unwrap().path()));
        let whole = |path: &PathBuf| path.extension().is_none();
        files.map_or(Vec::new(), |files| files.filter(whole).collect())
    };
    let mut damaged = 0;
    for _ in 0..20 {
        if damaged >= 3 {
            break;
        }
        let mut child = repro()
            .args(["tune", file.to_str().unwrap(), "--threads", "2", "--out"])
            .arg(out("damaged"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while states().len() < 4 && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let _ = child.kill();
        if child.wait().unwrap().success() {
            // It was faster than this test.
            fs::remove_dir_all(out("damaged")).unwrap();
        }
        // One is taken away, one is cut off, one is of another build.
        for (i, state) in states().iter().enumerate() {
            let bytes = fs::read(state).unwrap();
            match i % 4 {
                0 => fs::remove_file(state).unwrap(),
                1 => fs::write(state, &bytes[..bytes.len() / 2]).unwrap(),
                2 => fs::write(state, [b"x", &bytes[..]].concat()).unwrap(),
                _ => continue,
            }
            damaged += 1;
        }
    }
    assert!(damaged >= 3, "{damaged}");
    assert!(tune(&file, &out("damaged"), &[]).status.success());
    assert_eq!(left(&out("whole")), left(&out("damaged")));
}

#[test]
fn searches_whose_runs_begin_anew_say_so() {
    let dir = tempfile::tempdir().unwrap();
    // The full simulation with noise.
    let file = study(
        dir.path(),
        &[
            ("model = \"steadnet\"", "model = \"pyralnet\""),
            ("[network]", "[network]\nnoise = 0.1"),
        ],
    );
    let output = tune(&file, &dir.path().join("out"), &["--dry-run"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("training.epochs begin anew: study \"yinyang\""),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_search_leaves_ordinary_runs_and_the_best_point_as_a_study() {
    let dir = tempfile::tempdir().unwrap();
    let file = study(dir.path(), &[("budget = 12", "budget = 30")]);
    let out = dir.path().join("out");
    let output = tune(&file, &out, &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let shown = stdout(&output);
    assert!(shown.contains("mean validation_accuracy"), "{shown}");
    // The page shows the best point, and links to files that are there.
    let page = fs::read_to_string(out.join("small.html")).unwrap();
    let links = page.split("href=\"").skip(1);
    let links: Vec<&str> = links.map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(links.contains(&"small-best.toml") && links.contains(&"small.svg"));
    assert!(
        links.iter().all(|link| out.join(link).exists()),
        "{links:?}"
    );
    assert!(page.contains("<tr><td>1<td>") && page.contains("network.init_up"));
    let picture = fs::read_to_string(out.join("small.svg")).unwrap();
    assert_eq!(
        picture.matches("data-panel=").count(),
        1 + 6 + 1 + 1 + 1,
        "all, each, rung, importance, progress"
    );
    // Each setting as it was said to be.
    let number = |text: &String| text.parse::<f64>().unwrap();
    let (up, ip) = (
        column(&out, "network.eta_up.1"),
        column(&out, "network.eta_ip"),
    );
    for (up, ip) in up.iter().zip(&ip) {
        assert!((number(ip) / number(up) - 2.0).abs() < 1e-9, "{up} {ip}");
    }
    let (start, init) = (
        column(&out, "network.start"),
        column(&out, "network.init_up"),
    );
    assert!(
        start
            .iter()
            .zip(&init)
            .all(|(start, init)| (start == "random") != init.is_empty())
    );
    assert_eq!(start.iter().collect::<BTreeSet<_>>().len(), 2);
    let lags = column(&out, "network.learning_lag_ms");
    assert!(lags.iter().all(|lag| number(lag) % 5.0 == 0.0), "{lags:?}");
    let spent = column(&out, "spent");
    assert!(number(spent.last().unwrap()) <= 30.0);
    // The best is of the last rung, and nothing there is better.
    let (rung, rank) = (column(&out, "rung"), column(&out, "rank"));
    let value = column(&out, "validation_accuracy_mean");
    let best = rank.iter().position(|rank| rank == "1").unwrap();
    assert_eq!(rung[best], "3");
    for (rung, value) in rung.iter().zip(&value) {
        assert!(rung != "3" || number(value) <= number(&value_at(&out, best)));
    }
    // No state of a run is needed any more.
    assert!(!out.join("runs/paused/small").exists());
    // The best as a study: the very runs of the search, by their keys.
    let again = dir.path().join("again");
    let best = out.join("small-best.toml");
    let swept = run(&[
        "sweep",
        best.to_str().unwrap(),
        "--out",
        again.to_str().unwrap(),
    ]);
    assert!(swept.status.success(), "{}", stderr(&swept));
    // They find the same from the start as the search did going on from rung to rung.
    let rows = |path: PathBuf| -> BTreeSet<BTreeMap<String, String>> { named(&path).collect() };
    let best_rows = rows(again.join("data/small-best.csv"));
    assert_eq!(best_rows.len(), 3, "seeds of the last rung");
    assert!(best_rows.is_subset(&rows(out.join("data/small.csv"))));
    // And a sweep of the same name finds them done.
    fs::copy(&best, dir.path().join("small.toml")).unwrap();
    let file = dir.path().join("small.toml");
    let swept = run(&[
        "sweep",
        file.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ]);
    assert!(
        stderr(&swept).contains("3 taken from CSV files, 0 from journals, 0 computed"),
        "{}",
        stderr(&swept)
    );
}

fn value_at(out: &Path, row: usize) -> String {
    column(out, "validation_accuracy_mean")[row].clone()
}

#[test]
fn what_would_be_done_is_said_and_not_done() {
    let dir = tempfile::tempdir().unwrap();
    let file = study(dir.path(), &[]);
    let out = dir.path().join("out");
    let output = tune(&file, &out, &["--dry-run"]);
    assert!(output.status.success(), "{}", stderr(&output));
    for words in [
        "highest validation_accuracy",
        "tpe",
        "12 runs",
        "results go to",
    ] {
        assert!(
            stderr(&output).contains(words),
            "{words}: {}",
            stderr(&output)
        );
    }
    assert!(!out.exists());
}

/// What is changed, and words of the message.
const MISTAKES: &[(&str, &str, &[&str])] = &[
    ("rule = \"tpe\"", "rule = \"grid\"", &["tune.rule", "grid"]),
    ("budget = 12", "", &["tune", "budget"]),
    ("budget = 12", "budget = 1", &["tune.budget", "1"]),
    ("budget = 12", "budget = 12\nruns = 3", &["tune", "runs"]),
    (
        "\"validation_accuracy\"",
        "\"test_accuracy\"",
        &["test_accuracy", "test data"],
    ),
    (
        "\"training.epochs\" = [1, 2, 4]",
        "\"training.epoch\" = [1, 2, 4]",
        &["epoch"],
    ),
    (
        "\"training.epochs\" = [1, 2, 4]",
        "\"training.epochs\" = [1, 2]",
        &["tune.rungs", "2 rungs"],
    ),
    (
        "\"network.eta_up.0\" =",
        "\"network.eta_up.7\" =",
        &["network.eta_up.7"],
    ),
    ("\"network.eta_up.0\" =", "\"network.eta_u\" =", &["eta_u"]),
    (
        "from = 0.1,",
        "from = 0,",
        &["tune.space.network.eta_up.0", "from > 0"],
    ),
    (
        "step = 5",
        "step = 3",
        &["tune.space.network.learning_lag_ms", "step = 3"],
    ),
    (
        "to = 20, step = 5",
        "to = 120, step = 5",
        &["learning_lag_ms", "120"],
    ),
    (
        "times = 2 }",
        "time = 2 }",
        &["tune.space.network.eta_ip", "time"],
    ),
    (
        "equals = \"network.eta_up.1\"",
        "equals = \"network.eta_up\"",
        &["tune.space.network.eta_ip", "network.eta_up"],
    ),
    (
        "\"self-predicting\"]",
        "\"self\"]",
        &["network.start", "self"],
    ),
    (
        "[tune.space]",
        "[tune.space]\n\"network.dt_ms\" = { from = 0.1, to = 0.2 }",
        &["network.dt_ms", "no effect"],
    ),
    (
        "[tune.space]",
        "[tune.space]\n\"network.g_l\" = [0.1, 0.2]",
        &["network.g_l", "no effect"],
    ),
    (
        "[tune]",
        "[[points]]\n\"network.g_l\" = [0.1, 0.2]\n[tune]",
        &["points", "no effect"],
    ),
    (
        "model = \"steadnet\"",
        "model = \"steadnet\"\nrank_by = \"test_mse\"",
        &["rank_by", "no effect"],
    ),
    (
        "model = \"steadnet\"",
        "model = \"steadnet\"\nseeds = [1, 2]",
        &["seeds", "only 2"],
    ),
    ("[tune]", "[tun]", &["[tune]"]),
];

#[test]
fn mistakes_are_named_before_anything_runs() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    for (from, to, words) in MISTAKES {
        // `[tune]` is the head of other tables as well.
        let mut changes = vec![(*from, *to)];
        if *to == "[tun]" {
            changes = vec![(TUNE, "")];
        }
        let output = tune(&study(dir.path(), &changes), &out, &[]);
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{to}: {message}");
        for word in *words {
            assert!(message.contains(word), "{to}: {word}: {message}");
        }
        assert!(message.contains("small.toml"), "{to}: {message}");
        assert!(!out.exists(), "{to}: nothing may run");
    }
    let file = study(dir.path(), &[]);
    for (more, words) in [
        (&["--shard", "1/2", "--fresh"][..], "--fresh"),
        (
            &["--set", "network.start=random"],
            "network.start=random: the search varies it",
        ),
        (&["--set", "network.starts=random"], "network.starts"),
        (
            &["--set", "network.dt_ms=0.2"],
            "network.dt_ms has no effect",
        ),
    ] {
        let output = tune(&file, &out, more);
        assert!(
            stderr(&output).contains(words),
            "{words}: {}",
            stderr(&output)
        );
        assert!(!out.exists(), "{more:?}");
    }
    let swept = run(&[
        "sweep",
        file.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ]);
    assert!(stderr(&swept).contains("repro tune"), "{}", stderr(&swept));
}

#[test]
fn the_search_in_the_readme_runs_as_printed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let printed = readme
        .split("```toml\n")
        .find(|block| block.contains("[tune]"));
    let printed = printed.unwrap().split("```").next().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("small.toml");
    fs::write(&file, printed).unwrap();
    // Of its length only.
    let short = [
        "task.train=4",
        "task.validation=10",
        "task.test=2",
        "training.validation_patterns=1",
    ];
    let short: Vec<&str> = short.iter().flat_map(|set| ["--set", set]).collect();
    let output = tune(&file, dir.path(), &short);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(column(dir.path(), "rung").contains(&"3".to_owned()));
}
