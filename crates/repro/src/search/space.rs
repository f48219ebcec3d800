//! The space of a search: what each parameter may be, which are tied to others, and which are there only with others.

use std::collections::HashMap;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::experiment::{Domain, Interval, Scale, check_apart, tidy};
use crate::settings::{parse_at, tree};

/// Dotted keys with their values at a point, in the order of the keys.
pub(crate) type Point = Vec<(String, Value)>;

/// All parameters of a search, in the order of their keys.
#[derive(Clone, Debug)]
pub(crate) struct Space {
    axes: Vec<Axis>,
    /// An order in which each comes after those that it depends on.
    order: Vec<usize>,
}

/// One parameter.
#[derive(Clone, Debug)]
struct Axis {
    key: String,
    kind: Kind,
    /// It is there only where these other axes have one of these values.
    when: Vec<(usize, Vec<Value>)>,
}

#[derive(Clone, Debug)]
enum Kind {
    /// Searched.
    Free(Domain),
    /// Another axis times a number.
    Tied { axis: usize, times: f64 },
}

/// `{ from = 1, to = 30, scale = "log", step = 1 }`, `{ choice = ["a", "b"] }`, `["a", "b"]`, or
/// `{ equals = "other.key", times = 2 }`, each also with `when = { "other.key" = "a" }`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    from: Option<f64>,
    to: Option<f64>,
    scale: Option<Scale>,
    step: Option<f64>,
    choice: Option<Vec<Value>>,
    equals: Option<String>,
    times: Option<f64>,
    when: Option<Value>,
}

/// What tells the table of an axis from one of further keys.
const WORDS: [&str; 4] = ["from", "to", "choice", "equals"];

impl Space {
    /// Reads `[tune.space]`.
    ///
    /// # Errors
    /// The message names the key.
    pub(super) fn parse(table: &Map<String, Value>) -> Result<Self> {
        let mut written: Vec<(String, Written)> = Vec::new();
        for (key, value) in table {
            collect(key, value, &mut written)?;
        }
        written.sort_by(|a, b| a.0.cmp(&b.0));
        check_apart(written.iter().map(|(key, _)| key.as_str())).context("key tune.space")?;
        let keys: Vec<String> = written.iter().map(|(key, _)| key.clone()).collect();
        let axis = |(key, written): (String, Written)| {
            let axis = written.into_axis(&key, &keys);
            axis.with_context(|| format!("key tune.space.{key}"))
        };
        let axes = written.into_iter().map(axis);
        let axes = axes.collect::<Result<Vec<_>>>()?;
        let order = sorted(&axes)?;
        let space = Self { axes, order };
        space.check()?;
        Ok(space)
    }

    /// Refuses what hangs on an axis that cannot bear it.
    fn check(&self) -> Result<()> {
        ensure!(
            self.free().next().is_some(),
            "key tune.space: there is nothing to search for"
        );
        for Axis { key, kind, when } in &self.axes {
            let name = format!("key tune.space.{key}");
            if let Kind::Tied { axis, .. } = kind
                && let Kind::Free(Domain::Choice(values)) = &self.axes[*axis].kind
                && let Some(word) = values.iter().find(|value| !value.is_number())
            {
                bail!(
                    "{name}: {} may be {word}, which is no number",
                    self.axes[*axis].key
                );
            }
            for (parent, allowed) in when {
                let Axis {
                    key: other, kind, ..
                } = &self.axes[*parent];
                let Kind::Free(Domain::Choice(values)) = kind else {
                    bail!("{name}: when {other}: only a choice can decide about others");
                };
                if let Some(strange) = allowed.iter().find(|value| !values.contains(value)) {
                    bail!("{name}: when {other} = {strange}: it is never that");
                }
                ensure!(
                    values.iter().any(|value| !allowed.contains(value)),
                    "{name}: when {other} is anything that it may be: leave the condition out"
                );
            }
        }
        Ok(())
    }

