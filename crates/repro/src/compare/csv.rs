//! Comparisons as CSV files.

use anyhow::Result;

use super::comparison::Compared;
use crate::paths::Output;
use crate::profile::Profile;
use crate::results::{Cell, Table};

const POINT_COLUMNS: [&str; 15] = [
    "figure",
    "series",
    "parameter",
    "value",
    "ours_mean",
    "ours_std",
    "ours_runs",
    "ours_epochs",
    "published_mean",
    "published_std",
    "published_runs",
    "published_epochs",
    "difference",
    "standard_errors",
    "profile",
];

const RUN_COLUMNS: [&str; 9] = [
    "figure",
    "series",
    "parameter",
    "value",
    "seed",
    "validation_correct_ours",
    "validation_correct_published",
    "test_correct_ours",
    "test_correct_published",
];

/// Writes `compare.csv`, a row per point, and `compare_runs.csv`, a row per published run that was repeated.
pub(crate) fn write(all: &[(&str, Compared)], profile: Profile, output: &Output) -> Result<()> {
    let mut points = Table::new(POINT_COLUMNS);
    let mut runs = Table::new(RUN_COLUMNS);
    for (figure, point) in all
        .iter()
        .flat_map(|(f, compared)| compared.points.iter().map(move |p| (*f, p)))
    {
        let place: [Cell; 4] = [
            figure.into(),
            point.series.clone().into(),
            point.x.0.into(),
            point.x.1.into(),
        ];
        let (ours, published) = (&point.ours, &point.published);
        let mut row = place.to_vec();
        row.extend([
            ours.mean.into(),
            ours.std.into(),
            ours.runs.into(),
            point.epochs.0.into(),
        ]);
        row.extend([
            published.mean.into(),
            published.std.into(),
            published.runs.into(),
        ]);
        row.extend([point.epochs.1.into(), (ours.mean - published.mean).into()]);
        row.extend([point.standard_errors().into(), profile.name().into()]);
        points.rows.push(row);
        for run in &point.repeated {
            let mut row = place.to_vec();
            row.push(Cell::Number(run.seed as f64));
            let counts = [run.validation.0, run.validation.1, run.test.0, run.test.1];
            row.extend(counts.map(Cell::from));
            runs.rows.push(row);
        }
    }
    points.write(&output.dir().join("compare.csv"))?;
    runs.write(&output.dir().join("compare_runs.csv"))
}
