//! One line for a whole series.

use super::point::Point;
use crate::terminal::count;

/// A line per series: how much lies behind it, and how far it is from the published one.
pub(crate) fn verdicts(points: &[Point]) -> Vec<String> {
    let mut series: Vec<&str> = Vec::new();
    for point in points {
        if !series.contains(&point.series.as_str()) {
            series.push(&point.series);
        }
    }
    let of = |name: &str| {
        points
            .iter()
            .filter(|p| p.series == name)
            .collect::<Vec<_>>()
    };
    series
        .into_iter()
        .map(|name| format!("{name}: {}", verdict(&of(name))))
        .collect()
}

fn verdict(points: &[&Point]) -> String {
    let n = points.len() as f64;
    let seeds = points.iter().map(|p| p.ours.runs).max().unwrap_or(0);
    let offset = |p: &&Point| 100.0 * (p.ours.mean - p.published.mean);
    let mean = points.iter().map(offset).sum::<f64>() / n;
    let adaptive = points.iter().any(|p| p.adaptive);
    let behind = format!(
        "{}, {}{}",
        count(points.len(), "point"),
        count(seeds, "seed"),
        if adaptive {
            ", adaptive integrator"
        } else {
            ""
        }
    );
    if let Some(p) = points.iter().find(|p| !p.comparable()) {
        let (have, want) = p.epochs;
        return format!(
            "{behind}, but {have} epochs where {want} were published: {mean:+.1} % on average, \
             no verdict"
        );
    }
    let within = points
        .iter()
        .filter(|p| p.standard_errors().abs() <= 2.0)
        .count();
    let judged = points
        .iter()
        .filter(|p| p.standard_errors().is_finite())
        .count();
    let mut text = format!(
        "{behind}, {} epochs: {mean:+.2} % on average, {within} of {judged} points within 2 standard errors",
        points.first().map_or(0, |p| p.epochs.0)
    );
    let repeated: Vec<f64> = points
        .iter()
        .flat_map(|p| &p.repeated)
        .map(|r| r.difference())
        .collect();
    if !repeated.is_empty() {
        let same = repeated.iter().filter(|d| **d == 0.0).count();
        let largest = repeated.iter().copied().fold(0.0, f64::max);
        text += &format!(
            "; {} published runs repeated, {same} identical to the sample, the others up to \
             {largest} of 600 samples off",
            repeated.len()
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::stats::Statistic;
    use crate::sources::hill::Repeated;

    fn point(ours: f64, epochs: usize) -> Point {
        Point {
            series: "100 ms".into(),
            x: ("learning_lag_ms", 20.0),
            ours: Statistic {
                mean: ours,
                std: 0.01,
                runs: 10,
            },
            published: Statistic {
                mean: 0.97,
                std: 0.01,
                runs: 10,
            },
            epochs: (epochs, 45),
            adaptive: false,
            doubted: false,
            repeated: vec![Repeated {
                seed: 1,
                validation: (590.0, 590.0),
                test: (580.0, 583.0),
            }],
        }
    }

    #[test]
    fn differences_count_in_combined_standard_errors() {
        let expected = 0.01 / (2.0 * 0.01f64.powi(2) / 10.0).sqrt();
        assert!((point(0.98, 45).standard_errors() - expected).abs() < 1e-9);
    }

    #[test]
    fn two_standard_errors_are_the_limit() {
        let error = (2.0 * 0.01f64.powi(2) / 10.0).sqrt();
        for (errors, within) in [
            (1.9, "1 of 1"),
            (2.1, "0 of 1"),
            (-1.9, "1 of 1"),
            (-2.9, "0 of 1"),
        ] {
            let line = &verdicts(&[point(0.97 + errors * error, 45)])[0];
            assert!(
                line.contains(&format!("{within} points within 2")),
                "{errors}: {line}"
            );
        }
    }

    #[test]
    fn a_shorter_training_gets_no_verdict() {
        assert!(verdicts(&[point(0.9, 10)])[0].contains("no verdict"));
        let line = &verdicts(&[point(0.971, 45), point(0.9, 45)])[0];
        assert!(line.contains("1 of 2 points within"), "{line}");
        assert!(
            line.contains("0 identical to the sample, the others up to 3"),
            "{line}"
        );
    }
}
