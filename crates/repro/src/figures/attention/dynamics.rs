//! How long a query takes to be read, where calcium diffuses and sets the rate of synapses.

use anyhow::{Context as _, Result};

use super::super::works::KOZACHKOV;
use super::Figure;
use crate::plot::{Axes, Color, Marker, Page, SERIES, Scale, Stroke, Width};
use crate::results::stats::median;
use crate::results::{Frame, Inputs, Reads};

/// Columns of the processes drawn, with the share of all that have less calcium.
const PROCESSES: [(&str, &str); 5] = [
    ("calcium_most", "most"),
    ("calcium_three_quarters", "75 %"),
    ("calcium_median", "50 %"),
    ("calcium_quarter", "25 %"),
    ("calcium_least", "least"),
];

/// The equations are the authors' own, of a later work; the study is ours.
pub(in crate::figures) static ATTENTION_DYNAMICS: Figure = Figure {
    id: "attention-dynamics",
    work: &KOZACHKOV,
    code: file!(),
    place: "circuit, with the equations of arXiv 2311.08135, appendix C",
    finding: "A query that raises little calcium is read slowly, and without diffusion the circuit cannot attend",
    shows: "calcium that diffuses and sets how fast synapses settle: time courses, settling time against 1/calcium, error by diffusion and token duration",
    reads: &[
        Reads::runs(
            "attention_dynamics",
            &[
                "key",
                "seed",
                "time.synapse_ms",
                "time.diffusion_ms",
                "time.token_ms",
                "read.start",
                "record.rows",
                "relative_error",
            ],
        ),
        Reads::table(
            "attention_dynamics",
            "queries",
            &["key", "calcium", "settling_ms"],
        ),
        Reads::table(
            "attention_dynamics",
            "courses",
            &[
                "key",
                "query",
                "time_ms",
                "relative_error",
                "mean_calcium",
                "calcium_*",
            ],
        ),
    ],
    amounts: &[],
    draw,
};

fn draw(inputs: &Inputs<'_>) -> Result<Page> {
    let runs = inputs.runs("attention_dynamics")?;
    let watched = runs.filter(|run| run.text("record.rows").is_ok_and(|rows| rows != "0"));
    let run = watched.rows().next().context("no run has time courses")?;
    let (synapse_ms, diffusion_ms) = (
        run.number("time.synapse_ms")?,
        run.number("time.diffusion_ms")?,
    );
    let courses = inputs
        .table("attention_dynamics", "courses")?
        .matching("key", run.text("key")?)?;
    let swept = runs.filter(|run| run.text("record.rows").is_ok_and(|rows| rows == "0"));
    let queries = inputs.table("attention_dynamics", "queries")?;

    let mut page = Page::new(Width::Double, 360.0);
    let panels = [
        calcium(&courses, diffusion_ms)?,
        reading(&courses, synapse_ms)?,
        settling(&swept, &queries, synapse_ms)?,
        error(&swept)?,
    ];
    for (i, axes) in panels.into_iter().enumerate() {
        let tag = char::from(b'a' + i as u8).to_string();
        page.place(page.cell(2, 2, i / 2, i % 2), axes.tag(tag));
    }
    page.note(format!(
        "a, b: the queries with the least and the most calcium of one sequence, a: the one with the least; c: every query read from rest for the \
         longest time; d: medians over {} sequences. *p*_{{∞}}: mean over the astrocyte; τ_{{s}} = {synapse_ms} ms; attention: what the algebraic circuit gives.",
        runs.distinct("seed")?.len(),
    ));
    Ok(page)
}

/// The processes of the query with the least calcium.
fn calcium(courses: &Frame, diffusion_ms: f64) -> Result<Axes> {
    let least = courses.matching("query", "least")?;
    let shown = least.filter(|row| row.number("time_ms").is_ok_and(|t| t <= 6.0 * diffusion_ms));
    let mut axes = Axes::new(
        Scale::linear("time / ms").from(0.0),
        Scale::log("calcium *p*_{j}"),
    )
    .title("calcium evens out");
    for (i, (column, name)) in PROCESSES.into_iter().enumerate() {
        let stroke = Stroke::solid(SERIES[i]);
        axes.line(shown.points("time_ms", column)?, stroke);
        axes.legend(name, stroke, None);
    }
    let mean = Stroke::dashed(Color::GREY);
    axes.line(shown.points("time_ms", "mean_calcium")?, mean);
    axes.legend("mean *p*_{∞}", mean, None);
    Ok(axes)
}

