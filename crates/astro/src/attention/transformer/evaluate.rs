//! A transformer on images: loss and gradient, classes, logits.

use super::attend::Extent;
use super::pass::{Attend, Pass};
use super::{Architecture, LabelledImages, Mechanism, Transformer, TransformerError};
use crate::attention::learning::HeadErrors;
use crate::attention::{AttentionError, Circuit, HeadMaps, HeadTokens, Mask, Qkv, Real};
use nalgebra::DMatrix;

/// Images handled at once when nothing has to be remembered for a backward pass.
const BATCH: usize = 128;

/// A pass through the network to the loss, and back.
struct ThereAndBack<T> {
    loss: f64,
    gradient: Vec<T>,
    pass: Pass<T>,
}

impl<T: Real> Transformer<T> {
    /// Mean cross-entropy of the chosen images, and its gradient with respect to all parameters.
    ///
    /// With [`Mechanism::Circuit`] attention is the circuit's closed form; the features stay as they were drawn.
    ///
    /// # Errors
    /// [`TransformerError::Setting`] if the images do not fit, [`TransformerError::Attention`] if the feature maps do not.
    pub fn loss_and_gradient(
        &self,
        images: &LabelledImages,
        chosen: &[usize],
        mechanism: &Mechanism<T>,
    ) -> Result<(f64, Vec<T>), TransformerError> {
        let there_and_back = self.there_and_back(images, chosen, mechanism, &mut |_| {})?;
        Ok((there_and_back.loss, there_and_back.gradient))
    }

    /// Mean cross-entropy of the chosen images, and of every head the queries, keys and values that led to it with the errors of
    /// its output, \[block\]\[head\]: what a head can learn from without a teacher.
    ///
    /// # Errors
    /// As [`Transformer::loss_and_gradient`].
    pub fn head_errors(
        &self,
        images: &LabelledImages,
        chosen: &[usize],
        mechanism: &Mechanism<T>,
    ) -> Result<(f64, Vec<Vec<HeadErrors>>), TransformerError> {
        let mut errors = Vec::new();
        let see = &mut |d_output| errors.push(d_output);
        let ThereAndBack { loss, pass, .. } =
            self.there_and_back(images, chosen, mechanism, see)?;
        errors.reverse();
        let Extent {
            tokens,
            heads,
            head_dim,
        } = self.extent();
        let of = |[query, key, value]: &[DMatrix<T>; 3], error: &DMatrix<T>, head: usize| {
            let slice = |x: &DMatrix<T>| x.rows(head * head_dim, head_dim).map(Real::as_f64);
            let tokens = HeadTokens::new(&slice(query), &slice(key), tokens)?;
            HeadErrors::new(tokens, slice(value), slice(error))
        };
        let each = |(qkv, error)| (0..heads).map(|head| of(qkv, error, head)).collect();
        let all = pass.qkv().zip(&errors).map(each);
        Ok((loss, all.collect::<Result<_, AttentionError>>()?))
    }

    fn there_and_back(
        &self,
        images: &LabelledImages,
        chosen: &[usize],
        mechanism: &Mechanism<T>,
        see: &mut dyn FnMut(DMatrix<T>),
    ) -> Result<ThereAndBack<T>, TransformerError> {
        images.check(&self.sizes)?;
        let mut attend = |block, qkv: [&DMatrix<T>; 3]| {
            mechanism
                .forward(block, qkv, self.extent())
                .map(|(output, attended)| (output, Some(attended)))
        };
        let pass = Pass::forward(self, images.patches(chosen, &self.sizes), &mut attend)?;
        let labels: Vec<usize> = chosen.iter().map(|&image| images.label(image)).collect();
        let (loss, d_logits) = cross_entropy(&pass.logits, &labels);
        let gradient = pass.backward(self, mechanism, &d_logits, see)?;
        Ok(ThereAndBack {
            loss,
            gradient,
            pass,
        })
    }

    /// Classes of all images, most probable each.
    ///
    /// With [`Mechanism::Circuit`] every head of every block is a [`Circuit`] that is presented the sequence token by token.
    ///
    /// # Errors
    /// As [`Transformer::loss_and_gradient`], and [`AttentionError::NoCalcium`] if trigonometric features cancel exactly.
    pub fn classify(
        &self,
        images: &LabelledImages,
        mechanism: &Mechanism<T>,
    ) -> Result<Vec<usize>, TransformerError> {
        let mut classes = Vec::with_capacity(images.len());
        self.each_batch(images, mechanism, |_, logits| {
            classes.extend(logits.column_iter().map(|column| {
                column
                    .iter()
                    .enumerate()
                    .fold(0, |best, (i, x)| if *x > column[best] { i } else { best })
            }));
        })?;
        Ok(classes)
    }

