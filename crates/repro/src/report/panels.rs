//! The picture of points that were tried: all parameters side by side, what each of them does to the objective, and what a
//! search had found by what it had cost.

use anyhow::Result;

use super::importance::importance;
use super::points::{Parameter, Points};
use crate::plot::{
    Axes, Color, Files, Marker, Page, Rect, SERIES, Scale, Stroke, Width, gradient, literal,
};
use crate::results::Cell;
use crate::studies::Better;

/// Panels in a row, and sizes in points.
const COLUMNS: usize = 3;
const PAGE: f64 = 519.0;
const LINES: f64 = 190.0;
const PANEL: f64 = 150.0;
/// A parameter of which nothing is said is shown by its logarithm where its values lie further apart than this.
const DECADES: f64 = 30.0;
/// Points drawn as lines, and as dots: of more, the best.
const MOST_LINES: usize = 400;
const MOST_DOTS: usize = 2000;

/// Draws it.
pub(super) fn draw(points: &Points<'_>) -> Result<Files> {
    let importance = importances(points);
    let mut more: Vec<Axes> = importance.into_iter().collect();
    if !points.progress.is_empty() {
        more.push(progress(points));
    }
    let told = more.len() > usize::from(!points.progress.is_empty());
    let panels = points.parameters.len() + more.len();
    let rows = panels.div_ceil(COLUMNS);
    let mut page = Page::new(Width::Double, LINES + rows as f64 * PANEL);
    let across = Rect {
        x: 0.0,
        y: 0.0,
        w: PAGE,
        h: LINES,
    };
    page.place(across, parallel(points));
    let width = PAGE / COLUMNS as f64;
    let place = |i: usize| Rect {
        x: (i % COLUMNS) as f64 * width,
        y: LINES + (i / COLUMNS) as f64 * PANEL,
        w: width,
        h: PANEL,
    };
    for (i, parameter) in points.parameters.iter().enumerate() {
        page.place(place(i), single(points, parameter));
    }
    for (i, axes) in more.into_iter().enumerate() {
        page.place(place(points.parameters.len() + i), axes);
    }
    page.note("Each line or dot is a point; yellow ones are the best, dark ones the worst. Points without a value diverged and are left out");
    page.note("bars: standard error over seeds");
    let n = points.order().len();
    if n > MOST_LINES {
        page.note(format!(
            "of {n} points the best {MOST_LINES} are lines and the best {} dots",
            n.min(MOST_DOTS)
        ));
    }
    if told {
        page.note("importance: share of the variance of ranks that goes with a parameter, alone and with others, by shuffling it in a random forest");
    }
    if !points.progress.is_empty() {
        page.note("black: the best so far on the last rung");
    }
    page.render()
}

/// Where the values of a parameter lie, as numbers: words in the order of the alphabet.
struct Scaled {
    values: Vec<Option<f64>>,
    words: Vec<String>,
    log: bool,
}

impl Scaled {
    fn of(parameter: &Parameter) -> Self {
        let cells = || parameter.values.iter();
        let mut words: Vec<String> = cells()
            .filter_map(|cell| match cell {
                Cell::Text(word) => Some(word.clone()),
                Cell::Number(_) | Cell::Empty(()) => None,
            })
            .collect();
        words.sort();
        words.dedup();
        if !words.is_empty() {
            // Numbers beside words are choices too.
            words.extend(
                cells()
                    .filter(|cell| matches!(cell, Cell::Number(_)))
                    .map(Cell::to_string),
            );
            words.sort();
            words.dedup();
        }
        let value = |cell: &Cell| match cell {
            Cell::Empty(()) => None,
            Cell::Number(x) if words.is_empty() => Some(*x),
            cell => words
                .binary_search(&cell.to_string())
                .ok()
                .map(|i| i as f64),
        };
        let values: Vec<Option<f64>> = cells().map(value).collect();
        let there = || values.iter().flatten().copied();
        let (low, high) = (
            there().fold(f64::INFINITY, f64::min),
            there().fold(f64::NEG_INFINITY, f64::max),
        );
        let can = words.is_empty() && low > 0.0;
        let log = can && parameter.log.unwrap_or(high / low > DECADES);
        Self { values, words, log }
    }

