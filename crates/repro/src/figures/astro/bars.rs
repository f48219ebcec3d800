//! Bars with the single runs as dots, and the published bars beside them.

use super::super::look::{ASTROCYTES, NEURONS};
use crate::plot::{Axes, Color, Marker, Scale, Stroke};
use crate::results::started::Accuracies;
use crate::results::stats::{mean, median};

/// What a bar is the height of.
#[derive(Clone, Copy)]
pub(super) enum Statistic {
    Mean,
    Median,
}

impl Statistic {
    pub(super) fn of(self, values: &[f64]) -> f64 {
        match self {
            Self::Mean => mean(values),
            Self::Median => median(values),
        }
    }
}

/// One condition of a panel.
pub(super) struct Condition {
    pub(super) label: String,
    /// Of what the network is made.
    pub(super) color: Color,
    /// Our runs.
    pub(super) ours: Accuracies,
    /// The published bar, if there is one.
    pub(super) published: Option<f64>,
    /// The published runs, as far as they are known.
    pub(super) published_runs: Accuracies,
}

const PUBLISHED: Color = Color::LIGHT;
/// How much lighter a bar is than its dots.
const BAR: f64 = 0.45;

/// Half-width of a bar; conditions are 1 apart.
const HALF: f64 = 0.19;

fn categories(label: &str, conditions: &[Condition]) -> Scale {
    let ticks = conditions
        .iter()
        .enumerate()
        .map(|(i, c)| (i as f64, c.label.clone()));
    Scale::linear(label)
        .ticks(ticks)
        .limits(-0.6, conditions.len() as f64 - 0.4)
}

/// Accuracies in per cent: bars, runs as dots, and the mean of the runs that started as a diamond.
pub(super) fn accuracies(label: &str, conditions: &[Condition], statistic: Statistic) -> Axes {
    let y = Scale::linear("test accuracy / %").limits(0.0, 111.0);
    let mut axes = Axes::new(categories(label, conditions), y);
    let dots = |axes: &mut Axes, x: f64, values: &[f64], color: Color| {
        let spread = |i: usize| ((i * 7) % 11) as f64 / 10.0 - 0.5;
        let points = values
            .iter()
            .enumerate()
            .map(|(i, v)| (x + 1.3 * HALF * spread(i), 100.0 * v));
        axes.points(points.collect::<Vec<_>>(), Marker::dot(color).radius(0.9));
    };
    for (i, condition) in conditions.iter().enumerate() {
        let centre = i as f64;
        let beside = condition.published.is_some();
        let x = if beside { centre + HALF } else { centre };
        let bar = |axes: &mut Axes, x: f64, height: f64, fill: Color| {
            axes.rectangle((x - HALF, x + HALF), (0.0, 100.0 * height), fill);
        };
        bar(
            &mut axes,
            x,
            statistic.of(&condition.ours.all()),
            condition.color.lighter(BAR),
        );
        dots(&mut axes, x, &condition.ours.all(), condition.color);
        let started = condition.ours.started();
        if !started.is_empty() {
            let mean = 100.0 * Statistic::Mean.of(&started);
            axes.line(
                [(x - HALF, mean), (x + HALF, mean)],
                Stroke::solid(Color::BLACK),
            );
        }
        if let Some(height) = condition.published {
            bar(&mut axes, centre - HALF, height, PUBLISHED);
            dots(
                &mut axes,
                centre - HALF,
                &condition.published_runs.all(),
                Color::GREY,
            );
        }
    }
    axes.across(11.35, Stroke::dotted(Color::GREY));
    axes
}

/// How many runs stayed at chance, over the bars of [`accuracies`].
pub(super) fn counts(axes: &mut Axes, conditions: &[Condition]) {
    for (i, condition) in conditions.iter().enumerate() {
        let text = format!("{} of {}", condition.ours.stuck(), condition.ours.len());
        axes.text((i as f64, 106.0), text, Color::NOTE, 0.5);
    }
}

/// The legend of [`accuracies`]; `neurons` if there are any.
pub(super) fn legend(axes: &mut Axes, statistic: Statistic, neurons: bool) {
    let name = match statistic {
        Statistic::Mean => "mean",
        Statistic::Median => "median",
    };
    axes.legend_box(format!("published, {name}"), PUBLISHED);
    axes.legend_box(format!("ours, astrocytes, {name}"), ASTROCYTES.lighter(BAR));
    if neurons {
        axes.legend_box(format!("ours, neurons, {name}"), NEURONS.lighter(BAR));
    }
    axes.legend(
        "mean of runs that started",
        Stroke::solid(Color::BLACK),
        None,
    );
    axes.legend("chance, 11.35 %", Stroke::dotted(Color::GREY), None);
}

/// Per cent of the runs that stayed at chance.
pub(super) fn at_chance(label: &str, conditions: &[Condition], published: &[Option<f64>]) -> Axes {
    let y = Scale::linear("runs at chance / %").limits(0.0, 100.0);
    let mut axes = Axes::new(categories(label, conditions), y);
    for (i, condition) in conditions.iter().enumerate() {
        let share = 100.0 * condition.ours.at_chance();
        let published = published.get(i).copied().flatten();
        let x = i as f64 + if published.is_some() { HALF } else { 0.0 };
        let fill = condition.color.lighter(BAR);
        axes.rectangle((x - HALF, x + HALF), (0.0, share), fill);
        if let Some(share) = published {
            let x = i as f64 - HALF;
            axes.rectangle((x - HALF, x + HALF), (0.0, 100.0 * share), PUBLISHED);
        }
    }
    axes
}
