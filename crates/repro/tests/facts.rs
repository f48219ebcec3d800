//! The numbers that `README.md` gives are those of `figures/paper/data`.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

type Row = HashMap<String, String>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn rows(file: &str) -> Vec<Row> {
    let path = root().join("figures/paper").join(file);
    let mut reader = csv::Reader::from_path(&path).unwrap_or_else(|e| panic!("{file}: {e}"));
    reader.deserialize().map(|row| row.unwrap()).collect()
}

fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap_or(f64::NAN)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    (values[middle] + values[values.len() - 1 - middle]) / 2.0
}

fn deviation(values: &[f64]) -> f64 {
    let squares = values.iter().map(|x| (x - mean(values)).powi(2));
    (squares.sum::<f64>() / (values.len() as f64 - 1.0)).sqrt()
}

/// A number of this column in the rows whose `key` is `value`.
fn of(rows: &[Row], key: &str, value: &str, column: &str) -> Vec<f64> {
    let same = rows.iter().filter(|row| row[key] == value);
    same.map(|row| number(row, column)).collect()
}

#[track_caller]
fn says(fact: &str) {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let readme = readme.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(readme.contains(fact), "README.md does not say {fact:?}");
}

#[test]
fn learning_lag() {
    let runs = rows("data/learning_lag.csv");
    let at = |lag: f64| {
        let near = |row: &&Row| {
            row["network.t_pattern_ms"] == "100"
                && (number(row, "network.learning_lag_ms") - lag).abs() < 0.25
        };
        let accuracies: Vec<f64> = runs
            .iter()
            .filter(near)
            .map(|r| number(r, "test_accuracy"))
            .collect();
        assert_eq!(accuracies.len(), 3, "the README says three seeds");
        100.0 * mean(&accuracies)
    };
    says(&format!(
        "{:.0} % without one, down to {:.0} % at 5 ms, {:.0} % from 20 ms on",
        at(0.0),
        at(5.1),
        at(20.3)
    ));
    assert_eq!(format!("{:.0}", at(30.0)), format!("{:.0}", at(20.3)));
    let all = rows("compare.csv");
    let near = |row: &&Row| number(row, "standard_errors").abs() <= 2.0;
    let count = |figure: &str| {
        let points = all.iter().filter(|row| row["figure"] == figure);
        (points.clone().filter(near).count(), points.count())
    };
    let (near, points) = count("learning-lag");
    says(&format!(
        "{near} of {points} means are within two standard errors"
    ));
    let (near, points) = count("learning-lag-reset");
    says(&format!(
        "{near} of {points} of the sweep with Δ reset after each pattern"
    ));
}

#[test]
fn published_runs_repeated() {
    let all = rows("compare_runs.csv");
    let runs: Vec<&Row> = all
        .iter()
        .filter(|row| row["figure"] == "precision" && row["series"] == "100 ms, euler, f32")
        .collect();
    let off = |row: &&Row| {
        let pairs = ["validation_correct", "test_correct"].map(|set| {
            (number(row, &format!("{set}_ours")) - number(row, &format!("{set}_published"))).abs()
        });
        pairs[0].max(pairs[1])
    };
    let identical = runs.iter().filter(|row| off(row) == 0.0).count();
    let worst = runs.iter().map(off).fold(0.0, f64::max);
    assert_eq!(runs.len(), 80, "the README says eighty");
    says(&format!("{identical} give exactly the published numbers"));
    says(&format!("the others are within {worst} of 600"));
}

#[test]
fn rounding() {
    let near = |row: &Row, column: &str| (number(row, column) - 2.54).abs() < 0.01;
    let mut runs = rows("data/precision.csv");
    runs.retain(|run| run["precision"] == "f64" && run["network.integrator"] == "adaptive");
    runs.retain(|run| near(run, "network.learning_lag_ms"));
    let mut published = rows("../../datasets/published/hill2020_yinyang_runs.csv");
    published.retain(|run| run["series"] == "100 ms" && near(run, "learning_lag_ms"));
    let correct = |run: &Row| (600.0 * number(run, "test_accuracy")).round();
    let fewer = runs.iter().map(|run| {
        let same = published.iter().find(|other| other["seed"] == run["seed"]);
        correct(run) - correct(same.unwrap())
    });
    let (off, others): (Vec<f64>, Vec<f64>) = fewer.partition(|fewer| *fewer > 20.0);
    let least = off.iter().copied().fold(f64::INFINITY, f64::min);
    let most = off.iter().copied().fold(0.0, f64::max);
    let up_to = others.iter().map(|fewer| fewer.abs()).fold(0.0, f64::max);
    says(&format!(
        "{} of {} have {least} to {most} of 600 test points fewer than the same runs in double precision (adaptive \
         integrator), the others differ by up to {up_to}",
        off.len(),
        runs.len()
    ));
}

