//! The three astrocyte layers, and the shape of a network of them.

use anyhow::{Context as _, Result, ensure};

use super::super::Figure;
use super::super::look::{ASTROCYTES, NEURONS};
use super::super::works::PETERSON;
use crate::plot::{Axes, Color, Marker, Page, SERIES, Scale, Stroke, Width};
use crate::results::{Frame, Inputs, Reads};

/// Talk, "Three astrocyte layers".
pub(in crate::figures) static LAYERS: Figure = Figure {
    id: "astro-layers",
    work: &PETERSON,
    code: file!(),
    place: "layers",
    finding: "Three layers of astrocytes: gather, slide and spread",
    shows: "who feeds whom in gather, slide and spread, published and lattice wiring",
    reads: &[Reads::table(
        "astro_structure",
        "connections",
        &["kind", "wiring", "outputs", "output", "input"],
    )],
    amounts: &[],
    draw: layers,
};

/// Talk, "An astrocyte network".
pub(in crate::figures) static DEPTH: Figure = Figure {
    id: "astro-depth",
    work: &PETERSON,
    code: file!(),
    place: "depth",
    finding: "Width requires depth",
    shows: "the same widths in neurons and in astrocytes: width requires depth",
    reads: &[Reads::table(
        "astro_structure",
        "widths",
        &["network", "layer", "kind", "width", "connections"],
    )],
    amounts: &[],
    draw: depth,
};

fn layers(inputs: &Inputs<'_>) -> Result<Page> {
    let connections = inputs.table("astro_structure", "connections")?;
    let mut page = Page::new(Width::Double, 250.0);
    for (row, wiring) in ["published", "lattice"].iter().enumerate() {
        for (column, kind) in ["gather", "slide", "spread"].iter().enumerate() {
            let layer = connections
                .matching("wiring", wiring)?
                .matching("kind", kind)?;
            let tag = ["a", "b", "c", "d", "e", "f"][3 * row + column];
            let axes = layer_panel(&layer, &format!("{kind}, {wiring}"))?.tag(tag);
            page.place(page.cell(2, 3, row, column), axes);
        }
    }
    page.note(
        "Inputs below, outputs above; waves of calcium run upwards. Orange: connections that wrap around, since the published code \
         takes the row for a ring; open circles: inputs that nobody reads.",
    );
    Ok(page)
}

/// Cells in a row that can be told apart.
const MOST: f64 = 1000.0;

/// Inputs in a row at the bottom, outputs in a row on top, both centred.
fn layer_panel(layer: &Frame, title: &str) -> Result<Axes> {
    let inputs = layer_inputs(layer)?;
    let outputs = layer.numbers("outputs")?.first().copied().unwrap_or(0.0);
    let widest = inputs.max(outputs);
    let place = |i: f64, n: f64| i - (n - 1.0) / 2.0;
    let limits = (-(widest + 1.0) / 2.0, (widest + 1.0) / 2.0);
    let x = Scale::linear("").limits(limits.0, limits.1);
    let mut axes = Axes::new(x, Scale::linear("").limits(-0.15, 1.15))
        .bare()
        .title(title);
    ensure!(
        (1.0..=MOST).contains(&inputs) && (1.0..=MOST).contains(&outputs),
        "{title}: {outputs} outputs: 3 to {MOST} can be drawn"
    );
    let mut read = vec![false; inputs as usize];
    for row in layer.rows() {
        let (input, output) = (row.number("input")?, row.number("output")?);
        let place_of_input = read.get_mut(input as usize);
        *place_of_input.with_context(|| format!("{title}: no input {input} of {inputs}"))? = true;
        let ends = [(place(input, inputs), 0.0), (place(output, outputs), 1.0)];
        let crossing = (ends[0].0 - ends[1].0).abs() > 2.5;
        let color = if crossing { SERIES[1] } else { SERIES[0] };
        axes.line(ends, Stroke::solid(color).width(0.8));
    }
    for (i, read) in read.iter().enumerate() {
        let at = [(place(i as f64, inputs), 0.0)];
        let marker = if *read {
            Marker::dot(Color::BLACK)
        } else {
            Marker::ring(Color::BLACK)
        };
        axes.points(at, marker.radius(2.5));
    }
    let tops = (0..outputs as usize).map(|o| (place(o as f64, outputs), 1.0));
    axes.points(
        tops.collect::<Vec<_>>(),
        Marker::dot(Color::GREY).radius(2.5),
    );
    Ok(axes)
}

/// The number of inputs, which the number of outputs and the kind of layer tell.
fn layer_inputs(layer: &Frame) -> Result<f64> {
    let outputs = layer.numbers("outputs")?.first().copied().unwrap_or(0.0);
    let kind = layer.distinct("kind")?;
    Ok(match kind.first().map(String::as_str) {
        Some("gather") => outputs + 2.0,
        Some("spread") => outputs - 2.0,
        _ => outputs,
    })
}

/// The networks of the figure: their names in the table and over the panel.
const NETWORKS: [(&str, &str, Color); 3] = [
    ("neurons", "neurons", NEURONS),
    ("astrocytes", "astrocytes, as drawn", ASTROCYTES),
    (
        "astrocytes, as trained",
        "astrocytes, as trained",
        ASTROCYTES,
    ),
];

fn depth(inputs: &Inputs<'_>) -> Result<Page> {
    let widths = inputs.table("astro_structure", "widths")?;
    let mut page = Page::new(Width::Double, 230.0);
    for (column, (network, name, color)) in NETWORKS.into_iter().enumerate() {
        let layers = widths.matching("network", network)?;
        let connections: f64 = layers.numbers("connections")?.iter().sum();
        let depth = layers.len() - 1;
        let title = format!("{name}: {depth} layers");
        let mut ticks = Vec::new();
        let mut bars = Vec::new();
        for row in layers.rows() {
            let (y, width) = (row.number("layer")?, row.number("width")?);
            ticks.push((y, row.text("kind")?.to_owned()));
            bars.push((y, width));
        }
        let y = Scale::linear("").limits(-0.7, 15.7).ticks(ticks);
        let x = Scale::linear(format!("cells in a layer; {connections} connections"))
            .limits(-16.5, 16.5)
            .ticks(Vec::<(f64, String)>::new())
            .unlabelled();
        let mut axes = Axes::new(x, y).title(title).tag(["a", "b", "c"][column]);
        for (y, width) in bars {
            let cells = (-width / 2.0, width / 2.0);
            axes.rectangle(cells, (y - 0.4, y + 0.4), color.lighter(0.7));
            axes.text((0.0, y), format!("{width}"), Color::BLACK, 0.5);
        }
        page.place(page.cell(1, 3, 0, column), axes);
    }
    page.note(
        "From the code (below) to the ten classes (above). A layer of astrocytes is at most two cells wider or narrower than the one \
         before it, so that 30 cells in the middle take five layers up and ten down. The talk draws b and trains c, which only narrows.",
    );
    Ok(page)
}
