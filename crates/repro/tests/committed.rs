//! The results that ship in `figures/paper/`: found finished, drawn again, and left as they are.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{run, stderr, stdout};
use tempfile::TempDir;

/// Figures all of whose runs are there.
const COMPLETE: [&str; 25] = [
    "dendritic-prediction",
    "stability",
    "mimic",
    "steady-state-validity",
    "yinyang",
    "yinyang-steadnet",
    "plasticity-traces",
    "mnist-steadnet",
    "mnist-pyralnet",
    "astro-latents",
    "diffusion",
    "attention-error",
    "attention-swap",
    "attention-features",
    "attention-learning",
    "attention-language",
    "attention-traces",
    "attention-dynamics",
    "astro-layers",
    "astro-depth",
    "astro-digits",
    "astro-xor",
    "astro-noise",
    "astro-dropout",
    "astro-approximation",
];

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../figures/paper/data")
}

/// A copy of the results, and the arguments that lead to it.
struct Copy(TempDir);

impl Copy {
    fn new() -> Self {
        let copy = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(copy.data()).unwrap();
        for file in fs::read_dir(shipped()).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), copy.data().join(file.file_name())).unwrap();
        }
        copy
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("paper/data")
    }

    fn repro(&self, args: &[&str]) -> std::process::Output {
        let place = [
            "--profile",
            "paper",
            "--out",
            self.0.path().to_str().unwrap(),
        ];
        run(&[args, &place[..]].concat())
    }

    fn figure(&self, id: &str) -> Vec<u8> {
        fs::read(self.0.path().join(format!("paper/{id}.svg"))).unwrap()
    }

    /// Changes every field of a column.
    fn change(&self, file: &str, column: &str, change: fn(f64) -> f64) {
        let path = self.data().join(file);
        let mut reader = csv::Reader::from_path(&path).unwrap();
        let header = reader.headers().unwrap().clone();
        let place = header.iter().position(|name| name == column).unwrap();
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&header).unwrap();
        for row in reader.records() {
            let row = row.unwrap();
            let fields = row.iter().enumerate().map(|(i, field)| match i == place {
                true => change(field.parse().unwrap()).to_string(),
                false => field.to_owned(),
            });
            writer.write_record(fields).unwrap();
        }
        fs::write(&path, writer.into_inner().unwrap()).unwrap();
    }
}

#[test]
fn every_row_comes_from_a_commit() {
    for file in fs::read_dir(shipped()).unwrap() {
        let path = file.unwrap().path();
        if path.to_string_lossy().ends_with(".provenance.toml") {
            let provenance = fs::read_to_string(&path).unwrap();
            let clean = provenance.contains("uncommitted = false");
            assert!(clean, "{} has rows of an uncommitted tree", path.display());
        }
    }
}

#[test]
fn finished_runs_are_not_computed_again_and_their_files_stay_as_they_are() {
    let copy = Copy::new();
    let made = copy.repro(&[&["run"], &COMPLETE[..]].concat());
    assert!(made.status.success(), "{}", stderr(&made));
    for file in fs::read_dir(shipped()).unwrap() {
        let file = file.unwrap();
        let now = fs::read(copy.data().join(file.file_name())).unwrap();
        let same = fs::read(file.path()).unwrap() == now;
        assert!(same, "{:?} has changed", file.file_name());
    }
    assert!(
        !copy.0.path().join("paper/runs").exists(),
        "something was computed"
    );
}

#[test]
fn figures_show_test_accuracies_and_no_others() {
    let copy = Copy::new();
    let figures = ["learning-lag", "yinyang-steadnet"];
    let plot = || {
        let drawn = copy.repro(&[&["plot"], &figures[..]].concat());
        assert!(drawn.status.success(), "{}", stderr(&drawn));
        figures.map(|id| copy.figure(id))
    };
    let before = plot();
    for file in ["learning_lag.csv", "yinyang_steadnet.csv"] {
        copy.change(file, "validation_accuracy", |_| 0.5);
    }
    assert!(plot() == before, "validation accuracies are drawn");
    for file in ["learning_lag.csv", "yinyang_steadnet.csv"] {
        copy.change(file, "test_accuracy", |accuracy| accuracy - 0.01);
    }
    let after = plot();
    for (i, id) in figures.iter().enumerate() {
        assert!(after[i] != before[i], "{id} does not show test accuracies");
    }
}

#[test]
fn comparisons_take_test_accuracies_and_count_standard_errors() {
    let copy = Copy::new();
    let lines = |id: &str| {
        let compared = copy.repro(&["compare", id]);
        assert!(compared.status.success(), "{}", stderr(&compared));
        stdout(&compared)
    };
    let before = lines("learning-lag");
    for words in ["points within 2 standard errors", "published runs repeated"] {
        assert!(before.contains(words), "{before}");
    }
    assert!(!before.contains(" 0 of "), "{before}");
    copy.change("learning_lag.csv", "validation_accuracy", |_| 0.5);
    let means = |text: &str| -> Vec<String> {
        let points = text.lines().filter(|line| line.contains(" = "));
        points.map(str::to_owned).collect()
    };
    assert_eq!(means(&lines("learning-lag")), means(&before));
    copy.change("learning_lag.csv", "test_accuracy", |accuracy| {
        accuracy - 0.2
    });
    assert!(lines("learning-lag").contains(" 0 of "));
    let written = fs::read_dir(copy.0.path().join("paper")).unwrap().count();
    assert_eq!(written, 1, "comparing writes nothing");
}

#[test]
fn runs_with_other_settings_get_no_verdict_and_their_figure_says_so() {
    let copy = Copy::new();
    let changes = ["--set", "network.g_a=0.6", "--set", "training.epochs=0"];
    let made = copy.repro(&[&["run", "yinyang-steadnet"], &changes[..]].concat());
    assert!(made.status.success(), "{}", stderr(&made));
    let file = copy.data().join("yinyang_steadnet.provenance.toml");
    let provenance = fs::read_to_string(&file).unwrap();
    assert!(
        provenance.contains("\"network.g_a\" = \"0.6\""),
        "{provenance}"
    );
    assert!(
        provenance.contains("\"training.epochs\" = 45"),
        "{provenance}"
    );
    let compared = stdout(&copy.repro(&["compare", "yinyang-steadnet"]));
    assert!(
        compared.contains("no verdict") && compared.contains("network.g_a = 0.6"),
        "{compared}"
    );
    assert!(!compared.contains("standard errors"), "{compared}");
    // Nor is there a number that could be taken for one.
    let point = compared.lines().find(|line| line.contains(" = 20.00"));
    assert!(point.is_some_and(|line| line.ends_with('–')), "{compared}");
    let page = fs::read_to_string(copy.0.path().join("paper/index.html")).unwrap();
    assert!(
        page.contains("no verdict: not as in yinyang_steadnet.toml"),
        "{page}"
    );
    let figure = String::from_utf8(copy.figure("yinyang-steadnet")).unwrap();
    for words in ["0 of 45 epochs", "network.g_a = 0.6"] {
        assert!(figure.contains(words), "{words} is not on the figure");
    }
    // Without provenance nobody knows.
    fs::remove_file(&file).unwrap();
    let compared = stdout(&copy.repro(&["compare", "yinyang-steadnet"]));
    assert!(
        compared.contains("no verdict: yinyang_steadnet: no provenance"),
        "{compared}"
    );
}
