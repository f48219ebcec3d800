//! What can be wrong with an attention layer's sizes and inputs.

use thiserror::Error;

/// A size, a number or a state that the circuit cannot work with.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum AttentionError {
    /// A feature map was asked for a number of hidden neurons it cannot have.
    #[error(
        "{features} features of a {head_dim}-dimensional head: {asked} hidden neurons asked for, {right}"
    )]
    Features {
        /// Name of the feature map.
        features: &'static str,
        /// Dimension of a head's queries and keys.
        head_dim: usize,
        /// Number of hidden neurons asked for.
        asked: usize,
        /// What would have been right.
        right: &'static str,
    },

    /// A vector or matrix has the wrong size.
    #[error("{what}: size {found}, but {expected} expected ({why})")]
    Size {
        /// The offending quantity.
        what: &'static str,
        /// Its size.
        found: usize,
        /// The size that fits.
        expected: usize,
        /// Where the expectation comes from.
        why: &'static str,
    },

    /// The model dimension does not split into heads of equal size.
    #[error(
        "{what} of dimension {dim} cannot be split into {heads} heads; the number of heads must divide it (and be at least 1)"
    )]
    Heads {
        /// Queries, keys or values.
        what: &'static str,
        /// Their dimension.
        dim: usize,
        /// The number of heads asked for.
        heads: usize,
    },

    /// A number that is not finite.
    #[error("{what} {index} of token {token} is {value}; all inputs must be finite")]
    NotFinite {
        /// Query, key or value.
        what: &'static str,
        /// Zero-based number of the token.
        token: usize,
        /// Component within the token.
        index: usize,
        /// The value found.
        value: f64,
    },

    /// The hidden layer was read before anything was written.
    #[error(
        "reading token {token}: nothing has been written, the astrocyte has no calcium to divide by; write at least one token first"
    )]
    NothingWritten {
        /// Zero-based number of the token that was read.
        token: usize,
    },

    /// The spatially averaged calcium is zero (or its inverse overflows).
    #[error(
        "reading token {token}, head {head}: the astrocyte's averaged calcium is {calcium:e} and cannot divide; \
         positive features never cancel, trigonometric ones need more hidden neurons or smaller norms"
    )]
    NoCalcium {
        /// Zero-based number of the token that was read.
        token: usize,
        /// The head.
        head: usize,
        /// Calcium relative to the hidden neurons' common gain.
        calcium: f64,
    },

    /// A time constant that is not positive, or an order of time scales the circuit is not defined for.
    #[error("{what} = {value} ms: {right}")]
    TimeConstant {
        /// The time constant.
        what: &'static str,
        /// Its value in ms.
        value: f64,
        /// What would have been right.
        right: &'static str,
    },
}

impl AttentionError {
    /// `found == expected`, or the error that says so.
    pub(crate) fn size(
        what: &'static str,
        found: usize,
        expected: usize,
        why: &'static str,
    ) -> Result<(), Self> {
        if found == expected {
            Ok(())
        } else {
            Err(Self::Size {
                what,
                found,
                expected,
                why,
            })
        }
    }

    /// The dimension of one of `heads` equal heads.
    pub(crate) fn head_dim(what: &'static str, dim: usize, heads: usize) -> Result<usize, Self> {
        if heads > 0 && dim > 0 && dim.is_multiple_of(heads) {
            Ok(dim / heads)
        } else {
            Err(Self::Heads { what, dim, heads })
        }
    }
}
