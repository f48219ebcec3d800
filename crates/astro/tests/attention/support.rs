//! Random sequences and principled tolerances.

use astro::attention::{FeatureMap, Features, Mask, Qkv, Real};
use nalgebra::{DMatrix, DVector};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

pub(crate) fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// Gaussian matrix with standard deviation `scale`, drawn in f64 and rounded.
pub(crate) fn gaussian<T: Real>(
    rows: usize,
    cols: usize,
    scale: f64,
    rng: &mut ChaCha8Rng,
) -> DMatrix<T> {
    DMatrix::from_fn(rows, cols, |_, _| {
        let x: f64 = StandardNormal.sample(rng);
        T::of(x * scale)
    })
}

/// Gaussian queries and keys of standard deviation `scale`, values of standard deviation 1.
pub(crate) fn sequence<T: Real>(
    tokens: usize,
    heads: usize,
    (head_dim, value_dim): (usize, usize),
    scale: f64,
    rng: &mut ChaCha8Rng,
) -> Qkv<T> {
    Qkv::new(
        gaussian(heads * head_dim, tokens, scale, rng),
        gaussian(heads * head_dim, tokens, scale, rng),
        gaussian(heads * value_dim, tokens, 1.0, rng),
        heads,
    )
    .expect("shapes fit")
}

/// How much rounding of the terms may show in each token's attention o_t, for every head (heads × n):
///
/// ```text
/// ε (n + m + 32 + largest exponent) Σ|φ_i(k_s) φ_i(q_t)| / |Σ φ_i(k_s) φ_i(q_t)| (max|v| + |o_t|)
/// ```
///
/// The ratio is 1 for positive features; trigonometric ones cancel.
pub(crate) fn rounding<T: Real>(
    qkv: &Qkv<T>,
    features: &FeatureMap<T>,
    mask: Mask,
) -> DMatrix<f64> {
    let (d, e) = (qkv.head_dim(), qkv.value_dim());
    let map = |matrix: &DMatrix<T>, head: usize, t: usize| {
        let mut phi = Features::silent(features.hidden());
        features.apply(&matrix.column(t).as_slice()[head * d..][..d], &mut phi);
        phi
    };
    DMatrix::from_fn(qkv.heads(), qkv.tokens(), |head, t| {
        let visible = match mask {
            Mask::Bidirectional => qkv.tokens(),
            Mask::Causal => t + 1,
        };
        let query = map(qkv.query(), head, t);
        let keys: Vec<_> = (0..visible).map(|s| map(qkv.key(), head, s)).collect();
        let exponent =
            |key: &Features<T>, i: usize| key.log_gain[i].as_f64() + query.log_gain[i].as_f64();
        let terms = || {
            keys.iter()
                .flat_map(|key| (0..features.hidden()).map(move |i| (key, i)))
        };
        let top = terms()
            .map(|(key, i)| exponent(key, i))
            .fold(f64::MIN, f64::max);
        let largest = terms()
            .map(|(key, i)| key.log_gain[i].as_f64().abs() + query.log_gain[i].as_f64().abs())
            .fold(0.0, f64::max);
        let values = qkv
            .value()
            .view((head * e, 0), (e, visible))
            .map(Real::as_f64);
        let (mut sum, mut absolute, mut current) = (0.0, 0.0, DVector::zeros(e));
        for (key, value) in keys.iter().zip(values.column_iter()) {
            let term = |i: usize| {
                key.rate[i].as_f64() * query.rate[i].as_f64() * (exponent(key, i) - top).exp()
            };
            let kernel: f64 = (0..features.hidden()).map(term).sum();
            absolute += (0..features.hidden()).map(|i| term(i).abs()).sum::<f64>();
            sum += kernel;
            current += value * kernel;
        }
        let largest_value = values.amax() + (current / sum).amax();
        let terms = (visible + features.hidden() + 32) as f64;
        T::default_epsilon().as_f64() * (terms + largest) * absolute / sum.abs() * largest_value
    })
}
