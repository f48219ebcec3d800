//! What can be wrong with a transformer, its data or its training.

use crate::attention::AttentionError;
use crate::numerics::tensors::TensorError;
use crate::numerics::{Diverged, NumericsError};
use thiserror::Error;

/// An architecture, a data set or a training run that cannot be.
#[derive(Debug, Error)]
pub enum TransformerError {
    /// A size or rate out of range.
    #[error("{key} = {value}: {right}")]
    Setting {
        /// The setting.
        key: &'static str,
        /// Its value.
        value: String,
        /// What would have been right.
        right: String,
    },

    /// Attention failed.
    #[error(transparent)]
    Attention(#[from] AttentionError),

    /// Sizes within the network do not fit.
    #[error(transparent)]
    Numerics(#[from] NumericsError),

    /// A file does not hold the transformer, or could not be written.
    #[error(transparent)]
    File(#[from] TensorError),

    /// Training diverged.
    #[error(transparent)]
    Diverged(#[from] Diverged),
}

impl TransformerError {
    pub(super) fn setting(
        key: &'static str,
        value: impl ToString,
        right: impl Into<String>,
    ) -> Self {
        Self::Setting {
            key,
            value: value.to_string(),
            right: right.into(),
        }
    }
}
