//! Queries and keys of one head, of one or many sequences.

use super::features::scale;
use super::{AttentionError, Qkv, Real};
use nalgebra::{DMatrix, DMatrixView};
use serde::{Deserialize, Serialize};

/// Which pairs of a query and a key a moment is the mean over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pairs {
    /// All of the same sequence alike.
    All,
    /// All, each as much as softmax attention weighs it: errors elsewhere do not reach the output.
    Attended,
}

/// What a head is fitted to: its queries and keys over sequences of equal length, in double precision.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadTokens {
    /// d × (sequences · n), scaled: q̂ = d^{−¼} q.
    query: DMatrix<f64>,
    key: DMatrix<f64>,
    tokens: usize,
}

impl HeadTokens {
    /// * `query`, `key`: d × (sequences · n), a token a column
    /// * `tokens`: n, the length of a sequence
    ///
    /// # Errors
    /// [`AttentionError::Size`] if queries and keys differ in shape, or are not sequences of n.
    pub fn new(
        query: &DMatrix<f64>,
        key: &DMatrix<f64>,
        tokens: usize,
    ) -> Result<Self, AttentionError> {
        let (d, count) = query.shape();
        AttentionError::size("keys' dimension", key.nrows(), d, "as the queries'")?;
        AttentionError::size("number of keys", key.ncols(), count, "as queries")?;
        if tokens == 0 || count == 0 || !count.is_multiple_of(tokens) {
            return Err(AttentionError::Size {
                what: "number of queries",
                found: count,
                expected: tokens.max(1) * count.div_ceil(tokens.max(1)).max(1),
                why: "sequences of equal length",
            });
        }
        let scale = scale(d);
        Ok(Self {
            query: query * scale,
            key: key * scale,
            tokens,
        })
    }

    /// Those of a head of one sequence.
    ///
    /// # Errors
    /// [`AttentionError::Size`] if there is no such head.
    pub fn of<T: Real>(qkv: &Qkv<T>, head: usize) -> Result<Self, AttentionError> {
        if head >= qkv.heads() {
            return Err(AttentionError::Size {
                what: "heads",
                found: qkv.heads(),
                expected: head + 1,
                why: "one of that number is asked for",
            });
        }
        let d = qkv.head_dim();
        let slice = |matrix: &DMatrix<T>| matrix.rows(head * d, d).map(Real::as_f64);
        Self::new(&slice(qkv.query()), &slice(qkv.key()), qkv.tokens())
    }

    /// Number of sequences.
    pub fn sequences(&self) -> usize {
        self.query.ncols() / self.tokens
    }

    /// Length n of a sequence.
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// Dimension d.
    pub fn dim(&self) -> usize {
        self.query.nrows()
    }

    /// Queries and keys of a sequence, d × n each.
    pub(super) fn sequence(&self, sequence: usize) -> [DMatrixView<'_, f64>; 2] {
        let start = sequence * self.tokens;
        [&self.query, &self.key].map(|matrix| matrix.columns(start, self.tokens))
    }

    /// Queries and keys as they were given, d × (sequences · n) each.
    pub(super) fn unscaled(&self) -> [DMatrix<f64>; 2] {
        let scale = 1.0 / scale(self.dim());
        [&self.query * scale, &self.key * scale]
    }

    /// E (q̂ + k̂)(q̂ + k̂)ᵀ over pairs of a query and a key of the same sequence, d × d.
    pub fn moment(&self, pairs: Pairs) -> DMatrix<f64> {
        let mut moment = DMatrix::zeros(self.dim(), self.dim());
        for sequence in 0..self.sequences() {
            let [query, key] = self.sequence(sequence);
            let (weighted, cross) = match pairs {
                Pairs::All => {
                    let cross = query.column_mean() * key.column_mean().transpose();
                    (key.into_owned(), cross * self.tokens as f64)
                }
                Pairs::Attended => {
                    let attention = attention(query, key);
                    let share = attention.column_sum();
                    let weighted =
                        DMatrix::from_fn(self.dim(), self.tokens, |i, j| key[(i, j)] * share[j]);
                    (weighted, query * attention.transpose() * key.transpose())
                }
            };
            moment += query * query.transpose() + weighted * key.transpose();
            moment += &cross + cross.transpose();
        }
        moment / self.query.ncols() as f64
    }
}

/// Softmax attention of one sequence, n × n, a key a row and a query a column: columns sum to 1.
pub(super) fn attention(query: DMatrixView<'_, f64>, key: DMatrixView<'_, f64>) -> DMatrix<f64> {
    let mut weights = key.transpose() * query;
    for mut column in weights.column_iter_mut() {
        let top = column.max();
        column.apply(|score| *score = (*score - top).exp());
        let total = column.sum();
        column.unscale_mut(total);
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_means_over_pairs_of_a_sequence() {
        let matrix =
            |phase: f64| DMatrix::from_fn(3, 10, |i, j| (phase + (i * 5 + j) as f64).sin());
        let (query, key) = (matrix(0.2) * 2.0, matrix(1.3).add_scalar(0.4));
        let tokens = HeadTokens::new(&query, &key, 5).unwrap();
        let score = |q: usize, k: usize| query.column(q).dot(&key.column(k)) / 3f64.sqrt();
        for pairs in [Pairs::All, Pairs::Attended] {
            let mut expected = DMatrix::zeros(3, 3);
            for (i, q) in query.column_iter().enumerate() {
                let start = i / 5 * 5;
                let total: f64 = (start..start + 5).map(|j| score(i, j).exp()).sum();
                for j in start..start + 5 {
                    let weight = match pairs {
                        Pairs::All => 0.2,
                        Pairs::Attended => score(i, j).exp() / total,
                    };
                    let sum = (q + key.column(j)) / 3f64.powf(0.25);
                    expected += &sum * sum.transpose() * weight / 10.0;
                }
            }
            let found = tokens.moment(pairs);
            assert!((&found - &expected).amax() < 1e-12, "{found} {expected}");
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let matrix = |rows, columns| DMatrix::zeros(rows, columns);
        let wrong = |query, key, tokens| {
            let made = HeadTokens::new(&query, &key, tokens);
            made.unwrap_err().to_string()
        };
        let message = wrong(matrix(2, 10), matrix(3, 10), 5);
        assert!(message.contains("keys' dimension"), "{message}");
        let message = wrong(matrix(2, 10), matrix(2, 10), 4);
        assert!(
            message.contains("10") && message.contains("12"),
            "{message}"
        );
        assert!(wrong(matrix(2, 10), matrix(2, 10), 0).contains("equal length"));
    }
}
