//! Every mistake gets a message that names the file, the key or the value, and what would be right.

// The tables of mistakes and messages are shown with --nocapture.
#![allow(clippy::print_stdout)]

mod common;

use std::fs;

use common::{SMALL, run, stderr};

/// Sweeps with one thing wrong: what to replace, with what, and words the message must have.
const TOML: &[(&str, &str, &[&str])] = &[
    (
        "study = \"yinyang\"",
        "study = \"yingyang\"",
        &["bad.toml", "yingyang", "yinyang"],
    ),
    (
        "study = \"yinyang\"",
        "",
        &["bad.toml", "\"study\" is missing"],
    ),
    ("study = \"yinyang\"", "study = 3", &["study", "string"]),
    ("epochs = 2", "epochs = ", &["bad.toml", "epochs"]),
    ("epochs = 2", "epochs = 2.5", &["training.epochs", "2.5"]),
    ("epochs = 2", "epochs = -2", &["training.epochs", "-2"]),
    ("epochs = 2", "epoch = 2", &["training", "epoch", "epochs"]),
    (
        "[training]",
        "[training]\nlearning_rate = 1",
        &["learning_rate"],
    ),
    ("g_l = 0.1", "g_l = \"0.1\"", &["network.g_l", "string"]),
    ("g_l = 0.1", "", &["network", "g_l"]),
    ("g_l = 0.1", "g_l = -0.1", &["network.g_l", "-0.1"]),
    ("g_l = 0.1", "g_L = 0.1", &["g_L"]),
    (
        "dims = [4, 20, 3]",
        "dims = [4, 3]",
        &["network.dims", "[4, 3]", "hidden"],
    ),
    (
        "dims = [4, 20, 3]",
        "dims = [5, 20, 3]",
        &["network.dims", "4 inputs"],
    ),
    ("dims = [4, 20, 3]", "dims = [4, 0, 3]", &["network.dims"]),
    (
        "eta_up = [6.1, 0.000732]",
        "eta_up = [6.1, 1, 2]",
        &["network.eta_up", "2 rates"],
    ),
    (
        "\"sigmoid\"",
        "\"relu\"",
        &["network.activation", "relu", "soft-relu"],
    ),
    (
        "\"self-predicting\"",
        "\"self\"",
        &["network.start", "random"],
    ),
    ("dt_ms = 0.1", "dt_ms = 0", &["network.dt_ms", "0"]),
    (
        "out_lag_ms = 80.0",
        "out_lag_ms = 100.0",
        &["network.out_lag_ms", "100"],
    ),
    (
        "learning_lag_ms = 20.0",
        "learning_lag_ms = nan",
        &["network.learning_lag_ms", "not a finite number"],
    ),
    (
        "learning_lag_ms = 20.0",
        "learning_lag_ms = 2020-01-01",
        &["network.learning_lag_ms", "2020-01-01", "date"],
    ),
    (
        "model = \"steadnet\"",
        "model = \"deadnet\"",
        &["model", "deadnet", "steadnet"],
    ),
    ("test = 50", "test = 0", &["task.test"]),
    (
        "validation = 100",
        "validation = 10",
        &["validation_patterns", "100", "10"],
    ),
    ("seeds = [1, 2]", "seeds = []", &["seeds", "at least one"]),
    (
        "seeds = [1, 2]",
        "seeds = [5000000000]",
        &["seed 5000000000"],
    ),
    ("seeds = [1, 2]", "seeds = \"all\"", &["seeds"]),
    (
        "seeds = [1, 2]",
        "rank_by = \"test_acuracy\"",
        &["rank_by", "test_acuracy", "test_accuracy"],
    ),
    (
        "seeds = [1, 2]",
        "rank_by = \"diverged\"",
        &["rank_by", "diverged", "validation_accuracy"],
    ),
    (
        "seeds = [1, 2]",
        "base = \"yinyang\"",
        &["base", "\"yinyang\"", "yin_yang"],
    ),
];

