//! Figures from the command line: made, and drawn again from their CSV files.

mod common;

use std::fs;

use common::{run, stderr};

#[test]
fn figures_are_drawn_again_as_far_as_there_are_results() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().to_str().unwrap();
    let made = run(&["run", "dendritic-prediction", "--out", out]);
    assert!(made.status.success(), "{}", stderr(&made));
    let picture = dir.path().join("quick/dendritic-prediction.svg");
    let first = fs::read(&picture).unwrap();
    fs::remove_file(&picture).unwrap();
    let drawn = run(&["plot", "--out", out]);
    let message = stderr(&drawn);
    assert!(drawn.status.success(), "{message}");
    assert_eq!(fs::read(&picture).unwrap(), first);
    let text = String::from_utf8(first).unwrap();
    for part in ["data-panel", "data-key", "data-v", "<script>"] {
        assert!(text.contains(part), "{part} is not in the SVG");
    }
    let pdf = fs::read(dir.path().join("quick/dendritic-prediction.pdf")).unwrap();
    assert!(pdf.starts_with(b"%PDF-") && pdf.trim_ascii_end().ends_with(b"%%EOF"));
    for part in [&b"/FontFile2"[..], b"/ToUnicode", b"/MediaBox"] {
        let is_there = pdf.windows(part.len()).any(|window| window == part);
        assert!(is_there, "{} is not in the PDF", part.escape_ascii());
    }
    let missing = message.lines().find(|line| line.starts_with("not run yet"));
    let missing = missing.unwrap_or_else(|| panic!("{message}"));
    assert!(
        missing.contains("learning-lag") && !missing.contains("dendritic"),
        "{missing}"
    );
    let page = fs::read_to_string(dir.path().join("quick/index.html")).unwrap();
    assert!(page.contains("dendritic-prediction") && !page.contains("learning-lag.png"));
}
