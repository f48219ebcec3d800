//! What can be wrong with an encoder, its files or its text.

use crate::attention::AttentionError;
use crate::numerics::NumericsError;
use crate::numerics::tensors::TensorError;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A file, a setting or a text that an encoder cannot work with.
#[derive(Debug, Error)]
pub enum LanguageError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },

    /// A file is not what it should be.
    #[error("{}: {reason}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what would be right.
        reason: String,
    },

    /// A setting of a published model that this encoder does not have.
    #[error("{}: {key} = {value}; {right}", path.display())]
    Setting {
        /// The file.
        path: PathBuf,
        /// Its key.
        key: String,
        /// What stands there.
        value: String,
        /// What would have been right.
        right: String,
    },

    /// A sequence of tokens that the encoder cannot read, or hidden neurons that do not fit it.
    #[error("{what} is {found}: {right}")]
    Range {
        /// The quantity.
        what: &'static str,
        /// What was found.
        found: usize,
        /// What would have been right.
        right: String,
    },

    /// Weights are missing or do not fit.
    #[error(transparent)]
    File(#[from] TensorError),

    /// Attention failed.
    #[error(transparent)]
    Attention(#[from] AttentionError),

    /// Sizes within the network do not fit.
    #[error(transparent)]
    Numerics(#[from] NumericsError),
}

impl LanguageError {
    /// The text of a file.
    pub(super) fn read(path: &Path) -> Result<String, Self> {
        let bytes = std::fs::read(path).map_err(|source| Self::Read {
            path: path.to_owned(),
            source,
        })?;
        String::from_utf8(bytes).map_err(|error| Self::Format {
            path: path.to_owned(),
            reason: format!("not UTF-8 text: {error}"),
        })
    }

    /// A JSON file, as one of these.
    pub(super) fn json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Self> {
        serde_json::from_str(&Self::read(path)?).map_err(|error| Self::Format {
            path: path.to_owned(),
            reason: error.to_string(),
        })
    }
}
