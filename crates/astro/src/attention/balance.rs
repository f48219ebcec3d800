//! Equivalent queries and keys that random features estimate best.

use super::{AttentionError, FeatureKind, Qkv, Real};
use nalgebra::{DMatrix, DVector};

/// Share of the mean eigenvalue added to covariances, so that directions nobody uses stay invertible.
const FLOOR: f64 = 1e-4;

impl<T: Real> Qkv<T> {
    /// Queries and keys with the same softmax attention, which features of this kind estimate with the least variance
    /// that they can on average over the tokens.
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
    /// [`AttentionError::NotFinite`] if numbers grow beyond all bounds.
    pub fn balanced(&self, kind: FeatureKind) -> Result<Self, AttentionError> {
        let (d, mut query, mut key) = (self.head_dim(), self.query().clone(), self.key().clone());
        for head in 0..self.heads() {
            let rows = head * d..(head + 1) * d;
            let slice = |matrix: &DMatrix<T>| matrix.rows_range(rows.clone()).map(Real::as_f64);
            let (q, k) = (slice(&query), slice(&key));
            let Some(balancing) = Balancing::of(kind, &q, &k) else {
                break;
            };
            let q = &balancing.basis * q;
            let mut k = &balancing.inverse * k;
            k.column_iter_mut()
                .for_each(|mut column| column += &balancing.key_offset);
            query.rows_range_mut(rows.clone()).copy_from(&q.map(T::of));
            key.rows_range_mut(rows).copy_from(&k.map(T::of));
        }
        Self::new(query, key, self.value().clone(), self.heads())
    }
}

/// The shared change of basis of one head.
pub(super) struct Balancing {
    /// A.
    pub(super) basis: DMatrix<f64>,
    /// A⁻¹.
    pub(super) inverse: DMatrix<f64>,
    /// ∓ A q̄ − A⁻¹ k̄.
    pub(super) key_offset: DVector<f64>,
}

impl Balancing {
    /// From the head's queries and keys (d × tokens); `None` for features that estimate no softmax.
    pub(super) fn of(kind: FeatureKind, query: &DMatrix<f64>, key: &DMatrix<f64>) -> Option<Self> {
        let means = match kind {
            FeatureKind::Trigonometric => 1.0,
            FeatureKind::EluPlusOne => return None,
            _ => -1.0,
        };
        let ((query_mean, c_q), (key_mean, c_k)) = (moments(query), moments(key));
        // The geometric mean M of cov(q)⁻¹ and cov(k): M cov(q) M = cov(k), A = √M.
        let (root, inverse_root) = (power(&c_q, 0.5), power(&c_q, -0.5));
        let mean = &inverse_root * power(&(&root * c_k * &root), 0.5) * &inverse_root;
        let (basis, inverse) = (power(&mean, 0.5), power(&mean, -0.5));
        let key_offset = &basis * query_mean * means - &inverse * key_mean;
        Some(Self {
            basis,
            inverse,
            key_offset,
        })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attention::{Fidelity, Mask, softmax};

    #[test]
    fn balanced_queries_and_keys_attend_as_before_and_are_alike() {
        let matrix =
            |phase: f64| DMatrix::from_fn(8, 30, |i, j| (phase + (i * 37 + j * j) as f64).sin());
        let (query, key) = (matrix(0.3) * 3.0, matrix(1.1).add_scalar(2.0));
        let qkv = Qkv::new(query, key, matrix(2.0), 2).unwrap();
        let balanced = qkv.balanced(FeatureKind::PositiveOrthogonal).unwrap();
        let [before, after] = [&qkv, &balanced].map(|qkv| softmax(qkv, Mask::Causal));
        let fidelity = Fidelity::compare(&after, &before).unwrap();
        assert!(fidelity.relative_error < 1e-9, "{fidelity:?}");
        let size = |matrix: &DMatrix<f64>| matrix.norm_squared();
        let total = |qkv: &Qkv<f64>| size(qkv.query()) + size(qkv.key());
        assert!(total(&balanced) < 0.5 * total(&qkv));
        assert_eq!(qkv.balanced(FeatureKind::EluPlusOne).unwrap(), qkv);
    }
}
