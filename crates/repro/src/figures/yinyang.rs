//! Learning Yin-Yang: with the full simulation, and with the steady-state approximation.

use anyhow::Result;
use tasks::yinyang::class_of;

use super::Figure;
use super::works::HILL;
use crate::plot::{Axes, Color, Marker, Page, SERIES, Scale, Stroke, Width};
use crate::results::stats::{Statistic, mean_std};
use crate::results::{Frame, Inputs, Reads};
use crate::sources::hill;

/// Report, Fig. 7.
pub(super) static YINYANG: Figure = Figure {
    id: "yinyang",
    work: &HILL,
    code: file!(),
    place: "Fig. 7",
    finding: "The full simulation learns Yin-Yang from a random start",
    shows: "the full simulation learns Yin-Yang from a random start",
    reads: &[
        Reads::runs(
            "yinyang",
            &["key", "seed", "network.reset_deltas", "test_accuracy"],
        ),
        Reads::table(
            "yinyang",
            "curves",
            &[
                "key",
                "epoch",
                "validation_mse",
                "validation_accuracy",
                "ip_distance",
                "pi_distance",
            ],
        ),
        Reads::table(
            "yinyang",
            "predictions",
            &["key", "x", "y", "class", "predicted"],
        ),
    ],
    amounts: &[("training.epochs", "epochs")],
    draw: |inputs| {
        let curves = inputs.table("yinyang", "curves")?;
        let runs = inputs.runs("yinyang")?;
        let mut page = Page::new(Width::Double, 330.0);
        page.place(
            page.cell(2, 2, 0, 0),
            error_over_training(&curves)?.tag("a"),
        );
        let accuracy = accuracy_over_training(&curves)?.title(tested(inputs, &runs)?);
        page.place(page.cell(2, 2, 0, 1), accuracy.tag("b"));
        page.place(page.cell(2, 2, 1, 0), predictions(inputs, &runs)?.tag("c"));
        page.place(page.cell(2, 2, 1, 1), self_prediction(&curves)?.tag("d"));
        Ok(page)
    },
};

/// Report, section 2.2.
pub(super) static YINYANG_STEADNET: Figure = Figure {
    id: "yinyang-steadnet",
    work: &HILL,
    code: file!(),
    place: "section 2.2",
    finding: "The steady-state approximation learns Yin-Yang",
    shows: "the steady-state approximation learns Yin-Yang",
    reads: &[
        Reads::runs(
            "yinyang_steadnet",
            &["key", "network.reset_deltas", "test_accuracy"],
        ),
        Reads::table(
            "yinyang_steadnet",
            "curves",
            &["key", "epoch", "validation_mse", "validation_accuracy"],
        ),
    ],
    amounts: &[("training.epochs", "epochs")],
    draw: |inputs| {
        let runs = inputs.runs("yinyang_steadnet")?;
        let curves = inputs.table("yinyang_steadnet", "curves")?;
        let carried = curves.of_runs(&runs.matching("network.reset_deltas", "false")?)?;
        let mut page = Page::new(Width::Double, 175.0);
        page.place(
            page.cell(1, 3, 0, 0),
            error_over_training(&carried)?.tag("a"),
        );
        page.place(
            page.cell(1, 3, 0, 1),
            accuracy_over_training(&carried)?.tag("b"),
        );
        page.place(
            page.cell(1, 3, 0, 2),
            final_accuracies(inputs, &runs)?.tag("c"),
        );
        Ok(page)
    },
};

/// One thin line per run, and their mean.
fn over_training(
    axes: &mut Axes,
    curves: &Frame,
    column: &str,
    factor: f64,
    color: Color,
) -> Result<()> {
    let runs = curves.distinct("key")?;
    if runs.len() > 1 {
        for key in &runs {
            let run = curves.matching("key", key)?;
            axes.line(
                points(&run, column, factor)?,
                Stroke::solid(color.lighter(0.65)).width(0.5),
            );
        }
    }
    let mut mean = Vec::new();
    for (epoch, at) in curves.by_number("epoch")? {
        let values = at.numbers(column)?;
        if !values.is_empty() {
            mean.push((epoch, factor * mean_std(&values).0));
        }
    }
    axes.line(mean, Stroke::solid(color).width(1.2));
    Ok(())
}

fn points(frame: &Frame, column: &str, factor: f64) -> Result<Vec<(f64, f64)>> {
    let points = frame.points("epoch", column)?.into_iter();
    Ok(points.map(|(epoch, y)| (epoch, factor * y)).collect())
}

fn error_over_training(curves: &Frame) -> Result<Axes> {
    let mut axes = Axes::new(
        Scale::linear("epoch").from(0.0),
        Scale::log("validation MSE"),
    );
    over_training(&mut axes, curves, "validation_mse", 1.0, SERIES[0])?;
    Ok(axes)
}

fn accuracy_over_training(curves: &Frame) -> Result<Axes> {
    let mut axes = Axes::new(
        Scale::linear("epoch").from(0.0),
        Scale::linear("validation accuracy / %").to(100.0),
    );
    over_training(&mut axes, curves, "validation_accuracy", 100.0, SERIES[0])?;
    Ok(axes)
}

