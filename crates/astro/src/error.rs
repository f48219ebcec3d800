//! What can be wrong with a request, and what would be right.

use thiserror::Error;

/// Why a layer, a network or a file could not be built or used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A matrix does not have the shape that the operation needs.
    #[error("{what} is {found_rows}×{found_columns}, it must be {rows}×{columns}")]
    Shape {
        /// The matrix, in words.
        what: String,
        /// Rows needed.
        rows: usize,
        /// Columns needed.
        columns: usize,
        /// Rows found.
        found_rows: usize,
        /// Columns found.
        found_columns: usize,
    },
    /// A slice does not have the length that the operation needs.
    #[error("{what} holds {found} values, it must hold {expected}")]
    Length {
        /// The slice, in words.
        what: String,
        /// Length needed.
        expected: usize,
        /// Length found.
        found: usize,
    },
    /// A number is outside its range.
    #[error("{what} is {value}, it must be {range}")]
    Range {
        /// The quantity, in words.
        what: &'static str,
        /// The value found.
        value: f64,
        /// The values allowed, in words.
        range: &'static str,
    },
    /// Two layers that follow each other do not fit.
    #[error("layer {layer} takes {expected} features, but the layer before it gives {found}")]
    Chain {
        /// Position of the layer, from 0.
        layer: usize,
        /// Features the layer takes.
        expected: usize,
        /// Features it would be given.
        found: usize,
    },
    /// An order of features leaves some out, or names some twice.
    #[error("an order must name each of the {features} features once")]
    Order {
        /// How many there are.
        features: usize,
    },
    /// A label names no class.
    #[error("label {label} of sample {sample} names none of the {classes} classes")]
    Label {
        /// Position of the sample.
        sample: usize,
        /// Its label.
        label: usize,
        /// Number of classes.
        classes: usize,
    },
    /// A matrix has no factorisation of the kind asked for.
    #[error(
        "leading {order}×{order} minor is {minor:e}: no LU factorisation without pivoting; reorder the rows first"
    )]
    Minor {
        /// Order of the minor that vanishes.
        order: usize,
        /// Its pivot.
        minor: f64,
    },
    /// A file of parameters lacks a tensor.
    #[error("{path}: no tensor named {name}; it holds {present}")]
    MissingTensor {
        /// The file.
        path: String,
        /// The tensor that is missing.
        name: String,
        /// The names that are there.
        present: String,
    },
    /// A tensor has another shape or type than the network it is for.
    #[error("{path}: tensor {name} is {found}, the network needs {expected}")]
    Tensor {
        /// The file.
        path: String,
        /// The tensor.
        name: String,
        /// Type and shape needed.
        expected: String,
        /// Type and shape found.
        found: String,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not in the safetensors format.
    #[error("{path}: not a safetensors file: {source}")]
    Format {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: safetensors::SafeTensorError,
    },
}

impl Error {
    /// Checks the shape of a matrix.
    pub(crate) fn check_shape(
        what: &str,
        found: (usize, usize),
        needed: (usize, usize),
    ) -> Result<(), Self> {
        if found == needed {
            return Ok(());
        }
        Err(Self::Shape {
            what: what.to_owned(),
            rows: needed.0,
            columns: needed.1,
            found_rows: found.0,
            found_columns: found.1,
        })
    }

    /// Checks the length of a slice.
    pub(crate) fn check_length(what: &str, found: usize, expected: usize) -> Result<(), Self> {
        if found == expected {
            return Ok(());
        }
        Err(Self::Length {
            what: what.to_owned(),
            expected,
            found,
        })
    }
}
