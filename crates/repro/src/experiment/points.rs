//! A `[[points]]` block: axes, crossed or paired, as a list of parameter points.

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use rand::RngExt as _;
use serde_json::{Map, Value};

use super::axis::Axis;
use super::stream::stream;
use crate::limits;

/// Some axes and how they are combined.
///
/// `combine = "cross"` (default) or `"pair"`; `draws = N` and `draw_seed = S` for random axes.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    axes: Vec<(String, Axis)>,
    pair: bool,
    draws: Option<u64>,
    draw_seed: u64,
}

/// Dotted keys with their values at one point.
pub(super) type Point = Vec<(String, Value)>;

impl Block {
    /// Reads a block: reserved words are taken out, all other keys are axes.
    pub(super) fn parse(block: &Map<String, Value>) -> Result<Self> {
        let mut out = Self::default();
        for (key, value) in block {
            match key.as_str() {
                "combine" => {
                    out.pair = match value.as_str() {
                        Some("cross") => false,
                        Some("pair") => true,
                        _ => bail!("combine = {value}: it is \"cross\" or \"pair\""),
                    }
                }
                "draws" => out.draws = Some(whole("draws", value)?),
                "draw_seed" => out.draw_seed = whole("draw_seed", value)?,
                _ => collect_axes(key, value, &mut out.axes)?,
            }
        }
        let random = out.axes.iter().any(|(_, a)| matches!(a, Axis::Random(_)));
        ensure!(
            random == out.draws.is_some(),
            "draws = N and random axes belong together: this block has only one of them"
        );
        check_apart(out.keys())?;
        Ok(out)
    }

    /// The keys that vary.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.axes.iter().map(|(key, _)| key.as_str())
    }

    /// All points. Keys that are `fixed` do not vary.
    pub(super) fn points(&self, fixed: impl Fn(&str) -> bool) -> Result<Vec<Point>> {
        let mut lists: Vec<(&str, &[Value])> = Vec::new();
        let mut random = Vec::new();
        for (key, axis) in self.axes.iter().filter(|(key, _)| !fixed(key)) {
            match axis {
                Axis::Values(values) => lists.push((key, values)),
                Axis::Random(domain) => random.push((key, domain)),
            }
        }
        let crossed_points = lists.iter().map(|(_, values)| values.len() as f64);
        let draws = self.draws.filter(|_| !random.is_empty()).unwrap_or(1);
        let all = match self.pair {
            true => 1.0,
            false => crossed_points.product::<f64>(),
        };
        limits::check_runs("the axes and draws together", all * draws as f64)?;
        let listed = if self.pair {
            paired(&lists)?
        } else {
            crossed(&lists)
        };
        if random.is_empty() {
            return Ok(listed);
        }
        // More draws keep the earlier ones, and more axes those of the others.
        let mut streams: Vec<_> = random
            .iter()
            .map(|(key, _)| stream(self.draw_seed, key))
            .collect();
        let draws = (0..draws).map(|_| -> Point {
            let axes = random.iter().zip(&mut streams);
            axes.map(|((key, domain), stream)| ((*key).clone(), domain.at(stream.random())))
                .collect()
        });
        Ok(draws
            .flat_map(|draw| {
                listed
                    .iter()
                    .map(move |p| p.iter().chain(&draw).cloned().collect::<Point>())
                    .collect::<Vec<_>>()
            })
            .collect())
    }
}

/// `"network.g_a" = …`, or `network.g_a = …`, which TOML reads as nested tables.
fn collect_axes(key: &str, value: &Value, axes: &mut Vec<(String, Axis)>) -> Result<()> {
    match value {
        Value::Object(map) if !Axis::is_axis(map) => {
            for (name, child) in map {
                collect_axes(&format!("{key}.{name}"), child, axes)?;
            }
            Ok(())
        }
        value => {
            let axis = Axis::parse(value).with_context(|| format!("key {key}"))?;
            axes.push((key.to_owned(), axis));
            Ok(())
        }
    }
}

/// Refuses two keys of which one contains the other: the later one would overwrite the earlier.
pub(crate) fn check_apart<'a>(keys: impl Iterator<Item = &'a str>) -> Result<()> {
    let mut keys: Vec<Vec<&str>> = keys.map(|key| key.split('.').collect()).collect();
    keys.sort_unstable();
    // Whatever lies below a key follows it at once.
    for pair in keys.windows(2) {
        ensure!(
            !pair[1].starts_with(&pair[0]),
            "{} and {} overwrite each other: leave one out",
            pair[0].join("."),
            pair[1].join(".")
        );
    }
    Ok(())
}

