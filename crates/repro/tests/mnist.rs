//! Runs on MNIST: they learn, repeat, take both networks, and refuse what cannot be run.

mod common;

use std::fs;
use std::path::Path;

use common::{run, stderr};

/// One hidden layer, few images: a moment in either network.
const NET: &str = r#"
study = "mnist"
model = "steadnet"
seeds = [1, 2]

[network]
dims = [784, 30, 10]
activation = "sigmoid"
dt_ms = 0.1
g_l = 0.1
g_b = 1.0
g_a = 0.471
g_d = 1.0
g_som = 0.12
tau_w_ms = 30.0
tau_0_ms = 3.0
bias_rate = 0.5
eta_up = [0.05, 0.005]
eta_ip = 0.02
eta_pi = 0.0
init_up = 0.3
init_down = 1.0
init_pi = 1.0
init_ip = 0.1
start = "self-predicting"
t_pattern_ms = 100.0
out_lag_ms = 80.0

[task]
train = 1000
validation = 200
test = 500

[training]
epochs = 2
validations = 2
test_after = [1]
"#;

/// Sweeps the file into `dir`, and reads a table without the columns that differ from run to run.
fn table(dir: &Path, text: &str, name: &str) -> Vec<Vec<String>> {
    let file = dir.join("net.toml");
    fs::write(&file, text).unwrap();
    let out = dir.join("out");
    let output = run(&[
        "sweep",
        file.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    let mut reader = csv::Reader::from_path(out.join("data").join(name)).unwrap();
    let header = reader.headers().unwrap().clone();
    let lasting = |i: &usize| !["wall_s", "code"].contains(&&header[*i]);
    let keep = |r: &csv::StringRecord| {
        (0..r.len())
            .filter(lasting)
            .map(|i| r[i].to_owned())
            .collect::<Vec<_>>()
    };
    let rows = reader.records().map(|r| keep(&r.unwrap()));
    [keep(&header)].into_iter().chain(rows).collect()
}

fn column(table: &[Vec<String>], name: &str) -> Vec<Option<f64>> {
    let place = table[0].iter().position(|c| c == name).unwrap();
    table[1..]
        .iter()
        .map(|row| row[place].parse().ok())
        .collect()
}

fn sweep(text: &str, name: &str) -> Vec<Vec<String>> {
    table(tempfile::tempdir().unwrap().path(), text, name)
}

#[test]
fn a_steady_state_network_learns_digits_and_repeats_itself() {
    let runs = sweep(NET, "net.csv");
    let errors = column(&runs, "test_error");
    assert_eq!(errors.len(), 2);
    assert_ne!(errors[0], errors[1], "the seed must matter");
    for error in errors.into_iter().flatten() {
        assert!(
            (0.05..0.4).contains(&error),
            "{error}: a linear classifier is at 0.2"
        );
    }
    assert_eq!(runs, sweep(NET, "net.csv"));

    let untrained = sweep(
        &NET.replace("epochs = 2", "epochs = 0")
            .replace("[1]\n", "[]\n"),
        "net.csv",
    );
    for error in column(&untrained, "test_error").into_iter().flatten() {
        assert!((0.75..=0.97).contains(&error), "{error}: chance is 0.9");
    }
}

#[test]
fn curves_have_every_validation_and_the_tests_asked_for() {
    let curves = sweep(&NET.replace("[1, 2]", "[3]"), "net.curves.csv");
    let epochs: Vec<f64> = column(&curves, "epoch").into_iter().flatten().collect();
    assert_eq!(epochs, [0.5, 1.0, 1.5, 2.0]);
    let tests: Vec<bool> = column(&curves, "test_error")
        .iter()
        .map(Option::is_some)
        .collect();
    assert_eq!(tests, [false, true, false, true]);
    let errors: Vec<f64> = column(&curves, "validation_mse")
        .into_iter()
        .flatten()
        .collect();
    assert!(errors[3] < errors[0], "{errors:?}");
}

#[test]
fn the_full_simulation_takes_images_too() {
    let small = NET
        .replace("steadnet", "pyralnet")
        .replace("[784, 30, 10]", "[784, 5, 10]")
        .replace("t_pattern_ms = 100.0", "t_pattern_ms = 5.0")
        .replace("out_lag_ms = 80.0", "out_lag_ms = 4.0")
        .replace("train = 1000", "train = 20")
        .replace("validation = 200", "validation = 10")
        .replace("test = 500", "test = 10");
    let errors = column(&sweep(&small, "net.csv"), "test_error");
    assert!(
        errors
            .iter()
            .all(|e| e.is_some_and(|e| (0.0..=1.0).contains(&e))),
        "{errors:?}"
    );
}

#[test]
fn settings_that_cannot_run_are_refused() {
    for (right, wrong, words) in [
        (
            "[784, 30, 10]",
            "[4, 30, 3]",
            &["network.dims", "784 features", "10 classes"][..],
        ),
        (
            "train = 1000",
            "train = 59900",
            &["task.train", "59900 + 200", "60000"],
        ),
        (
            "validation = 200",
            "validation = 0",
            &["task.validation", "at least one"],
        ),
        (
            "test = 500",
            "test = 10001",
            &["task.test", "10001", "10000"],
        ),
        (
            "test = 500",
            "test = 500\nbrightest = -1",
            &["task.brightest", "-1", "above zero"],
        ),
        (
            "test = 500",
            "test = 500\ntarget_low = 2",
            &["task.target_low", "2"],
        ),
        (
            "validations = 2",
            "validations = 0",
            &["training.validations", "from 1 to the 1000"],
        ),
        ("[1]\n", "[3]\n", &["training.test_after", "3", "2 epochs"]),
    ] {
        assert!(NET.contains(right), "{right}");
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("bad.toml");
        fs::write(&file, NET.replacen(right, wrong, 1)).unwrap();
        let output = run(&[
            "sweep",
            file.to_str().unwrap(),
            "--out",
            dir.path().to_str().unwrap(),
        ]);
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{wrong}: {message}");
        for word in words.iter().chain(&["bad.toml"]) {
            assert!(
                message.contains(word),
                "{wrong}: {word:?} is not in {message:?}"
            );
        }
    }
}
