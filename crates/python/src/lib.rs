//! The Python module `repro`: a door to networks, tasks and the program, with nothing behind it of its own.

mod circuit;
mod network;
mod tasks;

use std::ffi::OsString;

use include_dir::include_dir;
use pyo3::prelude::*;
use repro::shipped::Shipped;

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

/// The program `repro` with these arguments, its name first; returns its exit status.
#[pyfunction]
fn program(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| repro::cli::run_with(arguments, INSIDE))
}

#[pymodule]
fn _repro(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<network::Network>()?;
    module.add_class::<tasks::YinYang>()?;
    module.add("Diverged", module.py().get_type::<network::Diverged>())?;
    module.add_function(wrap_pyfunction!(program, module)?)?;
    module.add_function(wrap_pyfunction!(tasks::mnist, module)?)
}
