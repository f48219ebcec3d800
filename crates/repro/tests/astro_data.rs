//! Images of the user's own, in the files of MNIST, run the experiments of digits unchanged.

mod common;

use std::fs;
use std::path::Path;

use common::{repro, run, stderr, stdout};

const STUDY: &str = r#"
study = "astro-classifier"
seeds = [1]
[network]
cells = "astrocytes"
[encoder]
kind = "random-projection"
[disturbance]
kind = "diffusion"
[training]
epochs = 2
"#;

/// Writes `n` images of 28 × 28, each of one class: a bright row whose height is the class.
fn write(dir: &Path, name: &str, n: usize) {
    let be = |n: usize| u32::try_from(n).unwrap().to_be_bytes();
    let mut images = [be(0x803), be(n), be(28), be(28)].concat();
    let mut labels = [be(0x801), be(n)].concat();
    for i in 0..n {
        let class = i % 10;
        let row = |y: usize| [if y / 2 == class { 255u8 } else { 0 }; 28];
        images.extend((0..28).flat_map(row));
        labels.push(class as u8);
    }
    fs::write(dir.join(format!("{name}-images-idx3-ubyte")), images).unwrap();
    fs::write(dir.join(format!("{name}-labels-idx1-ubyte")), labels).unwrap();
}

#[test]
fn other_images_come_from_another_folder() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("rows");
    fs::create_dir(&data).unwrap();
    write(&data, "train", 2560);
    write(&data, "t10k", 130);
    let file = dir.path().join("study.toml");
    fs::write(&file, STUDY).unwrap();
    let sweep = |set: &str| {
        let out = dir.path().join("out");
        let (file, out) = (file.to_str().unwrap(), out.to_str().unwrap());
        run(&["sweep", file, "--out", out, "--set", set])
    };
    let output = sweep(&format!("data.dir={}", data.display()));
    assert!(output.status.success(), "{}", stderr(&output));
    let csv = fs::read_to_string(dir.path().join("out/data/study.csv")).unwrap();
    assert!(csv.contains(data.to_str().unwrap()), "{csv}");

    fs::remove_file(data.join("t10k-labels-idx1-ubyte")).unwrap();
    fs::remove_dir_all(dir.path().join("out")).unwrap();
    let output = sweep(&format!("data.dir={}", data.display()));
    assert!(!output.status.success());
    assert!(
        stderr(&output).contains("t10k-labels-idx1-ubyte"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn other_images_beside_published_values_are_named_and_get_no_verdict() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("rows");
    fs::create_dir(&data).unwrap();
    write(&data, "train", 2560);
    write(&data, "t10k", 130);
    let other = format!("data.dir={}", data.display());
    let out = dir.path().to_str().unwrap();
    let short = ["--set", "training.epochs=1", "--set", "encoder.epochs=1"];
    let made = run(&[
        &["run", "diffusion", "--out", out, "--set", &other],
        &short[..],
    ]
    .concat());
    assert!(made.status.success(), "{}", stderr(&made));
    let read = |file: &str| fs::read_to_string(dir.path().join("quick").join(file)).unwrap();
    for file in ["data/diffusion.provenance.toml", "index.html"] {
        assert!(read(file).contains(data.to_str().unwrap()), "{file}");
    }
    // The foot is broken into lines.
    assert!(read("diffusion.svg").contains("not as in"));
    let compared = stdout(&run(&["compare", "diffusion", "--out", out]));
    let verdict = format!(
        "no verdict: not as in diffusion.toml: data.dir = {}",
        data.display()
    );
    assert!(compared.contains(&verdict), "{compared}");
    assert!(!compared.contains("within 2"), "{compared}");
    let errors = read("compare.csv")
        .lines()
        .skip(1)
        .all(|line| line.ends_with(",,quick"));
    assert!(errors, "{}", read("compare.csv"));
}

#[test]
fn a_run_that_fails_ends_the_others_unless_they_are_to_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("study.toml");
    let oblong = dir.path().join("oblong");
    fs::create_dir(&oblong).unwrap();
    // As many pixels as the encoder reads, in no square.
    for (name, n) in [("train", 256), ("t10k", 20)] {
        write(&oblong, name, n);
        let images = oblong.join(format!("{name}-images-idx3-ubyte"));
        let mut bytes = fs::read(&images).unwrap();
        bytes[4..8].copy_from_slice(&(n as u32 * 2).to_be_bytes());
        bytes[8..12].copy_from_slice(&14_u32.to_be_bytes());
        fs::write(&images, bytes).unwrap();
        let labels = oblong.join(format!("{name}-labels-idx1-ubyte"));
        let mut bytes = fs::read(&labels).unwrap();
        bytes[4..8].copy_from_slice(&(n as u32 * 2).to_be_bytes());
        bytes.extend(vec![1; n]);
        fs::write(&labels, bytes).unwrap();
    }
    let text = format!(
        "study = 'astro-reconstruction'\nexamples = 1\nseeds = [1, 2]\nencoder.epochs = 1\n\
         [[points]]\n'data.dir' = ['{}', 'mnist']\n",
        oblong.display()
    );
    fs::write(&file, text).unwrap();
    let sweep = |more: &[&str]| {
        let out = dir.path().to_str().unwrap();
        let args = [
            "sweep",
            file.to_str().unwrap(),
            "--threads",
            "1",
            "--out",
            out,
        ];
        let output = run(&[&args[..], more].concat());
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        let rows = fs::read_to_string(dir.path().join("data/study.csv"));
        (
            stderr(&output),
            rows.map_or(0, |csv| csv.lines().count() - 1),
        )
    };
    let (said, rows) = sweep(&[]);
    assert!(said.contains("not square") && rows == 0, "{rows}: {said}");
    let (said, rows) = sweep(&["--keep-going"]);
    assert!(
        said.contains("2 of 4 runs failed") && rows == 2,
        "{rows}: {said}"
    );
}

