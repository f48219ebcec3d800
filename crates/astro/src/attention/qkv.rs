//! Projected tokens: what every form of attention in this crate takes.

use super::{AttentionError, Phase, Real};
use nalgebra::DMatrix;

/// Which keys a query may attend to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mask {
    /// Every token attends to all tokens: write all, then read all.
    Bidirectional,
    /// A token attends to itself and those before it: read after each write.
    Causal,
}

impl Mask {
    /// In which order `tokens` tokens are written and read: the phase and the zero-based number of the token.
    pub fn presentations(self, tokens: usize) -> impl Iterator<Item = (Phase, usize)> {
        (0..2 * tokens).map(move |i| match self {
            Self::Bidirectional if i < tokens => (Phase::Writing, i),
            Self::Bidirectional => (Phase::Reading, i - tokens),
            Self::Causal if i % 2 == 0 => (Phase::Writing, i / 2),
            Self::Causal => (Phase::Reading, i / 2),
        })
    }
}

/// Queries, keys and values of one sequence, a token a column.
///
/// Heads lie below one another: head `h` of `H` owns the rows `h·D/H .. (h+1)·D/H`.
#[derive(Debug, Clone, PartialEq)]
pub struct Qkv<T> {
    query: DMatrix<T>,
    key: DMatrix<T>,
    value: DMatrix<T>,
    heads: usize,
}

impl<T: Real> Qkv<T> {
    /// Checks that the three fit together.
    ///
    /// * `query`, `key`: D × n, with D a multiple of `heads`
    /// * `value`: E × n, with E a multiple of `heads`
    ///
    /// # Errors
    /// [`AttentionError::Size`] or [`AttentionError::Heads`] if the shapes do not agree, [`AttentionError::NotFinite`]
    /// if any entry is NaN or infinite.
    pub fn new(
        query: DMatrix<T>,
        key: DMatrix<T>,
        value: DMatrix<T>,
        heads: usize,
    ) -> Result<Self, AttentionError> {
        AttentionError::size(
            "keys' dimension",
            key.nrows(),
            query.nrows(),
            "as the queries'",
        )?;
        AttentionError::size("number of keys", key.ncols(), query.ncols(), "as queries")?;
        AttentionError::size(
            "number of values",
            value.ncols(),
            query.ncols(),
            "as queries",
        )?;
        AttentionError::head_dim("queries and keys", query.nrows(), heads)?;
        AttentionError::head_dim("values", value.nrows(), heads)?;
        for (what, matrix) in [("query", &query), ("key", &key), ("value", &value)] {
            if let Some(at) = matrix.iter().position(|x| !x.is_finite()) {
                return Err(AttentionError::NotFinite {
                    what,
                    token: at / matrix.nrows(),
                    index: at % matrix.nrows(),
                    value: matrix.as_slice()[at].as_f64(),
                });
            }
        }
        Ok(Self {
            query,
            key,
            value,
            heads,
        })
    }

    /// Refuses a sequence that does not fit a circuit of so many heads, of these dimensions.
    pub(super) fn check_fits(
        &self,
        heads: usize,
        head_dim: usize,
        value_dim: usize,
    ) -> Result<(), AttentionError> {
        let size = AttentionError::size;
        size("heads", self.heads, heads, "as the circuit")?;
        size(
            "head's keys",
            self.head_dim(),
            head_dim,
            "as the feature map",
        )?;
        size(
            "head's values",
            self.value_dim(),
            value_dim,
            "as the output neurons",
        )
    }

    /// Queries, D × n.
    pub fn query(&self) -> &DMatrix<T> {
        &self.query
    }

    /// Keys, D × n.
    pub fn key(&self) -> &DMatrix<T> {
        &self.key
    }

    /// Values, E × n.
    pub fn value(&self) -> &DMatrix<T> {
        &self.value
    }

    /// Number of heads H.
    pub fn heads(&self) -> usize {
        self.heads
    }

    /// Number of tokens n.
    pub fn tokens(&self) -> usize {
        self.query.ncols()
    }

    /// Dimension D/H of one head's queries and keys.
    pub fn head_dim(&self) -> usize {
        self.query.nrows() / self.heads
    }

    /// Dimension E/H of one head's values.
    pub fn value_dim(&self) -> usize {
        self.value.nrows() / self.heads
    }
}
