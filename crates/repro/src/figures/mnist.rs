//! Learning MNIST: the source says that the steady-state approximation does, and shows no number; whether the full
//! simulation does, it leaves open.

use anyhow::Result;

use super::Figure;
use super::works::HILL;
use crate::plot::{Axes, Color, Marker, Page, SERIES, Scale, Stroke, Width};
use crate::results::{Frame, Inputs, Reads};

/// Report, summary.
pub(super) static MNIST_STEADNET: Figure = Figure {
    id: "mnist-steadnet",
    work: &HILL,
    code: file!(),
    place: "summary",
    finding: "The steady-state approximation learns MNIST at rates found here, hardly at the published ones",
    shows: "the steady-state approximation learns MNIST",
    reads: &[
        Reads::runs("mnist_steadnet", RUNS),
        Reads::table("mnist_steadnet", "curves", CURVES),
        Reads::runs("mnist_steadnet_published", RUNS),
        Reads::table("mnist_steadnet_published", "curves", CURVES),
    ],
    amounts: AMOUNTS,
    draw: draw_steadnet,
};

/// Report, outlook: the original program was too slow to tell.
pub(super) static MNIST_PYRALNET: Figure = Figure {
    id: "mnist-pyralnet",
    work: &HILL,
    code: file!(),
    place: "open question",
    finding: "The full simulation learns MNIST with a learning-lag, and not without",
    shows: "the full simulation on MNIST, with and without learning-lag",
    reads: &[
        Reads::runs(
            "mnist_pyralnet",
            &[
                "key",
                "model",
                "network.dims",
                "network.learning_lag_ms",
                "task.test",
                "test_error",
            ],
        ),
        Reads::table("mnist_pyralnet", "curves", CURVES),
    ],
    amounts: AMOUNTS,
    draw: draw_pyralnet,
};

const RUNS: &[&str] = &["network.dims", "task.test", "test_error"];
const CURVES: &[&str] = &[
    "key",
    "epoch",
    "validation_mse",
    "validation_error",
    "test_error",
];
const AMOUNTS: &[(&str, &str)] = &[
    ("task.train", "training images"),
    ("training.epochs", "epochs"),
];

/// Test error in per cent of the same architecture with the full simulation: Sacramento, Costa,
/// Bengio and Senn, NeurIPS 2018, section 3.
const TO_BEAT: f64 = 1.96;

/// Runs that are drawn alike.
struct Series {
    name: &'static str,
    /// The name under an axis.
    short: &'static str,
    runs: Frame,
    curves: Frame,
}

fn draw_steadnet(inputs: &Inputs<'_>) -> Result<Page> {
    let series = |experiment, name, short| -> Result<Series> {
        Ok(Series {
            name,
            short,
            runs: inputs.runs(experiment)?,
            curves: inputs.table(experiment, "curves")?,
        })
    };
    let all = [
        series("mnist_steadnet", "rates found here, pixels 0…1", "found")?,
        series(
            "mnist_steadnet_published",
            "published rates, pixels 0…255",
            "published",
        )?,
    ];
    let mut panels = panels("rates", &all)?;
    let dashed = Stroke::dashed(Color::GREY);
    for axes in &mut panels[1..] {
        axes.across(TO_BEAT, dashed);
    }
    panels[1].legend("Sacramento et al. 2018: 1.96 %", dashed, None);
    page(panels, network(inputs, "mnist_steadnet", "784-500-500-10")?)
}

fn draw_pyralnet(inputs: &Inputs<'_>) -> Result<Page> {
    let runs = inputs.runs("mnist_pyralnet")?;
    let curves = inputs.table("mnist_pyralnet", "curves")?;
    let of = |name, short, model: &str, lag: f64| -> Result<Series> {
        let runs = runs.matching("model", model)?;
        let runs = runs.filter(|r| r.number("network.learning_lag_ms").is_ok_and(|x| x == lag));
        let curves = curves.of_runs(&runs)?;
        Ok(Series {
            name,
            short,
            runs,
            curves,
        })
    };
    let all = [
        of("full, learning-lag 20 ms", "lag 20 ms", "pyralnet", 20.0)?,
        of("full, learning-lag 0", "lag 0", "pyralnet", 0.0)?,
        of(
            "steady-state approximation",
            "steady state",
            "steadnet",
            0.0,
        )?,
    ];
    let panels = panels("", &all)?;
    page(panels, network(inputs, "mnist_pyralnet", "784-100-10")?)
}

/// Validation MSE, validation and test error over training, and the test error at its end.
fn panels(kinds: &str, all: &[Series]) -> Result<[Axes; 3]> {
    let mut mse = Axes::new(
        Scale::linear("epoch").from(0.0),
        Scale::log("validation MSE").limits(0.005, 0.3).ticks([
            (0.005, "0.005"),
            (0.01, "0.01"),
            (0.02, "0.02"),
            (0.05, "0.05"),
            (0.1, "0.1"),
        ]),
    );
    let errors = |label: &str| Scale::log(label).limits(1.0, 110.0).ticks(PER_CENT);
    let mut course = Axes::new(Scale::linear("epoch").from(0.0), errors("error / %"));
    let ticks = all.iter().enumerate().map(|(i, s)| (i as f64, s.short));
    let last = all.len() as f64 - 0.5;
    let x = Scale::linear(kinds).limits(-0.5, last).ticks(ticks);
    let mut end = Axes::new(x, errors("final test error / %"));
    for (i, (series, color)) in all.iter().zip(SERIES).enumerate() {
        for run in series.curves.distinct("key")? {
            let run = series.curves.matching("key", &run)?;
            mse.line(run.points("epoch", "validation_mse")?, Stroke::solid(color));
            course.line(per_cent(&run, "validation_error")?, Stroke::solid(color));
            course.points(per_cent(&run, "test_error")?, Marker::ring(color));
        }
        mse.legend(series.name, Stroke::solid(color), None);
        end_of_training(&mut end, i as f64, &series.runs, color)?;
    }
    course.legend("validation", Stroke::solid(Color::BLACK), None);
    course.legend("test", None, Marker::ring(Color::BLACK));
    Ok([mse, course, end])
}

fn page(panels: [Axes; 3], network: String) -> Result<Page> {
    let mut page = Page::new(Width::Double, 185.0);
    let panels = panels.into_iter().zip(["a", "b", "c"]).enumerate();
    for (column, (mut axes, tag)) in panels {
        page.key(&mut axes);
        page.place(page.cell(1, 3, 0, column), axes.tag(tag));
    }
    page.note(format!(
        "{network}. Bars in c: the standard error that the number of test images leaves."
    ));
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

/// The test error of every run, with its standard error from the number of test images. A run
/// that diverged has none.
fn end_of_training(axes: &mut Axes, x: f64, runs: &Frame, color: Color) -> Result<()> {
    for (error, images) in runs.points("test_error", "task.test")? {
        let deviation = 100.0 * (error * (1.0 - error) / images).sqrt();
        let error = 100.0 * error;
        axes.error_bars([(x, error, deviation)], Stroke::solid(color));
        axes.points([(x, error)], Marker::dot(color));
        axes.text((x + 0.06, error), format!("{error:.2}"), color, 0.0);
    }
    Ok(())
}

/// The network, and the source's where it is another.
fn network(inputs: &Inputs<'_>, experiment: &str, full: &str) -> Result<String> {
    let dims = inputs.runs(experiment)?.distinct("network.dims")?;
    let network = dims.join(" and ").replace(['[', ']', ' '], "");
    let network = network.replace(',', "-");
    Ok(match network == full {
        true => network,
        false => format!("{network} instead of {full}"),
    })
}
