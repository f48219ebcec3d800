//! A dendrite learns to predict its soma.

use anyhow::Result;

use super::Figure;
use super::works::HILL;
use crate::plot::{Axes, Color, Page, SERIES, Scale, Stroke, Width};
use crate::results::{Frame, Inputs, Reads, Row};

/// Talk behind the report, slides 3–4; Urbanczik and Senn, Neuron 81 (2014).
pub(super) static FIGURE: Figure = Figure {
    id: "dendritic-prediction",
    work: &HILL,
    code: file!(),
    place: "slides 3–4",
    finding: "A dendrite learns to predict its soma, and overshoots once weight changes are filtered",
    shows: "a dendrite learns to predict its soma, with and without low-pass",
    reads: &[
        Reads::runs(
            EXPERIMENT,
            &[
                "key",
                "neuron.low_pass",
                "neuron.tau_w_ms",
                "phases.before_ms",
                "phases.nudged_ms",
                "phases.after_ms",
                "target",
                "convergence_rate_per_ms",
            ],
        ),
        Reads::table(EXPERIMENT, "traces", &["key", "t_ms", "soma", "prediction"]),
        Reads::table(
            EXPERIMENT,
            "weights",
            &["key", "t_ms", "synapse", "rate", "weight"],
        ),
    ],
    amounts: &[],
    draw,
};

const EXPERIMENT: &str = "dendritic_prediction";
/// With and without low-pass: text in the CSV, title, colour of the prediction.
const CASES: [(&str, &str, Color); 2] = [
    (
        "false",
        "without low-pass, d*W*/d*t* = *η e r*^{T}",
        SERIES[0],
    ),
    ("true", "with low-pass, d*W*/d*t* = *η* Δ", SERIES[1]),
];

fn draw(inputs: &Inputs<'_>) -> Result<Page> {
    let runs = inputs.runs(EXPERIMENT)?;
    let (traces, weights) = (
        inputs.table(EXPERIMENT, "traces")?,
        inputs.table(EXPERIMENT, "weights")?,
    );
    let mut page = Page::new(Width::Double, 300.0);
    let limits = limits(&runs, &traces)?;
    let mut errors = error_axes();
    let mut growth = Axes::new(
        Scale::linear("*t* / ms").from(0.0),
        Scale::linear("synaptic weight *W*"),
    )
    .tag("d");
    for (i, (low_pass, title, color)) in CASES.into_iter().enumerate() {
        let run = runs.matching("neuron.low_pass", low_pass)?;
        let Some(run) = run.rows().next() else {
            continue;
        };
        let key = run.text("key")?;
        let traces = traces.matching("key", key)?;
        let panel = potentials(run, &traces, color, limits)?;
        let tag = ["a", "b"][i];
        page.place(page.cell(2, 2, 0, i), panel.title(title).tag(tag));
        errors_of(&mut errors, run, &traces, color, i == 1)?;
        let stroke = match i {
            0 => Stroke::solid,
            _ => Stroke::dashed,
        };
        weights_of(&mut growth, &weights.matching("key", key)?, stroke, i == 0)?;
    }
    for (text, stroke) in [
        ("without Δ", Stroke::solid as fn(_) -> _),
        ("with Δ", Stroke::dashed),
    ] {
        growth.legend(text, stroke(Color::GREY), None);
    }
    page.place(page.cell(2, 2, 1, 0), errors.tag("c"));
    page.place(page.cell(2, 2, 1, 1), growth);
    Ok(page)
}

/// When nudging starts and ends.
fn nudging(run: Row<'_>) -> Result<(f64, f64)> {
    let start = run.number("phases.before_ms")?;
    Ok((start, start + run.number("phases.nudged_ms")?))
}

fn duration(run: Row<'_>) -> Result<f64> {
    Ok(nudging(run)?.1 + run.number("phases.after_ms")?)
}

