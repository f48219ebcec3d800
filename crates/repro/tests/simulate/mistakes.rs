//! Every mistake in what the user gives is named by file and place, before anything is written.

use std::fs;
use std::process::Output;

use microcircuit::{NetworkParams, Weights};

use crate::case::{Case, fixture};
use crate::common::{run, stderr};
use crate::support;

/// A case that takes a moment, and how the program is called on it.
struct Attempt {
    case: Case,
    more: Vec<String>,
}

impl Attempt {
    fn new() -> Self {
        let fixture = fixture("pyralnet_a_sigmoid_bias_sps_f64");
        let case = Case::new(&fixture, support::params(&fixture), "pyralnet", true);
        Self {
            case,
            more: Vec::new(),
        }
    }

    /// Writes a file.
    fn with(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        fs::write(self.case.path(name), text).unwrap();
        self
    }

    /// Replaces the first `from` in a file.
    fn edit(self, name: &str, from: &str, to: &str) -> Self {
        let text = fs::read_to_string(self.case.path(name)).unwrap();
        assert!(text.contains(from), "{from:?} is not in {text}");
        self.with(name, text.replacen(from, to, 1))
    }

    /// Puts weights of a network of other dimensions into W.npz.
    fn weights_of(self, dims: &[usize]) -> Self {
        let params = NetworkParams {
            dims: dims.to_vec(),
            eta_up: 0.1.into(),
            ..self.case.params.clone()
        };
        let weights = Weights::<f64>::zeros(&params.check().unwrap());
        weights.save_npz(self.case.path("W.npz")).unwrap();
        self
    }

    /// Adds to the command line.
    fn flag(mut self, flag: &str, value: &str) -> Self {
        self.more.extend([flag.to_owned(), value.to_owned()]);
        self
    }