fn sweep_message(text: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bad.toml");
    std::fs::write(&file, text).unwrap();
    let out = dir.path().join("out");
    let output = run(&[
        "sweep",
        file.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(1), "{text}\n{}", stderr(&output));
    assert!(
        !out.join("data").exists(),
        "nothing may run before everything is checked"
    );
    stderr(&output)
}

fn assert_words(message: &str, words: &[&str]) {
    for word in words {
        assert!(message.contains(word), "{word:?} is not in {message:?}");
    }
    assert!(!message.contains("panicked"), "{message}");
    assert!(
        message.starts_with("repro: ") || message.starts_with("error: "),
        "{message}"
    );
}

#[test]
fn mistakes_in_an_experiment_file_are_named() {
    for (right, wrong, words) in TOML {
        assert!(SMALL.contains(right), "{right}");
        let message = sweep_message(&SMALL.replacen(right, wrong, 1));
        assert_words(&message, words);
        assert_words(&message, &["bad.toml"]);
        println!(
            "{wrong:<32} {}",
            message.lines().collect::<Vec<_>>().join(" | ")
        );
    }
}

#[test]
fn mistakes_in_axes_are_named() {
    for (block, words) in [
        ("\"network.g_x\" = [1, 2]", &["g_x"][..]),
        ("\"network.g_a\" = []", &["network.g_a", "empty"]),
        (
            "\"network.g_a\" = [0.1, inf]",
            &["network.g_a.1", "inf", "finite"],
        ),
        (
            "\"network.g_a\" = { from = 0, to = 1 }",
            &["network.g_a", "points"],
        ),
        (
            "\"network.g_a\" = { from = 1, to = 0, points = 2 }",
            &["network.g_a", "from"],
        ),
        (
            "\"network.g_a\" = { from = 0, to = 1, random = \"uniform\" }",
            &["draws"],
        ),
        ("\"network.eta_up.7\" = [1]", &["network.eta_up.7", "index"]),
        ("combine = \"zip\"", &["combine", "cross", "pair"]),
        (
            "combine = \"pair\"\n\"network.g_a\" = [1, 2]\n\"network.g_b\" = [1, 2, 3]",
            &["pair"],
        ),
    ] {
        let message = sweep_message(&format!("{SMALL}\n[[points]]\n{block}\n"));
        assert_words(&message, words);
        println!("{block:<60} {}", message.trim());
    }
}

#[test]
fn settings_without_effect_are_refused() {
    let classifier =
        "study = 'astro-classifier'\ntraining.epochs = 1\n[network]\ncells = 'astrocytes'\n";
    let traces = "study = 'attention-error'\n\
        sequence = { tokens = 4, heads = 1, head_dim = 4, scale = 1.0, mask = 'causal' }\n\
        [circuit]\nfeatures = 'elu-plus-one'\nm = 4\n";
    for (text, words) in [
        // Three rows of one result.
        (
            format!("{classifier}[[points]]\n'network.hidden' = [10, 20, 30]"),
            &[
                "network.hidden has no effect",
                "network.cells = \"astrocytes\"",
            ][..],
        ),
        (
            format!("{classifier}hidden = 30"),
            &["network.hidden has no effect"],
        ),
        (
            format!("{classifier}[encoder]\nepochs = 3"),
            &["encoder.epochs has no effect", "encoder.file"],
        ),
        (
            format!("{classifier}[encoder]\nkind = 'random-projection'\nfile = 'a'"),
            &["encoder.file has no effect", "encoder.kind"],
        ),
        (
            format!("{traces}[[points]]\n'circuit.m' = [4, 8]"),
            &["circuit.m has no effect", "elu-plus-one"],
        ),
        (
            format!("{SMALL}\n[[points]]\n'network.tau_0_ms' = [3.0, 5.0]"),
            &["network.tau_0_ms has no effect", "model = \"steadnet\""],
        ),
    ] {
        assert_words(&sweep_message(&text), words);
    }
    let changed = run(&["run", "diffusion", "--set", "network.hidden=5", "--dry-run"]);
    let words = ["--set network.hidden=5", "no effect", "astrocytes"];
    assert_words(&stderr(&changed), &words);
    // What has an effect on some of the runs has one.
    let changed = run(&["run", "astro-xor", "--set", "network.hidden=5", "--dry-run"]);
    assert!(changed.status.success(), "{}", stderr(&changed));
}

#[test]
fn mistakes_on_the_command_line_are_named() {
    let cases: &[(&[&str], i32, &[&str])] = &[
        (
            &["run", "learning-lagg"],
            1,
            &["learning-lagg", "did you mean learning-lag?"],
        ),
        (&["run", "learning_lag"], 1, &["did you mean learning-lag?"]),
        (&["run", "xyz"], 1, &["xyz", "repro list"]),
        (&["run"], 2, &["ID"]),
        (
            &["run", "learning-lag", "--profile", "fast"],
            2,
            &["fast", "quick", "paper"],
        ),
        (
            &["run", "learning-lag", "--threads", "0"],
            2,
            &["--threads", "0"],
        ),
        (
            &["run", "learning-lag", "--set", "network.foo=1"],
            1,
            &["network.foo"],
        ),
        (
            &["run", "learning-lag", "--set", "training.epochs"],
            2,
            &["key=value"],
        ),
        (
            &["run", "learning-lag", "--set", "training.epochs=many"],
            1,
            &["training.epochs", "many"],
        ),
        (
            &["run", "learning-lag", "--set", "network.g_a=nan"],
            2,
            &["network.g_a", "finite"],
        ),
        (
            &["run", "learning-lag", "--shard", "3/2"],
            2,
            &["3/2", "K/N"],
        ),
        (&["sweep", "nowhere.toml"], 1, &["nowhere.toml"]),
        (
            &["plot", "learning-lag", "--out", "/nowhere"],
            1,
            &["learning-lag", "/nowhere", "repro run"],
        ),
        (
            &["plot", "--out", "/nowhere"],
            1,
            &["/nowhere", "no results", "repro all"],
        ),
        (&["frobnicate"], 2, &["frobnicate"]),
        (
            &["encoder", "--out", "a.safetensors", "--learning-rate", "-1"],
            1,
            &["--learning-rate -1"],
        ),
        (
            &["encoder", "--out", "a.csv"],
            1,
            &["--out a.csv", ".safetensors"],
        ),
        (
            &[
                "transformer",
                "--out",
                "a.safetensors",
                "--weight-decay",
                "-1",
            ],
            1,
            &["--weight-decay -1"],
        ),
        (
            &[
                "transformer",
                "--out",
                "a.safetensors",
                "--batch",
                "1000000000000",
            ],
            1,
            &["--batch 1000000000000", "GB"],
        ),
    ];
    for (args, code, words) in cases {
        let output = run(args);
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(*code), "{args:?}: {message}");
        assert_words(&message, words);
        println!(
            "{:<60} {}",
            args.join(" "),
            message.lines().next().unwrap_or_default()
        );
    }
}

