//! One line for a whole series.

use super::point::{Point, Values};
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
    let seeds = points.iter().map(|p| p.values.runs().0).max();
    let mean = points.iter().map(|p| p.difference()).sum::<f64>() / points.len() as f64;
    let adaptive = points.iter().any(|p| p.adaptive);
    let behind = format!(
        "{} of {}{}",
        count(points.len(), "point"),
        count(seeds.unwrap_or(0), "run"),
        if adaptive {
            ", adaptive integrator"
        } else {
            ""
        }
    );
    if let Some(p) = points.iter().find(|p| !p.comparable()) {
        let (have, want) = p.epochs;
        return format!(
            "{behind}, but {have} epochs where {want} were published: {mean:+.1} percentage points on average, \
             no verdict"
        );
    }
    let epochs = points.first().map_or(0, |p| p.epochs.0);
    let mut text = format!("{behind}, {epochs} epochs: ");
    let errors: Vec<f64> = points.iter().filter_map(|p| p.standard_errors()).collect();
    let tests: Vec<f64> = points.iter().filter_map(|p| p.p_value()).collect();
    if let Some(least) = tests.iter().copied().reduce(f64::min) {
        let judged = tests.len();
        let apart = tests.iter().filter(|p| **p < 0.05).count();
        text += &format!(
            "{apart} of {judged} counts differ at p < 0.05 by Fisher's exact test, the smallest p is {least:.2}"
        );
        return text;
    }
    text += &format!("{mean:+.2} percentage points on average");
    if matches!(points.first(), Some(p) if matches!(p.values, Values::Bimodal(..))) {
        text += ", not judged: runs either start to learn or stay at chance";
    } else if errors.is_empty() {
        text += ", too few runs for a verdict";
    } else {
        let within = errors.iter().filter(|e| e.abs() <= 2.0).count();
        text += &format!(
            ", {within} of {} points within 2 standard errors",
            errors.len()
        );
    }
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
    use super::super::point::Count;
    use super::*;
    use crate::results::stats::Statistic;
    use crate::sources::hill::Repeated;

    fn around(mean: f64) -> Statistic {
        Statistic {
            mean,
            std: 0.01,
            runs: 10,
        }
    }

    fn point(ours: f64, epochs: usize) -> Point {
        Point {
            series: "100 ms".into(),
            x: ("learning_lag_ms", 20.0),
            values: Values::Means(around(ours), around(0.97)),
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
        assert!((point(0.98, 45).standard_errors().unwrap() - expected).abs() < 1e-9);
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

    fn at_chance(ours: usize, published: usize) -> Point {
        let count = |n| Count { n, of: 20 };
        Point {
            values: Values::AtChance(count(ours), count(published)),
            ..point(0.0, 45)
        }
    }

    #[test]
    fn counts_are_judged_by_fishers_exact_test() {
        // Summed by hand: all tables as rare as 10 and 16 of 20, or rarer.
        let p = at_chance(10, 16).p_value().unwrap();
        assert!((p - 0.095_845_6).abs() < 1e-6, "{p}");
        assert!(at_chance(10, 16).standard_errors().is_none());
        let line = &verdicts(&[at_chance(10, 16), at_chance(0, 20)])[0];
        assert!(line.contains("1 of 2 counts differ"), "{line}");
    }

    #[test]
    fn a_spread_of_runs_that_start_or_do_not_judges_nothing() {
        let bimodal = Point {
            values: Values::Bimodal(around(0.8), around(0.5)),
            ..point(0.0, 45)
        };
        let line = &verdicts(&[bimodal])[0];
        assert!(
            line.contains("+30.00 percentage points") && line.contains("not judged"),
            "{line}"
        );
        assert!(!line.contains("standard errors"), "{line}");
    }

    #[test]
    fn two_runs_are_too_few() {
        let two = Statistic {
            runs: 2,
            ..around(0.9)
        };
        let few = Point {
            values: Values::Means(two, around(0.97)),
            ..point(0.0, 45)
        };
        assert!(verdicts(&[few])[0].contains("too few runs"));
    }
}