/// Test accuracies after training, ours and published.
fn tested(inputs: &Inputs<'_>, runs: &Frame) -> Result<String> {
    let text = |s: &Statistic| format!("{:.2} ± {:.2} %", 100.0 * s.mean, 100.0 * s.std);
    let mut parts = Vec::new();
    for (published, ours) in hill::from_the_text(inputs, "yinyang", runs)? {
        let ours = Statistic::of(&ours.numbers("test_accuracy")?);
        let (ours, published) = (text(&ours), text(&published.accuracy));
        parts.push(format!("test: {ours}, published {published}"));
    }
    Ok(parts.join("; "))
}

fn self_prediction(curves: &Frame) -> Result<Axes> {
    let mut axes = Axes::new(
        Scale::linear("epoch").from(0.0),
        Scale::log("distance from self-prediction"),
    );
    let parts = [
        ("ip_distance", "‖*W*_{IP} − *W*_{IP}^{*}‖^2"),
        ("pi_distance", "‖*W*_{PI} + *W*_{down}‖^2"),
    ];
    for ((column, label), color) in parts.into_iter().zip(SERIES) {
        over_training(&mut axes, curves, column, 1.0, color)?;
        axes.legend(label, Stroke::solid(color), None);
    }
    Ok(axes)
}

/// The test points of the first run, coloured by what the network says, over the task's regions.
fn predictions(inputs: &Inputs<'_>, runs: &Frame) -> Result<Axes> {
    const CELLS: usize = 240;
    let table = inputs.table("yinyang", "predictions")?;
    let first = table
        .distinct("key")?
        .into_iter()
        .next()
        .unwrap_or_default();
    let table = table.matching("key", &first)?;
    let run = runs.matching("key", &first)?;
    let accuracy = run
        .numbers("test_accuracy")?
        .first()
        .map_or(f64::NAN, |a| 100.0 * a);
    let seed = run.distinct("seed")?.join("");
    let mut axes = Axes::new(
        Scale::linear("*x*").limits(0.0, 1.0),
        Scale::linear("*y*").limits(0.0, 1.0),
    )
    .title(format!("test points, seed {seed}: {accuracy:.1} %"))
    .square();
    // Columns of cells, cut where the class changes.
    let edge = |i: usize| i as f64 / CELLS as f64;
    let middle = |k: usize| (k as f64 + 0.5) / CELLS as f64;
    for i in 0..CELLS {
        let rows: Vec<usize> = (0..CELLS).collect();
        let class = |j: usize| class_of(middle(i), middle(j));
        for run in rows.chunk_by(|&a, &b| class(a) == class(b)) {
            if let Some(class) = class(run[0]) {
                let fill = SERIES[class].lighter(0.75);
                let up = (edge(run[0]), edge(run[0] + run.len()));
                axes.rectangle((edge(i), edge(i + 1)), up, fill);
            }
        }
    }
    for row in table.rows() {
        let (predicted, class) = (
            row.number("predicted")? as usize,
            row.number("class")? as usize,
        );
        let at = (row.number("x")?, row.number("y")?);
        axes.points(
            [at],
            Marker::dot(SERIES[predicted % SERIES.len()]).radius(1.1),
        );
        if predicted != class {
            axes.points([at], Marker::ring(Color::BLACK).radius(2.2));
        }
    }
    Ok(axes)
}

/// Every run's test accuracy, with mean and standard deviation, ours and published.
fn final_accuracies(inputs: &Inputs<'_>, runs: &Frame) -> Result<Axes> {
    let mut axes = Axes::new(
        Scale::linear("")
            .limits(-0.5, 1.5)
            .ticks([(0.0, "Δ carried over"), (1.0, "Δ reset")]),
        Scale::linear("test accuracy / %").limits(94.0, 99.0),
    )
    .legend_at(1.0, 0.0);
    for (published, ours) in hill::from_the_text(inputs, "yinyang-steadnet", runs)? {
        let x = f64::from(u8::from(published.reset));
        let Statistic { mean, std, .. } = published.accuracy;
        let (mean, std) = (100.0 * mean, 100.0 * std);
        let accuracies = ours.numbers("test_accuracy")?;
        let accuracies: Vec<f64> = accuracies.iter().map(|a| 100.0 * a).collect();
        let dots = accuracies.iter().enumerate();
        let n = accuracies.len().max(2) as f64 - 1.0;
        let dots = dots.map(|(k, &a)| (x - 0.3 + 0.2 * k as f64 / n, a));
        axes.points(dots, Marker::dot(SERIES[0].lighter(0.5)).radius(1.5));
        let (our_mean, our_std) = mean_std(&accuracies);
        axes.error_bars([(x + 0.05, our_mean, our_std)], Stroke::solid(SERIES[0]));
        axes.points([(x + 0.05, our_mean)], Marker::dot(SERIES[0]));
        axes.error_bars([(x + 0.25, mean, std)], Stroke::solid(Color::GREY));
        axes.points([(x + 0.25, mean)], Marker::square(Color::GREY));
    }
    axes.legend("this run, mean ± std", None, Marker::dot(SERIES[0]));
    axes.legend("published", None, Marker::square(Color::GREY));
    Ok(axes)
}