#[test]
fn an_autoencoder_of_ones_own_images_is_trained_once_and_can_be_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("rows");
    fs::create_dir(&data).unwrap();
    write(&data, "train", 2560);
    write(&data, "t10k", 130);
    let file = dir.path().join("study.toml");
    let text = format!(
        "study = 'astro-classifier'\ndata.dir = '{}'\nnetwork.cells = 'astrocytes'\ntraining.epochs = 1",
        data.display()
    );
    fs::write(&file, text).unwrap();
    let sweep = |more: &[&str]| {
        let out = dir.path().to_str().unwrap();
        let mut command = repro();
        command
            .args(["sweep", file.to_str().unwrap(), "--out", out])
            .args(more);
        command
    };
    // Stopped while it is trained.
    let mut endless = sweep(&["--set", "encoder.epochs=1000000"]).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_secs(1));
    let pid = endless.id().to_string();
    let kill = std::process::Command::new("kill")
        .args(["-INT", &pid])
        .status();
    assert!(kill.unwrap().success());
    let asked = std::time::Instant::now();
    assert_eq!(endless.wait().unwrap().code(), Some(130));
    assert!(asked.elapsed().as_secs() < 10, "{:?}", asked.elapsed());
    // Trained once.
    let done = |more: &[&str]| {
        let output = sweep(&[&["--set", "encoder.epochs=2"], more].concat())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        let made = fs::read_dir(dir.path().join("runs/made")).unwrap();
        let files: Vec<_> = made.map(|file| file.unwrap()).collect();
        assert_eq!(files.len(), 1, "{files:?}");
        (
            files[0].path(),
            files[0].metadata().unwrap().modified().unwrap(),
        )
    };
    // Which is said before, and counted.
    let announced = |epochs: &str| {
        let output = sweep(&["--dry-run", "--set", epochs]).output().unwrap();
        let said = stderr(&output);
        said.contains("first: train an autoencoder on")
    };
    assert!(announced("encoder.epochs=2"));
    let first = done(&[]);
    assert!(!announced("encoder.epochs=2") && announced("encoder.epochs=3"));
    assert_eq!(done(&["--set", "network.wiring=lattice"]), first);
    // A named one is what is read.
    let own = dir.path().join("own.safetensors");
    fs::copy(&first.0, &own).unwrap();
    let named = format!("encoder.file={}", own.display());
    let output = sweep(&["--set", &named]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let csv = || fs::read_to_string(dir.path().join("data/study.csv")).unwrap();
    assert!(csv().contains("own.safetensors"), "{}", csv());
    // Another one under the same name is another run, and both are told apart in the rows.
    let other = done_anew(dir.path());
    fs::copy(&other, &own).unwrap();
    let output = sweep(&["--set", &named]).output().unwrap();
    assert!(
        stderr(&output).contains("1 computed"),
        "{}",
        stderr(&output)
    );
    assert!(csv().contains("encoder.sha256"), "{}", csv());
    let output = sweep(&["--set", &named]).output().unwrap();
    assert!(
        stderr(&output).contains("0 computed"),
        "{}",
        stderr(&output)
    );
    let pinned = ["--set", &named, "--set", "encoder.sha256=00"];
    let said = stderr(&sweep(&pinned).output().unwrap());
    assert!(
        said.contains("encoder.sha256") && said.contains("own.safetensors"),
        "{said}"
    );
    // So it is with images.
    let labels = data.join("t10k-labels-idx1-ubyte");
    let mut bytes = fs::read(&labels).unwrap();
    bytes.swap(8, 9);
    fs::write(&labels, bytes).unwrap();
    let output = sweep(&["--set", &named]).output().unwrap();
    assert!(
        stderr(&output).contains("1 computed"),
        "{}",
        stderr(&output)
    );
    fs::write(&own, "damaged").unwrap();
    let output = sweep(&["--set", &named, "--fresh"]).output().unwrap();
    assert!(
        stderr(&output).contains("encoder.file"),
        "{}",
        stderr(&output)
    );
}

