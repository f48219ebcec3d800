//! One forward pass through the transformer, and the way back.

use super::architecture::BlockAt;
use super::attend::Attended;
use super::layers::{Normalised, rectify, rectify_gradient};
use super::{Mechanism, Transformer, TransformerError};
use crate::attention::{AttentionError, Real};
use nalgebra::DMatrix;

/// Attention of a block's Q, K and V (each D × (sequences · n)), with what the backward pass will need, if any.
pub(super) type Attend<'a, T> = dyn FnMut(usize, [&DMatrix<T>; 3]) -> Result<(DMatrix<T>, Option<Attended<T>>), AttentionError>
    + 'a;

/// Activities of a block.
struct BlockPass<T> {
    norm1: Normalised<T>,
    attention_input: DMatrix<T>,
    qkv: [DMatrix<T>; 3],
    attended: Option<Attended<T>>,
    attention_output: DMatrix<T>,
    norm2: Normalised<T>,
    mlp_input: DMatrix<T>,
    hidden: DMatrix<T>,
}

/// Activities of the whole network for a batch.
pub(super) struct Pass<T> {
    patches: DMatrix<T>,
    blocks: Vec<BlockPass<T>>,
    norm: Normalised<T>,
    pooled: DMatrix<T>,
    /// Classes × images.
    pub(super) logits: DMatrix<T>,
}

impl<T: Real> Pass<T> {
    /// From patches, pixels × (images · n), to logits.
    pub(super) fn forward(
        model: &Transformer<T>,
        patches: DMatrix<T>,
        attend: &mut Attend<'_, T>,
    ) -> Result<Self, TransformerError> {
        let (theta, layout) = (&model.parameters, &model.layout);
        let mut x = layout.embed.forward(theta, &patches)?;
        let position = &theta[layout.position.clone()];
        for sequence in x.as_mut_slice().chunks_exact_mut(position.len()) {
            for (x, &position) in sequence.iter_mut().zip(position) {
                *x += position;
            }
        }
        let mut blocks = Vec::with_capacity(layout.blocks.len());
        for (index, at) in layout.blocks.iter().enumerate() {
            blocks.push(BlockPass::forward(theta, at, index, &mut x, attend)?);
        }
        let (normed, norm) = layout.norm.forward(theta, &x);
        let pooled = pool(&normed, model.sizes.tokens());
        let logits = layout.head.forward(theta, &pooled)?;
        Ok(Self {
            patches,
            blocks,
            norm,
            pooled,
            logits,
        })
    }

    /// Queries and keys of each block, D × (images · n).
    pub(super) fn queries_and_keys(&self) -> impl Iterator<Item = [&DMatrix<T>; 2]> {
        self.blocks.iter().map(|block| {
            let [query, key, _] = &block.qkv;
            [query, key]
        })
    }

    /// Gradient with respect to all parameters, given ∂L/∂logits.
    pub(super) fn backward(
        &self,
        model: &Transformer<T>,
        mechanism: &Mechanism<T>,
        d_logits: &DMatrix<T>,
    ) -> Result<Vec<T>, TransformerError> {
        let (theta, layout) = (&model.parameters, &model.layout);
        let mut gradient = vec![T::zero(); theta.len()];
        layout.head.learn(&self.pooled, d_logits, &mut gradient)?;
        let mut d_pooled = DMatrix::zeros(self.pooled.nrows(), self.pooled.ncols());
        layout
            .head
            .pull_back(theta, d_logits, T::zero(), &mut d_pooled)?;
        let d_normed = unpool(&d_pooled, model.sizes.tokens());
        let mut dx = DMatrix::zeros(d_normed.nrows(), d_normed.ncols());
        layout
            .norm
            .pull_back(theta, &self.norm, &d_normed, &mut gradient, &mut dx);
        for (index, (at, pass)) in layout.blocks.iter().zip(&self.blocks).enumerate().rev() {
            pass.backward(model, at, (index, mechanism), &mut gradient, &mut dx)?;
        }
        layout.embed.learn(&self.patches, &dx, &mut gradient)?;
        let d_position = &mut gradient[layout.position.clone()];
        for sequence in dx.as_slice().chunks_exact(d_position.len()) {
            for (d_position, &dx) in d_position.iter_mut().zip(sequence) {
                *d_position += dx;
            }
        }
        Ok(gradient)
    }
}

