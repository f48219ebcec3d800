//! Tells the program which commit it was built from, for the provenance of results.

use std::process::Command;

fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

fn main() {
    let head = git(&["rev-parse", "--short=10", "HEAD"]).unwrap_or_default();
    let changed = git(&[
        "status",
        "--porcelain",
        "--untracked-files=no",
        "--",
        "..",
        "../../Cargo.lock",
    ])
    .is_some_and(|s| !s.is_empty());
    let code = match (head.is_empty(), changed) {
        (true, _) => format!("v{}", env!("CARGO_PKG_VERSION")),
        (false, true) => format!("{head}+"),
        (false, false) => head,
    };
    println!("cargo:rustc-env=REPRO_CODE={code}");
    if let Some(dir) = git(&["rev-parse", "--absolute-git-dir"]) {
        println!("cargo:rerun-if-changed={dir}/logs/HEAD");
    }
    println!("cargo:rerun-if-changed=..");
}
