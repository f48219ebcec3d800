//! What can be wrong with a transformer, its data or its training.

use crate::attention::AttentionError;
use crate::attention::weights::WeightsError;
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
    Network(#[from] crate::Error),

    /// Stored weights cannot be read.
    #[error(transparent)]
    Weights(#[from] WeightsError),

    /// Weights cannot be written.
    #[error("cannot write {}: {reason}", path.display())]
    Write {
        /// The file.
        path: std::path::PathBuf,
        /// What went wrong.
        reason: String,
    },

    /// Training diverged.
    #[error("the loss is {loss} at step {step} of epoch {epoch}; a smaller learning rate may help")]
    Diverged {
        /// Epoch, from 0.
        epoch: usize,
        /// Mini-batch within the epoch, from 0.
        step: usize,
        /// The loss found.
        loss: f64,
    },
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
