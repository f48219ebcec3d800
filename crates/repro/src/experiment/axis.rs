//! What varies in an experiment: lists, ranges and random draws of parameter values.

use anyhow::{Result, bail, ensure};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use serde_json::{Number, Value};

use crate::limits;

/// The values that one parameter takes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Axis {
    /// These values, in this order.
    Values(Vec<Value>),
    /// Drawn anew for every random point of the block.
    Random(Interval),
}

/// `{ from = 0.0, to = 30.0, points = 60, scale = "log" }` or
/// `{ from = 1e-5, to = 1e-2, random = "log-uniform" }`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Interval {
    from: f64,
    to: f64,
    points: Option<usize>,
    scale: Option<Scale>,
    random: Option<Distribution>,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Scale {
    Linear,
    Log,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Distribution {
    Uniform,
    LogUniform,
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
            Value::Object(_) => Interval::deserialize(value)?.into_axis(),
            scalar => Ok(Self::Values(vec![scalar.clone()])),
        }
    }
}

impl Interval {
    fn into_axis(self) -> Result<Axis> {
        let Self {
            from,
            to,
            points,
            scale,
            random,
        } = self;
        ensure!(
            from.is_finite() && to.is_finite() && from <= to,
            "from = {from}, to = {to}: both must be finite, and from no larger than to"
        );
        let logarithmic = scale == Some(Scale::Log) || random == Some(Distribution::LogUniform);
        ensure!(
            !logarithmic || from > 0.0,
            "from = {from}: a logarithmic axis needs from > 0"
        );
        match (points, random) {
            (Some(points), None) => {
                ensure!(points >= 2, "points = {points}: a range needs at least 2");
                limits::check_runs(&format!("points = {points}"), points as f64)?;
                let value = |i: usize| {
                    let t = i as f64 / (points - 1) as f64;
                    match (i, scale) {
                        (0, _) => from,
                        (i, _) if i == points - 1 => to,
                        (_, Some(Scale::Log)) => from * (to / from).powf(t),
                        _ => from + (to - from) * t,
                    }
                };
                Ok(Axis::Values(
                    (0..points).map(|i| number(value(i))).collect(),
                ))
            }
            (None, Some(_)) => {
                ensure!(
                    scale.is_none(),
                    "scale goes with points; a random axis has its distribution"
                );
                Ok(Axis::Random(self))
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

    /// One random value.
    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> Value {
        let u: f64 = rng.random();
        let Self { from, to, .. } = *self;
        number(match self.random {
            Some(Distribution::LogUniform) => from * (to / from).powf(u),
            _ => from + (to - from) * u,
        })
    }
}

/// A whole number as an integer, so that it can also stand for a count.
fn number(x: f64) -> Value {
    if x.fract() == 0.0 && x.abs() < 1e15 {
        Value::from(x as i64)
    } else {
        Number::from_f64(x).map_or(Value::Null, Value::Number)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use serde_json::json;

    use super::*;

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
        let log = values(json!({"from": 0.01, "to": 100.0, "points": 5, "scale": "log"}));
        for (x, y) in log.iter().zip([0.01, 0.1, 1.0, 10.0, 100.0]) {
            assert!((x / y - 1.0).abs() < 1e-12, "{x} {y}");
        }
    }

    #[test]
    fn draws_are_distributed_as_their_axis_says() {
        let below = |random: &str, middle: f64| {
            let axis = Axis::parse(&json!({"from": 1e-4, "to": 1.0, "random": random})).unwrap();
            let Axis::Random(interval) = axis else {
                panic!("not random")
            };
            let mut rng = ChaCha8Rng::seed_from_u64(1);
            let draws = (0..400).map(|_| interval.draw(&mut rng).as_f64().unwrap());
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
