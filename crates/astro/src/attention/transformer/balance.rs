//! Equivalent queries and keys that random features estimate best.

use super::architecture::AffineAt;
use super::pass::Pass;
use super::{LabelledImages, Mechanism, Transformer, TransformerError};
use crate::attention::{FeatureKind, Real};
use nalgebra::{DMatrix, DVector};

/// Share of the mean eigenvalue added to covariances, so that directions nobody uses stay invertible.
const FLOOR: f64 = 1e-4;

impl<T: Real> Transformer<T> {
    /// Rewrites the query and key projections such that softmax attention stays what it is, while features of this kind
    /// estimate it with the least variance they can on average over the chosen images.
    ///
    /// Softmax does not see a shift common to all keys, nor a change of basis that queries and keys share. Random features
    /// do: the relative variance of φ(q)·φ(k) grows as exp(|q̂ + k̂|²) for positive features and as exp(|q̂ − k̂|²) for
    /// trigonometric ones (Choromanski et al. 2021). Means that cancel, or agree, and a basis in which queries and keys
    /// have equal covariance make that exponent smallest, for each head:
    ///
    /// ```text
    /// q ← A q,   k ← A⁻¹ (k − k̄) ∓ A q̄,   A² cov(q) A² = cov(k)      − positive, + trigonometric
    /// ```
    ///
    /// elu+1 estimates no softmax: for it nothing is done.
    ///
    /// # Errors
    /// As [`Transformer::classify`].
    pub fn balance(
        &mut self,
        images: &LabelledImages,
        chosen: &[usize],
        kind: FeatureKind,
    ) -> Result<(), TransformerError> {
        let means = match kind {
            FeatureKind::Trigonometric => 1.0,
            FeatureKind::Positive | FeatureKind::PositiveOrthogonal => -1.0,
            FeatureKind::EluPlusOne => return Ok(()),
        };
        images.check(&self.sizes)?;
        let softmax = Mechanism::Softmax;
        let extent = self.extent();
        let mut attend = |block, qkv: [&DMatrix<T>; 3]| {
            let (output, _) = softmax.forward(block, qkv, extent)?;
            Ok((output, None))
        };
        let pass = Pass::forward(self, images.patches(chosen, &self.sizes), &mut attend)?;
        for (block, [query, key]) in pass.queries_and_keys().enumerate() {
            for head in 0..self.sizes.heads {
                let rows = head * extent.head_dim..(head + 1) * extent.head_dim;
                let slice = |matrix: &DMatrix<T>| matrix.rows_range(rows.clone()).map(Real::as_f64);
                let Balancing {
                    basis,
                    inverse,
                    query_mean,
                    key_mean,
                } = Balancing::of(&slice(query), &slice(key));
                let at = &self.layout.blocks[block];
                let (query_at, key_at) = (at.query, at.key);
                let key_offset = &basis * query_mean * means - &inverse * key_mean;
                let none = DVector::zeros(basis.nrows());
                transform(&mut self.parameters, &query_at, rows.start, &basis, &none);
                transform(
                    &mut self.parameters,
                    &key_at,
                    rows.start,
                    &inverse,
                    &key_offset,
                );
            }
        }
        Ok(())
    }
}

/// The shared change of basis of one head.
struct Balancing {
    /// A.
    basis: DMatrix<f64>,
    /// A⁻¹.
    inverse: DMatrix<f64>,
    /// q̄.
    query_mean: DVector<f64>,
    /// k̄.
    key_mean: DVector<f64>,
}

impl Balancing {
    /// From the head's queries and keys (d × tokens).
    fn of(query: &DMatrix<f64>, key: &DMatrix<f64>) -> Self {
        let ((query_mean, c_q), (key_mean, c_k)) = (moments(query), moments(key));
        // The geometric mean M of cov(q)⁻¹ and cov(k): M cov(q) M = cov(k), A = √M.
        let (root, inverse_root) = (power(&c_q, 0.5), power(&c_q, -0.5));
        let mean = &inverse_root * power(&(&root * c_k * &root), 0.5) * &inverse_root;
        Self {
            basis: power(&mean, 0.5),
            inverse: power(&mean, -0.5),
            query_mean,
            key_mean,
        }
    }
}

/// Mean and covariance over tokens.
fn moments(tokens: &DMatrix<f64>) -> (DVector<f64>, DMatrix<f64>) {
    let mean = tokens.column_mean();
    let mut centred = tokens.clone();
    centred.column_iter_mut().for_each(|mut x| x -= &mean);
    let d = tokens.nrows();
    let covariance = &centred * centred.transpose() / tokens.ncols() as f64;
    let floor = (FLOOR * covariance.trace() / d as f64).max(f64::MIN_POSITIVE.sqrt());
    (mean, covariance + DMatrix::identity(d, d) * floor)
}

/// A symmetric positive matrix to a power.
fn power(matrix: &DMatrix<f64>, exponent: f64) -> DMatrix<f64> {
    let eigen = ((matrix + matrix.transpose()) * 0.5).symmetric_eigen();
    let values = eigen
        .eigenvalues
        .map(|x| x.max(f64::MIN_POSITIVE).powf(exponent));
    &eigen.eigenvectors * DMatrix::from_diagonal(&values) * eigen.eigenvectors.transpose()
}

/// W ← B W and b ← B b + offset for a head's rows of a projection.
fn transform<T: Real>(
    parameters: &mut [T],
    at: &AffineAt,
    start: usize,
    basis: &DMatrix<f64>,
    offset: &DVector<f64>,
) {
    let (d, inputs) = (basis.nrows(), at.inputs);
    let weight = &mut parameters[at.weight + start * inputs..][..d * inputs];
    // Row-major storage of W is Wᵀ column by column.
    let transposed = DMatrix::from_fn(inputs, d, |i, j| weight[j * inputs + i].as_f64());
    let transformed = transposed * basis.transpose();
    for (weight, x) in weight.iter_mut().zip(transformed.iter()) {
        *weight = T::of(*x);
    }
    let bias = &mut parameters[at.bias + start..][..d];
    let old = DVector::from_fn(d, |i, _| bias[i].as_f64());
    for (bias, x) in bias.iter_mut().zip((basis * old + offset).iter()) {
        *bias = T::of(*x);
    }
}
