//! Where the values of one parameter are drawn from: an interval, steps of it, or a list.

use anyhow::{Result, bail, ensure};
use serde::Deserialize;
use serde_json::{Number, Value};

use crate::limits;
use crate::results::Cell;

/// Significant digits of a drawn number: far more than any result depends on, and few enough to be read.
const DIGITS: usize = 6;

/// How an axis is divided: into equal differences or equal ratios.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Scale {
    /// Equal differences.
    Linear,
    /// Equal ratios.
    Log,
}

/// The values that a parameter may have, each with its place in the unit interval.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Domain {
    /// All numbers of an interval.
    Interval(Interval),
    /// `from`, `from + step`, … `to`.
    Steps {
        /// The interval.
        interval: Interval,
        /// Distance of neighbours.
        step: f64,
    },
    /// These, in equal shares.
    Choice(Vec<Value>),
}

/// The numbers from one to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Interval {
    from: f64,
    to: f64,
    /// Whether equal shares of the unit interval are equal ratios, and not equal differences.
    log: bool,
}

impl Interval {
    /// # Errors
    /// Ends that are no interval: the message has their values.
    pub(crate) fn new(from: f64, to: f64, log: bool) -> Result<Self> {
        ensure!(
            from.is_finite() && to.is_finite() && from <= to,
            "from = {from}, to = {to}: both must be finite, and from no larger than to"
        );
        ensure!(
            !log || from > 0.0,
            "from = {from}: a logarithmic axis needs from > 0"
        );
        Ok(Self { from, to, log })
    }

    /// The number at a place from 0 to 1: `from` at 0, `to` at 1.
    pub(crate) fn at(&self, place: f64) -> f64 {
        let Self { from, to, log } = *self;
        let x = match log {
            _ if place <= 0.0 => from,
            _ if place >= 1.0 => to,
            true => from * (to / from).powf(place),
            false => from + (to - from) * place,
        };
        x.clamp(from, to)
    }
}

impl Domain {
    /// The numbers of an interval, or steps of it.
    ///
    /// # Errors
    /// A step that does not lead from one end to the other.
    pub(crate) fn numbers(interval: Interval, step: Option<f64>) -> Result<Self> {
        let Interval { from, to, log } = interval;
        let Some(step) = step else {
            return Ok(Self::Interval(interval));
        };
        ensure!(
            step.is_finite() && step > 0.0,
            "step = {step}: it must be larger than 0"
        );
        let steps = (to - from) / step;
        limits::check_runs(&format!("step = {step}"), steps)?;
        ensure!(
            (steps - steps.round()).abs() < 1e-6,
            "step = {step}: steps from {from} do not meet to = {to}"
        );
        ensure!(
            !log || step < 2.0 * from,
            "step = {step}: steps of a logarithmic axis must be smaller than 2 from = {}",
            2.0 * from
        );
        Ok(Self::Steps { interval, step })
    }

    /// One of a list.
    ///
    /// # Errors
    /// A list with nothing to choose from, or with a value twice.
    pub(crate) fn choice(values: &[Value]) -> Result<Self> {
        ensure!(
            values.len() > 1,
            "the list has {}: give at least two values to choose from",
            values.len()
        );
        for (i, value) in values.iter().enumerate() {
            if values[..i].contains(value) {
                bail!("the list has {value} twice");
            }
        }
        Ok(Self::Choice(values.to_vec()))
    }

    /// The value at a place of the unit interval, 0 ≤ place < 1.
    pub(crate) fn at(&self, place: f64) -> Value {
        match self {
            Self::Interval(interval) => {
                let x = match Cell::rounded(interval.at(place), DIGITS) {
                    Cell::Number(x) => x,
                    Cell::Text(_) | Cell::Empty(()) => interval.from,
                };
                number(x.clamp(interval.from, interval.to))
            }
            Self::Steps { interval, step } => {
                let Interval { from, to, log } = *interval;
                let half = 0.5 * step;
                // Every value has half a step on both of its sides.
                let around = Interval {
                    from: from - half,
                    to: to + half,
                    log,
                };
                let steps = ((around.at(place) - from) / step).round();
                let last = ((to - from) / step).round();
                stepped(from, *step, steps.clamp(0.0, last))
            }
            Self::Choice(values) => {
                let index = (place * values.len() as f64) as usize;
                values[index.min(values.len() - 1)].clone()
            }
        }
    }

