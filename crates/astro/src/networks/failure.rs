//! Why training ended early.

use thiserror::Error;

use crate::numerics::{Diverged, NumericsError};

/// Why training ended early.
#[derive(Debug, Error)]
pub enum Failure {
    /// The loss is no longer a number.
    #[error(transparent)]
    Diverged(#[from] Diverged),
    /// Network and data do not fit.
    #[error(transparent)]
    Unfit(#[from] NumericsError),
}