#[test]
fn yin_yang() {
    let accuracies = of(
        &rows("data/yinyang.csv"),
        "model",
        "pyralnet",
        "test_accuracy",
    );
    let percent: Vec<f64> = accuracies.iter().map(|a| 100.0 * a).collect();
    assert_eq!(percent.len(), 10);
    says(&format!(
        "{:.2} ± {:.2} % (ten seeds",
        mean(&percent),
        deviation(&percent)
    ));
}

#[test]
fn mnist() {
    let runs = rows("data/mnist_pyralnet.csv");
    let error = |model: &str, lag: f64| {
        let same =
            |row: &&Row| row["model"] == model && number(row, "network.learning_lag_ms") == lag;
        100.0 * number(runs.iter().find(same).unwrap(), "test_error")
    };
    says(&format!(
        "({:.2} % test error after 6 epochs",
        error("pyralnet", 20.0)
    ));
    says(&format!(
        "the steady-state approximation {:.2} %)",
        error("steadnet", 0.0)
    ));
    says(&format!(
        "and does not without ({:.0} %)",
        error("pyralnet", 0.0)
    ));
    let last = |file| 100.0 * number(rows(file).last().unwrap(), "test_error");
    says(&format!(
        "{:.2} % after 10 epochs at rates found here, {:.1} % at the published ones",
        last("data/mnist_steadnet.csv"),
        last("data/mnist_steadnet_published.csv")
    ));
}

#[test]
fn latents_and_diffusion() {
    let runs = rows("data/astro_latents.csv");
    let mut medians = Vec::new();
    let mut orders: Vec<&str> = runs
        .iter()
        .map(|row| row["encoder.order"].as_str())
        .collect();
    orders.sort_unstable();
    orders.dedup();
    for order in orders {
        let started = runs
            .iter()
            .filter(|r| r["encoder.order"] == order && r["started"] == "1");
        let mut accuracies: Vec<f64> = started
            .map(|r| 100.0 * number(r, "test_accuracy"))
            .collect();
        accuracies.sort_by(f64::total_cmp);
        let n = accuracies.len();
        medians.push(f64::midpoint(accuracies[(n - 1) / 2], accuracies[n / 2]));
    }
    let low = medians.iter().copied().fold(f64::INFINITY, f64::min);
    let high = medians.iter().copied().fold(0.0, f64::max);
    says(&format!("between {low:.0} and {high:.0} %"));

    let lattice = rows("data/diffusion.csv");
    let lattice = lattice
        .iter()
        .filter(|row| row["network.wiring"] == "lattice");
    let fails = |row: &&Row| row["started"] != "1";
    let least = lattice
        .filter(fails)
        .map(|row| number(row, "disturbance.level"));
    let least = least.fold(f64::INFINITY, f64::min);
    assert!(least > 0.6, "a lattice fails at {least}");
    says("no run fails up to a diffusion width of 0.6 cells");
}

#[test]
fn attention_without_a_teacher() {
    let runs = rows("data/attention_learning.csv");
    let progress = rows("data/attention_learning.progress.csv");
    let accuracy = |m: &str, presentations: &str| {
        let local = |row: &&Row| row["learning.rule"] == "task-hebbian" && row["circuit.m"] == m;
        let keys: Vec<&String> = runs.iter().filter(local).map(|row| &row["key"]).collect();
        let then = progress
            .iter()
            .filter(|row| keys.contains(&&row["key"]) && row["presentations"] == presentations);
        let accuracies: Vec<f64> = then.map(|row| 100.0 * number(row, "accuracy")).collect();
        assert_eq!(accuracies.len(), 5, "{m} {presentations}");
        mean(&accuracies)
    };
    says(&format!(
        "it takes 8 from {:.1} to {:.1} % and 16 from {:.1} to {:.1} %",
        accuracy("8", "0"),
        accuracy("8", "32000"),
        accuracy("16", "0"),
        accuracy("16", "32000")
    ));
}