    /// Whether it is divided into equal ratios.
    pub(crate) fn is_log(&self) -> bool {
        match self {
            Self::Interval(interval) | Self::Steps { interval, .. } => interval.log,
            Self::Choice(_) => false,
        }
    }

    /// The number of values, of a list.
    pub(crate) fn choices(&self) -> Option<usize> {
        match self {
            Self::Choice(values) => Some(values.len()),
            Self::Interval(_) | Self::Steps { .. } => None,
        }
    }
}

/// `from + n step` without the dust of binary fractions: 0.3 and not 0.30000000000000004.
fn stepped(from: f64, step: f64, n: f64) -> Value {
    tidy(from + n * step)
}

/// A number as it would be written by hand.
pub(crate) fn tidy(x: f64) -> Value {
    match Cell::rounded(x, 12) {
        Cell::Number(x) => number(x),
        Cell::Text(_) | Cell::Empty(()) => number(x),
    }
}

/// A whole number as an integer, so that it can also stand for a count.
pub(crate) fn number(x: f64) -> Value {
    if x.fract() == 0.0 && x.abs() < 1e15 {
        Value::from(x as i64)
    } else {
        Number::from_f64(x).map_or(Value::Null, Value::Number)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn interval(from: f64, to: f64, log: bool) -> Interval {
        Interval::new(from, to, log).unwrap()
    }

    #[test]
    fn an_interval_begins_and_ends_at_its_ends() {
        let third = interval(1.0 / 3.0, 2.0 / 3.0, true);
        let domain = Domain::numbers(third, None).unwrap();
        assert_eq!(domain.at(0.0), json!(1.0 / 3.0), "no less by rounding");
        assert_eq!(domain.at(0.5), json!(0.471405));
        let last = domain.at(1.0 - 1e-16).as_f64().unwrap();
        assert!(last <= 2.0 / 3.0, "{last}");
    }

    #[test]
    fn steps_have_equal_shares() {
        let domain = Domain::numbers(interval(0.1, 0.5, false), Some(0.1)).unwrap();
        let values: Vec<Value> = (0..10)
            .map(|i| domain.at(0.05 + 0.1 * f64::from(i)))
            .collect();
        let expected = [0.1, 0.1, 0.2, 0.2, 0.3, 0.3, 0.4, 0.4, 0.5, 0.5];
        assert_eq!(values, expected.map(|x| json!(x)));
        let whole = Domain::numbers(interval(1.0, 100.0, true), Some(1.0)).unwrap();
        let value = |place| whole.at(place).as_u64().unwrap();
        assert_eq!([value(0.0), value(0.999_999)], [1, 100]);
        assert_eq!(value(0.5), 7, "the root of 0.5 · 100.5");
    }

    #[test]
    fn choices_have_equal_shares() {
        let domain = Domain::choice(&[json!("a"), json!(2)]).unwrap();
        assert_eq!(domain.at(0.49), json!("a"));
        assert_eq!(domain.at(0.5), json!(2));
    }

    #[test]
    fn mistakes_are_named() {
        let steps = |from, to, log, step| Domain::numbers(interval(from, to, log), Some(step));
        for (bad, word) in [
            (steps(0.0, 1.0, false, 0.3), "do not meet to = 1"),
            (steps(0.0, 1.0, false, 0.0), "larger than 0"),
            (steps(1.0, 9.0, true, 4.0), "smaller than 2 from"),
            (Domain::choice(&[json!(1)]), "at least two"),
            (Domain::choice(&[json!(1), json!(2), json!(1)]), "1 twice"),
        ] {
            let message = format!("{:#}", bad.unwrap_err());
            assert!(message.contains(word), "{word}: {message}");
        }
    }
}
