//! Yin-Yang accuracy against one swept parameter, ours before the published: Figs. 6a–d.

use anyhow::Result;

use super::look::pattern_time;
use crate::plot::{Axes, Color, Scale, Stroke};
use crate::results::Inputs;
use crate::results::stats::mean_std;
use crate::sources::hill::{SAMPLES, SWEEP_EPOCHS, Series};

/// What the figures read of the runs of a sweep.
pub(super) const RUNS: &[&str] = &[
    "seed",
    "network.t_pattern_ms",
    "network.learning_lag_ms",
    "network.tau_0_ms",
    "network.tau_w_ms",
    "network.reset_deltas",
    "training.epochs",
    "validation_accuracy",
    "test_accuracy",
];

/// What is swept: its setting, its column in the published table, and its axis.
pub(super) struct Swept {
    pub(super) setting: &'static str,
    pub(super) published: &'static str,
    pub(super) label: &'static str,
    pub(super) limits: (f64, f64),
}

/// Learning-lag.
pub(super) const LAG: Swept = Swept {
    setting: "network.learning_lag_ms",
    published: "learning_lag_ms",
    label: "learning-lag / ms",
    limits: (-0.6, 30.6),
};

/// An empty panel for accuracies in per cent, with what guessing reaches.
pub(super) fn panel(swept: &Swept) -> Axes {
    let mut axes = Axes::new(
        axis(swept),
        Scale::linear("test accuracy / %").limits(25.0, 101.0),
    );
    axes.across(100.0 / 3.0, Stroke::dotted(Color::GREY));
    axes.legend("chance", Stroke::dotted(Color::GREY), None);
    axes
}

fn axis(swept: &Swept) -> Scale {
    let (low, high) = swept.limits;
    Scale::linear(swept.label).limits(low, high)
}

/// Adds a series: the published one as a line with a band of one standard deviation, our runs as points with bars of the same.
pub(super) fn series(axes: &mut Axes, swept: &Swept, series: &Series, name: &str) -> Result<()> {
    let (color, marker) = pattern_time(series.t_pattern_ms);
    let published = series.published(swept.published)?;
    let points = published
        .iter()
        .map(|&(x, mean, std)| (x, 100.0 * mean, 100.0 * std));
    let points: Vec<(f64, f64, f64)> = points.collect();
    let band = points.iter().filter(|p| p.2.is_finite());
    let band = band.map(|&(x, mean, std)| (x, mean - std, mean + std));
    axes.band(band, color.opacity(0.18));
    let line = Stroke::solid(color.lighter(0.25)).width(0.7);
    axes.line(points.iter().map(|p| (p.0, p.1)), line);
    let mut ours = Vec::new();
    for (x, runs) in series.ours.by_number(swept.setting)? {
        let (mean, std) = mean_std(&runs.numbers("test_accuracy")?);
        ours.push((x, 100.0 * mean, 100.0 * std));
    }
    let bars = ours.iter().copied().filter(|p| p.2.is_finite());
    axes.error_bars(bars, Stroke::solid(color).width(0.8));
    axes.points(ours.iter().map(|p| (p.0, p.1)), marker);
    let marker = (!ours.is_empty()).then_some(marker);
    axes.legend(name, line, marker);
    Ok(())
}

/// Our runs less the published ones of the same seeds: how many test samples more were right.
pub(super) fn differences(swept: &Swept, all: &[Series]) -> Result<Axes> {
    let mut axes = Axes::new(
        axis(swept),
        Scale::linear(format!("test samples of {SAMPLES}, ours − published")),
    );
    axes.across(0.0, Stroke::solid(Color::GREY).width(0.6));
    let (mut runs, mut same) = (0, 0);
    for series in all {
        let (_, marker) = pattern_time(series.t_pattern_ms);
        for point in series.joined(swept.published)? {
            if point.ours.numbers("training.epochs")? != vec![SWEEP_EPOCHS as f64; point.ours.len()]
            {
                continue;
            }
            for (i, run) in point.repeated()?.iter().enumerate() {
                let aside = 0.012 * (swept.limits.1 - swept.limits.0) * (0.2 * i as f64 - 0.9);
                let difference = run.test.0 - run.test.1;
                axes.points([(point.x + aside, difference)], marker.radius(1.3));
                runs += 1;
                same += usize::from(difference == 0.0);
            }
        }
    }
    let title = match runs {
        0 => "no published run repeated with its epochs".to_owned(),
        _ => format!("{same} of {runs} test results to the sample"),
    };
    Ok(axes.title(title))
}

/// Dashed line and band: what the steady-state approximation reaches.
pub(super) fn steadnet_level(inputs: &Inputs<'_>, axes: &mut Axes, reset: &str) -> Result<()> {
    let runs = inputs
        .runs("yinyang_steadnet")?
        .matching("network.reset_deltas", reset)?;
    let (mean, std) = mean_std(&runs.numbers("test_accuracy")?);
    let (mean, std) = (100.0 * mean, 100.0 * std);
    if std.is_finite() {
        let (low, high) = (mean - std, mean + std);
        let (left, right) = LAG.limits;
        axes.band(
            [(left, low, high), (right, low, high)],
            Color::GREY.lighter(0.75),
        );
    }
    axes.across(mean, Stroke::dashed(Color::GREY));
    axes.legend("SteadNet", Stroke::dashed(Color::GREY), None);
    Ok(())
}