    /// The keys of all axes.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.axes.iter().map(|axis| axis.key.as_str())
    }

    /// Whether an axis, or the one that it is tied to, is logarithmic.
    pub(crate) fn is_log(&self, key: &str) -> bool {
        let mut place = self.axes.iter().position(|axis| axis.key == key);
        while let Some(i) = place {
            match &self.axes[i].kind {
                Kind::Free(domain) => return domain.is_log(),
                Kind::Tied { axis, .. } => place = Some(*axis),
            }
        }
        false
    }

    /// Whether an axis follows from another one.
    pub(crate) fn is_tied(&self, key: &str) -> bool {
        self.free().all(|(_, free, _)| free != key)
    }

    /// The axes that are searched: place among all, key and domain.
    pub(super) fn free(&self) -> impl Iterator<Item = (usize, &str, &Domain)> {
        let axes = self.axes.iter().enumerate();
        axes.filter_map(|(i, axis)| match &axis.kind {
            Kind::Free(domain) => Some((i, axis.key.as_str(), domain)),
            Kind::Tied { .. } => None,
        })
    }

    /// The values at places of the unit interval, one an axis (which count where it is free): none where an axis is
    /// not there.
    pub(super) fn values(&self, places: &[f64]) -> Vec<Option<Value>> {
        let mut values: Vec<Option<Value>> = vec![None; self.axes.len()];
        for &i in &self.order {
            let Axis { kind, when, .. } = &self.axes[i];
            let holds = |(parent, allowed): &(usize, Vec<Value>)| {
                values[*parent]
                    .as_ref()
                    .is_some_and(|value| allowed.contains(value))
            };
            if when.iter().all(holds) {
                values[i] = match kind {
                    Kind::Free(domain) => Some(domain.at(places[i])),
                    Kind::Tied { axis, times } => {
                        let other = values[*axis].as_ref().and_then(Value::as_f64);
                        other.map(|other| tidy(times * other))
                    }
                };
            }
        }
        values
    }

    /// The settings of these values.
    pub(super) fn point(&self, values: &[Option<Value>]) -> Point {
        let axes = self.axes.iter().zip(values);
        let there = axes.filter_map(|(axis, value)| Some((axis.key.clone(), value.clone()?)));
        there.collect()
    }

    /// Points that show whether the space is one that can be run: its middle, and of each axis both ends, or all choices.
    pub(crate) fn probes(&self) -> Vec<Point> {
        let middle = vec![0.5; self.axes.len()];
        let mut probes = vec![middle.clone()];
        for (i, _, domain) in self.free() {
            let ends = match domain.choices() {
                Some(n) => (0..n).map(|k| (k as f64 + 0.5) / n as f64).collect(),
                None => vec![0.0, 1.0 - f64::EPSILON],
            };
            for end in ends {
                let mut places = middle.clone();
                places[i] = end;
                self.allow(i, &mut places);
                probes.push(places);
            }
        }
        let point = |places: Vec<f64>| self.point(&self.values(&places));
        probes.into_iter().map(point).collect()
    }

    /// Moves choices to where an axis is there.
    fn allow(&self, axis: usize, places: &mut [f64]) {
        for (parent, allowed) in &self.axes[axis].when {
            if let Kind::Free(Domain::Choice(values)) = &self.axes[*parent].kind {
                let at = values.iter().position(|value| allowed.contains(value));
                places[*parent] = (at.unwrap_or(0) as f64 + 0.5) / values.len() as f64;
            }
            self.allow(*parent, places);
        }
    }
}

