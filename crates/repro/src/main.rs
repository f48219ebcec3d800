//! The `repro` program.

use std::process::ExitCode;

use include_dir::include_dir;
use repro::shipped::Shipped;

/// Here and not in the library, so that a changed experiment file costs no more than compiling this one.
const INSIDE: Shipped = Shipped(&[
    (
        "experiments",
        include_dir!("$CARGO_MANIFEST_DIR/../../experiments"),
    ),
    (
        "datasets",
        include_dir!("$CARGO_MANIFEST_DIR/../../datasets"),
    ),
]);

fn main() -> ExitCode {
    repro::cli::main(INSIDE)
}
