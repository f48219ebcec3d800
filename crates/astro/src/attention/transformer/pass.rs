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

    /// Queries, keys and values of each block, D × (images · n).
    pub(super) fn qkv(&self) -> impl Iterator<Item = &[DMatrix<T>; 3]> {
        self.blocks.iter().map(|block| &block.qkv)
    }

    /// Gradient with respect to all parameters, given ∂L/∂logits. `see` is shown each block's ∂L/∂(output of attention), the last
    /// block first.
    pub(super) fn backward(
        &self,
        model: &Transformer<T>,
        mechanism: &Mechanism<T>,
        d_logits: &DMatrix<T>,
        see: &mut dyn FnMut(DMatrix<T>),
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
            see(pass.backward(model, at, (index, mechanism), &mut gradient, &mut dx)?);
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

    /// Turns ∂L/∂(block's output) in `dx` into ∂L/∂(block's input), and returns ∂L/∂(output of attention).
    fn backward(
        &self,
        model: &Transformer<T>,
        at: &BlockAt,
        (index, mechanism): (usize, &Mechanism<T>),
        gradient: &mut [T],
        dx: &mut DMatrix<T>,
    ) -> Result<DMatrix<T>, TransformerError> {
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
            return Ok(d_output);
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
        Ok(d_output)
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

#[cfg(test)]
mod tests {
    use super::super::architecture::AffineAt;
    use super::super::{Architecture, LabelledImages};
    use super::*;
    use crate::attention::{FeatureKind, FeatureMap, HeadMaps, Spread, SpreadKind};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    const SIZES: Architecture = Architecture {
        image_side: 6,
        patch_side: 2,
        dim: 6,
        heads: 2,
        blocks: 2,
        mlp: 5,
        classes: 3,
    };

    /// What is differentiated: the mean loss of these images as a function of the parameters.
    struct Problem {
        model: Transformer<f64>,
        images: LabelledImages,
        mechanism: Mechanism<f64>,
    }

    impl Problem {
        fn draw(mechanism: fn(&mut ChaCha8Rng) -> Mechanism<f64>, seed: u64) -> Self {
            let rng = &mut ChaCha8Rng::seed_from_u64(seed);
            let mut model = Transformer::<f64>::new(SIZES, rng).unwrap();
            // Biases and gains away from their initial 0 and 1.
            for parameter in model.parameters_mut() {
                *parameter += rng.random_range(-0.1..0.1);
            }
            let pixels = (0..3 * 36).map(|_| rng.random()).collect();
            let images = LabelledImages::new(6, pixels, vec![2, 0, 1]).unwrap();
            let mechanism = mechanism(rng);
            if features(&mechanism) == Some(FeatureKind::Trigonometric) {
                // Queries and keys so small that cosines are positive: no denominator comes near 0.
                for block in model.layout.blocks.clone() {
                    for AffineAt { weight, bias, .. } in [block.query, block.key] {
                        let (weight, bias) = (weight..bias, bias..bias + SIZES.dim);
                        for i in weight.chain(bias) {
                            model.parameters[i] *= 0.3;
                        }
                    }
                }
            }
            let mut problem = Self {
                model,
                images,
                mechanism,
            };
            problem.move_away_from_kinks();
            problem
        }

        fn pass(&self) -> Pass<f64> {
            let patches = self.images.patches(&[0, 1, 2], &SIZES);
            let attend: &mut Attend<'_, f64> = &mut |block, qkv| {
                let (output, _) = self.mechanism.forward(block, qkv, self.model.extent())?;
                Ok((output, None))
            };
            Pass::forward(&self.model, patches, attend).unwrap()
        }

        fn loss_and_gradient(&self) -> (f64, Vec<f64>) {
            self.model
                .loss_and_gradient(&self.images, &[0, 1, 2], &self.mechanism)
                .unwrap()
        }

        /// The rectifiers, and elu's second derivative, break at 0: each unit's bias is chosen such that some tokens
        /// are above, some below, and none near.
        fn move_away_from_kinks(&mut self) {
            for block in 0..SIZES.blocks {
                let at = self.model.layout.blocks[block].clone();
                if features(&self.mechanism) == Some(FeatureKind::EluPlusOne) {
                    let input = self.pass().blocks[block].attention_input.clone();
                    self.centre_widest_gap(&at.query, &input);
                    self.centre_widest_gap(&at.key, &input);
                }
                let input = self.pass().blocks[block].mlp_input.clone();
                self.centre_widest_gap(&at.up, &input);
            }
        }

        fn centre_widest_gap(&mut self, at: &AffineAt, input: &DMatrix<f64>) {
            let outputs = at.forward(&self.model.parameters, input).unwrap();
            for (unit, values) in outputs.row_iter().enumerate() {
                let mut values: Vec<f64> = values.iter().copied().collect();
                values.sort_unstable_by(f64::total_cmp);
                let width = |pair: &&[f64]| pair[1] - pair[0];
                let gap = values
                    .windows(2)
                    .max_by(|a, b| width(a).total_cmp(&width(b)))
                    .unwrap();
                assert!(width(&gap) > 200.0 * WIDTH, "{gap:?}");
                self.model.parameters[at.bias + unit] -= (gap[0] + gap[1]) / 2.0;
            }
        }

        /// ∂L/∂θ_i by central differences of two widths, extrapolated: an error of fourth order.
        fn slope(&mut self, i: usize) -> f64 {
            let parameter = self.model.parameters[i];
            let mut difference = |width: f64| {
                let mut loss = |x: f64| {
                    self.model.parameters[i] = x;
                    self.loss_and_gradient().0
                };
                (loss(parameter + width) - loss(parameter - width)) / (2.0 * width)
            };
            let (coarse, fine) = (difference(WIDTH), difference(WIDTH / 2.0));
            self.model.parameters[i] = parameter;
            (4.0 * fine - coarse) / 3.0
        }
    }

    /// Of the differences.
    const WIDTH: f64 = 2e-4;

    fn features(mechanism: &Mechanism<f64>) -> Option<FeatureKind> {
        match mechanism {
            Mechanism::Circuit(maps) => Some(maps[0].of(0).kind()),
            _ => None,
        }
    }

    fn circuit(kind: FeatureKind, hidden: usize, rng: &mut ChaCha8Rng) -> Mechanism<f64> {
        let map = |_| FeatureMap::draw(kind, SIZES.head_dim(), hidden, rng).unwrap();
        Mechanism::Circuit((0..SIZES.blocks).map(map).map(HeadMaps::from).collect())
    }

    fn spread(hidden: usize, rng: &mut ChaCha8Rng) -> Mechanism<f64> {
        let kind = FeatureKind::PositiveAntithetic;
        let moment = DMatrix::from_diagonal(&nalgebra::DVector::from_vec(vec![0.3, 1.0, 2.5]));
        let spread = Spread::best(SpreadKind::Anisotropic, &moment).unwrap();
        let map =
            |rng: &mut ChaCha8Rng| FeatureMap::draw_spread(kind, &spread, hidden, rng).unwrap();
        let block = |_| HeadMaps::each((0..SIZES.heads).map(|_| map(rng)).collect()).unwrap();
        Mechanism::Circuit((0..SIZES.blocks).map(block).collect())
    }

    #[test]
    fn gradients_match_finite_differences() {
        type Draw = fn(&mut ChaCha8Rng) -> Mechanism<f64>;
        let mechanisms: [(&str, Draw); 7] = [
            ("softmax", |_| Mechanism::Softmax),
            ("uniform", |_| Mechanism::Uniform),
            ("positive", |rng| circuit(FeatureKind::Positive, 16, rng)),
            ("orthogonal", |rng| {
                circuit(FeatureKind::PositiveOrthogonal, 7, rng)
            }),
            ("spread, a map a head", |rng| spread(9, rng)),
            ("elu", |rng| {
                circuit(FeatureKind::EluPlusOne, SIZES.head_dim(), rng)
            }),
            ("trigonometric", |rng| {
                circuit(FeatureKind::Trigonometric, 64, rng)
            }),
        ];
        for ((name, mechanism), seed) in mechanisms
            .into_iter()
            .flat_map(|m| (0..2).map(move |seed| (m, seed)))
        {
            let mut problem = Problem::draw(mechanism, seed);
            let (_, gradient) = problem.loss_and_gradient();
            // The two seeds share the parameters.
            for (i, exact) in gradient
                .into_iter()
                .enumerate()
                .skip(seed as usize)
                .step_by(2)
            {
                let slope = problem.slope(i);
                assert!(
                    (slope - exact).abs() < 1e-9 + 1e-7 * exact.abs(),
                    "{name}, seed {seed}, parameter {i}: {slope} by differences, {exact} by the code",
                );
            }
        }
    }
}