impl Written {
    fn into_axis(self, key: &str, keys: &[String]) -> Result<Axis> {
        let place = |other: &str| {
            let place = keys.iter().position(|key| key == other);
            place.ok_or_else(|| anyhow!("there is no {other} in tune.space"))
        };
        let interval =
            self.from.or(self.to).is_some() || self.scale.is_some() || self.step.is_some();
        let tied = self.equals.is_some() || self.times.is_some();
        ensure!(
            usize::from(interval) + usize::from(tied) + usize::from(self.choice.is_some()) == 1,
            "it has either from and to, or choice, or equals"
        );
        let kind = if let Some(values) = &self.choice {
            Kind::Free(Domain::choice(values)?)
        } else if tied {
            let other = self.equals.context("times goes with equals")?;
            ensure!(other != key, "it equals itself");
            let times = self.times.unwrap_or(1.0);
            Kind::Tied {
                axis: place(&other)?,
                times,
            }
        } else {
            let (Some(from), Some(to)) = (self.from, self.to) else {
                bail!("an interval needs from and to");
            };
            ensure!(
                from < to,
                "from = {from}, to = {to}: from must be smaller than to"
            );
            let interval = Interval::new(from, to, self.scale == Some(Scale::Log))?;
            Kind::Free(Domain::numbers(interval, self.step)?)
        };
        let mut when = Vec::new();
        if let Some(conditions) = &self.when {
            ensure!(
                conditions
                    .as_object()
                    .is_some_and(|table| !table.is_empty()),
                "when = {conditions}: it is a table, as {{ \"model\" = \"steadnet\" }}"
            );
            for (other, value) in tree::leaves(conditions) {
                let allowed = match value {
                    Value::Array(values) => values.clone(),
                    value => vec![value.clone()],
                };
                ensure!(!allowed.is_empty(), "when {other} = []: it is never that");
                when.push((place(&other).context("when")?, allowed));
            }
        }
        Ok(Axis {
            key: key.to_owned(),
            kind,
            when,
        })
    }
}

/// `"network.g_a" = …`, or `network.g_a = …`, which TOML reads as nested tables.
fn collect(key: &str, value: &Value, axes: &mut Vec<(String, Written)>) -> Result<()> {
    let value = match value {
        Value::Object(map) if !WORDS.iter().any(|word| map.contains_key(*word)) => {
            ensure!(
                !map.is_empty(),
                "key tune.space.{key}: it needs from and to, or choice, or equals"
            );
            return map
                .iter()
                .try_for_each(|(name, child)| collect(&format!("{key}.{name}"), child, axes));
        }
        Value::Array(values) => Value::from_iter([("choice", Value::from(values.clone()))]),
        Value::Object(_) => value.clone(),
        other => bail!(
            "key tune.space.{key}: {other} is fixed: what is searched is a list or a table as \
             {{ from = 0.1, to = 10, scale = \"log\" }}, what is fixed stands among the settings"
        ),
    };
    axes.push((
        key.to_owned(),
        parse_at(&format!("tune.space.{key}"), value)?,
    ));
    Ok(())
}