    fn scale(&self, label: &str) -> Scale {
        let scale = match self.log {
            true => Scale::log(literal(label)),
            false => Scale::linear(literal(label)),
        };
        match self.words.len() {
            0 => scale,
            n => {
                let ticks = self.words.iter().enumerate();
                let ticks = ticks.map(|(i, word)| (i as f64, literal(word)));
                scale.limits(-0.5, n as f64 - 0.5).ticks(ticks)
            }
        }
    }

    /// Places from 0 to 1 between the least and the largest.
    fn units(&self) -> Vec<Option<f64>> {
        unit_interval(&self.values, self.log)
    }
}

fn unit_interval(values: &[Option<f64>], log: bool) -> Vec<Option<f64>> {
    let forward = |x: f64| if log { x.ln() } else { x };
    let there = || values.iter().flatten().map(|&x| forward(x));
    let (low, high) = (
        there().fold(f64::INFINITY, f64::min),
        there().fold(f64::NEG_INFINITY, f64::max),
    );
    let unit = |x: f64| match high > low {
        true => (forward(x) - low) / (high - low),
        false => 0.5,
    };
    values.iter().map(|value| value.map(unit)).collect()
}

/// The colour of a rank, of this many: the best is yellow.
fn color(rank: usize, of: usize) -> Color {
    gradient(1.0 - rank as f64 / of.max(2) as f64)
}

fn parallel(points: &Points<'_>) -> Axes {
    let columns: Vec<Vec<Option<f64>>> = points
        .parameters
        .iter()
        .map(|p| Scaled::of(p).units())
        .collect();
    let objective = unit_interval(&points.values(), false);
    let names = points
        .parameters
        .iter()
        .map(|parameter| parameter.key.as_str());
    let names = names.chain(["found"]).enumerate();
    let ticks: Vec<(f64, String)> = names.map(|(i, name)| (i as f64, short(name))).collect();
    let last = columns.len() as f64;
    let ends = [(0.0, "least"), (1.0, "largest")];
    let x = Scale::linear("").limits(-0.15, last + 0.15).ticks(ticks);
    let mut axes = Axes::new(x, Scale::linear("").limits(-0.05, 1.05).ticks(ends));
    for i in 0..=columns.len() {
        axes.upright(i as f64, Stroke::solid(Color::BLACK.opacity(0.3)));
    }
    let order = points.order();
    let n = order.len();
    for (rank, &point) in order.iter().enumerate().take(MOST_LINES).rev() {
        let units = columns
            .iter()
            .chain([&objective])
            .map(|column| column[point]);
        // A parameter that is not there interrupts the line.
        let line = units
            .enumerate()
            .map(|(i, unit)| (i as f64, unit.unwrap_or(f64::NAN)));
        let width = if rank == 0 { 2.0 } else { 0.7 };
        axes.line(
            line.collect::<Vec<_>>(),
            Stroke::solid(color(rank, n)).width(width),
        );
    }
    axes
}

fn single(points: &Points<'_>, parameter: &Parameter) -> Axes {
    let scaled = Scaled::of(parameter);
    let mut axes = Axes::new(
        scaled.scale(&parameter.key),
        Scale::linear(literal(points.objective)),
    );
    let order = points.order();
    let n = order.len();
    for (rank, &point) in order.iter().enumerate().take(MOST_DOTS).rev() {
        let (Some(x), score) = (scaled.values[point], &points.scores[point]) else {
            continue;
        };
        if score.standard_error.is_finite() {
            let bar = [(x, score.value, score.standard_error)];
            axes.error_bars(bar, Stroke::solid(color(rank, n)).width(0.7));
        }
        axes.points([(x, score.value)], Marker::dot(color(rank, n)).radius(1.6));
    }
    axes
}

