//! Random features: unbiased, and an error that falls as 1/√m.

use crate::support::{rng, sequence};
use astro::attention::{Circuit, FeatureKind, FeatureMap, Features, Fidelity, Mask, Qkv, softmax};

/// Geometric mean over seeds of the relative error.
fn typical_error(kind: FeatureKind, m: usize, scale: f64, seeds: u64) -> f64 {
    let (tokens, heads, d) = (24, 2, 8);
    let logarithms: f64 = (0..seeds)
        .map(|seed| {
            let qkv: Qkv<f64> = sequence(tokens, heads, (d, d), scale, &mut rng(seed));
            let features = FeatureMap::draw(kind, d, m, &mut rng(1000 + seed)).unwrap();
            let output = Circuit::new(features, heads, d)
                .unwrap()
                .attend(&qkv, Mask::Bidirectional, &mut ())
                .unwrap();
            let error = Fidelity::compare(&output, &softmax(&qkv, Mask::Bidirectional)).unwrap();
            error.relative_error.ln()
        })
        .sum();
    (logarithms / seeds as f64).exp()
}

/// Least-squares slope of ln y over ln x.
fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let logs = || points.iter().map(|(x, y)| (x.ln(), y.ln()));
    let (sx, sy) = logs().fold((0.0, 0.0), |(sx, sy), (x, y)| (sx + x / n, sy + y / n));
    let (xy, xx) = logs().fold((0.0, 0.0), |(xy, xx), (x, y)| {
        (xy + (x - sx) * (y - sy), xx + (x - sx).powi(2))
    });
    xy / xx
}

#[test]
fn the_error_falls_as_one_over_root_m() {
    for kind in [
        FeatureKind::Trigonometric,
        FeatureKind::Positive,
        FeatureKind::PositiveOrthogonal,
    ] {
        let points: Vec<_> = [128, 512, 2048, 8192]
            .map(|m| (m as f64, typical_error(kind, m, 0.5, 10)))
            .to_vec();
        let slope = slope(&points);
        assert!(
            (slope + 0.5).abs() < 0.07,
            "{}: slope {slope}, {points:?}",
            kind.name()
        );
    }
}

#[test]
fn orthogonality_helps_and_positivity_helps_where_scores_are_spread() {
    let at = |kind, scale| typical_error(kind, 64, scale, 20);
    // Choromanski et al. 2021: orthogonal directions lower the variance at any m.
    assert!(at(FeatureKind::PositiveOrthogonal, 0.7) < at(FeatureKind::Positive, 0.7));
    // At larger norms the trigonometric denominators cancel.
    assert!(at(FeatureKind::PositiveOrthogonal, 1.5) < at(FeatureKind::Trigonometric, 1.5));
}

#[test]
fn features_are_unbiased_estimates_of_the_exponential_kernel() {
    let d = 4;
    let qkv: Qkv<f64> = sequence(1, 1, (d, 1), 0.6, &mut rng(3));
    let (q, k) = (qkv.query().as_slice(), qkv.key().as_slice());
    let exact = (q.iter().zip(k).map(|(q, k)| q * k).sum::<f64>() / (d as f64).sqrt()).exp();
    for kind in [
        FeatureKind::Trigonometric,
        FeatureKind::Positive,
        FeatureKind::PositiveOrthogonal,
    ] {
        let (seeds, m) = (400, 64);
        let estimates: Vec<f64> = (0..seeds)
            .map(|seed| {
                let map = FeatureMap::draw(kind, d, m, &mut rng(seed)).unwrap();
                let (mut fq, mut fk) = (Features::silent(m), Features::silent(m));
                map.apply(q, &mut fq);
                map.apply(k, &mut fk);
                let phi = |f: &Features<f64>, i: usize| f.rate[i] * f.log_gain[i].exp();
                (0..m).map(|i| phi(&fq, i) * phi(&fk, i)).sum::<f64>() / m as f64
            })
            .collect();
        let mean = estimates.iter().sum::<f64>() / seeds as f64;
        let variance =
            estimates.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (seeds - 1) as f64;
        // 4.4 standard errors: one in 10⁵ by chance.
        assert!(
            (mean - exact).abs() < 4.4 * (variance / seeds as f64).sqrt(),
            "{}: {mean} {exact}",
            kind.name()
        );
    }
}
