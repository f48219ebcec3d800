//! What the circuit is measured against: softmax, its own closed form, and no attention at all.

use super::{AttentionError, FeatureMap, Features, Mask, Qkv, Real, kernels};
use crate::numerics::dense::{Factor, Threads, multiply};
use nalgebra::{DMatrix, DMatrixView, DMatrixViewMut};
use pulp::{Simd, WithSimd};

/// Queries handled together by [`softmax`]: the scores of one block stay in cache.
const BLOCK: usize = 64;

/// Softmax attention, in blocks of queries; E × n.
///
/// ```text
/// o_t = Σ_s v_s exp(q_t·k_s/√d − M_t) / Σ_s exp(q_t·k_s/√d − M_t),   M_t = max_s q_t·k_s/√d
/// ```
///
/// s runs over all tokens or, causally, up to t.
pub fn softmax<T: Real>(qkv: &Qkv<T>, mask: Mask) -> DMatrix<T> {
    let (n, d, e) = (qkv.tokens(), qkv.head_dim(), qkv.value_dim());
    let query = qkv.query() * T::of(1.0 / (d as f64).sqrt());
    let mut output = DMatrix::zeros(qkv.value().nrows(), n);
    let mut scores = DMatrix::zeros(n, BLOCK);
    for head in 0..qkv.heads() {
        let (key, value) = (qkv.key().rows(head * d, d), qkv.value().rows(head * e, e));
        for start in (0..n).step_by(BLOCK) {
            let queries = BLOCK.min(n - start);
            let keys = match mask {
                Mask::Bidirectional => n,
                Mask::Causal => start + queries,
            };
            let query = query.view((head * d, start), (d, queries));
            let mut scores = scores.view_mut((0, 0), (keys, queries));
            product(
                Factor::Transposed(key.columns(0, keys)),
                query,
                scores.as_view_mut(),
            );
            for (t, mut column) in scores.column_iter_mut().enumerate() {
                let visible = match mask {
                    Mask::Bidirectional => keys,
                    Mask::Causal => start + t + 1,
                };
                let (seen, hidden) = column.as_mut_slice().split_at_mut(visible);
                hidden.fill(T::zero());
                vecmath::run(Normalise(seen));
            }
            let output = output.view_mut((head * e, start), (e, queries));
            product(
                Factor::Plain(value.columns(0, keys)),
                scores.as_view(),
                output,
            );
        }
    }
    output
}

/// c = a b.
fn product<T: Real>(a: Factor<'_, T>, b: DMatrixView<'_, T>, c: DMatrixViewMut<'_, T>) {
    multiply(a, Factor::Plain(b), T::zero(), c, Threads(1)).expect("views of one Qkv fit together");
}

/// Scores of one query to attention weights.
pub(super) struct Normalise<'a, T>(pub(super) &'a mut [T]);

impl<T: Real> WithSimd for Normalise<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        kernels::softmax(s, self.0);
    }
}

/// Attention that looks at nothing: the mean of the visible values; E × n.
pub fn uniform<T: Real>(qkv: &Qkv<T>, mask: Mask) -> DMatrix<T> {
    let n = qkv.tokens();
    let value = qkv.value();
    match mask {
        Mask::Bidirectional => {
            let mean = value.column_mean();
            DMatrix::from_fn(value.nrows(), n, |i, _| mean[i])
        }
        Mask::Causal => {
            let mut sums = value.clone();
            for t in 1..n {
                let (before, mut here) = sums.columns_range_pair_mut(t - 1, t);
                here += before;
            }
            for t in 0..n {
                sums.column_mut(t).scale_mut(T::of(1.0 / (t + 1) as f64));
            }
            sums
        }
    }
}

/// The closed form the circuit must equal, every pair of tokens by itself; E × n. Quadratic in n, for checks.
///
/// ```text
/// o_t = Σ_s v_s φ(k_s)·φ(q_t) / Σ_s φ(k_s)·φ(q_t)
/// ```
///
/// Exponents are added before they are taken, relative to the largest of all (s, i) for each t.
///
/// # Errors
/// [`AttentionError::Size`] if the map is for another head dimension, [`AttentionError::NoCalcium`] if a denominator
/// vanishes.
pub fn closed_form<T: Real>(
    qkv: &Qkv<T>,
    features: &FeatureMap<T>,
    mask: Mask,
) -> Result<DMatrix<T>, AttentionError> {
    AttentionError::size(
        "feature map",
        features.head_dim(),
        qkv.head_dim(),
        "as the heads",
    )?;
    let (n, e) = (qkv.tokens(), qkv.value_dim());
    let mut output = DMatrix::zeros(qkv.value().nrows(), n);
    for head in 0..qkv.heads() {
        let keys = map_columns(features, qkv.key(), head);
        let queries = map_columns(features, qkv.query(), head);
        for (t, query) in queries.iter().enumerate() {
            let visible = match mask {
                Mask::Bidirectional => n,
                Mask::Causal => t + 1,
            };
            let reference = keys[..visible]
                .iter()
                .map(|key| max_sum(&key.log_gain, &query.log_gain))
                .fold(T::of(f64::NEG_INFINITY), |a, b| if b > a { b } else { a });
            let mut total = T::zero();
            for (s, key) in keys[..visible].iter().enumerate() {
                let kernel = kernel(key, query, reference);
                total += kernel;
                for i in head * e..(head + 1) * e {
                    output[(i, t)] += kernel * qkv.value()[(i, s)];
                }
            }
            if !(T::one() / total).is_finite() {
                return Err(AttentionError::NoCalcium {
                    token: t,
                    head,
                    calcium: total.as_f64(),
                });
            }
            output.view_mut((head * e, t), (e, 1)).unscale_mut(total);
        }
    }
    Ok(output)
}

fn map_columns<T: Real>(
    features: &FeatureMap<T>,
    tokens: &DMatrix<T>,
    head: usize,
) -> Vec<Features<T>> {
    let d = features.head_dim();
    tokens
        .column_iter()
        .map(|token| {
            let mut phi = Features::silent(features.hidden());
            features.apply(&token.as_slice()[head * d..][..d], &mut phi);
            phi
        })
        .collect()
}

fn max_sum<T: Real>(a: &[T], b: &[T]) -> T {
    a.iter()
        .zip(b)
        .fold(T::of(f64::NEG_INFINITY), |max, (&a, &b)| {
            if a + b > max { a + b } else { max }
        })
}

/// φ(k)·φ(q) e^{−reference}.
fn kernel<T: Real>(key: &Features<T>, query: &Features<T>, reference: T) -> T {
    let rates = key.rate.iter().zip(&query.rate);
    let gains = key.log_gain.iter().zip(&query.log_gain);
    rates
        .zip(gains)
        .fold(T::zero(), |sum, ((&fk, &fq), (&ak, &aq))| {
            sum + fk * fq * (ak + aq - reference).exp()
        })
}
