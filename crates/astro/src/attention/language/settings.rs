//! What the JSON files beside a published encoder's weights say.

use super::LanguageError;
use serde::Deserialize;
use serde_json::Value;
use std::path::Path;

/// Sizes of an encoder, as in `config.json`; what else stands there concerns training or other tasks.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Sizes {
    /// D.
    #[serde(rename = "hidden_size")]
    pub(super) dim: usize,
    /// H.
    #[serde(rename = "num_attention_heads")]
    pub(super) heads: usize,
    #[serde(rename = "num_hidden_layers")]
    pub(super) layers: usize,
    /// Outputs of W_1.
    #[serde(rename = "intermediate_size")]
    pub(super) inner: usize,
    /// Longest sequence.
    #[serde(rename = "max_position_embeddings")]
    pub(super) positions: usize,
    #[serde(rename = "type_vocab_size")]
    pub(super) types: usize,
    #[serde(rename = "vocab_size")]
    pub(super) vocabulary: usize,
    /// ε of the layer norms.
    #[serde(rename = "layer_norm_eps")]
    pub(super) epsilon: f64,
    #[serde(rename = "hidden_act")]
    activation: Value,
    model_type: Value,
    #[serde(default = "absolute")]
    position_embedding_type: Value,
}

fn absolute() -> Value {
    "absolute".into()
}

/// What an embedding is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// The mean over tokens.
    Mean,
    /// The first token.
    First,
}

impl Sizes {
    /// Reads and checks `config.json` of a model's folder.
    pub(super) fn read(folder: &Path) -> Result<Self, LanguageError> {
        let path = folder.join("config.json");
        let sizes: Self = LanguageError::json(&path)?;
        let wrong = |key: &str, value: String, right: String| {
            Err(LanguageError::Setting {
                path: path.clone(),
                key: key.to_owned(),
                value,
                right,
            })
        };
        for (key, value, only) in [
            ("model_type", &sizes.model_type, "bert"),
            ("hidden_act", &sizes.activation, "gelu"),
            (
                "position_embedding_type",
                &sizes.position_embedding_type,
                "absolute",
            ),
        ] {
            if value.as_str() != Some(only) {
                let right = format!("only {only:?} is supported");
                return wrong(key, value.to_string(), right);
            }
        }
        for (key, value) in [
            ("hidden_size", sizes.dim),
            ("num_hidden_layers", sizes.layers),
            ("intermediate_size", sizes.inner),
            ("max_position_embeddings", sizes.positions),
            ("type_vocab_size", sizes.types),
            ("vocab_size", sizes.vocabulary),
        ] {
            if value == 0 {
                return wrong(key, "0".to_owned(), "at least 1 is needed".to_owned());
            }
        }
        if sizes.heads == 0 || !sizes.dim.is_multiple_of(sizes.heads) {
            let right = format!("it must divide hidden_size = {}", sizes.dim);
            return wrong("num_attention_heads", sizes.heads.to_string(), right);
        }
        if !(sizes.epsilon >= 0.0 && sizes.epsilon.is_finite()) {
            let right = "a number of at least 0 is needed".to_owned();
            return wrong("layer_norm_eps", sizes.epsilon.to_string(), right);
        }
        Ok(sizes)
    }
}

/// How an embedding is pooled, as in `1_Pooling/config.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PoolingFile {
    pooling_mode_cls_token: bool,
    pooling_mode_mean_tokens: bool,
    pooling_mode_max_tokens: bool,
    pooling_mode_mean_sqrt_len_tokens: bool,
    pooling_mode_weightedmean_tokens: bool,
    pooling_mode_lasttoken: bool,
}

impl Pooling {
    /// Of a model's folder; the mean, if it does not say.
    pub(super) fn read(folder: &Path) -> Result<Self, LanguageError> {
        let path = folder.join("1_Pooling/config.json");
        if !path.exists() {
            return Ok(Self::Mean);
        }
        let file: PoolingFile = LanguageError::json(&path)?;
        let modes = [
            ("cls_token", file.pooling_mode_cls_token),
            ("mean_tokens", file.pooling_mode_mean_tokens),
            ("max_tokens", file.pooling_mode_max_tokens),
            (
                "mean_sqrt_len_tokens",
                file.pooling_mode_mean_sqrt_len_tokens,
            ),
            ("weightedmean_tokens", file.pooling_mode_weightedmean_tokens),
            ("lasttoken", file.pooling_mode_lasttoken),
        ];
        let on: Vec<&str> = modes.iter().filter(|(_, on)| *on).map(|m| m.0).collect();
        match on.as_slice() {
            ["mean_tokens"] => Ok(Self::Mean),
            ["cls_token"] => Ok(Self::First),
            _ => Err(LanguageError::Setting {
                path,
                key: "pooling_mode_*".to_owned(),
                value: format!("true for {on:?}"),
                right: "exactly one of cls_token and mean_tokens must be true".to_owned(),
            }),
        }
    }
}