    /// Fraction of the images classified rightly.
    ///
    /// # Errors
    /// As [`Transformer::classify`].
    pub fn accuracy(
        &self,
        images: &LabelledImages,
        mechanism: &Mechanism<T>,
    ) -> Result<f64, TransformerError> {
        let classes = self.classify(images, mechanism)?;
        let right = classes
            .iter()
            .enumerate()
            .filter(|&(i, &class)| class == images.label(i))
            .count();
        Ok(right as f64 / images.len() as f64)
    }

    /// Logits of all images, classes × images, attention computed as in [`Transformer::classify`].
    ///
    /// # Errors
    /// As [`Transformer::classify`].
    pub fn logits(
        &self,
        images: &LabelledImages,
        mechanism: &Mechanism<T>,
    ) -> Result<DMatrix<T>, TransformerError> {
        let mut all = DMatrix::zeros(self.sizes.classes, images.len());
        self.each_batch(images, mechanism, |start, logits| {
            all.columns_mut(start, logits.ncols()).copy_from(logits);
        })?;
        Ok(all)
    }

    fn each_batch(
        &self,
        images: &LabelledImages,
        mechanism: &Mechanism<T>,
        mut each: impl FnMut(usize, &DMatrix<T>),
    ) -> Result<(), TransformerError> {
        images.check(&self.sizes)?;
        let mut circuits = self.circuits(mechanism)?;
        let all: Vec<usize> = (0..images.len()).collect();
        for (batch, chosen) in all.chunks(BATCH).enumerate() {
            let attend: &mut Attend<'_, T> = &mut |block, qkv| match mechanism {
                Mechanism::Circuit(_) => present_each(&mut circuits[block], qkv, &self.sizes)
                    .map(|output| (output, None)),
                _ => mechanism
                    .forward(block, qkv, self.extent())
                    .map(|(output, _)| (output, None)),
            };
            let pass = Pass::forward(self, images.patches(chosen, &self.sizes), attend)?;
            each(batch * BATCH, &pass.logits);
        }
        Ok(())
    }

    /// One circuit a block, if the mechanism is that.
    fn circuits(&self, mechanism: &Mechanism<T>) -> Result<Vec<Circuit<T>>, AttentionError> {
        let Mechanism::Circuit(maps) = mechanism else {
            return Ok(Vec::new());
        };
        AttentionError::size("feature maps", maps.len(), self.sizes.blocks, "one a block")?;
        let circuit = |maps: &HeadMaps<T>| {
            AttentionError::size(
                "feature map's head",
                maps.head_dim(),
                self.sizes.head_dim(),
                "as the transformer's",
            )?;
            Circuit::new(maps.clone(), self.sizes.heads, self.sizes.head_dim())
        };
        maps.iter().map(circuit).collect()
    }
}

/// Presents every sequence of the batch to the circuit, token by token.
fn present_each<T: Real>(
    circuit: &mut Circuit<T>,
    qkv: [&DMatrix<T>; 3],
    sizes: &Architecture,
) -> Result<DMatrix<T>, AttentionError> {
    let n = sizes.tokens();
    let mut output = DMatrix::zeros(sizes.dim, qkv[0].ncols());
    for start in (0..output.ncols()).step_by(n) {
        let [query, key, value] = qkv.map(|matrix| matrix.columns(start, n).into_owned());
        let qkv = Qkv::new(query, key, value, sizes.heads)?;
        output.columns_mut(start, n).copy_from(&circuit.attend(
            &qkv,
            Mask::Bidirectional,
            &mut (),
        )?);
    }
    Ok(output)
}

/// Mean cross-entropy and its gradient with respect to the logits (classes × images).
fn cross_entropy<T: Real>(logits: &DMatrix<T>, labels: &[usize]) -> (f64, DMatrix<T>) {
    let mut gradient = logits.clone();
    let per_image = T::of(1.0 / labels.len() as f64);
    let mut loss = 0.0;
    for (mut column, &label) in gradient.column_iter_mut().zip(labels) {
        let max = column.max();
        let total = column
            .iter()
            .fold(T::zero(), |sum, &x| sum + (x - max).exp());
        loss += (total.ln() + max - column[label]).as_f64();
        column.apply(|x| *x = (*x - max).exp() / total * per_image);
        column[label] -= per_image;
    }
    (loss / labels.len() as f64, gradient)
}
