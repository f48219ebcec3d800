//! Attention of a batch of sequences, by any mechanism, forward and backward.

use super::head::{Backward, Forward, Normalisation};
use crate::attention::features::gained;
use crate::attention::{AttentionError, FeatureMap, Features, HeadMaps, Real};
use nalgebra::DMatrix;

/// What computes the attention of a transformer.
#[derive(Debug, Clone, PartialEq)]
pub enum Mechanism<T> {
    /// Softmax attention.
    Softmax,
    /// Every token attends to all alike: no attention.
    Uniform,
    /// The neuron–astrocyte circuit, feature maps for each block.
    Circuit(Vec<HeadMaps<T>>),
}

/// What the backward pass needs of the forward pass, for all sequences and heads.
#[derive(Debug, Clone)]
pub(super) struct Attended<T> {
    /// n × n weights each.
    weights: Vec<T>,
    /// n inverse denominators each.
    inverse: Vec<T>,
}

/// Sizes of a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    pub(super) tokens: usize,
    pub(super) heads: usize,
    pub(super) head_dim: usize,
}

/// One head of one sequence, rearranged for the kernels.
struct Operands<T> {
    normalisation: Normalisation,
    keys: Vec<T>,
    queries: Vec<T>,
    values: Vec<T>,
}

impl<T: Real> Mechanism<T> {
    /// Output of attention, D × (sequences · n), for Q, K, V of that shape.
    ///
    /// # Errors
    /// [`AttentionError::Size`] if feature maps are missing, or have another head dimension.
    pub(super) fn forward(
        &self,
        block: usize,
        [query, key, value]: [&DMatrix<T>; 3],
        extent: Extent,
    ) -> Result<(DMatrix<T>, Attended<T>), AttentionError> {
        let maps = self.maps(block, extent)?;
        let Extent {
            tokens: n,
            heads,
            head_dim: d,
        } = extent;
        let pairs = query.ncols() / n * heads;
        let mut attended = Attended {
            weights: vec![T::zero(); pairs * n * n],
            inverse: vec![T::zero(); pairs * n],
        };
        let mut output = DMatrix::zeros(value.nrows(), value.ncols());
        let mut head_output = vec![T::zero(); d * n];
        for pair in 0..pairs {
            let (sequence, head) = (pair / heads, pair % heads);
            let at = At {
                start: sequence * n,
                row: head * d,
                extent,
            };
            let map = maps.map(|maps| maps.of(head));
            let operands = self.operands(map, [query, key, value], at);
            vecmath::run(Forward {
                normalisation: operands.normalisation,
                keys: &operands.keys,
                queries: &operands.queries,
                values: &operands.values,
                weights: &mut attended.weights[pair * n * n..][..n * n],
                inverse: &mut attended.inverse[pair * n..][..n],
                output: &mut head_output,
            });
            at.put_columns(&head_output, &mut output);
        }
        Ok((output, attended))
    }

