//! A sweep killed at random moments loses no row, doubles none, and tears none. Takes a while:
//! `cargo test -p repro --test killed -- --ignored`, and `REPRO_KILLS=500` before it for more than a few times.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use common::{repro, run, small_sweep, stderr};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Runs of the sweep.
const RUNS: usize = 24;

/// Rows by key, without what differs from run to run. Fails on a table that is torn or has a row twice.
fn rows(out: &Path) -> BTreeMap<String, Vec<String>> {
    let Ok(text) = fs::read_to_string(out.join("data/small.csv")) else {
        return BTreeMap::new();
    };
    assert!(text.ends_with('\n'), "torn: {text}");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let lasting = |i: &usize| !["wall_s", "code"].contains(&&header[*i]);
    let key = header.iter().position(|name| name == "key").unwrap();
    let mut rows = BTreeMap::new();
    for record in reader.records() {
        // Also says whether a line has as many fields as the first.
        let record = record.unwrap();
        let fields = (0..record.len()).filter(lasting);
        let fields = fields.map(|i| record[i].to_owned()).collect();
        let before = rows.insert(record[key].to_owned(), fields);
        assert!(before.is_none(), "twice: {:?}", &record[key]);
    }
    rows
}

/// Keys of all records that a command has finished, in the journal or in the table.
fn kept(out: &Path) -> BTreeSet<String> {
    let journal = fs::read_to_string(out.join("runs/small.jsonl")).unwrap_or_default();
    let whole = journal
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'));
    let key = |line: &str| {
        let record: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(record.get("key")?.as_str()?.to_owned())
    };
    whole.filter_map(key).chain(rows(out).into_keys()).collect()
}

#[test]
#[ignore = "takes minutes"]
fn killed_at_random_moments_nothing_is_lost_doubled_or_torn() {
    let kills = std::env::var("REPRO_KILLS").ok();
    let kills: usize = kills.and_then(|kills| kills.parse().ok()).unwrap_or(30);
    let dir = tempfile::tempdir().unwrap();
    let seeds = format!("seeds = {{ first = 1, count = {RUNS} }}");
    let file = small_sweep(dir.path(), "");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("seeds = [1, 2]", &seeds, 1)).unwrap();
    let file = file.to_str().unwrap();
    let args = |out: &Path| {
        [
            "sweep",
            file,
            "--threads",
            "2",
            "--out",
            out.to_str().unwrap(),
        ]
        .map(str::to_owned)
    };
    let whole = dir.path().join("whole");
    let start = std::time::Instant::now();
    let output = run(&args(&whole).each_ref().map(String::as_str));
    assert!(output.status.success(), "{}", stderr(&output));
    let long = start.elapsed().as_secs_f64();
    let expected = rows(&whole);
    assert_eq!(expected.len(), RUNS);

    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut killed = 0;
    for round in 0.. {
        if killed >= kills {
            break;
        }
        let out = dir.path().join(format!("round-{round}"));
        let mut before = BTreeSet::new();
        loop {
            let mut child = repro()
                .args(args(&out))
                .stderr(Stdio::null())
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(Duration::from_secs_f64(0.5 * long * rng.random::<f64>()));
            let ended = child.try_wait().unwrap();
            if ended.is_none() {
                child.kill().unwrap();
                child.wait().unwrap();
                killed += 1;
            }
            let now = kept(&out);
            assert!(
                now.is_superset(&before),
                "lost: {:?}",
                before.difference(&now)
            );
            if let Some(status) = ended {
                assert!(status.success(), "round {round}: {status}");
                break;
            }
            before = now;
        }
        assert_eq!(rows(&out), expected, "round {round}");
    }
}
