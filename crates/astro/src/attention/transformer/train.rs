//! Training and fine-tuning by Adam.

use super::{LabelledImages, Mechanism, Transformer, TransformerError};
use crate::numerics::Diverged;
use crate::numerics::adam::{Adam, AdamParams};
use rand::Rng;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// How to train.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// Times that every image is presented.
    pub epochs: usize,
    /// Images a step.
    pub batch: usize,
    /// Adam's step size at its highest; it rises over the first twentieth of the steps and then falls to 0 as a cosine.
    pub learning_rate: f64,
    /// Decoupled decay of the weight matrices (not of biases, gains or positions), in units of the step size: each step takes
    /// away this fraction times the step size. 0 for none.
    #[serde(default)]
    pub weight_decay: f64,
}

impl Training {
    /// Checks sizes and rate.
    ///
    /// # Errors
    /// [`TransformerError::Setting`] names the first that does not fit.
    pub fn check(&self) -> Result<(), TransformerError> {
        if self.batch == 0 {
            return Err(TransformerError::setting(
                "batch",
                self.batch,
                "must be at least 1",
            ));
        }
        if !(self.learning_rate > 0.0 && self.learning_rate.is_finite()) {
            return Err(TransformerError::setting(
                "learning_rate",
                self.learning_rate,
                "must be positive and finite",
            ));
        }
        if !(self.weight_decay >= 0.0 && self.weight_decay * self.learning_rate < 1.0) {
            return Err(TransformerError::setting(
                "weight_decay",
                self.weight_decay,
                "must be at least 0 and below 1 / learning_rate",
            ));
        }
        Ok(())
    }
}

/// State of training after a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Steps done so far, all epochs together.
    pub step: usize,
    /// Steps there will be.
    pub steps: usize,
    /// Mean cross-entropy of the step's images before the step.
    pub loss: f64,
}

/// Trains all parameters of `model` with the given attention in place; feature maps stay as they are.
///
/// Images come in a new random order each epoch; the last batch of an epoch may be smaller. `each` sees every step and may
/// break off, which leaves the model as it then is.
///
/// # Errors
/// [`TransformerError::Setting`] or [`TransformerError::Attention`] if something does not fit,
/// [`TransformerError::Diverged`] if the loss stops being finite.
pub fn train(
    model: &mut Transformer<f32>,
    images: &LabelledImages,
    mechanism: &Mechanism<f32>,
    training: &Training,
    rng: &mut (impl Rng + ?Sized),
    mut each: impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<(), TransformerError> {
    training.check()?;
    let mut order: Vec<usize> = (0..images.len()).collect();
    let steps = training.epochs * images.len().div_ceil(training.batch);
    let mut adam = Adam::new(
        AdamParams::with_rate(training.learning_rate as f32),
        model.parameters().len(),
    );
    let mut step = 0;
    for epoch in 0..training.epochs {
        order.shuffle(rng);
        for (within, chosen) in order.chunks(training.batch).enumerate() {
            let (loss, gradient) = model.loss_and_gradient(images, chosen, mechanism)?;
            Diverged::check(epoch + 1, within + 1, loss)?;
            let rate = training.learning_rate * schedule(step, steps);
            adam.set_rate(rate as f32);
            adam.step(model.parameters_mut(), &gradient)?;
            model.decay((rate * training.weight_decay) as f32);
            step += 1;
            if each(Progress { step, steps, loss }).is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Fraction of the highest rate at a step: a linear rise, then a cosine to 0.
fn schedule(step: usize, steps: usize) -> f64 {
    let rise = (steps / 20).max(1);
    if step < rise {
        return (step + 1) as f64 / rise as f64;
    }
    let past = (step - rise) as f64 / (steps - rise).max(1) as f64;
    0.5 * (1.0 + (std::f64::consts::PI * past).cos())
}