    /// Gradients with respect to Q, K and V, given ∂L/∂output.
    pub(super) fn backward(
        &self,
        block: usize,
        [query, key, value]: [&DMatrix<T>; 3],
        attended: &Attended<T>,
        d_output: &DMatrix<T>,
        extent: Extent,
    ) -> Result<[DMatrix<T>; 3], AttentionError> {
        let maps = self.maps(block, extent)?;
        let Extent {
            tokens: n, heads, ..
        } = extent;
        let zeros = || DMatrix::zeros(query.nrows(), query.ncols());
        let mut gradients = [zeros(), zeros(), zeros()];
        let mut scratch = vec![T::zero(); n];
        for pair in 0..query.ncols() / n * heads {
            let (sequence, head) = (pair / heads, pair % heads);
            let at = At {
                start: sequence * n,
                row: head * extent.head_dim,
                extent,
            };
            let map = maps.map(|maps| maps.of(head));
            let operands = self.operands(map, [query, key, value], at);
            let mut d_keys = vec![T::zero(); operands.keys.len()];
            let mut d_queries = vec![T::zero(); operands.queries.len()];
            let mut d_values = vec![T::zero(); operands.values.len()];
            vecmath::run(Backward {
                normalisation: operands.normalisation,
                keys: &operands.keys,
                queries: &operands.queries,
                values: &operands.values,
                weights: &attended.weights[pair * n * n..][..n * n],
                inverse: &attended.inverse[pair * n..][..n],
                output: &at.columns(d_output),
                d_keys: &mut d_keys,
                d_queries: &mut d_queries,
                d_values: &mut d_values,
                scratch: &mut scratch,
            });
            let [dq, dk, dv] = &mut gradients;
            at.put_rows(&d_values, dv);
            match (self, map) {
                (Self::Uniform, _) => {}
                (Self::Circuit(_), Some(map)) => {
                    let transposed: Vec<T> = transpose(&d_keys, n);
                    pull_back(
                        map,
                        &at.columns(query),
                        &d_queries,
                        Reference::Own,
                        &mut at.gradient(dq),
                    );
                    pull_back(
                        map,
                        &at.columns(key),
                        &transposed,
                        Reference::Shared,
                        &mut at.gradient(dk),
                    );
                }
                _ => {
                    let scale = at.scale();
                    d_queries.iter_mut().for_each(|x| *x *= scale);
                    at.put_columns(&d_queries, dq);
                    at.put_rows(&d_keys, dk);
                }
            }
        }
        Ok(gradients)
    }

    fn maps(&self, block: usize, extent: Extent) -> Result<Option<&HeadMaps<T>>, AttentionError> {
        let Self::Circuit(all) = self else {
            return Ok(None);
        };
        let maps = all.get(block).ok_or(AttentionError::Size {
            what: "feature maps",
            found: all.len(),
            expected: block + 1,
            why: "one a block",
        })?;
        AttentionError::size(
            "feature map's head",
            maps.head_dim(),
            extent.head_dim,
            "as the transformer's",
        )?;
        maps.check(extent.heads)?;
        Ok(Some(maps))
    }

    fn operands(
        &self,
        map: Option<&FeatureMap<T>>,
        [query, key, value]: [&DMatrix<T>; 3],
        at: At,
    ) -> Operands<T> {
        let n = at.extent.tokens;
        let values = at.rows(value);
        match (self, map) {
            (Self::Uniform, _) => Operands {
                normalisation: Normalisation::Linear,
                keys: vec![T::one(); n],
                queries: vec![T::one(); n],
                values,
            },
            (Self::Circuit(_), Some(map)) => Operands {
                normalisation: Normalisation::Linear,
                keys: transpose(
                    &activities(map, &at.columns(key), Reference::Shared),
                    map.hidden(),
                ),
                queries: activities(map, &at.columns(query), Reference::Own),
                values,
            },
            _ => {
                let scale = at.scale();
                Operands {
                    normalisation: Normalisation::Exponential,
                    keys: at.rows(key),
                    queries: at.columns(query).into_iter().map(|x| x * scale).collect(),
                    values,
                }
            }
        }
    }
}

/// Which exponent activities are taken relative to; both choices cancel in the quotient, and so have no gradient.
#[derive(Debug, Clone, Copy)]
enum Reference {
    /// The token's own largest: right for queries.
    Own,
    /// The largest of the sequence: right for keys.
    Shared,
}

/// φ of every token with its reference exponent; tokens are d numbers each.
fn map_all<T: Real>(
    map: &FeatureMap<T>,
    tokens: &[T],
    reference: Reference,
) -> Vec<(Features<T>, T)> {
    let mut mapped: Vec<_> = tokens
        .chunks_exact(map.head_dim())
        .map(|token| {
            let mut phi = Features::silent(map.hidden());
            map.apply(token, &mut phi);
            let top = phi.max_log_gain();
            (phi, top)
        })
        .collect();
    if let Reference::Shared = reference {
        let top = mapped.iter().fold(
            T::of(f64::NEG_INFINITY),
            |a, (_, b)| if *b > a { *b } else { a },
        );
        mapped
            .iter_mut()
            .for_each(|(_, reference)| *reference = top);
    }
    mapped
}

