//! Four networks of three neurons: how they settle, or do not.

use anyhow::Result;

use super::Figure;
use super::works::HILL;
use crate::plot::{Axes, Color, Marker, Page, SERIES, Scale, Stroke, Width};
use crate::results::{Frame, Inputs, Reads, Row};

/// Report, Fig. 3.
pub(super) static FIGURE: Figure = Figure {
    id: "stability",
    work: &HILL,
    code: file!(),
    place: "Fig. 3",
    finding: "Weights decide whether a circuit settles, diverges or oscillates",
    shows: "three neurons settle, diverge, leave an unstable fixed point, or oscillate",
    reads: &[
        Reads::runs(
            "stability",
            &[
                "key",
                "network.t_pattern_ms",
                "network.g_*",
                "weights.*",
                "phase.from",
                "phase.to",
                "initial_hidden",
                "initial_derivative_per_ms",
                "final_hidden",
                "final_derivative_per_ms",
            ],
        ),
        Reads::table(
            "stability",
            "traces",
            &[
                "key",
                "t_ms",
                "hidden",
                "interneuron",
                "output",
                "interneuron_steady",
                "output_steady",
            ],
        ),
        Reads::table(
            "stability",
            "phase",
            &["key", "hidden", "derivative_per_ms"],
        ),
    ],
    amounts: &[],
    draw,
};

/// What the runs of the experiment show, in their order.
const TITLES: [&str; 4] = [
    "stable fixed point",
    "no fixed point",
    "unstable fixed point",
    "damped oscillation",
];
const TOP: [&str; 4] = ["a", "b", "c", "d"];
const BOTTOM: [&str; 4] = ["e", "f", "g", "h"];
/// Neurons: their name, columns of potential and steady state, and colour.
const NEURONS: [(&str, Option<&str>, Color); 3] = [
    ("hidden", None, SERIES[0]),
    ("interneuron", Some("interneuron_steady"), SERIES[1]),
    ("output", Some("output_steady"), SERIES[2]),
];

fn draw(inputs: &Inputs<'_>) -> Result<Page> {
    let runs = inputs.runs("stability")?;
    let traces = inputs.table("stability", "traces")?;
    let phases = inputs.table("stability", "phase")?;
    let mut page = Page::new(Width::Double, 280.0);
    for (i, run) in runs.rows().enumerate().take(TITLES.len()) {
        let key = run.text("key")?;
        let mut top = potentials(run, &traces.matching("key", key)?, i == 0)?;
        let mut bottom = phase(run, &phases.matching("key", key)?, i == 0)?;
        page.key(&mut top);
        page.key(&mut bottom);
        page.place(page.cell(2, 4, 0, i), top.title(TITLES[i]).tag(TOP[i]));
        page.place(
            page.cell(2, 4, 1, i),
            bottom.title(weights(run)?).tag(BOTTOM[i]),
        );
    }
    page.note(
        "Over the lower panels: the weights (*W*_{10}, *W*_{21}, *W*_{IP}, *W*_{PI}, *W*_{down}). Dotted: eqs. 33 and 34 of the \
         source. Below: d*u*/d*t* of the hidden neuron with the others at steady state, over its total conductance *g*_{tot}, as \
         published. b has a logarithmic axis where the source's is linear.",
    );
    Ok(page)
}

fn weights(run: Row<'_>) -> Result<String> {
    let names = ["up_1", "up_2", "ip", "pi", "down"];
    let values = names.map(|name| run.text(&format!("weights.{name}")));
    let values = values.into_iter().collect::<Result<Vec<_>>>()?;
    Ok(format!("({})", values.join(", ")).replace('-', "−"))
}

fn potentials(run: Row<'_>, traces: &Frame, first: bool) -> Result<Axes> {
    let label = if first { "somatic potential *u*" } else { "" };
    let t_end = run.number("network.t_pattern_ms")?;
    // Exponential growth is a straight line on a logarithmic axis.
    let vertical = match diverges(run)? {
        true => Scale::log(label).from(0.1),
        false => Scale::linear(label),
    };
    let mut axes = Axes::new(Scale::linear("*t* / ms").limits(0.0, t_end), vertical);
    for (column, steady, color) in NEURONS {
        let stroke = Stroke::solid(color).width(1.1);
        axes.line(traces.points("t_ms", column)?, stroke);
        if let Some(steady) = steady {
            let dotted = Stroke::dotted(color.darker(0.35)).width(1.1);
            axes.line(traces.points("t_ms", steady)?, dotted);
        }
        if first {
            axes.legend(column, stroke, None);
        }
    }
    if first {
        let dotted = Stroke::dotted(Color::BLACK).width(1.1);
        axes.legend(
            "steady state of interneuron and output, given the hidden potential",
            dotted,
            None,
        );
    }
    Ok(axes)
}

/// Whether the hidden neuron leaves the range of potentials of the lower panel.
fn diverges(run: Row<'_>) -> Result<bool> {
    Ok(run.number("final_hidden")? > run.number("phase.to")?)
}

/// The derivative of the hidden neuron over its total conductance, all else at steady state.
fn phase(run: Row<'_>, phase: &Frame, first: bool) -> Result<Axes> {
    let label = if first { "(d*u*/d*t*) / *g*_{tot}" } else { "" };
    let conductances = ["network.g_l", "network.g_b", "network.g_a"];
    let total: f64 = conductances
        .map(|name| run.number(name))
        .into_iter()
        .sum::<Result<f64>>()?;
    let (from, to) = (run.number("phase.from")?, run.number("phase.to")?);
    let mut axes = Axes::new(
        Scale::linear("hidden *u*").limits(from, to),
        Scale::linear(label),
    );
    axes.across(0.0, Stroke::solid(Color::GREY).width(0.7));
    let derivative = phase.points("hidden", "derivative_per_ms")?.into_iter();
    let derivative = derivative.map(|(u, derivative)| (u, derivative / total));
    axes.line(derivative, Stroke::solid(SERIES[0]).width(1.2));
    let at = |when: &str| -> Result<(f64, f64)> {
        Ok((
            run.number(&format!("{when}_hidden"))?,
            run.number(&format!("{when}_derivative_per_ms"))? / total,
        ))
    };
    let (start, end) = (at("initial")?, at("final")?);
    let marks = [
        (
            "start of a–d",
            start,
            Marker::ring(Color::BLACK).radius(2.6),
        ),
        ("end", end, Marker::dot(Color::BLACK).radius(2.2)),
    ];
    for (text, at, marker) in marks {
        axes.points(
            [at].into_iter().filter(|p| (from..=to).contains(&p.0)),
            marker,
        );
        if first {
            axes.legend(text, None, marker);
        }
    }
    if diverges(run)? {
        let at = (to - 0.04 * (to - from), 0.25 * start.1);
        axes.text(at, format!("end: *u* = {:.0} →", end.0), Color::BLACK, 1.0);
    }
    Ok(axes)
}
