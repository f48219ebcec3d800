//! A network learns to mimic a random one.

use anyhow::Result;

use super::Figure;
use super::works::HILL;
use crate::plot::{Axes, Color, Marker, Page, SERIES, Scale, Stroke, Width};
use crate::results::stats::median_index;
use crate::results::{Frame, Inputs, Reads, Row};

/// Report, Fig. 4.
pub(super) static FIGURE: Figure = Figure {
    id: "mimic",
    work: &HILL,
    code: file!(),
    place: "Fig. 4",
    finding: "A small circuit learns to repeat a teacher circuit",
    shows: "a 2-3-2 network learns what a random network of its size computes",
    reads: &[
        Reads::runs("mimic", &["key", "last_validation_mse"]),
        Reads::table(
            "mimic",
            "traces",
            &["key", "trained", "t_ms", "output_*", "target_*"],
        ),
        Reads::table(
            "mimic",
            "curves",
            &[
                "key",
                "epoch",
                "validation_mse",
                "ip_distance",
                "pi_distance",
            ],
        ),
        Reads::table("mimic", "weights", &["key", "epoch", "up_1_*", "up_2_*"]),
        Reads::table("mimic", "teacher", &["key", "up_1_*", "up_2_*"]),
    ],
    amounts: &[("training.epochs", "epochs")],
    draw,
};

fn draw(inputs: &Inputs<'_>) -> Result<Page> {
    let runs = inputs.runs("mimic")?;
    let shown = &median_run(&runs)?;
    let table = |name| inputs.table("mimic", name)?.matching("key", shown);
    let mut page = Page::new(Width::Double, 300.0);
    let traces = table("traces")?;
    let titles = [("0", "before training", "a"), ("1", "after training", "b")];
    for (column, (trained, title, tag)) in titles.into_iter().enumerate() {
        let panel = potentials(&traces.matching("trained", trained)?, column == 0)?;
        page.place(page.cell(2, 2, 0, column), panel.title(title).tag(tag));
    }
    let curves = inputs.table("mimic", "curves")?;
    page.place(page.cell(2, 4, 1, 0), error(&curves, shown)?.tag("c"));
    page.place(
        page.cell(2, 4, 1, 1),
        self_prediction(&curves, shown)?.tag("d"),
    );
    let (weights, teacher) = (table("weights")?, table("teacher")?);
    let into = [("up_1_", "hidden", "e"), ("up_2_", "output", "")];
    for (column, (prefix, layer, tag)) in into.into_iter().enumerate() {
        let panel = weights_over_training(&weights, &teacher, prefix, column == 0)?;
        let panel = panel.title(format!("forward weights, {layer}")).tag(tag);
        page.place(page.cell(2, 4, 1, 2 + column), panel);
    }
    page.note("Strong lines, a, b and e: the run of median final error");
    Ok(page)
}

/// The run shown in detail: the one with the median error at the end.
fn median_run(runs: &Frame) -> Result<String> {
    let error = |run: Row<'_>| run.maybe("last_validation_mse");
    let errors = runs
        .rows()
        .map(|run| Ok(error(run)?.unwrap_or(f64::INFINITY)));
    let errors = errors.collect::<Result<Vec<f64>>>()?;
    let shown = median_index(&errors).and_then(|i| runs.rows().nth(i));
    shown.map_or(Ok(String::new()), |run| Ok(run.text("key")?.to_owned()))
}

/// Output potentials and their targets.
fn potentials(traces: &Frame, first: bool) -> Result<Axes> {
    let end = traces.numbers("t_ms")?.into_iter().fold(0.0, f64::max);
    let mut axes = Axes::new(
        Scale::linear("*t* / ms").limits(0.0, end),
        Scale::linear("somatic potential *u*"),
    );
    let dashed = Stroke::dashed(Color::BLACK).width(0.8);
    let outputs = traces.columns().iter();
    let outputs = outputs.filter_map(|c| c.strip_prefix("output_"));
    for (neuron, color) in outputs.zip(SERIES) {
        let solid = Stroke::solid(color).width(1.4);
        axes.line(traces.points("t_ms", &format!("output_{neuron}"))?, solid);
        axes.line(traces.points("t_ms", &format!("target_{neuron}"))?, dashed);
        if first {
            axes.legend(format!("output {neuron}"), solid, None);
        }
    }
    if first {
        axes.legend("its target", dashed, None);
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
        Scale::log("squared distance").from(1e-8),
    );
    let parts = [
        ("ip_distance", "‖*W*_{IP} − *W*_{21}‖^{2}"),
        ("pi_distance", "‖*W*_{PI} + *W*_{down}‖^{2}"),
    ];
    for ((column, text), color) in parts.into_iter().zip(SERIES) {
        over_training(&mut axes, curves, shown, column, color)?;
        axes.legend(text, Stroke::solid(color), None);
    }
    Ok(axes)
}

/// Every forward weight into a layer, the teacher's value as a mark at the end.
fn weights_over_training(
    weights: &Frame,
    teacher: &Frame,
    prefix: &str,
    named: bool,
) -> Result<Axes> {
    let last = weights.numbers("epoch")?.into_iter().fold(0.0, f64::max);
    let mut axes = Axes::new(
        Scale::linear("epoch").limits(0.0, 1.1 * last),
        Scale::linear(""),
    );
    let names = weights.columns().iter().filter(|c| c.starts_with(prefix));
    for (name, color) in names.zip(SERIES.into_iter().cycle()) {
        axes.line(weights.points("epoch", name)?, Stroke::solid(color));
        let value = teacher.numbers(name)?.first().copied();
        axes.points(value.map(|w| (1.05 * last, w)), Marker::diamond(color));
    }
    if named {
        axes.legend("student", Stroke::solid(Color::GREY), None);
        axes.legend("teacher", None, Marker::diamond(Color::GREY));
    }
    Ok(axes)
}
