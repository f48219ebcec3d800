//! A fixture as files for the program, and the program's results on them.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use microcircuit::{NetworkParams, Weights};
use serde_json::Value;
use tempfile::TempDir;

use crate::common::{run, stderr};
use crate::support::{self, rows};

/// Potentials by time, layer and compartment.
pub(crate) type Potentials = HashMap<(String, usize, String), Vec<f64>>;

/// A reference trace by name.
pub(crate) fn fixture(name: &str) -> Value {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../microcircuit/tests/fixtures");
    let path = dir.join(format!("{name}.json.gz"));
    let file = fs::File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A folder with NET.toml, W.npz and P.csv, and where the results go.
pub(crate) struct Case {
    pub(crate) dir: TempDir,
    pub(crate) params: NetworkParams,
    network: &'static str,
    precision: &'static str,
    noise: bool,
}

impl Case {
    /// `learning` switches plasticity off where it is false.
    pub(crate) fn new(
        fixture: &Value,
        params: NetworkParams,
        network: &'static str,
        learning: bool,
    ) -> Self {
        let single = fixture["precision"] == "float32";
        let case = Self {
            dir: tempfile::tempdir().unwrap(),
            params,
            network,
            precision: if single { "f32" } else { "f64" },
            noise: !fixture["noise_samples"].is_null(),
        };
        let net = toml::Table::from_iter([(
            "network".to_owned(),
            toml::Value::try_from(&case.params).unwrap(),
        )]);
        fs::write(case.path("NET.toml"), net.to_string()).unwrap();
        let weights: Weights<f64> = support::weights(&fixture["weights_initial"]);
        weights.save_npz(case.path("W.npz")).unwrap();
        let flag = |key: &str, i: usize| {
            fixture["run"][key]
                .get(i)
                .map_or(1, |v| v.as_u64().unwrap())
        };
        let patterns = rows(&fixture["in_seq"])
            .into_iter()
            .zip(rows(&fixture["trgt_seq"]));
        let patterns = patterns.enumerate().map(|(i, (input, target))| {
            let learn = u64::from(learning) * flag("learning_per_pattern", i);
            (input, target, flag("nudging_per_pattern", i), learn)
        });
        fs::write(case.path("P.csv"), patterns_csv(patterns)).unwrap();
        if case.noise {
            fs::write(case.path("Z.csv"), noise_csv(&fixture["noise_samples"])).unwrap();
        }
        case
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs the program, which must succeed: potentials by (time, layer, compartment), and the
    /// final weights.
    pub(crate) fn simulate(&self, every_ms: &str) -> (Potentials, Weights<f64>) {
        let path = |name: &str| self.path(name).display().to_string();
        let mut args = vec!["simulate".to_owned(), path("NET.toml")];
        for (flag, value) in [
            ("--network", self.network.to_owned()),
            ("--weights", path("W.npz")),
            ("--patterns", path("P.csv")),
            ("--out", path("TRACES.csv")),
            ("--every-ms", every_ms.to_owned()),
            ("--weights-out", path("W2.npz")),
            ("--precision", self.precision.to_owned()),
        ] {
            args.extend([flag.to_owned(), value]);
        }
        if self.noise {
            args.extend(["--noise".to_owned(), path("Z.csv")]);
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let output = run(&args);
        assert!(output.status.success(), "{}", stderr(&output));
        let mut traces = Potentials::new();
        let mut reader = csv::Reader::from_path(self.path("TRACES.csv")).unwrap();
        for record in reader.deserialize() {
            let (time, layer, compartment, index, value): (String, usize, String, usize, f64) =
                record.unwrap();
            let trace = traces.entry((time, layer, compartment)).or_default();
            assert_eq!(trace.len(), index);
            trace.push(value);
        }
        let params = self.params.check().unwrap();
        (
            traces,
            Weights::load_npz(self.path("W2.npz"), &params).unwrap(),
        )
    }
}

fn patterns_csv(rows: impl Iterator<Item = (Vec<f64>, Vec<f64>, u64, u64)>) -> String {
    let mut text = String::new();
    for (i, (input, target, nudge, learn)) in rows.enumerate() {
        if i == 0 {
            (0..input.len()).for_each(|i| write!(text, "r{i},").unwrap());
            (0..target.len()).for_each(|i| write!(text, "u{i},").unwrap());
            text.push_str("nudge,learn\n");
        }
        input
            .iter()
            .chain(&target)
            .for_each(|x| write!(text, "{x},").unwrap());
        writeln!(text, "{nudge},{learn}").unwrap();
    }
    text
}

fn noise_csv(samples: &Value) -> String {
    let parts = ["layer0_soma", "layer0_inn_soma", "output_soma"].map(|name| rows(&samples[name]));
    let line = |step: usize| {
        let numbers = parts
            .iter()
            .flat_map(|part| &part[step])
            .map(ToString::to_string);
        numbers.collect::<Vec<_>>().join(",")
    };
    let width = parts.iter().map(|part| part[0].len()).sum::<usize>();
    let header = (0..width)
        .map(|i| format!("z{i}"))
        .collect::<Vec<_>>()
        .join(",");
    let lines = (0..parts[0].len()).map(line);
    [header]
        .into_iter()
        .chain(lines)
        .collect::<Vec<_>>()
        .join("\n")
        + "\n"
}
