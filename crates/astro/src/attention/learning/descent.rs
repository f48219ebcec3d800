//! Following the gradient by Adam: what the local rule is measured against.

use super::neurons::{Change, HiddenNeurons};
use crate::attention::AttentionError;
use crate::numerics::adam::{Adam, AdamParams};

/// Adam's state for the hidden neurons of one head.
#[derive(Debug, Clone)]
pub struct Descent {
    adam: Adam,
    /// U neuron by neuron, then e.
    theta: Vec<f32>,
}

impl Descent {
    /// Before the first step.
    pub fn new(neurons: &HiddenNeurons) -> Self {
        let all = neurons.weights.iter().chain(&neurons.excitability);
        let theta: Vec<f32> = all.map(|&x| x as f32).collect();
        Self {
            adam: Adam::new(AdamParams::with_rate(1.0), theta.len()),
            theta,
        }
    }

    /// Moves neurons, always the same ones, in the direction of `gradient`, that is −∂L.
    ///
    /// # Errors
    /// [`AttentionError::Size`] if the gradient is that of other neurons.
    pub fn step(
        &mut self,
        neurons: &mut HiddenNeurons,
        gradient: &Change,
        rate: f64,
    ) -> Result<(), AttentionError> {
        let descent: Vec<f32> = gradient.iter().map(|g| -g as f32).collect();
        self.adam.set_rate(rate as f32);
        if self.adam.step(&mut self.theta, &descent).is_err() {
            return Err(AttentionError::Size {
                what: "gradient",
                found: descent.len(),
                expected: self.theta.len(),
                why: "one a synapse and one a neuron",
            });
        }
        let all = neurons.weights.iter_mut().chain(&mut neurons.excitability);
        for (x, &theta) in all.zip(&self.theta) {
            *x = f64::from(theta);
        }
        Ok(())
    }
}
