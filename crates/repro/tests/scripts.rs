//! Scripts beside the program agree with it.

use std::fs;
use std::path::Path;

#[test]
fn scripts_and_results_have_the_same_mark_of_a_started_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let script = fs::read_to_string(root.join("scripts/compare_astro_runs.py")).unwrap();
    let mark = script
        .lines()
        .find_map(|line| line.strip_prefix("CHANCE = "));
    let mark: f64 = mark.unwrap().parse().unwrap();
    let runs = root.join("figures/paper/data/diffusion.csv");
    let mut reader = csv::Reader::from_path(runs).unwrap();
    let header = reader.headers().unwrap().clone();
    let place = |name: &str| header.iter().position(|column| column == name).unwrap();
    let (accuracy, started) = (place("test_accuracy"), place("started"));
    let mut runs = 0;
    for row in reader.records() {
        let row = row.unwrap();
        let above = row[accuracy].parse::<f64>().unwrap() >= mark;
        assert_eq!(&row[started] == "1", above, "{row:?}");
        runs += 1;
    }
    assert!(runs > 0);
}