/// Limits that show all potentials of both runs.
fn limits(runs: &Frame, traces: &Frame) -> Result<(f64, f64)> {
    let columns = [
        runs.numbers("target")?,
        traces.numbers("soma")?,
        traces.numbers("prediction")?,
    ];
    let all = columns.iter().flatten();
    let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &u| {
        (a.min(u), b.max(u))
    });
    let margin = 0.06 * (high - low);
    Ok((low - margin, high + margin))
}

fn potentials(run: Row<'_>, traces: &Frame, color: Color, limits: (f64, f64)) -> Result<Axes> {
    let (target, nudged) = (run.number("target")?, nudging(run)?);
    let soma = traces.points("t_ms", "soma")?;
    let prediction = traces.points("t_ms", "prediction")?;
    let (low, high) = limits;
    let mut axes = Axes::new(
        Scale::linear("*t* / ms").limits(0.0, duration(run)?),
        Scale::linear("potential").limits(low, high),
    );
    axes.rectangle(nudged, (low, high), Color::GREY.lighter(0.85));
    let wanted = Stroke::dashed(Color::BLACK).width(0.8);
    axes.line([(nudged.0, target), (nudged.1, target)], wanted);
    axes.line(soma, Stroke::solid(Color::GREY).width(1.2));
    axes.line(prediction, Stroke::solid(color).width(1.4));
    axes.legend("target *u*^{target}", wanted, None);
    axes.legend("soma *u*", Stroke::solid(Color::GREY).width(1.2), None);
    axes.legend("prediction *v̂*", Stroke::solid(color).width(1.4), None);
    axes.legend_box("nudged", Color::GREY.lighter(0.85));
    Ok(axes)
}

fn error_axes() -> Axes {
    Axes::new(
        Scale::linear("time since start of nudging / ms").from(0.0),
        Scale::log("|*u*^{target} − *v̂*|").from(1e-5),
    )
}

/// The distance of the prediction from the target, and the linear theory of its decay.
fn errors_of(
    axes: &mut Axes,
    run: Row<'_>,
    traces: &Frame,
    color: Color,
    low_pass: bool,
) -> Result<()> {
    let (target, (start, end)) = (run.number("target")?, nudging(run)?);
    let error: Vec<(f64, f64)> = traces
        .points("t_ms", "prediction")?
        .into_iter()
        .filter(|(t, _)| (start..=end).contains(t))
        .map(|(t, v)| (t - start, (target - v).abs()))
        .collect();
    let first = error.first().map_or(1.0, |p| p.1);
    let (rate, name) = match low_pass {
        false => (run.number("convergence_rate_per_ms")?, "exp(−*κt*)"),
        true => (0.5 / run.number("neuron.tau_w_ms")?, "exp(−*t*/2*τ*_{w})"),
    };
    axes.line(error, Stroke::solid(color).width(1.2));
    let theory = Stroke::dotted(color.darker(0.35)).width(1.0);
    let length = end - start;
    let decay = (0..=100).map(|i| f64::from(i) / 100.0 * length);
    axes.line(decay.map(|t| (t, first * (-rate * t).exp())), theory);
    let text = if low_pass { "with Δ" } else { "without Δ" };
    axes.legend(text, Stroke::solid(color).width(1.2), None);
    axes.legend(name, theory, None);
    Ok(())
}

fn weights_of(
    axes: &mut Axes,
    weights: &Frame,
    stroke: fn(Color) -> Stroke,
    named: bool,
) -> Result<()> {
    for ((_, synapse), color) in weights.by_number("synapse")?.into_iter().zip(&SERIES[2..]) {
        axes.line(synapse.points("t_ms", "weight")?, stroke(*color).width(1.1));
        if let (true, Some(row)) = (named, synapse.rows().next()) {
            let text = format!("*r* = {}", row.text("rate")?);
            axes.legend(text, Stroke::solid(*color).width(1.1), None);
        }
    }
    Ok(())
}