/// The importance of each free parameter, if it can be told.
fn importances(points: &Points<'_>) -> Option<Axes> {
    let all = points.parameters.iter();
    let free: Vec<&Parameter> = all.filter(|parameter| parameter.free).collect();
    let places: Vec<_> = free
        .iter()
        .map(|parameter| Scaled::of(parameter).units())
        .collect();
    let shares = importance(&places, &ranks(&points.compared, points.better))?;
    let names = free.iter().map(|parameter| short(&parameter.key));
    let ticks = names.enumerate().map(|(i, name)| (-(i as f64), name));
    let last = 1.0 - free.len() as f64;
    let y = Scale::linear("").limits(last - 0.6, 0.6).ticks(ticks);
    let mut axes = Axes::new(Scale::linear("importance").from(0.0), y);
    for (i, share) in shares.into_iter().enumerate() {
        let middle = -(i as f64);
        axes.rectangle((0.0, share), (middle - 0.35, middle + 0.35), SERIES[0]);
    }
    Some(axes)
}

/// How many points each one is better than: of ranks, a few far out are no more than others, and those that diverged count as the
/// last ones.
fn ranks(found: &[Option<f64>], better: Better) -> Vec<Option<f64>> {
    let sign = match better {
        Better::Higher => 1.0,
        Better::Lower => -1.0,
    };
    let found = found.iter().map(|found| found.filter(|x| x.is_finite()));
    let found: Vec<f64> = found
        .map(|found| found.map_or(f64::NEG_INFINITY, |x| sign * x))
        .collect();
    let mut order = found.clone();
    order.sort_by(f64::total_cmp);
    let worse = |x: &f64| order.partition_point(|other| other < x) as f64;
    found.iter().map(|x| Some(worse(x))).collect()
}

/// A key without the table that it is in.
fn short(key: &str) -> String {
    literal(key.split_once('.').map_or(key, |(_, rest)| rest))
}

fn progress(points: &Points<'_>) -> Axes {
    let mut axes = Axes::new(
        Scale::linear("cost in runs of the last rung").from(0.0),
        Scale::linear(literal(points.objective)),
    );
    axes.points(
        points.progress.iter().copied(),
        Marker::dot(SERIES[0].lighter(0.5)).radius(1.2),
    );
    let mut best: Option<f64> = None;
    let mut line = Vec::new();
    for &(cost, value) in points.progress {
        let better = best.is_none_or(|best| match points.better {
            Better::Higher => value > best,
            Better::Lower => value < best,
        });
        if better {
            line.extend(best.map(|best| (cost, best)));
            line.push((cost, value));
            best = Some(value);
        }
    }
    line.extend(
        points
            .progress
            .last()
            .zip(best)
            .map(|(last, best)| (last.0, best)),
    );
    axes.line(line, Stroke::solid(Color::BLACK));
    axes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(log: Option<bool>, values: &[&str]) -> Scaled {
        Scaled::of(&Parameter {
            key: "x".to_owned(),
            log,
            free: true,
            values: values.iter().map(|value| Cell::parse(value)).collect(),
        })
    }

    #[test]
    fn ranks_count_the_points_that_are_worse() {
        let found = [Some(0.5), None, Some(-3.0), Some(0.5), Some(1e9)];
        let ranks = |better| {
            ranks(&found, better)
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
        };
        assert_eq!(ranks(Better::Higher), [2.0, 0.0, 1.0, 2.0, 4.0]);
        assert_eq!(ranks(Better::Lower), [2.0, 0.0, 4.0, 2.0, 1.0]);
    }

    #[test]
    fn words_are_places_and_wide_numbers_are_logarithms() {
        let words = parameter(None, &["relu", "", "sigmoid", "relu"]);
        assert_eq!(words.values, [Some(0.0), None, Some(1.0), Some(0.0)]);
        assert_eq!(words.words, ["relu", "sigmoid"]);
        let wide = parameter(None, &["0.001", "0.1", "10"]);
        assert_eq!(wide.units(), [Some(0.0), Some(0.5), Some(1.0)]);
        assert!(!parameter(None, &["1", "10"]).log);
        assert!(!parameter(Some(false), &["0.001", "10"]).log);
        assert!(
            !parameter(Some(true), &["0", "10"]).log,
            "zero has no logarithm"
        );
        assert_eq!(parameter(None, &["3", "3"]).units(), [Some(0.5); 2]);
    }
}
