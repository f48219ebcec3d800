//! Random features: unbiased, and an error that falls as 1/√m.

use crate::support::{rng, sequence};
use astro::attention::{
    Circuit, FeatureKind, FeatureMap, Features, Fidelity, HeadTokens, Mask, Pairs, Qkv, Spread,
    SpreadKind, softmax,
};
use nalgebra::{DMatrix, DVector};

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

/// m φ(q)·φ(k) of one draw.
fn estimate(map: &FeatureMap<f64>, q: &[f64], k: &[f64]) -> f64 {
    let m = map.hidden();
    let (mut fq, mut fk) = (Features::silent(m), Features::silent(m));
    map.apply(q, &mut fq);
    map.apply(k, &mut fk);
    let phi = |f: &Features<f64>, i: usize| f.rate[i] * f.log_gain[i].exp();
    (0..m).map(|i| phi(&fq, i) * phi(&fk, i)).sum::<f64>() / m as f64
}

/// Mean and its standard error.
fn mean(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, (variance / count).sqrt())
}

/// 4.4 standard errors: one in 10⁵ by chance.
fn assert_mean(values: &[f64], expected: f64, what: &str) {
    let (mean, error) = mean(values);
    assert!(
        (mean - expected).abs() < 4.4 * error,
        "{what}: {mean} ± {error}, not {expected}"
    );
}

/// A query, a key and exp(q·k/√d), of four dimensions that differ in size.
fn pair() -> (Vec<f64>, Vec<f64>, f64) {
    let (q, k) = (vec![0.9, -0.4, 0.2, 0.1], vec![0.7, 0.3, -0.3, 0.2]);
    let product: f64 = q.iter().zip(&k).map(|(q, k)| q * k).sum();
    (q, k, (product / 2.0).exp())
}

/// Spreads of every kind for data that are not alike in all directions; the axes are oblique.
fn spreads() -> [Spread; 3] {
    let axes = DMatrix::from_fn(4, 4, |i, j| ((i * 4 + j) as f64).sin())
        .qr()
        .q();
    let moments = DMatrix::from_diagonal(&DVector::from_vec(vec![3.0, 1.0, 0.4, 0.05]));
    let moment = &axes * moments * axes.transpose();
    [
        SpreadKind::Unit,
        SpreadKind::Isotropic,
        SpreadKind::Anisotropic,
    ]
    .map(|kind| Spread::best(kind, &moment).unwrap())
}

#[test]
fn features_are_unbiased_estimates_of_the_exponential_kernel() {
    let (q, k, exact) = pair();
    let [unit, others @ ..] = spreads();
    let positive = [
        FeatureKind::Positive,
        FeatureKind::PositiveOrthogonal,
        FeatureKind::PositiveAntithetic,
    ];
    let spread = others
        .iter()
        .flat_map(|spread| positive.map(|kind| (kind, spread)));
    let plain = [FeatureKind::Trigonometric]
        .into_iter()
        .chain(positive)
        .map(|kind| (kind, &unit));
    for (kind, spread) in plain.chain(spread) {
        let draw = |seed| FeatureMap::draw_spread(kind, spread, 64, &mut rng(seed)).unwrap();
        let estimates: Vec<f64> = (0..400).map(|seed| estimate(&draw(seed), &q, &k)).collect();
        assert_mean(&estimates, exact, &format!("{kind:?}, {spread:?}"));
    }
}

#[test]
fn independent_features_vary_as_predicted() {
    let (q, k, exact) = pair();
    let sum = DVector::from_fn(4, |i, _| (q[i] + k[i]) / 2f64.sqrt());
    let mut predicted = Vec::new();
    for spread in spreads() {
        let squares: Vec<f64> = (0..100_000)
            .map(|seed| {
                let kind = FeatureKind::Positive;
                let map = FeatureMap::draw_spread(kind, &spread, 1, &mut rng(seed)).unwrap();
                (estimate(&map, &q, &k) / exact).powi(2)
            })
            .collect();
        predicted.push(spread.second_moment(&sum));
        assert_mean(&squares, spread.second_moment(&sum), &format!("{spread:?}"));
    }
    // FAVOR+ has exp(|q̂ + k̂|²).
    assert!((predicted[0] - sum.norm_squared().exp()).abs() < 1e-12);
}

#[test]
fn where_nothing_is_spread_maps_are_those_of_favor_plus() {
    let none = Spread::best(SpreadKind::Anisotropic, &DMatrix::zeros(4, 4)).unwrap();
    let kind = FeatureKind::PositiveOrthogonal;
    let plain = FeatureMap::<f64>::draw(kind, 4, 10, &mut rng(1)).unwrap();
    assert_eq!(
        FeatureMap::draw_spread(kind, &none, 10, &mut rng(1)).unwrap(),
        plain
    );
    assert!(plain.excitability().iter().all(|&e| e == 0.0));
    let spread = &spreads()[1];
    let kind = FeatureKind::Trigonometric;
    let error = FeatureMap::<f64>::draw_spread(kind, spread, 10, &mut rng(1)).unwrap_err();
    assert!(error.to_string().contains("only positive"), "{error}");
}

#[test]
fn a_spread_that_fits_lowers_the_error_and_opposites_lower_it_further() {
    // Half of the dimensions carry most of the scores.
    let stretched = |seed| -> Qkv<f64> {
        let qkv: Qkv<f64> = sequence(24, 1, (8, 8), 0.5, &mut rng(seed));
        let stretch = |x: &DMatrix<f64>| {
            DMatrix::from_fn(8, 24, |i, t| x[(i, t)] * if i < 4 { 2.5 } else { 0.5 })
        };
        let (query, key) = (stretch(qkv.query()), stretch(qkv.key()));
        Qkv::new(query, key, qkv.value().clone(), 1).unwrap()
    };
    let error = |kind: FeatureKind, spread: SpreadKind| {
        let errors = (0..40).map(|seed| {
            let qkv = stretched(seed);
            let moment = HeadTokens::of(&qkv, 0).unwrap().moment(Pairs::All);
            let spread = Spread::best(spread, &moment).unwrap();
            let map = FeatureMap::draw_spread(kind, &spread, 64, &mut rng(100 + seed)).unwrap();
            let mut circuit = Circuit::new(map, 1, 8).unwrap();
            let output = circuit.attend(&qkv, Mask::Bidirectional, &mut ()).unwrap();
            let exact = softmax(&qkv, Mask::Bidirectional);
            Fidelity::compare(&output, &exact)
                .unwrap()
                .relative_error
                .ln()
        });
        (errors.sum::<f64>() / 40.0).exp()
    };
    let orthogonal = FeatureKind::PositiveOrthogonal;
    let [unit, isotropic, anisotropic] = [
        SpreadKind::Unit,
        SpreadKind::Isotropic,
        SpreadKind::Anisotropic,
    ]
    .map(|spread| error(orthogonal, spread));
    let antithetic = error(FeatureKind::PositiveAntithetic, SpreadKind::Anisotropic);
    let all = [unit, isotropic, anisotropic, antithetic];
    assert!(all.windows(2).all(|pair| pair[1] < pair[0]), "{all:?}");
}
