//! Single values: out of TOML, and into the types of settings.

use anyhow::{Result, anyhow, bail};
use serde_json::Value;

/// A TOML value without what no setting can be: dates, numbers that are not finite. `key` is where it stands.
pub(crate) fn plain(key: &str, value: toml::Value) -> Result<Value> {
    let below = |name: &str| match key {
        "" => name.to_owned(),
        _ => format!("{key}.{name}"),
    };
    Ok(match value {
        toml::Value::Table(table) => {
            let entry = |(name, value): (String, toml::Value)| {
                let value = plain(&below(&name), value)?;
                Ok((name, value))
            };
            Value::Object(table.into_iter().map(entry).collect::<Result<_>>()?)
        }
        toml::Value::Array(values) => {
            let entry = |(i, value)| plain(&below(&format!("{i}")), value);
            Value::Array(
                values
                    .into_iter()
                    .enumerate()
                    .map(entry)
                    .collect::<Result<_>>()?,
            )
        }
        toml::Value::Float(x) if !x.is_finite() => {
            bail!("key {key}: {x} is not a finite number")
        }
        toml::Value::Datetime(date) => bail!("key {key}: {date} is a date; no setting is one"),
        other => serde_json::to_value(other)?,
    })
}

/// Deserializes with the key path in the error message.
pub(crate) fn parse_at<T: serde::de::DeserializeOwned>(prefix: &str, value: Value) -> Result<T> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        // The words of people instead of Rust's.
        let inner = error.inner().to_string();
        let inner = inner.replace("expected usize", "expected a whole number, zero or more");
        let inner = inner.replace("expected f64", "expected a number");
        let path = match (prefix, error.path().to_string().as_str()) {
            ("", ".") => return anyhow!("{inner}"),
            ("", path) => path.to_owned(),
            (prefix, ".") => prefix.to_owned(),
            (prefix, path) => format!("{prefix}.{path}"),
        };
        anyhow!("key {path}: {inner}")
    })
}
