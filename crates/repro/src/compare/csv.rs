//! Comparisons as CSV files.

use anyhow::Result;

use super::comparison::Compared;
use super::point::{Count, Values};
use crate::paths::Output;
use crate::profile::Profile;
use crate::results::stats::Statistic;
use crate::results::{Cell, Column, Table, columns};

const POINT_COLUMNS: [Column; 19] = columns! {
    "figure" ["word"] "figure that the values are in",
    "series" ["text"] "published series",
    "parameter" ["word"] "what varies along the series: a column of the results",
    "value" [""] "its value at the point",
    "kind" ["word"] "mean of accuracies; bimodal, a mean of runs of which some never start; at-chance, a count of those",
    "ours_mean" ["fraction"] "our mean accuracy",
    "ours_std" ["fraction"] "standard deviation of our accuracies over runs",
    "ours_runs" ["runs"] "our runs",
    "ours_at_chance" ["runs"] "our runs that stayed at chance",
    "ours_epochs" ["epochs"] "epochs of training of ours",
    "published_mean" ["fraction"] "published mean accuracy",
    "published_std" ["fraction"] "standard deviation of the published accuracies over runs",
    "published_runs" ["runs"] "published runs",
    "published_at_chance" ["runs"] "published runs that stayed at chance",
    "published_epochs" ["epochs"] "epochs of training of the published",
    "difference" ["fraction"] "ours less published: of means, or of shares of runs at chance",
    "standard_errors" [""] "difference in standard errors of it, where runs spread around a mean",
    "fisher_p" [""] "probability of counts as different as these or more, by the exact test of Fisher",
    "profile" ["word"] "quick or paper",
};

const RUN_COLUMNS: [Column; 9] = columns! {
    "figure" ["word"] "figure that the values are in",
    "series" ["text"] "published series",
    "parameter" ["word"] "what varies along the series: a column of the results",
    "value" [""] "its value at the point",
    "seed" [""] "seed of the run, ours and published",
    "validation_correct_ours" ["samples"] "correct validation samples of our run",
    "validation_correct_published" ["samples"] "correct validation samples of the published run",
    "test_correct_ours" ["samples"] "correct test samples of our run",
    "test_correct_published" ["samples"] "correct test samples of the published run",
};

/// The files, with their columns.
pub(crate) const FILES: [(&str, &[Column]); 2] = [
    ("compare.csv", &POINT_COLUMNS),
    ("compare_runs.csv", &RUN_COLUMNS),
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
    for ((file, _), table) in FILES.iter().zip([points, runs]) {
        table.write(&output.dir().join(file))?;
    }
    Ok(())
}
