//! What can be wrong with a network, and what would be right.

use thiserror::Error;

use crate::numerics::NumericsError;
use crate::numerics::tensors::TensorError;

/// Why a network could not be built, stored or used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NetworkError {
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
    /// A size or a number does not fit.
    #[error(transparent)]
    Numerics(#[from] NumericsError),
    /// A file does not hold the network, or could not be written.
    #[error(transparent)]
    File(#[from] TensorError),
}
