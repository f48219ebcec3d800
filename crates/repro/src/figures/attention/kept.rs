//! How much of the softmax accuracy a circuit keeps, by its number of hidden neurons.

use std::ops::Range;

use anyhow::{Result, ensure};

use crate::plot::{Axes, Color, Marker, Scale, Stroke};
use crate::results::Frame;
use crate::results::stats::{mean, median};

/// The share of the softmax accuracy that counts as kept.
pub(super) const KEPT: f64 = 0.99;

/// Two panels of accuracy over m, the whole and an enlargement, with lines where softmax attention is and where no
/// attention is; those are entered in the key.
pub(super) fn panels(
    title: &str,
    near: Range<f64>,
    [softmax, uniform]: [f64; 2],
    key: &mut Axes,
) -> [Axes; 2] {
    let scale = || Scale::log("hidden neurons per head *m*");
    let label = "test accuracy / %";
    let whole = Scale::linear(label).limits(0.0, 100.0);
    let near = Scale::linear(label).limits(near.start, near.end);
    let mut panels = [
        Axes::new(scale(), whole).tag("a").title(title),
        Axes::new(scale(), near).tag("b").title("enlarged"),
    ];
    for (text, level, stroke) in [
        (
            format!("softmax, {}", percent(softmax)),
            softmax,
            Stroke::solid(Color::BLACK),
        ),
        (
            "99 % of softmax".to_owned(),
            KEPT * softmax,
            Stroke::dotted(Color::GREY),
        ),
        (
            format!("uniform, {}", percent(uniform)),
            uniform,
            Stroke::dashed(Color::GREY),
        ),
    ] {
        for axes in &mut panels {
            axes.across(100.0 * level, stroke);
        }
        key.legend(text, stroke, None);
    }
    panels
}

/// Mean accuracy of a condition that does not depend on the seed.
pub(super) fn accuracy(runs: &Frame) -> Result<f64> {
    let values = runs.numbers("accuracy")?;
    ensure!(
        !values.is_empty(),
        "no run with softmax, or none without attention"
    );
    Ok(mean(&values))
}

/// Draws median and range over seeds against m; returns the medians.
pub(super) fn draw_series(
    panels: &mut [Axes],
    runs: &Frame,
    stroke: Stroke,
    marker: Marker,
) -> Result<Vec<(f64, f64)>> {
    let (mut line, mut bars) = (Vec::new(), Vec::new());
    for (m, runs) in runs.by_number("circuit.m")? {
        let values = runs.numbers("accuracy")?;
        let (low, high) = values
            .iter()
            .fold((1.0f64, 0.0f64), |(a, b), &x| (a.min(x), b.max(x)));
        line.push((m, median(&values)));
        bars.push((m, 0.5 * (low + high), 0.5 * (high - low)));
    }
    for axes in panels {
        let bars = bars
            .iter()
            .map(|&(m, middle, half)| (m, 100.0 * middle, 100.0 * half));
        axes.error_bars(bars, stroke);
        let line = line.iter().map(|&(m, accuracy)| (m, 100.0 * accuracy));
        axes.line(line.clone(), stroke);
        axes.points(line, marker);
    }
    Ok(line)
}

/// The smallest m from which on the accuracy stays above the share kept.
pub(super) fn kept_from(line: &[(f64, f64)], softmax: f64) -> String {
    let above = |(_, accuracy): &&(f64, f64)| *accuracy >= KEPT * softmax;
    match line.iter().rev().take_while(above).last() {
        Some((m, _)) => format!("*m* = {m}"),
        None => line
            .last()
            .map_or("–".to_owned(), |(m, _)| format!("*m* > {m}")),
    }
}

fn percent(x: f64) -> String {
    format!("{:.1} %", 100.0 * x)
}
