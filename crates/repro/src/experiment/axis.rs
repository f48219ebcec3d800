//! What varies in an experiment: lists, ranges and random draws of parameter values.

use anyhow::{Result, bail, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::domain::{Domain, Interval, Scale, number, tidy};
use crate::limits;

/// The values that one parameter takes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Axis {
    /// These values, in this order.
    Values(Vec<Value>),
    /// Drawn anew for every random point of the block.
    Random(Domain),
}

/// `{ from = 0.0, to = 30.0, points = 60, scale = "log" }`,
/// `{ from = 10, to = 200, random = "log-uniform", step = 10 }`, or `{ random = ["sigmoid", "relu"] }`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Range {
    from: Option<f64>,
    to: Option<f64>,
    points: Option<usize>,
    scale: Option<Scale>,
    random: Option<Value>,
    step: Option<f64>,
}

impl Axis {
    /// Reads the right-hand side of a key in a `[[points]]` block.
    pub(super) fn parse(value: &Value) -> Result<Self> {
        match value {
            Value::Array(values) => {
                ensure!(
                    !values.is_empty(),
                    "the list is empty: give at least one value"
                );
                Ok(Self::Values(values.clone()))
            }
            Value::Object(_) => Range::deserialize(value)?.into_axis(),
            scalar => Ok(Self::Values(vec![scalar.clone()])),
        }
    }

    /// Whether a table is an axis, and not one of further keys.
    pub(super) fn is_axis(table: &serde_json::Map<String, Value>) -> bool {
        let own = ["from", "to", "random"];
        own.iter().any(|key| table.contains_key(*key))
    }
}

impl Range {
    fn into_axis(self) -> Result<Axis> {
        let (points, scale, step) = (self.points, self.scale, self.step);
        // Whether its logarithm is uniform.
        let random = match &self.random {
            Some(Value::Array(values)) => {
                ensure!(
                    [self.from, self.to, step] == [None; 3] && points.is_none() && scale.is_none(),
                    "a list to draw from stands alone: {{ random = [1, 2] }}"
                );
                return Ok(Axis::Random(Domain::choice(values)?));
            }
            Some(Value::String(word)) if word == "uniform" => Some(false),
            Some(Value::String(word)) if word == "log-uniform" => Some(true),
            Some(other) => bail!(
                "random = {other}: it is \"uniform\", \"log-uniform\", or a list of values to draw from"
            ),
            None => None,
        };
        let (Some(from), Some(to)) = (self.from, self.to) else {
            bail!("an interval needs from and to");
        };
        let log = scale == Some(Scale::Log) || random == Some(true);
        let interval = Interval::new(from, to, log)?;
        match (points, random) {
            (Some(points), None) => {
                ensure!(points >= 2, "points = {points}: a range needs at least 2");
                ensure!(
                    step.is_none(),
                    "step goes with random; a range has its number of points"
                );
                limits::check_runs(&format!("points = {points}"), points as f64)?;
                let value = |i: usize| {
                    let x = interval.at(i as f64 / (points - 1) as f64);
                    // Differences stay as they are: finished runs are found by these numbers.
                    if log { tidy(x) } else { number(x) }
                };
                Ok(Axis::Values((0..points).map(value).collect()))
            }
            (None, Some(_)) => {
                ensure!(
                    scale.is_none(),
                    "scale goes with points; a random axis has its distribution"
                );
                Ok(Axis::Random(Domain::numbers(interval, step)?))
            }
            (None, None) => bail!(
                "a range needs points = N (and scale = \"linear\" or \"log\"), \
                 a random axis needs random = \"uniform\" or \"log-uniform\""
            ),
            (Some(_), Some(_)) => bail!(
                "points and random exclude each other; for random draws put draws = N into the block"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt as _;
    use serde_json::json;

    use super::*;
    use crate::experiment::stream::stream;

    fn values(v: Value) -> Vec<f64> {
        match Axis::parse(&v).unwrap() {
            Axis::Values(v) => v.iter().map(|x| x.as_f64().unwrap()).collect(),
            Axis::Random(_) => panic!("random"),
        }
    }

    #[test]
    fn ranges_include_both_ends() {
        assert_eq!(
            values(json!({"from": 0, "to": 1, "points": 5})),
            [0.0, 0.25, 0.5, 0.75, 1.0]
        );
        let lags = values(json!({"from": 0, "to": 30, "points": 60}));
        assert_eq!(
            lags[1..3],
            [0.508_474_576_271_186_4, 1.016_949_152_542_372_8]
        );
        let log = values(json!({"from": 0.01, "to": 100.0, "points": 5, "scale": "log"}));
        assert_eq!(log, [0.01, 0.1, 1.0, 10.0, 100.0]);
    }

    #[test]
    fn draws_are_distributed_as_their_axis_says() {
        let below = |random: &str, middle: f64| {
            let axis = Axis::parse(&json!({"from": 1e-4, "to": 1.0, "random": random})).unwrap();
            let Axis::Random(domain) = axis else {
                panic!("not random")
            };
            let mut rng = stream(1, "axis");
            let draws = (0..400).map(|_| domain.at(rng.random()).as_f64().unwrap());
            draws.filter(|x| *x < middle).count()
        };
        // Half of 400 draws lie below the middle, within four standard deviations of 10.
        for (random, middle) in [("log-uniform", 1e-2), ("uniform", 0.5)] {
            let count = below(random, middle);
            assert!((160..=240).contains(&count), "{random}: {count}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (bad, word) in [
            (json!([]), "empty"),
            (json!({"from": 0, "to": 1}), "points"),
            (json!({"from": 2, "to": 1, "points": 3}), "no larger"),
            (
                json!({"from": 0, "to": 1, "points": 3, "scale": "log"}),
                "from > 0",
            ),
            (json!({"from": 0, "to": 1, "points": 1}), "at least 2"),
            (json!({"from": 0, "to": 1, "random": "normal"}), "normal"),
            (json!({"from": 0, "to": 1, "number": 3}), "number"),
            (json!({"from": 0, "random": "uniform"}), "from and to"),
            (json!({"random": [1]}), "at least two"),
            (json!({"random": [1, 2], "to": 3}), "stands alone"),
            (
                json!({"from": 0, "to": 1, "points": 3, "step": 1}),
                "step goes with random",
            ),
            (
                json!({"from": 0, "to": 1, "points": 3, "random": "uniform"}),
                "exclude",
            ),
        ] {
            let message = format!("{:#}", Axis::parse(&bad).unwrap_err());
            assert!(message.contains(word), "{bad}: {message}");
        }
    }
}