/// Runs the program where an allocation of more than a few gigabytes fails.
fn in_little_space(args: &[&str]) -> std::process::Output {
    let program = env!("CARGO_BIN_EXE_repro");
    let mut command = std::process::Command::new("sh");
    let limited = "ulimit -v 4000000; exec \"$0\" \"$@\"";
    command.args(["-c", limited, program]).args(args);
    command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    command.output().unwrap()
}

#[test]
fn what_this_machine_cannot_hold_is_refused_before_it_is_tried() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("large.toml");
    let classifier = "study = 'astro-classifier'\nnetwork.cells = 'astrocytes'\n";
    let approximation = "study = 'astro-approximation'\ntarget = 'sine'\n\
        network = { cells = 'astrocytes', width = 9223372036854775807, slides = 1, activation = 'tanh' }\n\
        training = { steps = 1, learning_rate = 0.1, points = 4, test_points = 4 }";
    let sudoku = "study = 'astro-sudoku'\nlayer.size = 1000000000\n\
        stack = { method = 'least-squares', depth = 1, sweeps = 1, starts = 1 }";
    for (text, words) in [
        (
            format!(
                "seeds = {{ first = 0, count = 9223372036854775807 }}{}",
                SMALL.replace("seeds = [1, 2]", "")
            ),
            &["seeds", "9223372036854775807"][..],
        ),
        (
            format!(
                "seeds = {{ first = 18446744073709551615, count = 9 }}{}",
                SMALL.replace("seeds = [1, 2]", "")
            ),
            &["seeds"],
        ),
        (
            format!(
                "{SMALL}[[points]]\n'network.g_a' = {{ from = 0, to = 1, points = 1000000000000 }}"
            ),
            &["network.g_a", "points = 1000000000000"],
        ),
        (
            format!(
                "{SMALL}[[points]]\ndraws = 1000000000000\n'network.g_a' = {{ from = 0, to = 1, random = 'uniform' }}"
            ),
            &["draws", "1e12 runs"],
        ),
        (
            format!("{classifier}training = {{ epochs = 1, batch = 1000000000 }}"),
            &["training.batch = 1000000000", "GB"],
        ),
        (
            format!("{classifier}training = {{ epochs = 1000000000000 }}"),
            &["training.epochs = 1000000000000", "GB"],
        ),
        (
            approximation.to_owned(),
            &["network.width = 9223372036854775807"],
        ),
        (
            "study = 'astro-structure'\ninputs = 9007199254740993".to_owned(),
            &["inputs = 9007199254740993"],
        ),
        (sudoku.to_owned(), &["layer.size = 1000000000"]),
        (
            SMALL.replace("train = 200", "train = 9000000000000000000"),
            &["task.train = 9000000000000000000"],
        ),
        (
            SMALL.replace("epochs = 2", "epochs = 9000000000000000000"),
            &["training.epochs = 9000000000000000000"],
        ),
    ] {
        fs::write(&file, &text).unwrap();
        let output = in_little_space(&["sweep", file.to_str().unwrap(), "--dry-run"]);
        assert_eq!(output.status.code(), Some(1), "{text}\n{}", stderr(&output));
        assert_words(&stderr(&output), words);
    }
}

