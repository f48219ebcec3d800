//! What can be wrong with a file of tensors.

use std::path::PathBuf;
use thiserror::Error;

/// A file or tensor that cannot be used; every message names the file and the tensor.
#[derive(Debug, Error)]
pub enum TensorError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },

    /// The file cannot be written.
    #[error("cannot write {}: {reason}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },

    /// The file's name does not say what it is.
    #[error("{}: the name of this file must end in {known}", path.display())]
    Extension {
        /// The file.
        path: PathBuf,
        /// The endings that would have been right.
        known: &'static str,
    },

    /// The content is not what the file's name says.
    #[error("{} is not a valid {kind} file: {reason}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The kind it should be.
        kind: &'static str,
        /// What is wrong.
        reason: String,
    },

    /// There is no tensor of this name.
    #[error("{}: no tensor `{tensor}`; there {}", path.display(), listing(available))]
    Missing {
        /// The file.
        path: PathBuf,
        /// The name looked for.
        tensor: String,
        /// The names that exist, sorted.
        available: Vec<String>,
    },

    /// The file has several tensors and none was named.
    #[error("{}: which tensor? There {}; name one", path.display(), listing(available))]
    Ambiguous {
        /// The file.
        path: PathBuf,
        /// The names that exist, sorted.
        available: Vec<String>,
    },

    /// The tensor does not hold floating-point numbers.
    #[error("{}: tensor `{tensor}` has type {found}; expected f16, bf16, f32 or f64", path.display())]
    Type {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// Its element type.
        found: String,
    },

    /// The tensor has another shape than its place needs.
    #[error("{}: tensor `{tensor}` has shape {found:?}; expected {expected}", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape that fits, and why.
        expected: String,
    },

    /// A number in the tensor is NaN or infinite.
    #[error("{}: tensor `{tensor}` (shape {shape:?}) is {value} at {index:?}; all numbers must be finite", path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// Its shape.
        shape: Vec<usize>,
        /// Where the number stands.
        index: Vec<usize>,
        /// The number.
        value: f64,
    },
}

/// At most a dozen names, and how many more there are.
fn listing(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let shown: Vec<_> = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{name}`"))
        .collect();
    match names.len() {
        0 => "are none".to_owned(),
        n if n > SHOWN => format!("are {} and {} more", shown.join(", "), n - SHOWN),
        1 => format!("is {}", shown[0]),
        _ => format!("are {}", shown.join(", ")),
    }
}