/// Distance from attention of the two queries, beside what the rate of their synapses alone would give.
fn reading(courses: &Frame, synapse_ms: f64) -> Result<Axes> {
    let mut axes = Axes::new(
        Scale::linear("time / ms").from(0.0),
        Scale::log("distance from attention").limits(1e-3, 2.0),
    )
    .title("little calcium is read slowly");
    for (i, query) in ["least", "most"].into_iter().enumerate() {
        let course = courses.matching("query", query)?;
        let calcium = median(&course.numbers("mean_calcium")?);
        let color = SERIES[i];
        axes.line(
            course.points("time_ms", "relative_error")?,
            Stroke::solid(color),
        );
        let rate = calcium / synapse_ms;
        let bound = |t: f64| (t, (-rate * t).exp());
        let end = course.numbers("time_ms")?.into_iter().fold(0.0, f64::max);
        axes.line(
            [bound(0.0), bound(end.min(7.0 / rate))],
            Stroke::dashed(color),
        );
        axes.legend(
            format!("*p*_{{∞}} = {calcium:.2}"),
            Stroke::solid(color),
            None,
        );
    }
    axes.legend(
        "at the rate *p*_{∞}/τ_{s}",
        Stroke::dashed(Color::GREY),
        None,
    );
    Ok(axes)
}

/// When each query is settled, against 1/p*.
fn settling(runs: &Frame, queries: &Frame, synapse_ms: f64) -> Result<Axes> {
    let from_rest = runs.matching("read.start", "rest")?;
    let longest = from_rest
        .by_number("time.token_ms")?
        .pop()
        .context("no run from rest")?
        .1;
    let mut axes = Axes::new(
        Scale::log("1/calcium, 1/*p*_{∞}"),
        Scale::log("settled within 10 % after / ms").to(3000.0),
    )
    .title("settling time")
    .legend_at(0.0, 1.0);
    let mut range = (f64::MAX, 0.0_f64);
    for (i, (diffusion, runs)) in longest.by_number("time.diffusion_ms")?.iter().enumerate() {
        let mut points = Vec::new();
        for query in queries.of_runs(runs)?.rows() {
            if let Some(settling) = query.maybe("settling_ms")? {
                points.push((query.number("calcium")?.recip(), settling));
            }
        }
        for (x, _) in &points {
            range = (range.0.min(*x), range.1.max(*x));
        }
        if points.is_empty() {
            continue;
        }
        let marker = Marker::dot(SERIES[i % SERIES.len()].opacity(0.6)).radius(1.2);
        axes.points(points, marker);
        axes.legend(format!("τ_{{d}} = {diffusion} ms"), None, marker);
    }
    let theory = |x: f64| (x, 10.0_f64.ln() * synapse_ms * x);
    let stroke = Stroke::dashed(Color::GREY);
    axes.line([theory(range.0), theory(range.1)], stroke);
    axes.legend("ln 10 τ_{s}/*p*_{∞}", stroke, None);
    Ok(axes)
}

/// Error when tokens end, by diffusion and token duration.
fn error(runs: &Frame) -> Result<Axes> {
    let mut axes = Axes::new(
        Scale::log("time constant of diffusion τ_{d} / ms"),
        Scale::log("relative error").limits(1e-4, 2.0),
    )
    .title("error when the token ends")
    .legend_at(0.0, 0.45);
    for (i, (token_ms, runs)) in runs.by_number("time.token_ms")?.iter().enumerate() {
        let color = SERIES[i % SERIES.len()];
        for (start, stroke, marker) in [
            ("rest", Stroke::solid(color), Marker::dot(color)),
            ("previous", Stroke::dashed(color), Marker::ring(color)),
        ] {
            let mut line = Vec::new();
            for (diffusion, runs) in runs
                .matching("read.start", start)?
                .by_number("time.diffusion_ms")?
            {
                line.push((diffusion, median(&runs.numbers("relative_error")?)));
            }
            axes.line(line.iter().copied(), stroke);
            axes.points(line, marker);
        }
        axes.legend(
            format!("{token_ms} ms a token"),
            Stroke::solid(color),
            Marker::dot(color),
        );
    }
    axes.legend(
        "from the query before",
        Stroke::dashed(Color::GREY),
        Marker::ring(Color::GREY),
    );
    Ok(axes)
}
