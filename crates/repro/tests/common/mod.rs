//! What the tests that drive the program share.

// Every test program uses only a part of this.
#![allow(dead_code, unreachable_pub)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The program, run at the top of the checkout.
pub fn repro() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_repro"));
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    command
}

/// Runs the program with these arguments.
pub fn run(args: &[&str]) -> Output {
    repro().args(args).output().expect("the program starts")
}

/// What the program printed to standard error.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What the program printed to standard output.
pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A sweep that takes a moment: SteadNet on few Yin-Yang samples; `rest` is added to it.
pub fn small_sweep(dir: &Path, rest: &str) -> PathBuf {
    let file = dir.join("small.toml");
    fs::write(&file, format!("{SMALL}\n{rest}\n")).expect("the file can be written");
    file
}

pub const SMALL: &str = r#"
study = "yinyang"
model = "steadnet"
seeds = [1, 2]

[network]
dims = [4, 20, 3]
activation = "sigmoid"
dt_ms = 0.1
g_l = 0.1
g_b = 1.0
g_a = 0.28
g_d = 1.0
g_som = 0.34
tau_w_ms = 30.0
tau_0_ms = 3.0
bias_rate = 0.5
eta_up = [6.1, 0.000732]
eta_ip = 0.001464
eta_pi = 0.0
init_up = 0.1
init_down = 1.0
init_pi = 1.0
init_ip = 0.1
start = "self-predicting"
t_pattern_ms = 100.0
out_lag_ms = 80.0
learning_lag_ms = 20.0

[task]
train = 200
validation = 100
test = 50

[training]
epochs = 2
"#;

/// A checkout of its own, without results: what ships is linked.
pub fn checkout(dir: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let root = root.canonicalize().expect("the checkout is there");
    for name in ["experiments", "datasets"] {
        std::os::unix::fs::symlink(root.join(name), dir.join(name)).expect("links can be made");
    }
}
