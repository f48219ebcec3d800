//! `repro attention`: a model's own attention, and every fault of its files named.

// The tables of mistakes and messages are shown with --nocapture.
#![allow(clippy::print_stdout)]

mod common;

use common::{run, stderr, stdout};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A tensor of f32: name, shape, numbers.
type Tensor<'a> = (&'a str, Vec<usize>, Vec<f32>);

/// Writes a safetensors file by the definition of the format.
fn write(path: &Path, tensors: &[Tensor<'_>]) {
    let mut at = 0;
    let mut entries = Vec::new();
    let mut data = Vec::new();
    for (name, shape, numbers) in tensors {
        let end = at + 4 * numbers.len();
        entries.push(format!(
            "\"{name}\":{{\"dtype\":\"F32\",\"shape\":{shape:?},\"data_offsets\":[{at},{end}]}}"
        ));
        at = end;
        data.extend(numbers.iter().flat_map(|x| x.to_le_bytes()));
    }
    let header = format!("{{{}}}", entries.join(","));
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    fs::write(path, bytes).expect("the file can be written");
}

/// Numbers of deviation about 1, the same each time.
fn numbers(count: usize, phase: f32) -> Vec<f32> {
    (0..count)
        .map(|i| 1.4 * (phase + 1.7 * i as f32 + 0.01 * (i * i) as f32).sin())
        .collect()
}

const INPUTS: usize = 12;
const OUTPUTS: usize = 8;

fn layer() -> Vec<Tensor<'static>> {
    let weight = |phase| {
        numbers(OUTPUTS * INPUTS, phase)
            .iter()
            .map(|x| 0.1 * x)
            .collect()
    };
    vec![
        ("layer.q.weight", vec![OUTPUTS, INPUTS], weight(0.0)),
        ("layer.k.weight", vec![OUTPUTS, INPUTS], weight(1.0)),
        ("layer.v.weight", vec![OUTPUTS, INPUTS], weight(2.0)),
        (
            "layer.q.bias",
            vec![OUTPUTS],
            numbers(OUTPUTS, 3.0).iter().map(|x| 0.3 * x).collect(),
        ),
    ]
}

fn tokens() -> Vec<Tensor<'static>> {
    vec![("embeddings", vec![20, INPUTS], numbers(20 * INPUTS, 4.0))]
}

struct Files(TempDir);

impl Files {
    fn new(layer: &[Tensor<'_>], tokens: &[Tensor<'_>]) -> Self {
        let dir = TempDir::new().expect("a temporary folder");
        write(&dir.path().join("layer.safetensors"), layer);
        write(&dir.path().join("tokens.safetensors"), tokens);
        Self(dir)
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn run(&self, more: &[&str]) -> std::process::Output {
        let (weights, tokens, out) = (
            self.path("layer.safetensors"),
            self.path("tokens.safetensors"),
            self.path("error.csv"),
        );
        let mut args = vec![
            "attention",
            "--weights",
            &weights,
            "--query",
            "layer.q.weight",
            "--key",
            "layer.k.weight",
            "--value",
            "layer.v.weight",
            "--tokens",
            &tokens,
            "--out",
            &out,
        ];
        if !more.contains(&"--heads") {
            args.extend(["--heads", "2"]);
        }
        args.extend(more);
        run(&args)
    }

    /// Runs, which must fail, and checks that the message has all these words.
    fn fails(&self, more: &[&str], words: &[&str]) {
        let output = self.run(more);
        let message = stderr(&output);
        assert!(!output.status.success(), "{more:?} succeeded");
        for word in words {
            assert!(message.contains(word), "{word:?} is missing in: {message}");
        }
        assert!(!message.contains("panicked"), "{message}");
        assert!(
            !Path::new(&self.path("error.csv")).exists(),
            "{more:?} left a result"
        );
    }
}

/// The layer with one tensor exchanged.
fn with(name: &str, shape: Vec<usize>, numbers: Vec<f32>) -> Vec<Tensor<'static>> {
    let mut layer = layer();
    let place = layer
        .iter_mut()
        .find(|tensor| tensor.0 == name)
        .expect("a tensor of that name");
    (place.1, place.2) = (shape, numbers);
    layer
}

