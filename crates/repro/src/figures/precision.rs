//! What rounding and the adaptive integrator do to a run: published runs of learning-lag, computed in four ways.

use anyhow::Result;

use super::Figure;
use super::accuracy::{LAG, Swept, panel};
use super::works::HILL;
use crate::plot::{Axes, Color, Marker, Page, SERIES, Scale, Stroke, Width};
use crate::results::stats::mean_std;
use crate::results::{Frame, Inputs, Reads};
use crate::sources::hill::{self, SAMPLES, SWEEP_EPOCHS};

pub(super) static PRECISION: Figure = Figure {
    id: "precision",
    work: &HILL,
    code: file!(),
    place: "ours; the runs of Fig. 6a",
    finding: "Where learning is choked, some published runs hang on single precision",
    shows: "Yin-Yang runs as published, with fixed steps and the adaptive integrator in single and double precision, seed by seed",
    reads: &[Reads::runs(
        "precision",
        &[
            "seed",
            "precision",
            "network.integrator",
            "network.learning_lag_ms",
            "training.epochs",
            "test_accuracy",
        ],
    )],
    amounts: &[("training.epochs", "epochs")],
    draw,
};

/// Runs at a learning-lag: seed and test accuracy.
struct AtLag {
    lag: f64,
    runs: Vec<(f64, f64)>,
}

impl AtLag {
    /// Whether the lags are the same: published ones are rounded to five decimals.
    fn is_near(&self, other: &Self) -> bool {
        (self.lag - other.lag).abs() < 1e-4
    }
}

/// A way of computing the runs.
struct Way {
    name: &'static str,
    color: Color,
    marker: Marker,
    runs: Vec<AtLag>,
}

impl Way {
    fn new(
        name: &'static str,
        color: Color,
        marker: Marker,
        runs: &Frame,
        lag: &str,
    ) -> Result<Self> {
        let at_lag = |(lag, runs): (f64, Frame)| {
            let runs = runs.points("seed", "test_accuracy")?;
            Ok(AtLag { lag, runs })
        };
        let runs = runs.by_number(lag)?.into_iter().map(at_lag);
        Ok(Self {
            name,
            color,
            marker,
            runs: runs.collect::<Result<_>>()?,
        })
    }

    /// Without the lags at which another way has no runs.
    fn at_lags_of(mut self, other: &Self) -> Self {
        self.runs
            .retain(|at| other.runs.iter().any(|o| o.is_near(at)));
        self
    }

    /// Means with their standard deviations, `aside` of their lags.
    fn means(&self, axes: &mut Axes, aside: f64) {
        let point = |at: &AtLag| {
            let accuracies: Vec<f64> = at.runs.iter().map(|run| 100.0 * run.1).collect();
            let (mean, std) = mean_std(&accuracies);
            (at.lag + aside, mean, std)
        };
        let points: Vec<(f64, f64, f64)> = self.runs.iter().map(point).collect();
        let bars = points.iter().copied().filter(|point| point.2.is_finite());
        axes.error_bars(bars, Stroke::solid(self.color).width(0.8));
        axes.points(points.iter().map(|point| (point.0, point.1)), self.marker);
        axes.legend(self.name, None, self.marker);
    }

    /// Runs less those of the same lag and seed, in samples, `aside` of their lags.
    fn differences(&self, than: &Self, aside: f64, axes: &mut Axes) {
        for at in &self.runs {
            let mut same_lag = than.runs.iter().filter(|other| other.is_near(at));
            let Some(others) = same_lag.next() else {
                continue;
            };
            let less = |run: &(f64, f64)| {
                let other = others.runs.iter().find(|other| other.0 == run.0)?;
                Some((SAMPLES * run.1).round() - (SAMPLES * other.1).round())
            };
            let differences: Vec<f64> = at.runs.iter().filter_map(less).collect();
            let x = at.lag + aside;
            axes.points(differences.iter().map(|y| (x, *y)), self.marker.radius(1.1));
            let (mean, std) = mean_std(&differences);
            let error = std / (differences.len() as f64).sqrt();
            if error.is_finite() {
                axes.error_bars(
                    [(x + 0.25, mean, error)],
                    Stroke::solid(self.color).width(1.2),
                );
            }
        }
    }
}

fn draw(inputs: &Inputs<'_>) -> Result<Page> {
    let all = inputs.runs("precision")?;
    let ours = |name, marker: Marker, color, integrator, precision| {
        let runs = hill::computed_with(&all, integrator, precision)?;
        Way::new(name, color, marker, &runs, LAG.setting)
    };
    let [blue, red, green, pink] = [SERIES[0], SERIES[1], SERIES[2], SERIES[3]];
    let name = "fixed steps, single precision";
    let single = ours(name, Marker::dot(blue), blue, "euler", "f32")?;
    let name = "fixed steps, double precision";
    let exact = ours(name, Marker::square(green), green, "euler", "f64")?;
    let name = "adaptive, single precision";
    let adaptive = ours(name, Marker::diamond(pink), pink, "adaptive", "f32")?;
    let name = "adaptive, double precision";
    let both = ours(name, Marker::ring(red), red, "adaptive", "f64")?;
    let lags = Swept {
        limits: (-1.3, 31.3),
        ..LAG
    };
    let mut axes = panel(&lags);
    let whole = all
        .numbers("training.epochs")?
        .iter()
        .all(|&n| n == SWEEP_EPOCHS as f64);
    if whole {
        let published = inputs.published("hill2020_yinyang_runs.csv")?;
        let runs = published.matching("series", "100 ms")?;
        Way::new(
            "published",
            Color::GREY,
            Marker::cross(Color::GREY),
            &runs,
            LAG.published,
        )?
        .at_lags_of(&both)
        .means(&mut axes, -0.75);
    }
    for (i, way) in [&single, &exact, &adaptive, &both].into_iter().enumerate() {
        way.means(&mut axes, 0.3 * (i as f64 - 1.5));
    }
    let mut page = Page::new(Width::Double, 200.0);
    page.key(&mut axes);
    page.place(page.cell(1, 2, 0, 0), axes.tag("a"));
    let mut differences = Axes::new(
        Scale::linear(LAG.label).limits(lags.limits.0, lags.limits.1),
        Scale::linear(format!("test samples of {SAMPLES}, less adaptive double")),
    );
    differences.across(0.0, Stroke::solid(Color::GREY).width(0.6));
    for (way, aside) in [(&single, -0.6), (&exact, 0.0), (&adaptive, 0.6)] {
        way.differences(&both, aside, &mut differences);
    }
    page.place(page.cell(1, 2, 0, 1), differences.tag("b"));
    page.note(
        "Patterns of 100 ms. a: mean ± standard deviation over seeds. b: each run less the run of its seed with the adaptive integrator in \
         double precision; bars: mean ± standard error. Of fixed steps in double precision, fewer seeds where fewer are drawn in b.",
    );
    Ok(page)
}
