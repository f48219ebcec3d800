//! Output goes where it was told, and nowhere else.

mod common;

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::Stdio;

use common::{repro, stderr, stdout};

/// `repro data export` of five samples to this place.
fn export(out: &str) -> std::process::Command {
    let mut command = repro();
    let args = "data export yinyang --seed 1 --size 5 --out";
    command.args(args.split(' ')).arg(out);
    command
}

fn samples() -> String {
    let output = export("-").output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        !Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../-")
            .exists()
    );
    stdout(&output)
}

#[test]
fn a_hyphen_is_standard_output() {
    let text = samples();
    assert_eq!(text.lines().count(), 6, "{text}");
    let output = export("/dev/stdout").output().unwrap();
    assert_eq!(stdout(&output), text);
    // Redirected, it goes on where the file ends.
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.csv");
    fs::write(&file, "before\n").unwrap();
    let append = fs::OpenOptions::new().append(true).open(&file).unwrap();
    let status = export("/dev/stdout").stdout(append).status().unwrap();
    assert!(status.success());
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        format!("before\n{text}")
    );
}

#[test]
fn links_and_pipes_stay_what_they_are() {
    let text = samples();
    let dir = tempfile::tempdir().unwrap();
    let [link, file, pipe] = ["link.csv", "file.csv", "pipe"].map(|name| dir.path().join(name));
    std::os::unix::fs::symlink("file.csv", &link).unwrap();
    assert!(export(link.to_str().unwrap()).status().unwrap().success());
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&file).unwrap(), text);

    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let mut child = export(pipe.to_str().unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut read = String::new();
    fs::File::open(&pipe)
        .unwrap()
        .read_to_string(&mut read)
        .unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(read, text);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3);
}

#[test]
fn outside_of_a_checkout_it_goes_to_where_one_stands() {
    let (dir, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let run = || {
        let mut command = repro();
        command.args(["run", "dendritic-prediction"]);
        command
            .current_dir(dir.path())
            .env("XDG_CACHE_HOME", cache.path());
        command.output().unwrap()
    };
    let output = run();
    assert!(output.status.success(), "{}", stderr(&output));
    let place = dir.path().join("figures/quick");
    assert!(place.join("dendritic-prediction.svg").exists());
    // The experiments and data sets that the program has inside, unpacked once.
    let unpacked = || {
        let entries = fs::read_dir(cache.path().join("repro")).unwrap();
        entries
            .map(|entry| entry.unwrap().path())
            .collect::<Vec<_>>()
    };
    let [inside] = &unpacked()[..] else {
        panic!("{:?}", unpacked());
    };
    for file in [
        "experiments/dendritic_prediction.toml",
        "datasets/published/README.md",
    ] {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .join(file);
        assert_eq!(
            fs::read(inside.join(file)).unwrap(),
            fs::read(shipped).unwrap()
        );
    }
    assert!(run().status.success());
    assert_eq!(unpacked(), std::slice::from_ref(inside));
    let said = format!("results go to {}", place.display());
    assert!(stderr(&output).contains(&said), "{}", stderr(&output));
}
