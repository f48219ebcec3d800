//! Queries and keys of one head, of one or many sequences.

use super::features::scale;
use super::{AttentionError, Qkv, Real};
use nalgebra::DMatrix;

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

    /// E (q̂ + k̂)(q̂ + k̂)ᵀ over all pairs of a query and a key of the same sequence, d × d.
    pub fn moment(&self) -> DMatrix<f64> {
        let count = self.query.ncols() as f64;
        let own = &self.query * self.query.transpose() + &self.key * self.key.transpose();
        let mut moment = own / count;
        for sequence in 0..self.sequences() {
            let mean = |matrix: &DMatrix<f64>| {
                let columns = matrix.columns(sequence * self.tokens, self.tokens);
                columns.column_mean()
            };
            let cross = mean(&self.query) * mean(&self.key).transpose() / self.sequences() as f64;
            moment += &cross + cross.transpose();
        }
        moment
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moment_is_the_mean_over_pairs_of_a_sequence() {
        let matrix =
            |phase: f64| DMatrix::from_fn(3, 10, |i, j| (phase + (i * 5 + j) as f64).sin());
        let (query, key) = (matrix(0.2), matrix(1.3).add_scalar(0.4));
        let found = HeadTokens::new(&query, &key, 5).unwrap().moment();
        let mut expected = DMatrix::zeros(3, 3);
        for (i, q) in query.column_iter().enumerate() {
            for k in key.columns(i / 5 * 5, 5).column_iter() {
                let sum = (q + k) / 3f64.powf(0.25);
                expected += &sum * sum.transpose() / 50.0;
            }
        }
        assert!((found - expected).amax() < 1e-12);
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
