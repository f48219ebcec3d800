//! Settings as a tree, and dotted keys into it: `network.learning_lag_ms`, `network.eta_up.0`.

use anyhow::{Result, anyhow, bail};
use serde_json::{Map, Value};

/// The value at a dotted key. A list of one may stand there as the number itself.
pub(crate) fn get<'a>(tree: &'a Value, key: &str) -> Option<&'a Value> {
    key.split('.').try_fold(tree, |node, part| match node {
        Value::Object(map) => map.get(part),
        Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        Value::Number(_) if part == "0" => Some(node),
        _ => None,
    })
}

/// Sets the value at a dotted key, creating tables on the way. A table is laid over what is there.
pub(crate) fn set(tree: &mut Value, key: &str, value: Value) -> Result<()> {
    // Beyond this the tree itself could not be taken down again.
    if key.split('.').nth(64).is_some() {
        bail!("key {key:?} has more than 64 parts; no setting has");
    }
    let mut node = tree;
    for part in key.split('.') {
        if part.is_empty() {
            bail!("key {key:?} has an empty part");
        }
        node = match node {
            Value::Object(map) => map.entry(part).or_insert_with(|| Value::Object(Map::new())),
            Value::Array(items) => {
                let n = items.len();
                part.parse::<usize>()
                    .ok()
                    .and_then(|i| items.get_mut(i))
                    .ok_or_else(|| {
                        anyhow!("key {key:?}: {part:?} is not an index into a list of {n}")
                    })?
            }
            other => bail!("key {key:?}: there is nothing below {other}"),
        };
    }
    match value {
        Value::Object(over) if node.is_object() => over
            .into_iter()
            .try_for_each(|(key, value)| set(node, &key, value)),
        value => {
            *node = value;
            Ok(())
        }
    }
}

/// Takes away what stands at a dotted key, if anything does.
pub(crate) fn remove(tree: &mut Value, key: &str) {
    let (table, name) = key.rsplit_once('.').unwrap_or(("", key));
    let table = match table {
        "" => Some(tree),
        table => tree.pointer_mut(&format!("/{}", table.replace('.', "/"))),
    };
    if let Some(Value::Object(table)) = table {
        table.remove(name);
    }
}

/// All leaves with their dotted keys, in order. Lists are leaves.
pub(crate) fn leaves(tree: &Value) -> Vec<(String, &Value)> {
    fn walk<'a>(node: &'a Value, prefix: &str, out: &mut Vec<(String, &'a Value)>) {
        match node {
            Value::Object(map) => {
                for (name, child) in map {
                    let dot = if prefix.is_empty() { "" } else { "." };
                    walk(child, &format!("{prefix}{dot}{name}"), out);
                }
            }
            leaf => out.push((prefix.to_owned(), leaf)),
        }
    }
    let mut out = Vec::new();
    walk(tree, "", &mut out);
    out
}
