//! Learning MNIST: the source says that the steady-state approximation does, and shows no number.

use anyhow::Result;

use super::{Figure, Inputs};
use crate::frame::Frame;
use crate::plot::{Axes, Color, Marker, Page, SERIES, Scale, Stroke, Width};

/// Report, summary.
pub(super) static MNIST_STEADNET: Figure = Figure {
    id: "mnist-steadnet",
    source: "Hill 2020, summary",
    shows: "the steady-state approximation learns MNIST",
    experiments: &["mnist_steadnet", "mnist_steadnet_published"],
    draw: |inputs| draw(inputs, &CURVES),
};

/// Experiments whose runs are drawn together, and what is different in them.
const CURVES: [(&str, &str); 2] = [
    ("mnist_steadnet", "rates found here, pixels 0…1"),
    ("mnist_steadnet_published", "published rates, pixels 0…255"),
];

/// Test error in per cent of the same architecture with the full simulation: Sacramento, Costa,
/// Bengio and Senn, NeurIPS 2018, section 3.
const TO_BEAT: f64 = 1.96;

fn draw(inputs: &Inputs<'_>, experiments: &[(&str, &str)]) -> Result<Page> {
    let mut mse = Axes::new(
        Scale::linear("epoch").from(0.0),
        Scale::log("validation MSE").limits(0.005, 0.1).ticks([
            (0.005, "0.005"),
            (0.01, "0.01"),
            (0.02, "0.02"),
            (0.05, "0.05"),
            (0.1, "0.1"),
        ]),
    )
    .legend_at(0.0, 0.0);
    let errors = |label: &str| Scale::log(label).limits(1.0, 100.0).ticks(PER_CENT);
    let mut course = Axes::new(Scale::linear("epoch").from(0.0), errors("error / %"));
    let ticks = experiments
        .iter()
        .enumerate()
        .map(|(i, _)| (i as f64, ["found", "published"][i]));
    let last = experiments.len() as f64 - 0.5;
    let x = Scale::linear("rates").limits(-0.5, last).ticks(ticks);
    let mut end = Axes::new(x, errors("final test error / %"));
    for (i, ((experiment, name), color)) in experiments.iter().zip(SERIES).enumerate() {
        let runs = inputs.runs(experiment)?;
        let curves = inputs.table(experiment, "curves")?;
        for run in curves.distinct("key")? {
            let run = curves.matching("key", &run)?;
            mse.line(run.points("epoch", "validation_mse")?, Stroke::solid(color));
            course.line(per_cent(&run, "validation_error")?, Stroke::solid(color));
            course.points(per_cent(&run, "test_error")?, Marker::ring(color));
        }
        mse.legend(*name, Stroke::solid(color), None);
        end_of_training(&mut end, i as f64, &runs, color)?;
    }
    course.legend("validation", Stroke::solid(SERIES[0]), None);
    course.legend("test", None, Marker::ring(SERIES[0]));
    for axes in [&mut course, &mut end] {
        axes.across(TO_BEAT, Stroke::dashed(Color::GREY));
        axes.legend(
            "Sacramento et al. 2018: 1.96 %",
            Stroke::dashed(Color::GREY),
            None,
        );
    }
    let mut page = Page::new(Width::Double, 185.0);
    let panels = [mse, course, end]
        .into_iter()
        .zip(["a", "b", "c"])
        .enumerate();
    for (column, (axes, tag)) in panels {
        page.place(page.cell(1, 3, 0, column), axes.tag(tag));
    }
    page.subtitle(footnote(inputs, experiments[0].0)?);
    Ok(page)
}

const PER_CENT: [(f64, &str); 7] = [
    (1.0, "1"),
    (2.0, "2"),
    (5.0, "5"),
    (10.0, "10"),
    (20.0, "20"),
    (50.0, "50"),
    (100.0, "100"),
];

fn per_cent(run: &Frame, column: &str) -> Result<Vec<(f64, f64)>> {
    let points = run.points("epoch", column)?.into_iter();
    Ok(points
        .map(|(epoch, error)| (epoch, 100.0 * error))
        .collect())
}

/// The test error of every run, with the standard error that so many test images leave it. A run
/// that diverged has none.
fn end_of_training(axes: &mut Axes, x: f64, runs: &Frame, color: Color) -> Result<()> {
    if !runs.has("test_error") {
        return Ok(());
    }
    for (error, images) in runs.points("test_error", "task.test")? {
        let deviation = 100.0 * (error * (1.0 - error) / images).sqrt();
        let error = 100.0 * error;
        axes.error_bars([(x, error, deviation)], Stroke::solid(color));
        axes.points([(x, error)], Marker::dot(color));
        axes.text((x + 0.06, error), format!("{error:.2}"), color, 0.0);
    }
    Ok(())
}

/// The network, and what the profile leaves out.
fn footnote(inputs: &Inputs<'_>, experiment: &str) -> Result<String> {
    let dims = inputs
        .runs(experiment)?
        .distinct("network.dims")?
        .join(" and ");
    let network = dims.replace(['[', ']', ' '], "").replace(',', "-");
    let amounts = [
        ("task.train", "training images"),
        ("training.epochs", "epochs"),
    ];
    let shortfall = inputs.shortfall(experiment, &amounts)?;
    Ok(match shortfall.is_empty() {
        true => network,
        false => format!("{network} instead of 784-500-500-10; {shortfall}"),
    })
}
