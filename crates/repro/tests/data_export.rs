//! `repro data export`.

use std::path::Path;
use std::process::{Command, Output};

fn export(task: &str, seed: &str, size: &str, out: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_repro"))
        .args(["data", "export", task, "--seed", seed, "--size", size])
        .arg("--out")
        .arg(out)
        .output()
        .expect("the program starts")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn read(path: &Path) -> (Vec<String>, Vec<Vec<f64>>) {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let columns = reader.headers().unwrap().iter().map(String::from).collect();
    let rows = reader.records().map(|record| {
        let record = record.unwrap();
        record.iter().map(|field| field.parse().unwrap()).collect()
    });
    (columns, rows.collect())
}

#[test]
fn yin_yang_is_the_published_set() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("train.csv");
    let output = export("yinyang", "42", "5000", &file);
    assert!(output.status.success(), "{}", stderr(&output));
    let (columns, rows) = read(&file);
    assert_eq!(columns, ["x", "y", "1-x", "1-y", "class"]);
    let data = tasks::yinyang::TRAIN.generate();
    assert_eq!(rows.len(), data.len());
    for (row, (features, class)) in rows.iter().zip(data.rows()) {
        let expected: Vec<f64> = features.chain([class as f64]).collect();
        assert_eq!(*row, expected, "numbers are written in full");
    }
}

#[test]
fn mimic_targets_are_those_of_a_teacher_of_two_inputs_and_two_outputs() {
    let dir = tempfile::tempdir().unwrap();
    let (few, many) = (dir.path().join("few.csv"), dir.path().join("many.csv"));
    for (size, file) in [("10", &few), ("50", &many)] {
        let output = export("mimic", "1", size, file);
        assert!(output.status.success(), "{}", stderr(&output));
    }
    let (columns, rows) = read(&many);
    assert_eq!(columns, ["input_1", "input_2", "target_1", "target_2"]);
    assert_eq!(rows.len(), 50);
    assert!(rows.iter().all(|r| (0.0..1.0).contains(&r[0])));
    assert_eq!(read(&few).1[..], rows[..10], "a smaller set is a prefix");
    let other = dir.path().join("other.csv");
    export("mimic", "2", "10", &other);
    assert_ne!(read(&other).1[..], rows[..10]);
}

#[test]
fn an_impossible_size_or_place_is_refused_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let output = export("mimic", "1", "0", &dir.path().join("a.csv"));
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("--size 0"), "{}", stderr(&output));
    assert!(!dir.path().join("a.csv").exists());

    std::fs::write(dir.path().join("file"), "").unwrap();
    let output = export("yinyang", "1", "5", &dir.path().join("file/b.csv"));
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("b.csv"), "{}", stderr(&output));

    let output = export("mnist", "1", "5", &dir.path().join("c.csv"));
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
}
