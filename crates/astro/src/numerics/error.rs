//! What can be wrong with sizes and numbers, and what would be right.

use thiserror::Error;

/// A matrix, a slice, a number or a label that does not fit; every message says what would.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum NumericsError {
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
}

impl NumericsError {
    /// Checks the shape of a matrix.
    pub fn check_shape(
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
    pub fn check_length(what: &str, found: usize, expected: usize) -> Result<(), Self> {
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