/// An order in which each axis comes after those that it depends on.
fn sorted(axes: &[Axis]) -> Result<Vec<usize>> {
    let needs = |axis: &Axis| -> Vec<usize> {
        let parents = axis.when.iter().map(|(parent, _)| *parent);
        let tied = match axis.kind {
            Kind::Tied { axis, .. } => Some(axis),
            Kind::Free(_) => None,
        };
        parents.chain(tied).collect()
    };
    let mut place: HashMap<usize, usize> = HashMap::new();
    let mut order = Vec::new();
    while order.len() < axes.len() {
        let ready = |i: &usize| {
            !place.contains_key(i) && needs(&axes[*i]).iter().all(|need| place.contains_key(need))
        };
        let Some(next) = (0..axes.len()).find(ready) else {
            let open = (0..axes.len()).filter(|i| !place.contains_key(i));
            let open: Vec<&str> = open.map(|i| axes[i].key.as_str()).collect();
            bail!(
                "key tune.space: {} depend on each other in a circle",
                open.join(", ")
            );
        };
        place.insert(next, order.len());
        order.push(next);
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn space(table: Value) -> Result<Space> {
        Space::parse(table.as_object().unwrap())
    }

    fn shown(space: &Space, places: &[f64]) -> String {
        let point = space.point(&space.values(places));
        let parts: Vec<String> = point.iter().map(|(k, v)| format!("{k}={v}")).collect();
        parts.join(" ")
    }

    #[test]
    fn tied_and_conditional_axes_follow_others() {
        let space = space(json!({
            "a": {"rate": {"from": 1, "to": 100, "scale": "log"}},
            "b": {"equals": "a.rate", "times": 0.1},
            "c": {"from": 1, "to": 4, "step": 1, "when": {"m": ["x", "y"]}},
            "d": {"equals": "c", "times": 2},
            "m": ["x", "y", "z"],
        }))
        .unwrap();
        assert_eq!(
            shown(&space, &[0.5, 0.0, 0.9, 0.0, 0.5]),
            "a.rate=10 b=1 c=4 d=8 m=\"y\""
        );
        assert_eq!(
            shown(&space, &[0.0, 0.0, 0.9, 0.0, 0.99]),
            "a.rate=1 b=0.1 m=\"z\""
        );
        let log = space.keys().map(|key| space.is_log(key));
        assert_eq!(log.collect::<Vec<_>>(), [true, true, false, false, false]);
        // The middle, two ends of two intervals, three choices.
        let probes = space.probes();
        assert_eq!(probes.len(), 1 + 2 + 2 + 3);
        assert_eq!(
            probes.iter().filter(|p| p.len() == 5).count(),
            7,
            "{probes:?}"
        );
    }

    #[test]
    fn mistakes_are_named() {
        let x = json!({"from": 1, "to": 2});
        for (bad, words) in [
            (json!({}), "nothing to search"),
            (json!({"x": 3}), "tune.space.x: 3 is fixed"),
            (
                json!({"x": {"from": 1}}),
                "tune.space.x: an interval needs from and to",
            ),
            (json!({"x": {"from": 1, "to": 1}}), "smaller"),
            (
                json!({"x": {"from": 0, "to": 1, "scale": "log"}}),
                "from > 0",
            ),
            (
                json!({"x": {"from": 0, "to": 1, "scale": "logg"}}),
                "tune.space.x.scale",
            ),
            (
                json!({"x": {"from": 0, "to": 1, "random": "uniform"}}),
                "random",
            ),
            (
                json!({"x": {"from": 0, "to": 1, "step": 0.4}}),
                "do not meet",
            ),
            (json!({"x": [1]}), "at least two"),
            (
                json!({"x": {"from": 0, "to": 1, "choice": [1, 2]}}),
                "either",
            ),
            (
                json!({"x": x, "y": {"equals": "z"}}),
                "tune.space.y: there is no z",
            ),
            (json!({"x": {"equals": "x"}}), "itself"),
            (
                json!({"w": x, "x": {"equals": "y"}, "y": {"equals": "x"}}),
                "x, y depend",
            ),
            (
                json!({"x": x, "y": {"from": 1, "to": 2, "when": {"x": 1}}}),
                "only a choice",
            ),
            (
                json!({"x": [1, 2], "y": {"from": 1, "to": 2, "when": {"x": 3}}}),
                "never",
            ),
            (
                json!({"x": [1, 2], "y": {"from": 1, "to": 2, "when": {"x": [1, 2]}}}),
                "leave",
            ),
            (
                json!({"x": [1, 2], "y": {"from": 1, "to": 2, "when": 1}}),
                "table",
            ),
            (json!({"x": [1, "a"], "y": {"equals": "x"}}), "no number"),
            (json!({"x": x, "x.y": x}), "x and x.y overwrite"),
        ] {
            let message = format!("{:#}", space(bad.clone()).unwrap_err());
            assert!(message.contains(words), "{bad}: {words}: {message}");
        }
    }
}
