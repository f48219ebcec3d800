//! A network learns to mimic a random one.

use anyhow::Result;

use super::{Figure, Inputs};
use crate::frame::Frame;
use crate::plot::{Axes, Color, Marker, Page, SERIES, Scale, Stroke, Width};

/// Report, Fig. 4.
pub(super) static FIGURE: Figure = Figure {
    id: "mimic",
    source: "Hill 2020, Fig. 4",
    shows: "a 2-3-2 network learns what a random network of its size computes",
    experiments: &["mimic"],
    draw,
};

fn draw(inputs: &Inputs<'_>) -> Result<Page> {
    let runs = inputs.runs("mimic")?;
    let curves = inputs.table("mimic", "curves")?;
    let mut page = Page::new(Width::Double, 300.0);
    let shown = runs.distinct("key")?.into_iter().next().unwrap_or_default();
    let traces = inputs.table("mimic", "traces")?.matching("key", &shown)?;
    let titles = [("0", "before training", "a"), ("1", "after training", "b")];
    for (column, (trained, title, tag)) in titles.into_iter().enumerate() {
        let panel = potentials(&traces.matching("trained", trained)?, column == 0)?;
        page.place(page.cell(2, 2, 0, column), panel.title(title).tag(tag));
    }
    page.place(page.cell(2, 3, 1, 0), error(&curves, &shown)?.tag("c"));
    page.place(
        page.cell(2, 3, 1, 1),
        self_prediction(&curves, &shown)?.tag("d"),
    );
    let weights = inputs.table("mimic", "weights")?.matching("key", &shown)?;
    page.place(
        page.cell(2, 3, 1, 2),
        weights_over_training(&weights)?.tag("e"),
    );
    page.subtitle(inputs.shortfall("mimic", &[("training.epochs", "epochs")])?);
    Ok(page)
}

/// Output potentials and their targets.
fn potentials(traces: &Frame, first: bool) -> Result<Axes> {
    let mut axes = Axes::new(
        Scale::linear("*t* / ms").from(0.0),
        Scale::linear("potential *u*"),
    );
    for ((neuron, frame), color) in traces.by_number("neuron")?.into_iter().zip(SERIES) {
        let output = Stroke::solid(color).width(1.2);
        axes.line(frame.points("t_ms", "output")?, output);
        let target = Stroke::dashed(Color::BLACK).width(0.7);
        axes.line(frame.points("t_ms", "target")?, target);
        if first {
            axes.legend(format!("output {}", neuron + 1.0), output, None);
        }
    }
    if first {
        axes.legend("targets", Stroke::dashed(Color::BLACK).width(0.7), None);
    }
    Ok(axes)
}

/// One strong line for the run shown in the other panels, faint ones for the others.
fn over_training(
    axes: &mut Axes,
    curves: &Frame,
    shown: &str,
    column: &str,
    color: Color,
) -> Result<()> {
    let runs = curves.distinct("key")?;
    for key in runs.iter().filter(|key| *key != shown) {
        let run = curves.matching("key", key)?;
        axes.line(
            run.points("epoch", column)?,
            Stroke::solid(color.lighter(0.65)).width(0.5),
        );
    }
    let run = curves.matching("key", shown)?;
    axes.line(
        run.points("epoch", column)?,
        Stroke::solid(color).width(1.2),
    );
    Ok(())
}

fn error(curves: &Frame, shown: &str) -> Result<Axes> {
    let mut axes = Axes::new(
        Scale::linear("epoch").from(0.0),
        Scale::log("validation MSE"),
    );
    over_training(&mut axes, curves, shown, "validation_mse", SERIES[0])?;
    Ok(axes)
}

fn self_prediction(curves: &Frame, shown: &str) -> Result<Axes> {
    let mut axes = Axes::new(
        Scale::linear("epoch").from(0.0),
        Scale::log("squared distance from self-prediction"),
    );
    let parts = [
        ("ip_distance", "‖*W*_{IP} − *W*_{21}‖^2"),
        ("pi_distance", "‖*W*_{PI} + *W*_{down}‖^2"),
    ];
    for ((column, text), color) in parts.into_iter().zip(SERIES) {
        over_training(&mut axes, curves, shown, column, color)?;
        axes.legend(text, Stroke::solid(color), None);
    }
    Ok(axes)
}

/// Every forward weight, the teacher's value as a mark at the end.
fn weights_over_training(weights: &Frame) -> Result<Axes> {
    let last = weights.numbers("epoch")?.into_iter().fold(0.0, f64::max);
    let mut axes = Axes::new(
        Scale::linear("epoch").limits(0.0, 1.06 * last),
        Scale::linear("forward weight"),
    );
    for (layer, of_layer) in weights.by_number("layer")? {
        let color = SERIES[layer as usize % SERIES.len()];
        for (_, of_post) in of_layer.by_number("post")? {
            for (_, weight) in of_post.by_number("pre")? {
                axes.line(weight.points("epoch", "student")?, Stroke::solid(color));
                let teacher = weight.numbers("teacher")?.first().copied();
                axes.points(teacher.map(|w| (1.03 * last, w)), Marker::diamond(color));
            }
        }
    }
    Ok(axes)
}