    fn run(&self) -> Output {
        let path = |name: &str| self.case.path(name).display().to_string();
        let mut args = vec!["simulate".to_owned(), path("NET.toml")];
        let flags = ["--network", "--weights", "--patterns", "--out"];
        let values = [
            "pyralnet".to_owned(),
            path("W.npz"),
            path("P.csv"),
            path("TRACES.csv"),
        ];
        for (flag, value) in flags.into_iter().zip(values) {
            if !self.more.iter().any(|given| given == flag) {
                args.extend([flag.to_owned(), value]);
            }
        }
        args.extend(self.more.clone());
        run(&args.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

#[test]
fn mistakes_are_named() {
    let new = Attempt::new;
    let short_noise = {
        let names: Vec<String> = (0..12).map(|i| format!("z{i}")).collect();
        format!("{}\n{}\n", names.join(","), ["0"; 12].join(","))
    };
    let attempts: &[(&str, Attempt, &[&str])] = &[
        (
            "a column is missing",
            new().edit("P.csv", "u2,", "v2,"),
            &["P.csv", "line 1", "\"u2\" is missing", "r0 to r3"],
        ),
        (
            "a column too many",
            new().with(
                "P.csv",
                "r0,r1,r2,r3,u0,u1,u2,u3,nudge,learn\n0,0,0,0,0,0,0,0,1,1\n",
            ),
            &["P.csv", "line 1", "\"u3\" is one too many"],
        ),
        (
            "a column twice",
            new().edit("P.csv", "r3", "r2"),
            &["P.csv", "line 1", "\"r2\" is there twice"],
        ),
        (
            "text for a number",
            new().edit("P.csv", "\n0.", "\nzero."),
            &["P.csv", "line 2", "\"r0\"", "zero."],
        ),
        (
            "a rate that is no number",
            new().with(
                "P.csv",
                "r0,r1,r2,r3,u0,u1,u2,nudge,learn\n0,0,nan,0,0,0,0,1,1\n",
            ),
            &["P.csv", "line 2", "\"r2\"", "nan", "finite"],
        ),
        (
            "nudge is 2",
            new().edit("P.csv", ",1,1\n", ",2,1\n"),
            &["P.csv", "line 2", "\"nudge\" is 2", "0 (no) or 1 (yes)"],
        ),
        (
            "a ragged row",
            new().edit("P.csv", ",1,1\n", ",1\n"),
            &["P.csv", "line 2", "8 fields under 9 columns"],
        ),
        (
            "no row",
            new().with("P.csv", "r0,r1,r2,r3,u0,u1,u2,nudge,learn\n"),
            &["P.csv", "no row"],
        ),
        (
            "an empty file",
            new().with("P.csv", ""),
            &["P.csv", "\"r0\" is missing"],
        ),
        (
            "a file that is not there",
            new().flag("--patterns", "nowhere.csv"),
            &["nowhere.csv", "No such file"],
        ),
        (
            "an array is missing",
            new()
                .edit("NET.toml", "dims = [4, 6, 3]", "dims = [4, 6, 3, 3]")
                .edit("NET.toml", "eta_up = [6.1, 0.000732]", "eta_up = 0.1"),
            &["W.npz", "`down_2`", "up_1, down_1"],
        ),
        (
            "an array has the wrong shape",
            new().weights_of(&[4, 7, 3]),
            &["W.npz", "`up_1`", "[7, 5]", "[6, 5]"],
        ),
        (
            "weights are no archive",
            new().with("W.npz", "weights"),
            &["W.npz", "NPZ"],
        ),
        (
            "an unknown key",
            new().edit("NET.toml", "g_l = ", "g_leak = "),
            &["NET.toml", "line", "g_leak", "`g_l`"],
        ),
        (
            "a table that does not belong",
            new().edit("NET.toml", "[network]", "study = \"yinyang\"\n[network]"),
            &["NET.toml", "line 1", "study", "network"],
        ),
        (
            "an impossible value",
            new().edit("NET.toml", "g_l = 0.1", "g_l = -0.1"),
            &["NET.toml", "network.g_l", "-0.1"],
        ),
        (
            "noise in a steady state",
            new()
                .edit("NET.toml", "noise = 0.0", "noise = 0.1")
                .flag("--network", "steadnet"),
            &["NET.toml", "network.noise = 0.1", "set it to 0"],
        ),
        (
            "an unknown compartment",
            new().flag("--record", "soma,axon"),
            &["--record", "axon", "inn_dendrite"],
        ),
        (
            "records more often than steps",
            new().flag("--every-ms", "0.05"),
            &["--every-ms 0.05", "0.1 ms", "multiple"],
        ),
        (
            "records between steps",
            new().flag("--every-ms", "0.25"),
            &["--every-ms 0.25", "0.1 ms", "multiple"],
        ),
        (
            "records never",
            new().flag("--every-ms", "inf"),
            &["--every-ms inf"],
        ),
        (
            "traces cannot be written",
            new().flag("--out", "/proc/none/t.csv"),
            &["--out", "/proc/none/t.csv"],
        ),
        (
            "traces would be a folder",
            new().flag("--out", "/tmp"),
            &["--out", "/tmp", "directory"],
        ),
        (
            "weights cannot be written",
            new().flag("--weights-out", "/proc/none/w.npz"),
            &["--weights-out", "/proc/none/w.npz"],
        ),
        (
            "the network diverges",
            new().edit("NET.toml", "eta_up = [6.1", "eta_up = [6.1e12"),
            &["P.csv: line 2", "diverged", "TRACES.csv"],
        ),
    ];
    for (mistake, attempt, words) in attempts {
        check_message(mistake, attempt, words);
    }
    let attempt = new().with("Z.csv", short_noise);
    let noise = attempt.case.path("Z.csv").display().to_string();
    let attempt = attempt.flag("--noise", &noise);
    let words = ["--noise has no effect", "network.noise = 0", "NET.toml"];
    check_message("noise that is not asked for", &attempt, &words);
    let attempt = attempt.edit("NET.toml", "noise = 0.0", "noise = 0.1");
    check_message("noise is too short", &attempt, &["Z.csv", "1 rows", "200"]);
}

fn check_message(mistake: &str, attempt: &Attempt, words: &[&str]) {
    let output = attempt.run();
    let message = stderr(&output);
    println!(
        "{mistake:<32} {}",
        message.lines().collect::<Vec<_>>().join(" | ")
    );
    let usage = message.starts_with("error: ");
    assert_eq!(
        output.status.code(),
        Some(if usage { 2 } else { 1 }),
        "{mistake}: {message}"
    );
    assert!(
        usage || message.starts_with("repro: "),
        "{mistake}: {message}"
    );
    for word in words {
        assert!(
            message.contains(word),
            "{mistake}: {word:?} is not in {message:?}"
        );
    }
    let left = fs::read_dir(attempt.case.dir.path()).unwrap();
    for file in left.map(|entry| entry.unwrap().file_name()) {
        let name = file.to_string_lossy();
        assert!(
            !name.ends_with(".partial"),
            "{mistake}: {name} is left behind"
        );
        assert!(
            name != "TRACES.csv" || mistake.contains("diverges"),
            "{mistake}: {name} is there"
        );
    }
}
