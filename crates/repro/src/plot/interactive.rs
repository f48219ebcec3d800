//! What the script of an SVG reads of panels, marks and legends: attributes of their groups.

use serde_json::{Value, json};

use super::area::Area;
use super::axes::{LegendEntry, Mark};
use super::scale::{Fitted, Scale};
use super::style::UNITS;
use super::text::layout;

/// Lines of no more points carry their values; those of longer ones are read off their path, as exactly as it is drawn.
const SHORT: usize = 120;

type Attributes = Vec<(&'static str, String)>;

/// Of a panel: where its axes are, and what they say.
pub(super) fn panel(
    (x, y, y2): (&Scale, &Scale, Option<&Scale>),
    area: &Area<'_>,
    right: Option<&Area<'_>>,
) -> Attributes {
    let frame = area.frame;
    let across = (frame.x, frame.x + frame.w);
    let up = (frame.y + frame.h, frame.y);
    let right = y2.zip(right).map(|(y2, right)| axis(y2, right.y, up));
    let all = json!({"x": axis(x, area.x, across), "y": axis(y, area.y, up), "right": right});
    vec![("data-panel", all.to_string())]
}

/// Ends of an axis on the page, in drawing units, and in the data (their logarithms, if it is logarithmic).
fn axis(scale: &Scale, fitted: &Fitted, (from, to): (f64, f64)) -> Value {
    let units = |x: f64| (x * UNITS).round();
    json!({
        "at": [units(from), units(to)],
        "of": fitted.limits(),
        "log": scale.logarithmic,
        "label": layout(&scale.label, 1.0).plain,
        "names": names(fitted),
        // Places without ticks are an order and no values.
        "shown": !fitted.ticks.is_empty(),
    })
}

/// The words at the ticks of an axis of conditions.
fn names(fitted: &Fitted) -> Vec<(f64, String)> {
    let plain = fitted
        .ticks
        .iter()
        .map(|(at, label)| (*at, layout(label, 1.0).plain));
    let named: Vec<_> = plain.collect();
    let is_number = |text: &str| text.trim_start_matches('−').parse::<f64>().is_ok();
    let powers = fitted.ticks.iter().any(|(_, label)| label.contains("10^{"));
    match powers || named.iter().all(|(_, label)| is_number(label)) {
        true => Vec::new(),
        false => named,
    }
}

/// Of a mark: whose it is, and the values that are shown under the pointer.
pub(super) fn mark(mark: &Mark, right: bool, entry: Option<usize>) -> Attributes {
    let mut attributes = vec![("data-mark", kind(mark, entry).to_owned())];
    if let Some(entry) = entry {
        attributes.push(("data-series", entry.to_string()));
    }
    if right {
        attributes.push(("data-right", "1".to_owned()));
    }
    let values = values(mark, entry);
    if !values.is_empty() {
        attributes.push(("data-v", values.join(" ")));
    }
    attributes
}

/// Whether values are shown of a mark, and where they stand: in its attribute, or, of a long line, in its path.
fn kind(mark: &Mark, entry: Option<usize>) -> &'static str {
    match mark {
        _ if !values(mark, entry).is_empty() => "points",
        Mark::Line(..) => "line",
        _ => "",
    }
}

fn values(mark: &Mark, entry: Option<usize>) -> Vec<String> {
    let pair = |x: f64, y: f64| {
        let all = x.is_finite() && y.is_finite();
        all.then(|| format!("{},{}", short(x), short(y)))
    };
    match mark {
        Mark::Line(points, _) if points.len() > SHORT => Vec::new(),
        Mark::Points(points, _) | Mark::Line(points, _) => {
            points.iter().filter_map(|&(x, y)| pair(x, y)).collect()
        }
        Mark::ErrorBars(bars, _) => {
            let bar = |&(x, y, e): &(f64, f64, f64)| Some(format!("{},{}", pair(x, y)?, short(e)));
            bars.iter().filter_map(bar).collect()
        }
        // A bar that stands on the axis, or lies on it. Other boxes are grounds.
        Mark::Box { x, y, .. } if entry.is_some() => match (x.0 == 0.0, y.0 == 0.0) {
            (_, true) => pair(0.5 * (x.0 + x.1), y.1).into_iter().collect(),
            (true, _) => pair(x.1, 0.5 * (y.0 + y.1)).into_iter().collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Four significant digits.
fn short(x: f64) -> String {
    let rounded: f64 = format!("{x:.3e}").parse().unwrap_or(x);
    let (plain, exponent) = (format!("{rounded}"), format!("{rounded:e}"));
    if plain.len() <= exponent.len() + 2 {
        plain
    } else {
        exponent
    }
}

/// Of an entry of a legend.
pub(super) fn entry(number: usize, entry: &LegendEntry) -> Attributes {
    let name = layout(&entry.text, 1.0).plain;
    vec![("data-key", number.to_string()), ("aria-label", name)]
}