#[test]
fn attention_in_language() {
    let runs = rows("data/attention_language.csv");
    let cosine = |features: &str, m: &str, learns: bool| {
        let same = |row: &&Row| {
            row["condition"] == "circuit"
                && row["circuit.features"] == features
                && row["circuit.m"] == m
                && (number(row, "imitation.steps") > 0.0) == learns
        };
        let cosines: Vec<f64> = runs
            .iter()
            .filter(same)
            .map(|row| number(row, "cosine"))
            .collect();
        assert_eq!(cosines.len(), 3, "{features} {m} {learns}");
        mean(&cosines)
    };
    let ways = |m: &str| {
        [
            cosine("positive-orthogonal", m, false),
            cosine("positive-antithetic", m, false),
            cosine("positive-antithetic", m, true),
        ]
    };
    let ([usual, drawn, learnt], [usual_256, drawn_256, learnt_256]) = (ways("128"), ways("256"));
    says(&format!(
        "with 128 hidden neurons a head, {usual:.2} (usual random features), {drawn:.2} (drawn as a head asks) and {learnt:.2} (learnt); \
         with 256, {usual_256:.2}, {drawn_256:.2} and {learnt_256:.2};"
    ));
    let none = of(&runs, "condition", "uniform", "cosine");
    says(&format!("without attention {:.2}", mean(&none)));
    let few = cosine("positive-antithetic", "32", true);
    says(&format!("{few:.2} with 32 learnt ones"));
    assert!(few > drawn_256, "{few} with 32, {drawn_256} with 256");
    let learnt = |row: &&Row| row["circuit.m"] == "256" && number(row, "imitation.steps") > 0.0;
    let same: Vec<f64> = runs
        .iter()
        .filter(learnt)
        .map(|row| 100.0 * number(row, "neighbours"))
        .collect();
    says(&format!("for {:.0} % of sequences", mean(&same)));
}

#[test]
fn calcium_that_diffuses() {
    let runs = rows("data/attention_dynamics.csv");
    let from_rest = |diffusion: &str, token: &str| {
        let same = |row: &&Row| {
            row["record.rows"] == "0"
                && row["read.start"] == "rest"
                && row["time.diffusion_ms"] == diffusion
                && row["time.token_ms"] == token
        };
        let same: Vec<Row> = runs.iter().filter(same).cloned().collect();
        assert_eq!(same.len(), 10, "{diffusion} {token}");
        same
    };
    let quick = from_rest("0.5", "800");
    let settling: Vec<f64> = rows("data/attention_dynamics.queries.csv")
        .iter()
        .filter(|query| quick.iter().any(|run| run["key"] == query["key"]))
        .map(|query| number(query, "settling_ms"))
        .collect();
    let least = settling.iter().copied().fold(f64::INFINITY, f64::min);
    let most = settling.iter().copied().fold(0.0, f64::max);
    says(&format!("quick diffusion: {least:.0} to {most:.0} ms"));
    let error = |diffusion: &str| {
        let errors = from_rest(diffusion, "200");
        100.0
            * median(
                errors
                    .iter()
                    .map(|row| number(row, "relative_error"))
                    .collect(),
            )
    };
    says(&format!(
        "four times the time constant of diffusion, a token is {:.0} % from the algebraic circuit, for twenty times {:.1} %",
        error("50"),
        error("10")
    ));
}

#[test]
fn astrocytes_beside_neurons() {
    let compared = rows("compare.csv");
    let of = |series: &str| {
        let mut same = compared
            .iter()
            .filter(|row| row["figure"] == "astro-vs-neurons" && row["series"] == series);
        same.next().expect("a row of the series").clone()
    };
    let started = of("autoencoder learning along, runs that started");
    let chance = of("autoencoder learning along, runs at chance");
    let percent = |column: &str| 100.0 * number(&started, column);
    says(&format!(
        "reach {:.1} % ({} of {}), published {:.1} % ({} of {})",
        percent("ours_mean"),
        started["ours_runs"],
        chance["ours_runs"],
        percent("published_mean"),
        started["published_runs"],
        chance["published_runs"]
    ));
    let runs = rows("data/astro_vs_neurons.csv");
    let neurons: Vec<f64> = runs
        .iter()
        .map(|row| 100.0 * number(row, "neurons_accuracy"))
        .collect();
    assert_eq!(neurons.len(), 10, "the README says ten");
    says(&format!("neurons, 20-20-10, {:.1} %", mean(&neurons)));
}