/// m × n, a token a column.
fn activities<T: Real>(map: &FeatureMap<T>, tokens: &[T], reference: Reference) -> Vec<T> {
    let m = map.hidden();
    let mapped = map_all(map, tokens, reference);
    let mut out = vec![T::zero(); m * mapped.len()];
    for ((phi, reference), out) in mapped.iter().zip(out.chunks_exact_mut(m)) {
        phi.scaled(*reference, out);
    }
    out
}

/// Adds the gradient with respect to each token to `gradient(token)`.
fn pull_back<T: Real>(
    map: &FeatureMap<T>,
    tokens: &[T],
    d_activities: &[T],
    reference: Reference,
    gradient: &mut impl FnMut(usize, &[T]),
) {
    let m = map.hidden();
    let d = map.head_dim();
    let mut weighted = vec![T::zero(); m];
    let mut d_token = vec![T::zero(); d];
    let mapped = map_all(map, tokens, reference);
    for (t, ((phi, reference), d_activity)) in
        mapped.iter().zip(d_activities.chunks_exact(m)).enumerate()
    {
        gained(d_activity, &phi.log_gain, *reference, &mut weighted);
        d_token.fill(T::zero());
        map.pull_back(&tokens[t * d..][..d], phi, &weighted, &mut d_token);
        gradient(t, &d_token);
    }
}

/// Rows × columns, first index fastest, to columns × rows; `rows` is the first extent.
fn transpose<T: Real>(x: &[T], rows: usize) -> Vec<T> {
    let columns = x.len() / rows;
    let mut out = Vec::with_capacity(x.len());
    for i in 0..rows {
        out.extend((0..columns).map(|j| x[j * rows + i]));
    }
    out
}

/// Where a head of a sequence lies in the batch's matrices.
#[derive(Debug, Clone, Copy)]
struct At {
    start: usize,
    row: usize,
    extent: Extent,
}

impl At {
    /// 1/√d.
    fn scale<T: Real>(self) -> T {
        T::of(1.0 / (self.extent.head_dim as f64).sqrt())
    }

    fn offset(self, matrix_rows: usize, t: usize) -> usize {
        (self.start + t) * matrix_rows + self.row
    }

    /// The head's tokens as columns, d × n.
    fn columns<T: Real>(self, matrix: &DMatrix<T>) -> Vec<T> {
        let (rows, d) = (matrix.nrows(), self.extent.head_dim);
        let slice = matrix.as_slice();
        (0..self.extent.tokens)
            .flat_map(|t| slice[self.offset(rows, t)..][..d].iter().copied())
            .collect()
    }

    /// The head's tokens as rows, n × d.
    fn rows<T: Real>(self, matrix: &DMatrix<T>) -> Vec<T> {
        transpose(&self.columns(matrix), self.extent.head_dim)
    }

    fn put_columns<T: Real>(self, x: &[T], matrix: &mut DMatrix<T>) {
        let d = self.extent.head_dim;
        let mut put = self.gradient(matrix);
        x.chunks_exact(d)
            .enumerate()
            .for_each(|(t, token)| put(t, token));
    }

    fn put_rows<T: Real>(self, x: &[T], matrix: &mut DMatrix<T>) {
        self.put_columns(&transpose(x, self.extent.tokens), matrix);
    }

    /// Sets a token of the head.
    fn gradient<T: Real>(self, matrix: &mut DMatrix<T>) -> impl FnMut(usize, &[T]) {
        let rows = matrix.nrows();
        move |t, token| {
            let at = self.offset(rows, t);
            matrix.as_mut_slice()[at..at + token.len()].copy_from_slice(token);
        }
    }
}
