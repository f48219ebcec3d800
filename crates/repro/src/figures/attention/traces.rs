//! The circuit in time: what neurons, synapses and astrocyte do while a sequence is written and read.

use anyhow::{Context as _, Result};

use super::super::works::KOZACHKOV;
use super::Figure;
use super::labels::signed;
use crate::plot::{Axes, Color, Marker, Page, SERIES, Scale, Stroke, Width};
use crate::results::stats::{log_slope, median};
use crate::results::{Frame, Inputs, Reads};

/// Rates drawn in the panels of hidden and output neurons.
const SHOWN: usize = 4;

/// What is drawn over time.
const COURSES: &[&str] = &[
    "key",
    "time_ms",
    "phase",
    "hidden_*",
    "hebbian_norm",
    "mean_calcium",
    "averaged_calcium",
    "output_*",
];

/// After the paper's account of its circuit; the traces are ours.
pub(in crate::figures) static ATTENTION_TRACES: Figure = Figure {
    id: "attention-traces",
    work: &KOZACHKOV,
    code: file!(),
    place: "circuit",
    finding: "A sequence is written into synapses, and read through an astrocyte",
    shows: "hidden activity, Hebbian norm and calcium while a sequence is written and read",
    reads: &[
        Reads::runs("attention_traces", &["key", "sequence.mask"]),
        Reads::table("attention_traces", "traces", COURSES),
        Reads::table("attention_traces", "tokens", COURSES),
        Reads::table(
            "attention_traces",
            "separation",
            &["key", "epsilon", "relative_error"],
        ),
    ],
    amounts: &[],
    draw,
};

fn draw(inputs: &Inputs<'_>) -> Result<Page> {
    let runs = inputs.runs("attention_traces")?;
    let shown = runs.matching("sequence.mask", "bidirectional")?;
    let key = shown
        .rows()
        .next()
        .context("no bidirectional run to draw")?
        .text("key")?
        .to_owned();
    let traces = inputs
        .table("attention_traces", "traces")?
        .matching("key", &key)?;
    let tokens = inputs
        .table("attention_traces", "tokens")?
        .matching("key", &key)?;
    let mut page = Page::new(Width::Double, 330.0);
    let y = Scale::linear;
    let numbered = |prefix: &str| {
        (1..=SHOWN)
            .map(|i| format!("{prefix}_{i}"))
            .collect::<Vec<_>>()
    };
    let panels = [
        ("hidden neurons", y("rate *h*_{i}"), numbered("hidden")),
        (
            "Hebbian synapses",
            y("norm of *H*"),
            vec!["hebbian_norm".to_owned()],
        ),
        (
            "astrocyte processes",
            y("mean calcium *g*"),
            vec!["mean_calcium".to_owned()],
        ),
        (
            "astrocyte, while reading",
            y("averaged calcium *g*·*h*"),
            vec!["averaged_calcium".to_owned()],
        ),
        ("output neurons", y("rate *o*_{i}"), numbered("output")),
    ];
    for (i, (title, scale, columns)) in panels.into_iter().enumerate() {
        let axes = panel(&traces, &tokens, scale, &columns)?.title(title);
        let tag = char::from(b'a' + i as u8).to_string();
        page.place(page.cell(2, 3, i / 3, i % 3), axes.tag(tag));
    }
    let separation = inputs.table("attention_traces", "separation")?;
    page.place(
        page.cell(2, 3, 1, 2),
        convergence(&runs, &separation)?.tag("f"),
    );
    page.note(
        "Lines: time-resolved; rings: the algebraic circuit at the end of each token, which lies above where synapses and calcium decay; dotted: writing \
         ends, reading begins. a, e: four of the neurons. f: *ε* is the ratio of the fast time scales to the slow.",
    );
    Ok(page)
}

/// One quantity, or the same of several neurons, over time.
fn panel(traces: &Frame, tokens: &Frame, y: Scale, columns: &[String]) -> Result<Axes> {
    let mut axes = Axes::new(Scale::linear("time / ms").from(0.0), y);
    let written = traces.matching("phase", "writing")?.numbers("time_ms")?;
    axes.upright(
        written.into_iter().fold(0.0, f64::max),
        Stroke::dotted(Color::GREY),
    );
    for (i, column) in columns.iter().enumerate() {
        let color = SERIES[i % SERIES.len()];
        axes.line(traces.points("time_ms", column)?, Stroke::solid(color));
        axes.points(
            tokens.points("time_ms", column)?,
            Marker::ring(color).radius(1.6),
        );
    }
    Ok(axes)
}

/// Error of the time-resolved circuit against the algebraic one, as time scales part.
fn convergence(runs: &Frame, separation: &Frame) -> Result<Axes> {
    let x = Scale::log("ratio of time scales ε");
    let mut axes = Axes::new(x, Scale::log("relative error"))
        .title("error vanishes as time scales separate")
        .legend_at(0.0, 1.0);
    for (i, mask) in ["bidirectional", "causal"].into_iter().enumerate() {
        let of_mask = separation.of_runs(&runs.matching("sequence.mask", mask)?)?;
        let mut line = Vec::new();
        for (epsilon, rows) in of_mask.by_number("epsilon")? {
            line.push((epsilon, median(&rows.numbers("relative_error")?)));
        }
        let fitted: Vec<_> = line
            .iter()
            .copied()
            .filter(|(epsilon, _)| *epsilon <= 0.05)
            .collect();
        let color = SERIES[i];
        axes.line(line.iter().copied(), Stroke::solid(color));
        axes.points(line.iter().copied(), Marker::dot(color));
        let text = format!("{mask}, ε^{{{}}}", signed(log_slope(&fitted), 2));
        axes.legend(text, Stroke::solid(color), Marker::dot(color));
    }
    Ok(axes)
}