#[test]
fn errors_fall_with_m_and_are_written() {
    let files = Files::new(&layer(), &tokens());
    let output = files.run(&[
        "--query-bias",
        "layer.q.bias",
        "--m",
        "64,4096",
        "--seeds",
        "5",
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stdout(&output).contains("20 tokens, 2 heads of dimension 4"),
        "{}",
        stdout(&output)
    );
    let csv = fs::read_to_string(files.path("error.csv")).expect("the CSV");
    let mut rows = csv.lines();
    assert_eq!(
        rows.next(),
        Some("attention,features,balanced,m,seed,head,relative_error,mean_cosine,min_cosine")
    );
    let all = |attention: &str, m: &str| column(&csv, &[(0, attention), (3, m), (5, "all")]);
    let mean = |m: &str| {
        let errors = all("circuit", m);
        assert_eq!(errors.len(), 5);
        errors.iter().sum::<f64>() / 5.0
    };
    // Eight times smaller by theory.
    assert!(mean("4096") < 0.4 * mean("64"), "{csv}");
    // No attention at all is what the circuit has to beat.
    let [uniform] = all("uniform", "")[..] else {
        panic!("{csv}");
    };
    assert!(mean("4096") < uniform, "{csv}");
    // Two heads: the whole is between them.
    let heads = column(&csv, &[(0, "uniform")])[1..].to_vec();
    assert!(
        heads.len() == 2 && heads[0].min(heads[1]) <= uniform,
        "{csv}"
    );
    assert!(uniform <= heads[0].max(heads[1]), "{csv}");
    assert_eq!(rows.count(), (1 + 10) * 3);
}

/// Relative errors of the rows with these fields.
fn column(csv: &str, of: &[(usize, &str)]) -> Vec<f64> {
    csv.lines()
        .map(|line| line.split(',').collect::<Vec<_>>())
        .filter(|fields| of.iter().all(|&(place, field)| fields[place] == field))
        .map(|fields| fields[6].parse().expect("a number"))
        .collect()
}

#[test]
fn balanced_queries_and_keys_are_estimated_better() {
    let files = Files::new(&layer(), &tokens());
    let median = |more: &[&str]| {
        let bias = ["--query-bias", "layer.q.bias", "--m", "256", "--seeds", "9"];
        let output = files.run(&[&bias[..], more].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        let csv = fs::read_to_string(files.path("error.csv")).expect("the CSV");
        let mut errors = column(&csv, &[(0, "circuit"), (5, "all")]);
        errors.sort_by(f64::total_cmp);
        errors[4]
    };
    let (as_they_are, balanced) = (median(&[]), median(&["--balance"]));
    assert!(balanced < as_they_are, "{balanced} {as_they_are}");
}

#[test]
fn every_feature_map_and_causal_attention_run() {
    let files = Files::new(&layer(), &tokens());
    for features in ["trigonometric", "positive", "elu-plus-one"] {
        let args = ["--features", features, "--seeds", "2", "--causal"];
        let m: &[&str] = match features {
            "elu-plus-one" => &[],
            _ => &["--m", "16"],
        };
        let output = files.run(&[&args[..], m].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        let csv = fs::read_to_string(files.path("error.csv")).expect("the CSV");
        assert!(csv.contains(features), "{csv}");
    }
}

#[test]
fn bad_shapes_name_the_tensor_and_what_was_expected() {
    let key = with(
        "layer.k.weight",
        vec![INPUTS, OUTPUTS],
        numbers(OUTPUTS * INPUTS, 0.0),
    );
    Files::new(&key, &tokens()).fails(&[], &["layer.k.weight", "[12, 8]", "[8, 12]"]);
    let bias = with("layer.q.bias", vec![3], numbers(3, 0.0));
    Files::new(&bias, &tokens()).fails(
        &["--query-bias", "layer.q.bias"],
        &["layer.q.bias", "[3]", "[8]", "layer.q.weight"],
    );
    let narrow = [("embeddings", vec![20, 5], numbers(100, 0.0))];
    Files::new(&layer(), &narrow).fails(&[], &["embeddings", "[20, 5]", "[tokens, 12]"]);
    Files::new(&layer(), &tokens())
        .fails(&["--heads", "3"], &["layer.q.weight", "[8, 12]", "3 heads"]);
}

#[test]
fn missing_tensors_are_named_beside_those_that_exist() {
    let files = Files::new(&layer()[..2], &tokens());
    files.fails(
        &[],
        &[
            "no tensor `layer.v.weight`",
            "`layer.k.weight`",
            "layer.safetensors",
        ],
    );
    let mut two = tokens();
    two.push(("more", vec![1, INPUTS], numbers(INPUTS, 0.0)));
    let files = Files::new(&layer(), &two);
    files.fails(&[], &["which tensor", "`embeddings`", "`more`"]);
    let output = files.run(&["--tokens-name", "embeddings", "--m", "8", "--seeds", "1"]);
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn numbers_that_are_not_are_found() {
    let mut bad = numbers(20 * INPUTS, 4.0);
    bad[2 * INPUTS + 7] = f32::NAN;
    let files = Files::new(&layer(), &[("embeddings", vec![20, INPUTS], bad)]);
    files.fails(&[], &["embeddings", "[20, 12]", "NaN at [2, 7]"]);
    let mut bad = numbers(OUTPUTS * INPUTS, 0.0);
    bad[INPUTS] = f32::INFINITY;
    let files = Files::new(
        &with("layer.v.weight", vec![OUTPUTS, INPUTS], bad),
        &tokens(),
    );
    files.fails(&[], &["layer.v.weight", "inf at [1, 0]"]);
}

#[test]
fn wrong_requests_say_what_would_be_right() {
    let files = Files::new(&layer(), &tokens());
    files.fails(
        &["--features", "relu"],
        &["relu", "positive-orthogonal", "trigonometric"],
    );
    files.fails(
        &["--features", "trigonometric", "--m", "7"],
        &["--m 7", "even"],
    );
    let elu = ["--features", "elu-plus-one", "--m", "8"];
    files.fails(&elu, &["--m has no effect", "elu-plus-one"]);
    files.fails(&["--m", "0"], &["--m 0", "at least one"]);
    files.fails(&["--seeds", "0"], &["--seeds 0"]);
    let absent = files.path("absent.npz");
    files.fails(&["--tokens-name", "x"], &["no tensor `x`"]);
    let output = run(&[
        "attention",
        "--weights",
        &files.path("layer.safetensors"),
        "--query",
        "layer.q.weight",
        "--key",
        "layer.k.weight",
        "--value",
        "layer.v.weight",
        "--tokens",
        &absent,
        "--heads",
        "2",
        "--out",
        &files.path("error.csv"),
    ]);
    assert!(stderr(&output).contains("cannot read") && stderr(&output).contains("absent.npz"));
}