impl<T: Real> BlockPass<T> {
    /// Takes `x` through the block, in place.
    fn forward(
        theta: &[T],
        at: &BlockAt,
        index: usize,
        x: &mut DMatrix<T>,
        attend: &mut Attend<'_, T>,
    ) -> Result<Self, TransformerError> {
        let (attention_input, norm1) = at.norm1.forward(theta, x);
        let qkv = [
            at.query.forward(theta, &attention_input)?,
            at.key.forward(theta, &attention_input)?,
            at.value.forward(theta, &attention_input)?,
        ];
        let [query, key, value] = &qkv;
        let (attention_output, attended) = attend(index, [query, key, value])?;
        *x += at.output.forward(theta, &attention_output)?;
        let (mlp_input, norm2) = at.norm2.forward(theta, x);
        let mut hidden = at.up.forward(theta, &mlp_input)?;
        rectify(&mut hidden);
        *x += at.down.forward(theta, &hidden)?;
        Ok(Self {
            norm1,
            attention_input,
            qkv,
            attended,
            attention_output,
            norm2,
            mlp_input,
            hidden,
        })
    }

    /// Turns ∂L/∂(block's output) in `dx` into ∂L/∂(block's input).
    fn backward(
        &self,
        model: &Transformer<T>,
        at: &BlockAt,
        (index, mechanism): (usize, &Mechanism<T>),
        gradient: &mut [T],
        dx: &mut DMatrix<T>,
    ) -> Result<(), TransformerError> {
        let theta = &model.parameters;
        at.down.learn(&self.hidden, dx, gradient)?;
        let mut d_hidden = DMatrix::zeros(self.hidden.nrows(), self.hidden.ncols());
        at.down.pull_back(theta, dx, T::zero(), &mut d_hidden)?;
        rectify_gradient(&self.hidden, &mut d_hidden);
        at.up.learn(&self.mlp_input, &d_hidden, gradient)?;
        let mut d_normed = DMatrix::zeros(dx.nrows(), dx.ncols());
        at.up
            .pull_back(theta, &d_hidden, T::zero(), &mut d_normed)?;
        at.norm2
            .pull_back(theta, &self.norm2, &d_normed, gradient, dx);

        at.output.learn(&self.attention_output, dx, gradient)?;
        let mut d_output = DMatrix::zeros(dx.nrows(), dx.ncols());
        at.output.pull_back(theta, dx, T::zero(), &mut d_output)?;
        let Some(attended) = &self.attended else {
            // A pass made only to look at has nothing to go back through.
            return Ok(());
        };
        let [query, key, value] = &self.qkv;
        let d_qkv = mechanism.backward(
            index,
            [query, key, value],
            attended,
            &d_output,
            model.extent(),
        )?;
        d_normed.fill(T::zero());
        for (at, d) in [&at.query, &at.key, &at.value].into_iter().zip(&d_qkv) {
            at.learn(&self.attention_input, d, gradient)?;
            at.pull_back(theta, d, T::one(), &mut d_normed)?;
        }
        at.norm1
            .pull_back(theta, &self.norm1, &d_normed, gradient, dx);
        Ok(())
    }
}

/// Mean over each sequence's tokens: D × (images · n) to D × images.
fn pool<T: Real>(x: &DMatrix<T>, tokens: usize) -> DMatrix<T> {
    let mut pooled = DMatrix::zeros(x.nrows(), x.ncols() / tokens);
    for (image, mut out) in pooled.column_iter_mut().enumerate() {
        out.copy_from(&x.columns(image * tokens, tokens).column_mean());
    }
    pooled
}

/// The way back of [`pool`].
fn unpool<T: Real>(d: &DMatrix<T>, tokens: usize) -> DMatrix<T> {
    let share = T::of(1.0 / tokens as f64);
    DMatrix::from_fn(d.nrows(), d.ncols() * tokens, |i, t| {
        d[(i, t / tokens)] * share
    })
}
