//! The projections W_Q, W_K, W_V of an attention layer.

use super::{AttentionError, Qkv, Real};
use nalgebra::{DMatrix, DVector};

/// An affine map: y = W x + b.
#[derive(Debug, Clone, PartialEq)]
pub struct Affine<T> {
    /// W, outputs × inputs.
    pub weight: DMatrix<T>,
    /// b, one entry an output; absent means none.
    pub bias: Option<DVector<T>>,
}

impl<T: Real> Affine<T> {
    /// Maps tokens, inputs × n, to outputs × n.
    fn apply(&self, tokens: &DMatrix<T>) -> DMatrix<T> {
        let mut mapped = &self.weight * tokens;
        if let Some(bias) = &self.bias {
            for mut column in mapped.column_iter_mut() {
                column += bias;
            }
        }
        mapped
    }
}

/// Query, key and value projections of a multi-head attention layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Projections<T> {
    query: Affine<T>,
    key: Affine<T>,
    value: Affine<T>,
    heads: usize,
}

impl<T: Real> Projections<T> {
    /// Checks that the three agree: equal inputs, queries as long as keys, dimensions that split into `heads`.
    ///
    /// # Errors
    /// [`AttentionError::Size`] or [`AttentionError::Heads`].
    pub fn new(
        query: Affine<T>,
        key: Affine<T>,
        value: Affine<T>,
        heads: usize,
    ) -> Result<Self, AttentionError> {
        let inputs = query.weight.ncols();
        AttentionError::size(
            "key projection's input",
            key.weight.ncols(),
            inputs,
            "as the query's",
        )?;
        AttentionError::size(
            "value projection's input",
            value.weight.ncols(),
            inputs,
            "as the query's",
        )?;
        let outputs = query.weight.nrows();
        AttentionError::size(
            "key projection's output",
            key.weight.nrows(),
            outputs,
            "as the query's",
        )?;
        AttentionError::head_dim("queries and keys", outputs, heads)?;
        AttentionError::head_dim("values", value.weight.nrows(), heads)?;
        for (what, affine) in [
            ("query bias", &query),
            ("key bias", &key),
            ("value bias", &value),
        ] {
            if let Some(bias) = &affine.bias {
                AttentionError::size(
                    what,
                    bias.len(),
                    affine.weight.nrows(),
                    "one entry an output",
                )?;
            }
        }
        Ok(Self {
            query,
            key,
            value,
            heads,
        })
    }

    /// Projects the tokens of one sequence, D_in × n.
    ///
    /// # Errors
    /// [`AttentionError::Size`] if the tokens have another dimension than the projections' input,
    /// [`AttentionError::NotFinite`] if a projected number is not finite.
    pub fn project(&self, tokens: &DMatrix<T>) -> Result<Qkv<T>, AttentionError> {
        let inputs = self.query.weight.ncols();
        AttentionError::size(
            "token dimension",
            tokens.nrows(),
            inputs,
            "as the projections' input",
        )?;
        Qkv::new(
            self.query.apply(tokens),
            self.key.apply(tokens),
            self.value.apply(tokens),
            self.heads,
        )
    }

    /// Number of heads H.
    pub fn heads(&self) -> usize {
        self.heads
    }

    /// Dimension of one head's queries and keys.
    pub fn head_dim(&self) -> usize {
        self.query.weight.nrows() / self.heads
    }

    /// Dimension of one head's values.
    pub fn value_dim(&self) -> usize {
        self.value.weight.nrows() / self.heads
    }

    /// Dimension D_in of the tokens.
    pub fn inputs(&self) -> usize {
        self.query.weight.ncols()
    }
}