#[test]
fn what_is_typed_neither_steers_nor_floods_the_terminal() {
    let long = format!("network.g_a=[{}]", "1, ".repeat(30_000));
    for args in [
        &["run", "\u{1b}[2Jx"][..],
        &["frobnicate\u{1b}[2J"],
        &["run", "learning-lag", "--set", "a.\u{1b}[2J=1"],
        &["run", "learning-lag", "--set", &long],
        &[
            "run",
            "learning-lag",
            "--set",
            &format!("x{}=1", ".x".repeat(40_000)),
        ],
        &["run", "learning-lag", "--threads", "65535"],
    ] {
        let output = run(args);
        assert!(!output.status.success());
        let message = stderr(&output);
        assert!(
            !message.contains('\u{1b}') && message.len() < 4000,
            "{message}"
        );
        assert!(message.len() > 20, "{message}");
    }
}

#[test]
fn a_damaged_table_is_named_when_it_is_drawn() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("quick/data");
    std::fs::create_dir_all(&data).unwrap();
    let place = dir.path().to_str().unwrap();
    for (text, words) in [
        (
            "key,seed\nab,1\n",
            &["yinyang_steadnet.csv", "network.reset_deltas"][..],
        ),
        ("key,seed\nab\n", &["yinyang_steadnet", "record"]),
        (
            "key,network.reset_deltas,test_accuracy,seed\nab,false,lots,1\n",
            &["line 2", "test_accuracy", "lots"],
        ),
    ] {
        std::fs::write(data.join("yinyang_steadnet.csv"), text).unwrap();
        let curves = "key,epoch,validation_mse,validation_accuracy\nab,1,0.1,0.9\n";
        std::fs::write(data.join("yinyang_steadnet.curves.csv"), curves).unwrap();
        let output = run(&["plot", "yinyang-steadnet", "--out", place]);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert_words(&stderr(&output), words);
    }
}
