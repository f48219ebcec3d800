//! Settings changed on the command line.

use anyhow::{Result, anyhow, bail, ensure};
use serde_json::Value;

use crate::settings::plain;

/// One `--set key=value`.
#[derive(Clone, Debug)]
pub struct Change {
    /// Dotted key.
    pub key: String,
    pub(super) value: Value,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.value {
            Value::String(text) => write!(f, "{}={text}", self.key),
            other => write!(f, "{}={other}", self.key),
        }
    }
}

impl std::str::FromStr for Change {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (key, value) = text
            .split_once('=')
            .ok_or_else(|| anyhow!("{text:?} is not key=value, e.g. training.epochs=10"))?;
        let (key, value) = (key.trim(), value.trim());
        ensure!(!key.is_empty(), "{text:?} has no key before the =");
        // A bare word is meant as a string: --set network.start=random.
        let parsed: Result<toml::Table, _> = format!("v = {value}").parse();
        let value = match parsed {
            Ok(mut table) if table.len() == 1 => plain(
                key,
                table.remove("v").unwrap_or(toml::Value::Boolean(false)),
            )?,
            _ if value
                .chars()
                .all(|c| c.is_alphanumeric() || "-_./ ".contains(c)) =>
            {
                Value::from(value)
            }
            _ => bail!("{text:?}: the value is not TOML (number, \"text\", true, [list])"),
        };
        Ok(Self {
            key: key.to_owned(),
            value,
        })
    }
}
