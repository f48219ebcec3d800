//! Accuracy against learning-lag: the report's central result.

use anyhow::Result;

use super::{Figure, Inputs};
use crate::frame::Frame;
use crate::plot::{Axes, Color, Marker, Page, SERIES, Scale, Stroke, Width};
use crate::stats::mean_std;

/// Report, Fig. 6a.
pub(super) static LEARNING_LAG: Figure = Figure {
    id: "learning-lag",
    source: "Hill 2020, Fig. 6a",
    shows: "Yin-Yang accuracy against learning-lag for four pattern times",
    experiments: &["learning_lag", "yinyang_steadnet"],
    draw: |inputs| {
        let mut axes = Axes::new(
            Scale::linear("learning-lag / ms").limits(-0.6, 30.6),
            Scale::linear("test accuracy / %").limits(40.0, 100.0),
        )
        .legend_at(1.0, 0.0);
        steadnet_level(inputs, &mut axes)?;
        let runs = inputs.runs("learning_lag")?;
        let published = inputs.published("hill2020_yinyang_sweeps.csv")?;
        for (i, (t_pattern, runs)) in runs.by_number("network.t_pattern_ms")?.iter().enumerate() {
            let color = SERIES[i % SERIES.len()];
            let series = published.matching("series", &format!("{t_pattern} ms"))?;
            series_of(&mut axes, runs, &series, color, &format!("{t_pattern} ms"))?;
        }
        axes.legend("published", None, Marker::dot(Color::LIGHT).radius(1.4));
        let mut page = Page::new(Width::Single, 190.0);
        page.place(page.cell(1, 1, 0, 0), axes);
        page.subtitle(inputs.shortfall("learning_lag", &[("training.epochs", "epochs")])?);
        Ok(page)
    },
};

/// One series of ours with the published one faintly behind it.
fn series_of(
    axes: &mut Axes,
    runs: &Frame,
    published: &Frame,
    color: Color,
    name: &str,
) -> Result<()> {
    let lag = |row: crate::frame::Row<'_>| row.number("learning_lag_ms");
    let behind = published
        .rows()
        .map(|r| Ok((lag(r)?, 100.0 * r.number("accuracy_mean")?)));
    let behind: Vec<_> = behind.collect::<Result<_>>()?;
    axes.line(behind.clone(), Stroke::solid(color.lighter(0.7)).width(0.7));
    axes.points(behind, Marker::dot(color.lighter(0.6)).radius(1.2));
    let mut ours = Vec::new();
    for (lag, runs) in runs.by_number("network.learning_lag_ms")? {
        let (mean, std) = mean_std(&runs.numbers("test_accuracy")?);
        ours.push((lag, 100.0 * mean, 100.0 * std));
    }
    axes.error_bars(
        ours.iter().copied().filter(|p| p.2.is_finite()),
        Stroke::solid(color),
    );
    let means = ours.iter().map(|p| (p.0, p.1));
    axes.line(means.clone(), Stroke::solid(color));
    axes.points(means, Marker::dot(color));
    axes.legend(name, Stroke::solid(color), Marker::dot(color));
    Ok(())
}

/// Dashed line and band: what the steady-state approximation reaches.
fn steadnet_level(inputs: &Inputs<'_>, axes: &mut Axes) -> Result<()> {
    let runs = inputs.runs("yinyang_steadnet")?;
    let runs = runs.matching("network.reset_deltas", "false")?;
    let (mean, std) = mean_std(&runs.numbers("test_accuracy")?);
    let (mean, std) = (100.0 * mean, 100.0 * std);
    if std.is_finite() {
        let (low, high) = (mean - std, mean + std);
        axes.band(
            [(-0.6, low, high), (30.6, low, high)],
            Color::GREY.lighter(0.75),
        );
    }
    axes.across(mean, Stroke::dashed(Color::GREY));
    axes.legend("SteadNet", Stroke::dashed(Color::GREY), None);
    Ok(())
}
