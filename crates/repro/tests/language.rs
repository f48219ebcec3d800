//! `repro language` and its study: a sentence encoder of a few kB with circuits in place, and every mistake named.

mod common;

use common::{run, stderr};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The random encoder with which the library is tested.
fn model() -> String {
    let model =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../astro/tests/attention/language/tiny");
    model.to_str().unwrap().to_owned()
}

/// Words of small letters, the same each time.
fn words(count: usize, mut state: u64) -> String {
    let mut letter = || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        char::from(b'a' + ((state >> 40) % 16) as u8)
    };
    let word = |i: usize| (0..i % 4 + 1).map(|_| letter()).collect::<String>();
    (0..count).map(word).collect::<Vec<_>>().join(" ")
}

struct Case {
    dir: TempDir,
    text: PathBuf,
    fit: PathBuf,
}

impl Case {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (text, fit) = (dir.path().join("text.txt"), dir.path().join("fit.txt"));
        fs::write(&text, words(160, 1)).unwrap();
        fs::write(&fit, words(400, 2)).unwrap();
        Self { dir, text, fit }
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().unwrap().to_owned()
    }

    fn run(&self, rest: &[&str]) -> std::process::Output {
        let (model, out) = (model(), self.path("out.csv"));
        let text = self.text.to_str().unwrap();
        let always = ["language", "--model", &model, "--text", text, "--out", &out];
        run(&[&always[..], &["--tokens", "24"], rest].concat())
    }

    fn rows(&self, name: &str) -> Vec<HashMap<String, String>> {
        let mut reader = csv::Reader::from_path(self.path(name)).unwrap();
        reader.deserialize().map(|row| row.unwrap()).collect()
    }
}

#[test]
fn errors_calcium_and_what_learning_gains_are_written() {
    let case = Case::new();
    let (fit, calcium) = (case.fit.to_str().unwrap(), case.path("calcium.csv"));
    let cosine = |rest: &[&str]| {
        let made = case.run(rest);
        assert!(made.status.success(), "{}", stderr(&made));
        let rows = case.rows("out.csv");
        let all = |attention: &str| -> Vec<f64> {
            let of = |row: &&HashMap<String, String>| {
                row["attention"] == attention && row["layer"] == "all"
            };
            rows.iter()
                .filter(of)
                .map(|row| row["cosine"].parse().unwrap())
                .collect()
        };
        assert_eq!(
            rows.len() % 3,
            0,
            "a row for all, and one for each of two layers"
        );
        (all("uniform"), all("circuit"))
    };
    let few = ["--m", "8", "--seeds", "2"];
    let fitted = ["--fit-text", fit, "--calcium", &calcium];
    let (uniform, drawn) = cosine(&[&few[..], &fitted].concat());
    let learns = ["--imitate", "60", "--distil", "20"];
    let (same, learnt) = cosine(&[&few[..], &fitted, &learns].concat());
    assert_eq!((uniform.len(), drawn.len(), learnt.len()), (1, 2, 2));
    assert_eq!(uniform, same);
    for (learnt, drawn) in learnt.iter().zip(&drawn) {
        assert!(1.0 - learnt < 0.7 * (1.0 - drawn), "{learnt} {drawn}");
    }
    let calcium = case.rows("calcium.csv");
    assert_eq!(calcium.len(), 2 * 2 * 24, "layers, heads, tokens");
    assert_eq!(calcium[0]["piece"], "[CLS]");
    let levels = calcium
        .iter()
        .map(|row| row["log_calcium"].parse::<f64>().unwrap());
    let levels: Vec<f64> = levels.collect();
    assert!(levels.iter().any(|x| x.abs() > 0.1));
    assert!(levels[..24].iter().sum::<f64>().abs() < 1e-3);
    // Some heads only: closer than all.
    let (_, one) = cosine(&[
        "--m",
        "8",
        "--seeds",
        "2",
        "--heads",
        "2.1",
        "--fit-text",
        fit,
    ]);
    assert!(one[0] > drawn[0], "{one:?} {drawn:?}");
}

#[test]
fn mistakes_are_named() {
    let case = Case::new();
    let fit = case.fit.to_str().unwrap().to_owned();
    let text = case.text.to_str().unwrap().to_owned();
    for (rest, words) in [
        (&["--balance"][..], &["--balance", "--fit-text"][..]),
        (&["--imitate", "3"], &["--imitate", "--fit-text"]),
        (&["--fit-text", &text], &["share a passage"]),
        (&["--fit-text", &fit, "--spread", "unit"], &["no effect"]),
        (&["--heads", "3"], &["--heads", "2 layers of 2 heads"]),
        (&["--heads", "1.x"], &["1.x", "such as 2,3.1"]),
        (&["--m", "0"], &["--m 0"]),
        (&["--features", "trigonometric"], &["positive features"]),
        (&["--tokens", "49"], &["49", "3 to 48"]),
        (&["--seeds", "0"], &["--seeds 0"]),
        (&["--sequences", "1"], &["--sequences 1"]),
        (&["--model", "/nowhere"], &["--model", "/nowhere"]),
    ] {
        let rest: Vec<&str> = rest.to_vec();
        let (model, out) = (model(), case.path("none.csv"));
        let mut all = vec!["language", "--out", &out];
        for (option, value) in [
            ("--model", model.as_str()),
            ("--text", &text),
            ("--tokens", "24"),
        ] {
            if !rest.contains(&option) {
                all.extend([option, value]);
            }
        }
        let made = run(&[&all[..], &rest].concat());
        let error = stderr(&made);
        assert!(!made.status.success(), "{rest:?} is accepted");
        for word in words {
            assert!(error.contains(word), "{rest:?}: no {word} in {error}");
        }
    }
    assert!(!Path::new(&case.path("none.csv")).exists());
}

#[test]
fn without_the_model_one_is_told_where_it_is_from() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().to_str().unwrap();
    let study = [
        "run",
        "attention-language",
        "--profile",
        "paper",
        "--out",
        out,
    ];
    let made = run(&[&study[..], &["--set", "encoder.folder=/nowhere"]].concat());
    let error = stderr(&made);
    assert!(!made.status.success());
    for word in ["encoder.folder", "datasets/language/README.md", "/nowhere"] {
        assert!(error.contains(word), "no {word} in {error}");
    }
}
