//! Comparisons as CSV files.

use anyhow::Result;

use super::comparison::Compared;
use super::point::{Count, Values};
use crate::paths::Output;
use crate::profile::Profile;
use crate::results::stats::Statistic;
use crate::results::{Cell, Table};

const POINT_COLUMNS: [&str; 19] = [
    "figure",
    "series",
    "parameter",
    "value",
    "kind",
    "ours_mean",
    "ours_std",
    "ours_runs",
    "ours_at_chance",
    "ours_epochs",
    "published_mean",
    "published_std",
    "published_runs",
    "published_at_chance",
    "published_epochs",
    "difference",
    "standard_errors",
    "fisher_p",
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
pub(crate) fn write(all: &[(&str, &Compared)], profile: Profile, output: &Output) -> Result<()> {
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
        let mut row = place.to_vec();
        let side = |statistic: Option<Statistic>, count: Option<Count>| -> [Cell; 4] {
            let none = || Cell::from("");
            match (statistic, count) {
                (Some(s), _) => [s.mean.into(), s.std.into(), s.runs.into(), none()],
                (_, Some(c)) => [none(), none(), c.of.into(), c.n.into()],
                _ => [none(), none(), none(), none()],
            }
        };
        let (kind, ours, published) = match point.values {
            Values::Means(a, b) => ("mean", side(Some(a), None), side(Some(b), None)),
            Values::Bimodal(a, b) => ("bimodal", side(Some(a), None), side(Some(b), None)),
            Values::AtChance(a, b) => ("at-chance", side(None, Some(a)), side(None, Some(b))),
        };
        row.push(kind.into());
        row.extend(ours);
        row.push(point.epochs.0.into());
        row.extend(published);
        row.push(point.epochs.1.into());
        row.push((point.difference() / 100.0).into());
        for judged in [point.standard_errors(), point.p_value()] {
            row.push(judged.map_or_else(|| "".into(), Cell::from));
        }
        row.push(profile.name().into());
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
