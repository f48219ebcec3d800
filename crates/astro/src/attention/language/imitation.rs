//! Hidden neurons fitted to softmax attention, head by head.

use super::encoder::Attend;
use super::layer::{LayerPass, Way};
use super::neurons::HeadInputs;
use super::schedule::scheduled;
use super::teacher::Teacher;
use super::{Encoder, HeadNeurons, Heads, LanguageError};
use crate::attention::Qkv;
use crate::numerics::adam::{Adam, AdamParams};
use nalgebra::DMatrix;
use rand::{Rng, RngExt};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Fits each head to softmax attention on the queries and keys that it gets, by the gradient of the divergence L of
/// [`learning`](crate::attention::learning), with synapses of their own from queries and from keys:
///
/// ```text
/// −∂L/∂U_u = (1/n) Σ_ij (A_ij − Â_ij) ρ_u(i, j) q̂_i,   −∂L/∂W_u = (1/n) Σ_ij (A_ij − Â_ij) ρ_u(i, j) k̂_j
/// ```
///
/// Layer after layer: the queries and keys of a layer are those that it gets when the layers below are circuits already. A head
/// needs to know nothing of the others. Adam; the step rises over the first tenth and falls linearly to 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imitation {
    /// Changes of the neurons.
    pub steps: usize,
    /// Sequences per change, drawn at random.
    pub batch: usize,
    /// Largest step of Adam, in units of U and e.
    pub rate: f64,
}

impl Imitation {
    /// Moves the neurons; `progress` hears the number of layers done, and says whether to go on.
    ///
    /// * `neurons`: layer by layer, head by head, none where softmax attends
    ///
    /// # Errors
    /// [`AttentionError::NotFinite`](crate::attention::AttentionError) if neurons or activity grow beyond all bounds.
    pub fn run<E: From<LanguageError>>(
        &self,
        encoder: &Encoder,
        teacher: &Teacher,
        neurons: &mut [Vec<Option<HeadNeurons>>],
        rng: &mut (impl Rng + ?Sized),
        mut progress: impl FnMut(usize) -> Result<(), E>,
    ) -> Result<(), E> {
        let count = teacher.sequences.len();
        let mut states: Vec<DMatrix<f32>> = teacher
            .sequences
            .iter()
            .map(|lesson| lesson.states[0].clone())
            .collect();
        for layer in 0..neurons.len() {
            let order: Vec<usize> = (0..self.steps * self.batch)
                .map(|_| rng.random_range(0..count))
                .collect();
            let qkv: Result<Vec<Qkv<f32>>, LanguageError> = states
                .par_iter()
                .map(|x| encoder.project(&encoder.layers[layer], x))
                .collect();
            let qkv = qkv?;
            let heads = neurons[layer].par_iter_mut().enumerate();
            let learnt: Result<(), LanguageError> = heads
                .filter_map(|(head, neurons)| Some((head, neurons.as_mut()?)))
                .map(|(head, neurons)| self.fit(neurons, &qkv, head, &order))
                .collect();
            learnt?;
            let circuits = Heads::new(neurons, encoder.head_dim())?;
            let attend: &Attend<'_> = &|layer, qkv| circuits.attend(layer, qkv);
            let onwards: Result<Vec<_>, LanguageError> = states
                .par_iter()
                .zip(&qkv)
                .map(|(x, qkv)| {
                    let attended = attend(layer, qkv)?;
                    let weights = &encoder.layers[layer];
                    Ok(LayerPass::forward(weights, x, &attended, Way::Forth)?.output)
                })
                .collect();
            states = onwards?;
            progress(layer + 1)?;
        }
        Ok(())
    }

    /// Moves the neurons of one head; `order` says which of the sequences are drawn, steps times batch of them.
    ///
    /// # Errors
    /// [`LanguageError::Numerics`] if queries and keys have another dimension than the neurons.
    pub fn fit(
        &self,
        neurons: &mut HeadNeurons,
        qkv: &[Qkv<f32>],
        head: usize,
        order: &[usize],
    ) -> Result<(), LanguageError> {
        let lessons: Result<Vec<(HeadInputs, DMatrix<f32>)>, LanguageError> = qkv
            .iter()
            .map(|qkv| {
                let inputs = HeadInputs::of(qkv, head);
                let teacher = inputs.softmax()?;
                Ok((inputs, teacher))
            })
            .collect();
        let lessons = lessons?;
        let mut theta = Vec::new();
        neurons.save(&mut theta);
        let mut adam = Adam::new(AdamParams::with_rate(1.0), theta.len());
        for (step, batch) in order.chunks_exact(self.batch).enumerate() {
            let mut gradient = vec![0.0; theta.len()];
            for &sequence in batch {
                let (inputs, teacher) = &lessons[sequence];
                neurons.imitate(inputs, teacher, 1.0 / self.batch as f32, &mut gradient)?;
            }
            adam.set_rate(scheduled(self.rate, step, self.steps));
            adam.step(&mut theta, &gradient)?;
            neurons.load(&theta);
        }
        Ok(())
    }
}
