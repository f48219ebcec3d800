//! What rounding and the adaptive integrator do to a run: the runs of learning-lag, computed in three ways.

use anyhow::Result;

use super::Figure;
use super::accuracy::{LAG, panel};
use super::works::HILL;
use crate::plot::{Axes, Color, Marker, Page, SERIES, Scale, Stroke, Width};
use crate::results::stats::mean_std;
use crate::results::{Frame, Inputs, Reads, Row};
use crate::sources::hill::{self, SAMPLES};

pub(super) static PRECISION: Figure = Figure {
    id: "precision",
    work: &HILL,
    code: file!(),
    place: "ours; the runs of Fig. 6a",
    finding: "Where learning is choked, single runs hang on rounding; their means do not",
    shows: "Yin-Yang runs in single and double precision, and with the adaptive integrator, seed by seed",
    reads: &[
        Reads::runs(
            "learning_lag",
            &[
                "seed",
                "network.integrator",
                "network.t_pattern_ms",
                "network.learning_lag_ms",
                "network.tau_0_ms",
                "network.tau_w_ms",
                "network.reset_deltas",
                "training.epochs",
                "validation_accuracy",
                "test_accuracy",
            ],
        ),
        Reads::runs(
            "precision",
            &[
                "seed",
                "precision",
                "network.integrator",
                "network.learning_lag_ms",
                "training.epochs",
                "test_accuracy",
            ],
        ),
    ],
    amounts: &[("training.epochs", "epochs")],
    draw,
};

/// Seed and test accuracy of runs.
type Runs = Vec<(f64, f64)>;

/// A way of computing the runs.
struct Way {
    name: &'static str,
    marker: Marker,
    color: Color,
    runs: Vec<Frame>,
}

fn draw(inputs: &Inputs<'_>) -> Result<Page> {
    let again = inputs.runs("precision")?;
    let epochs = again.numbers("training.epochs")?;
    let of = |integrator: &str, precision: &str| {
        again.try_filter(|run| {
            // Single precision is what a row does not mention.
            let single = ["", "f32"].contains(&run.text("precision")?);
            Ok(run.text("network.integrator")? == integrator && single == (precision == "f32"))
        })
    };
    // The runs of learning-lag are computed in the first way; those of the same pattern time and training.
    let comparable = |run: Row<'_>| {
        Ok(run.text("network.integrator")? == "euler"
            && run.number("network.t_pattern_ms")? == 100.0
            && epochs.contains(&run.number("training.epochs")?))
    };
    let repeated = inputs.runs("learning_lag")?.try_filter(comparable)?;
    let way = |name, marker, color, runs| Way {
        name,
        marker,
        color,
        runs,
    };
    let published = way(
        "fixed steps, single precision, as published",
        Marker::dot(SERIES[0]),
        SERIES[0],
        vec![repeated, of("euler", "f32")?],
    );
    let exact = way(
        "fixed steps, double precision",
        Marker::square(SERIES[2]),
        SERIES[2],
        vec![of("euler", "f64")?],
    );
    let adaptive = way(
        "adaptive integrator, single precision",
        Marker::diamond(SERIES[3]),
        SERIES[3],
        vec![of("adaptive", "f32")?],
    );
    let exact_adaptive = way(
        "adaptive integrator, double precision",
        Marker::ring(SERIES[1]),
        SERIES[1],
        vec![of("adaptive", "f64")?],
    );
    let ways = [&published, &exact, &adaptive, &exact_adaptive];
    let mut axes = panel(&LAG);
    let all = hill::sweep(inputs, "learning_lag", "accuracy_vs_learning_lag")?;
    if let Some(series) = all.iter().find(|series| series.t_pattern_ms == 100.0) {
        let points = series.published("learning_lag_ms")?;
        let line = Stroke::solid(Color::GREY).width(0.7);
        let band = points.iter().filter(|p| p.2.is_finite());
        let band = band.map(|p| (p.0, 100.0 * (p.1 - p.2), 100.0 * (p.1 + p.2)));
        axes.band(band, Color::GREY.opacity(0.18));
        axes.line(points.iter().map(|p| (p.0, 100.0 * p.1)), line);
        axes.legend("published", line, None);
    }
    for (i, way) in ways.into_iter().enumerate() {
        way.means(&mut axes, 0.3 * (i as f64 - 1.5))?;
    }
    let mut page = Page::new(Width::Double, 200.0);
    page.key(&mut axes);
    page.place(page.cell(1, 2, 0, 0), axes.tag("a"));
    let mut differences = Axes::new(
        Scale::linear(LAG.label).limits(LAG.limits.0, LAG.limits.1),
        Scale::linear(format!("test samples of {SAMPLES}, less fixed double")),
    );
    differences.across(0.0, Stroke::solid(Color::GREY).width(0.6));
    for (way, aside) in [(&published, -0.6), (&adaptive, 0.0), (&exact_adaptive, 0.6)] {
        way.differences(&exact, aside, &mut differences)?;
    }
    page.place(page.cell(1, 2, 0, 1), differences.tag("b"));
    page.note(
        "Patterns of 100 ms. a: mean ± standard deviation over seeds; line and band: published. b: each run less the run of its seed \
         with fixed steps in double precision; bars: mean ± standard error.",
    );
    Ok(page)
}

impl Way {
    fn by_lag(&self) -> Result<Vec<(f64, Runs)>> {
        let mut all = Vec::new();
        for runs in &self.runs {
            for (lag, runs) in runs.by_number(LAG.setting)? {
                all.push((lag, runs.points("seed", "test_accuracy")?));
            }
        }
        Ok(all)
    }

    /// Means with their standard deviations, `aside` of their lags.
    fn means(&self, axes: &mut Axes, aside: f64) -> Result<()> {
        let mut points = Vec::new();
        for (lag, runs) in self.by_lag()? {
            let accuracies: Vec<f64> = runs.iter().map(|run| 100.0 * run.1).collect();
            let (mean, std) = mean_std(&accuracies);
            points.push((lag + aside, mean, std));
        }
        let bars = points.iter().copied().filter(|point| point.2.is_finite());
        axes.error_bars(bars, Stroke::solid(self.color).width(0.8));
        axes.points(points.iter().map(|point| (point.0, point.1)), self.marker);
        axes.legend(self.name, None, self.marker);
        Ok(())
    }

    /// Runs less those of the same lag and seed, `aside` of their lags.
    fn differences(&self, than: &Self, aside: f64, axes: &mut Axes) -> Result<()> {
        let others = than.by_lag()?;
        for (lag, runs) in self.by_lag()? {
            let same_lag = others.iter().filter(|other| (other.0 - lag).abs() < 1e-9);
            let others: Vec<_> = same_lag.flat_map(|other| &other.1).collect();
            let less = |run: &(f64, f64)| {
                let other = others.iter().find(|other| other.0 == run.0)?;
                Some((SAMPLES * (run.1 - other.1)).round())
            };
            let differences: Vec<f64> = runs.iter().filter_map(less).collect();
            let points = differences.iter().map(|y| (lag + aside, *y));
            axes.points(points, self.marker.radius(1.1));
            let (mean, std) = mean_std(&differences);
            let error = std / (differences.len() as f64).sqrt();
            if error.is_finite() {
                let bar = [(lag + aside + 0.2, mean, error)];
                axes.error_bars(bar, Stroke::solid(self.color).width(1.2));
            }
        }
        Ok(())
    }
}
