//! Equivalent queries and keys that random features estimate best.

use super::architecture::AffineAt;
use super::{LabelledImages, Transformer, TransformerError};
use crate::attention::balance::Balancing;
use crate::attention::{FeatureKind, Real};
use nalgebra::{DMatrix, DVector};

impl<T: Real> Transformer<T> {
    /// Rewrites the query and key projections such that softmax attention is unchanged, while features of this kind
    /// estimate it with the least variance they can on average over the chosen images.
    ///
    /// What is done to every head is that of [`Qkv::balanced`](crate::attention::Qkv::balanced).
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
        let extent = self.extent();
        for (block, [query, key]) in self.queries_and_keys(images, chosen)?.iter().enumerate() {
            for head in 0..self.sizes.heads {
                let rows = head * extent.head_dim..(head + 1) * extent.head_dim;
                let slice = |matrix: &DMatrix<T>| matrix.rows_range(rows.clone()).map(Real::as_f64);
                let balancing = Balancing::of(kind, &slice(query), &slice(key));
                let Some(Balancing {
                    basis,
                    inverse,
                    key_offset,
                }) = balancing
                else {
                    return Ok(());
                };
                let at = &self.layout.blocks[block];
                let (query_at, key_at) = (at.query, at.key);
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