/// An autoencoder like the first that was made there, with one weight changed.
fn done_anew(dir: &Path) -> std::path::PathBuf {
    let made = fs::read_dir(dir.join("runs/made")).unwrap().next().unwrap();
    let mut bytes = fs::read(made.unwrap().path()).unwrap();
    let last = bytes.len() - 4;
    bytes[last..].copy_from_slice(&0.125_f32.to_le_bytes());
    let path = dir.join("other.safetensors");
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn data_that_cannot_be_used_are_refused_before_anything_runs() {
    let dir = tempfile::tempdir().unwrap();
    let (file, out) = (dir.path().join("study.toml"), dir.path().join("out"));
    fs::write(&file, STUDY).unwrap();
    let args = [
        "sweep",
        file.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ];
    let changes = [
        "--set",
        "encoder.kind=vae",
        "--set",
        "encoder.file=no.safetensors",
    ];
    let output = run(&[&args[..], &changes[..]].concat());
    let message = stderr(&output);
    assert!(
        message.contains("encoder.file") && message.contains("no.safetensors"),
        "{message}"
    );

    // A checkout whose MNIST is something else.
    let mnist = dir.path().join("datasets/mnist");
    fs::create_dir_all(dir.path().join("experiments")).unwrap();
    fs::create_dir_all(&mnist).unwrap();
    write(&mnist, "train", 2560);
    write(&mnist, "t10k", 130);
    let output = repro().args(args).current_dir(dir.path()).output().unwrap();
    let message = stderr(&output);
    assert!(message.contains("not MNIST's own"), "{message}");
    assert!(
        !out.exists(),
        "nothing may run before everything is checked"
    );
}
