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

/// Adds the dotted keys of the leaves in which two trees differ, those of either one, to `keys`, unless they are there.
pub(crate) fn differing(a: &Value, b: &Value, keys: &mut Vec<String>) {
    fn walk(nodes: [Option<&Value>; 2], prefix: &str, keys: &mut Vec<String>) {
        if nodes[0] == nodes[1] {
            return;
        }
        let tables = nodes.map(|node| node.and_then(Value::as_object));
        if tables.iter().all(Option::is_none) {
            if !keys.iter().any(|key| key == prefix) {
                keys.push(prefix.to_owned());
            }
            return;
        }
        let [a, b] = tables.map(|table| table.into_iter().flat_map(Map::keys));
        let only_b = b.filter(|name| tables[0].is_none_or(|a| !a.contains_key(*name)));
        for name in a.chain(only_b) {
            let dot = if prefix.is_empty() { "" } else { "." };
            let below = tables.map(|table| table.and_then(|table| table.get(name)));
            walk(below, &format!("{prefix}{dot}{name}"), keys);
        }
    }
    walk([Some(a), Some(b)], "", keys);
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn trees_differ_in_the_leaves_that_either_has() {
        let a = json!({"x": 1, "y": {"u": [1, 2], "v": null, "w": "a"}, "z": {"t": {"s": 1}}});
        let b = json!({"y": {"u": [1, 3], "w": "a", "q": 2}, "x": 1, "z": {"t": null}});
        let mut keys = vec!["y.q".to_owned()];
        differing(&a, &b, &mut keys);
        assert_eq!(keys, ["y.q", "y.u", "y.v", "z.t.s"]);
        differing(&a, &a, &mut keys);
        assert_eq!(keys.len(), 4);
    }
}