fn whole(key: &str, value: &Value) -> Result<u64> {
    value
        .as_u64()
        .ok_or_else(|| anyhow!("{key} = {value}: it must be a whole number"))
}

fn crossed(lists: &[(&str, &[Value])]) -> Vec<Point> {
    lists
        .iter()
        .fold(vec![Vec::new()], |points, (key, values)| {
            points
                .iter()
                .flat_map(|point| {
                    values.iter().map(move |value| {
                        let mut point = point.clone();
                        point.push(((*key).to_owned(), value.clone()));
                        point
                    })
                })
                .collect()
        })
}

fn paired(lists: &[(&str, &[Value])]) -> Result<Vec<Point>> {
    let n = lists.iter().map(|(_, v)| v.len()).max().unwrap_or(1);
    for (key, values) in lists {
        ensure!(
            values.len() == n || values.len() == 1,
            "combine = \"pair\": {key} has {} values where another axis has {n}",
            values.len()
        );
    }
    let at = |i: usize| {
        lists
            .iter()
            .map(|(key, v)| ((*key).to_owned(), v[i.min(v.len() - 1)].clone()))
            .collect()
    };
    Ok((0..n).map(at).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn points(block: Value) -> Result<Vec<Point>> {
        Block::parse(block.as_object().unwrap())?.points(|_| false)
    }

    fn shown(block: Value) -> Vec<String> {
        let show = |p: &Point| {
            p.iter()
                .map(|(k, v)| format!("{k}={v}"))
                .collect::<Vec<_>>()
                .join(" ")
        };
        points(block).unwrap().iter().map(show).collect()
    }

    #[test]
    fn axes_cross_or_pair() {
        assert_eq!(
            shown(json!({"a": [1, 2], "b": {"c": [3, 4]}})),
            ["a=1 b.c=3", "a=1 b.c=4", "a=2 b.c=3", "a=2 b.c=4"]
        );
        assert_eq!(
            shown(json!({"combine": "pair", "a": [1, 2], "b": [3, 4], "c": 5})),
            ["a=1 b=3 c=5", "a=2 b=4 c=5"]
        );
    }

    #[test]
    fn random_points_are_reproducible_and_extend() {
        let block = |n: u64| json!({"draws": n, "draw_seed": 7, "x": {"from": 1e-3, "to": 1.0, "random": "log-uniform"}});
        let (few, many) = (points(block(3)).unwrap(), points(block(5)).unwrap());
        assert_eq!(few[..], many[..3]);
        for p in &many {
            let x = p[0].1.as_f64().unwrap();
            assert!((1e-3..=1.0).contains(&x));
        }
    }

    #[test]
    fn an_axis_more_does_not_move_the_draws_of_another() {
        let x = json!({"from": 0, "to": 1, "random": "uniform"});
        let values = |block: Value| -> Vec<Value> {
            let points = points(block).unwrap();
            let x = |point: &Point| point.iter().find(|(key, _)| key == "x").unwrap().1.clone();
            points.iter().map(x).collect()
        };
        let alone = values(json!({"draws": 4, "x": x}));
        let beside = json!({"draws": 4, "a": x, "x": x, "b": {"random": ["u", "v"]}});
        assert_eq!(alone, values(beside.clone()));
        let mut points = points(beside).unwrap().into_iter();
        assert!(
            points.all(|point| point[0].1 != point[1].1),
            "each has its own"
        );
    }

    #[test]
    fn mistakes_are_named() {
        for (bad, word) in [
            (json!({"a": [1, 2], "a.b": [3]}), "a and a.b overwrite"),
            (json!({"a": {"b": {"c": 1}}, "a.b": [3]}), "a.b and a.b.c"),
            (json!({"combine": "zip"}), "cross"),
            (
                json!({"combine": "pair", "a": [1, 2], "b": [1, 2, 3]}),
                "values",
            ),
            (json!({"draws": 3}), "random"),
            (
                json!({"a": {"from": 0, "to": 1, "random": "uniform"}}),
                "draws",
            ),
            (json!({"draws": -1}), "whole"),
        ] {
            let message = format!("{:#}", points(bad.clone()).unwrap_err());
            assert!(message.contains(word), "{bad}: {message}");
        }
    }
}
