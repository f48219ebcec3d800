//! Queries and keys of every head.

use super::attend::Extent;
use super::pass::Pass;
use super::{LabelledImages, Mechanism, Transformer, TransformerError};
use crate::attention::{AttentionError, HeadTokens, Real};
use nalgebra::DMatrix;

impl<T: Real> Transformer<T> {
    /// What each head of each block asks and offers while softmax attends, over the chosen images: \[block\]\[head\].
    ///
    /// # Errors
    /// As [`Transformer::classify`].
    pub fn head_tokens(
        &self,
        images: &LabelledImages,
        chosen: &[usize],
    ) -> Result<Vec<Vec<HeadTokens>>, TransformerError> {
        let Extent {
            tokens,
            heads,
            head_dim,
        } = self.extent();
        let of = |[query, key]: &[DMatrix<T>; 2], head: usize| {
            let slice = |x: &DMatrix<T>| x.rows(head * head_dim, head_dim).map(Real::as_f64);
            HeadTokens::new(&slice(query), &slice(key), tokens)
        };
        let blocks = self.queries_and_keys(images, chosen)?;
        let each = |block| (0..heads).map(|head| of(block, head)).collect();
        let all = blocks.iter().map(each);
        Ok(all.collect::<Result<_, AttentionError>>()?)
    }

    /// Queries and keys of every block with softmax attention, D × (images · n).
    pub(super) fn queries_and_keys(
        &self,
        images: &LabelledImages,
        chosen: &[usize],
    ) -> Result<Vec<[DMatrix<T>; 2]>, TransformerError> {
        images.check(&self.sizes)?;
        let softmax = Mechanism::Softmax;
        let mut attend = |block, qkv: [&DMatrix<T>; 3]| {
            let (output, _) = softmax.forward(block, qkv, self.extent())?;
            Ok((output, None))
        };
        let pass = Pass::forward(self, images.patches(chosen, &self.sizes), &mut attend)?;
        Ok(pass
            .qkv()
            .map(|[query, key, _]| [query.clone(), key.clone()])
            .collect())
    }
}
