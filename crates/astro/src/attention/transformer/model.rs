//! The transformer: sizes and parameters.

use super::architecture::{AffineAt, Layout, NormAt};
use super::attend::Extent;
use super::{Architecture, TransformerError};
use crate::attention::{Affine, Projections, Real};
use nalgebra::{DMatrix, DVector};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

/// A small vision transformer; see the [module documentation](super) for its equations.
#[derive(Debug, Clone)]
pub struct Transformer<T> {
    pub(super) sizes: Architecture,
    pub(super) layout: Layout,
    pub(super) parameters: Vec<T>,
}

impl<T: Real> Transformer<T> {
    /// Draws initial parameters: weights N(0, 1/inputs), the outputs of each block's two branches smaller by
    /// √(2 · blocks), positions N(0, 0.02²), gains 1, all else 0. Drawn in double precision and rounded.
    ///
    /// # Errors
    /// As [`Architecture::check`].
    pub fn new(
        sizes: Architecture,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self, TransformerError> {
        sizes.check()?;
        let layout = Layout::new(&sizes);
        let mut parameters = vec![T::zero(); layout.len()];
        let mut draw = |start: usize, count: usize, scale: f64| {
            for parameter in &mut parameters[start..start + count] {
                let x: f64 = StandardNormal.sample(rng);
                *parameter = T::of(x * scale);
            }
        };
        let mut affine = |at: &AffineAt, shrink: f64| {
            draw(
                at.weight,
                at.inputs * at.outputs,
                shrink / (at.inputs as f64).sqrt(),
            );
        };
        let branch = 1.0 / (2.0 * sizes.blocks as f64).sqrt();
        affine(&layout.embed, 1.0);
        for block in &layout.blocks {
            for (at, shrink) in [
                (&block.query, 1.0),
                (&block.key, 1.0),
                (&block.value, 1.0),
                (&block.output, branch),
                (&block.up, 1.0),
                (&block.down, branch),
            ] {
                affine(at, shrink);
            }
        }
        affine(&layout.head, 1.0);
        draw(layout.position.start, layout.position.len(), 0.02);
        let norms = layout
            .blocks
            .iter()
            .flat_map(|block| [&block.norm1, &block.norm2]);
        for norm in norms.chain([&layout.norm]) {
            let NormAt { gain, dim, .. } = *norm;
            parameters[gain..gain + dim].fill(T::one());
        }
        Ok(Self {
            sizes,
            layout,
            parameters,
        })
    }

    /// Sizes.
    pub fn architecture(&self) -> &Architecture {
        &self.sizes
    }

    /// All parameters, tensor after tensor in the order of [`Transformer::save`]d files.
    pub fn parameters(&self) -> &[T] {
        &self.parameters
    }

    /// All parameters, to be changed.
    pub fn parameters_mut(&mut self) -> &mut [T] {
        &mut self.parameters
    }

    /// Takes a fraction of every affine weight away.
    pub(super) fn decay(&mut self, fraction: T) {
        let keep = T::one() - fraction;
        for entry in self.layout.entries.iter().filter(|entry| entry.decays) {
            self.parameters[entry.range.clone()]
                .iter_mut()
                .for_each(|w| *w *= keep);
        }
    }

    /// The same transformer in the other precision.
    pub fn cast<U: Real>(&self) -> Transformer<U> {
        Transformer {
            sizes: self.sizes,
            layout: self.layout.clone(),
            parameters: self.parameters.iter().map(|x| U::of(x.as_f64())).collect(),
        }
    }

    /// Query, key and value projections of a block.
    ///
    /// # Errors
    /// [`TransformerError::Setting`] if there is no such block.
    pub fn projections(&self, block: usize) -> Result<Projections<T>, TransformerError> {
        let at = self.layout.blocks.get(block).ok_or_else(|| {
            TransformerError::setting("block", block, format!("there are {}", self.sizes.blocks))
        })?;
        let affine = |at: &AffineAt| Affine {
            weight: DMatrix::from_row_slice(
                at.outputs,
                at.inputs,
                &self.parameters[at.weight..][..at.inputs * at.outputs],
            ),
            bias: Some(DVector::from_column_slice(
                &self.parameters[at.bias..][..at.outputs],
            )),
        };
        let (query, key, value) = (affine(&at.query), affine(&at.key), affine(&at.value));
        Ok(Projections::new(query, key, value, self.sizes.heads)?)
    }

    pub(super) fn extent(&self) -> Extent {
        Extent {
            tokens: self.sizes.tokens(),
            heads: self.sizes.heads,
            head_dim: self.sizes.head_dim(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn decay_takes_from_the_weights_of_affine_maps_and_from_nothing_else() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut model = Transformer::<f64>::new(Architecture::MNIST, &mut rng).unwrap();
        model.parameters_mut().fill(1.0);
        model.decay(0.25);
        let Layout {
            embed,
            blocks,
            head,
            ..
        } = &model.layout;
        let within = blocks
            .iter()
            .flat_map(|at| [&at.query, &at.key, &at.value, &at.output, &at.up, &at.down]);
        let mut expected = vec![1.0; model.parameters.len()];
        for at in within.chain([embed, head]) {
            expected[at.weight..][..at.inputs * at.outputs].fill(0.75);
        }
        assert_eq!(model.parameters, expected);
    }
}
