//! The mechanism behind the learning-lag: when within a pattern errors are large, and when weights
//! move.

use anyhow::Result;

use super::Figure;
use super::works::HILL;
use crate::plot::{Axes, Color, Page, SERIES, Scale, Stroke, Width};
use crate::results::{Frame, Reads};

/// Not in the report; the plots of its code.
pub(super) static PLASTICITY_TRACES: Figure = Figure {
    id: "plasticity-traces",
    work: &HILL,
    code: file!(),
    place: "its code",
    finding: "Errors are largest right after a pattern's onset, where a lag keeps them out of the weights",
    shows: "prediction error and weight change within a pattern, by lag and training",
    reads: &[
        Reads::runs(
            "plasticity_traces",
            &["key", "seed", "network.learning_lag_ms"],
        ),
        Reads::table(
            "plasticity_traces",
            "traces",
            &[
                "key",
                "epoch",
                "time_ms",
                "prediction_error",
                "weight_change_per_ms",
            ],
        ),
    ],
    amounts: &[("probe.patterns", "patterns")],
    draw: |inputs| {
        let runs = inputs.runs("plasticity_traces")?;
        let traces = inputs.table("plasticity_traces", "traces")?;
        let rows = runs.by_number("network.learning_lag_ms")?;
        let columns = traces.by_number("epoch")?;
        let limits = Limits::of(&traces)?;
        let height = 62.0 * rows.len() as f64 + 30.0;
        let mut page = Page::new(Width::Double, height);
        for (i, (lag, runs)) in rows.iter().enumerate() {
            for (j, (epoch, at)) in columns.iter().enumerate() {
                let traces = at.of_runs(runs)?;
                let place = Place {
                    row: i,
                    rows: rows.len(),
                    column: j,
                    columns: columns.len(),
                };
                let axes = trace(&traces, &place, *lag, *epoch, &limits)?;
                page.place(page.cell(rows.len(), columns.len(), i, j), axes);
            }
        }
        let mut key = Axes::default();
        let lines = [
            (
                "prediction error |φ(*u*) − φ(*û*)| of hidden pyramidal neurons",
                Stroke::solid(SERIES[0]),
            ),
            (
                "weight change |d*W*_{up} / d*t*|, mean",
                Stroke::solid(SERIES[1]),
            ),
            ("learning-lag", Stroke::dotted(Color::GREY)),
        ];
        for (name, stroke) in lines {
            key.legend(name, stroke, None);
        }
        page.key(&mut key);
        let seeds = runs.distinct("seed")?.join(", ");
        page.note(format!(
            "Each pattern with its own target, from the state that the pattern before it left; means over patterns; seed {seeds}. Not a \
             copy of the source's grid, whose patterns all have the target 1 in all outputs and start from zero potentials; it shows \
             Δ (without η) on a linear axis, mean of 10 patterns."
        ));
        Ok(page)
    },
};

struct Place {
    row: usize,
    rows: usize,
    column: usize,
    columns: usize,
}

/// Common limits of all panels.
struct Limits {
    error: (f64, f64),
    change: (f64, f64),
}

impl Limits {
    fn of(traces: &Frame) -> Result<Self> {
        let range = |column| -> Result<(f64, f64)> {
            let positive = traces.numbers(column)?.into_iter().filter(|x| *x > 0.0);
            let (low, high) =
                positive.fold((f64::INFINITY, 0.0f64), |(a, b), x| (a.min(x), b.max(x)));
            Ok((low * 0.7, high * 1.5))
        };
        Ok(Self {
            error: range("prediction_error")?,
            change: range("weight_change_per_ms")?,
        })
    }
}

fn trace(traces: &Frame, place: &Place, lag: f64, epoch: f64, limits: &Limits) -> Result<Axes> {
    let bottom = place.row + 1 == place.rows;
    let (first, last) = (place.column == 0, place.column + 1 == place.columns);
    let label = |shown: bool, text: &str| {
        if shown {
            text.to_owned()
        } else {
            String::new()
        }
    };
    let hide = |scale: Scale, shown: bool| if shown { scale } else { scale.unlabelled() };
    let x = Scale::linear(label(bottom, "time / ms")).limits(0.0, 50.0);
    let y = Scale::log(label(first, "error")).limits(limits.error.0, limits.error.1);
    let y2 = Scale::log(label(last, "|d*W*| / ms^{−1}")).limits(limits.change.0, limits.change.1);
    let mut axes = Axes::new(hide(x, bottom), hide(y, first));
    if place.row == 0 {
        let word = if epoch == 1.0 { "epoch" } else { "epochs" };
        axes = axes.title(format!("{epoch} {word}"));
    }
    axes.upright(lag, Stroke::dotted(Color::GREY));
    axes.line(
        traces.points("time_ms", "prediction_error")?,
        Stroke::solid(SERIES[0]),
    );
    axes.right(hide(y2, last));
    let change = traces.points("time_ms", "weight_change_per_ms")?;
    axes.line(
        change.into_iter().filter(|p| p.1 > 0.0),
        Stroke::solid(SERIES[1]),
    );
    if first {
        axes.text(
            (49.0, limits.change.0 * 2.5),
            format!("lag {lag} ms"),
            Color::BLACK,
            1.0,
        );
    }
    Ok(axes)
}
