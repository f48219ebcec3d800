//! Layers in a row, and what a batch leaves behind on its way through them.

use std::sync::Arc;

use nalgebra::DMatrix;
use rand::Rng;

use super::error::NetworkError;
use super::layers::{Gradients, Layer, Mode, Pass, Passed};
use crate::numerics::NumericsError;

/// A feed-forward network: layers, and all their values in one flat vector θ.
#[derive(Clone, Debug)]
pub struct Network {
    layers: Vec<Arc<dyn Layer>>,
    starts: Vec<usize>,
    theta: Vec<f32>,
}

/// The activities of one batch at every stage, and their gradients: made once, used for every batch of that size.
#[derive(Clone, Debug)]
pub struct Tape {
    values: Vec<DMatrix<f32>>,
    gradients: Vec<DMatrix<f32>>,
    /// What each layer told its backward pass.
    memories: Vec<DMatrix<f32>>,
}

impl Tape {
    /// Room for a batch of this many samples.
    pub fn new(network: &Network, samples: usize) -> Self {
        let stages = network
            .layers
            .first()
            .map(|layer| layer.inputs())
            .into_iter();
        let stages = stages.chain(network.layers.iter().map(|layer| layer.outputs()));
        let values: Vec<_> = stages
            .map(|features| DMatrix::zeros(samples, features))
            .collect();
        Self {
            gradients: values.clone(),
            memories: vec![DMatrix::zeros(0, 0); network.layers.len()],
            values,
        }
    }

    /// Where the input \[sample, feature\] goes.
    pub fn input_mut(&mut self) -> &mut DMatrix<f32> {
        &mut self.values[0]
    }

    /// The network's output \[sample, feature\], and where its gradient goes.
    pub fn output(&mut self) -> (&DMatrix<f32>, &mut DMatrix<f32>) {
        let last = self.values.len() - 1;
        (&self.values[last], &mut self.gradients[last])
    }

    /// The gradient with respect to the input \[sample, feature\].
    pub fn input_gradient(&self) -> &DMatrix<f32> {
        &self.gradients[0]
    }

    /// The activity \[sample, feature\] before layer `stage`; `stage` = number of layers is the output.
    pub fn activity(&self, stage: usize) -> Option<&DMatrix<f32>> {
        self.values.get(stage)
    }
}

impl Network {
    /// A network of these layers, all values 0.
    ///
    /// # Errors
    ///
    /// [`NetworkError::Chain`] if two layers do not fit, [`NumericsError::Range`] if there are none.
    pub fn new(layers: Vec<Arc<dyn Layer>>) -> Result<Self, NetworkError> {
        if layers.is_empty() {
            return Err(NumericsError::Range {
                what: "layers of a network",
                value: 0.0,
                range: "at least 1",
            }
            .into());
        }
        for (layer, pair) in layers.windows(2).enumerate() {
            let (found, expected) = (pair[0].outputs(), pair[1].inputs());
            if found != expected {
                return Err(NetworkError::Chain {
                    layer: layer + 1,
                    expected,
                    found,
                });
            }
        }
        let mut starts = vec![0];
        for layer in &layers {
            starts.push(starts[starts.len() - 1] + layer.values());
        }
        let theta = vec![0.0; starts[layers.len()]];
        Ok(Self {
            layers,
            starts,
            theta,
        })
    }

    /// The same network with freshly drawn values. Layers without values draw nothing, so networks that differ only in these
    /// get equal values from equal generators.
    #[must_use]
    pub fn initialised(mut self, rng: &mut dyn Rng) -> Self {
        for (layer, window) in self.layers.iter().zip(self.starts.windows(2)) {
            layer.initialise(&mut self.theta[window[0]..window[1]], rng);
        }
        self
    }

    /// The layers, first to last.
    pub fn layers(&self) -> &[Arc<dyn Layer>] {
        &self.layers
    }

    /// All values, layer by layer.
    pub fn theta(&self) -> &[f32] {
        &self.theta
    }

    /// All values, to change them.
    pub fn theta_mut(&mut self) -> &mut [f32] {
        &mut self.theta
    }

    /// Where the values of one layer are in θ.
    pub fn range(&self, layer: usize) -> std::ops::Range<usize> {
        self.starts[layer]..self.starts[layer + 1]
    }

    /// Sends the tape's input through all layers.
    ///
    /// # Errors
    ///
    /// [`NumericsError::Shape`] if the tape was made for another network.
    pub fn forward(
        &self,
        tape: &mut Tape,
        mode: Mode,
        rng: &mut dyn Rng,
    ) -> Result<(), NumericsError> {
        for (i, layer) in self.layers.iter().enumerate() {
            let (before, after) = tape.values.split_at_mut(i + 1);
            let theta = &self.theta[self.range(i)];
            let pass = Pass {
                mode,
                rng: &mut *rng,
                memory: &mut tape.memories[i],
            };
            layer.forward(theta, &before[i], &mut after[0], pass)?;
        }
        Ok(())
    }

    /// Sends the output's gradient back through all layers, after [`Network::forward`] on the same tape; `gradient`
    /// receives that of θ.
    ///
    /// # Errors
    ///
    /// [`NumericsError::Length`] if `gradient` is not as long as θ, [`NumericsError::Shape`] if the tape was made for another network.
    pub fn backward(&self, tape: &mut Tape, gradient: &mut [f32]) -> Result<(), NumericsError> {
        NumericsError::check_length("the gradient", gradient.len(), self.theta.len())?;
        for (i, layer) in self.layers.iter().enumerate().rev() {
            let (before, after) = tape.gradients.split_at_mut(i + 1);
            let passed = Passed {
                x: &tape.values[i],
                y: &tape.values[i + 1],
                memory: &tape.memories[i],
            };
            let range = self.range(i);
            let theta = &self.theta[range.clone()];
            let grad = Gradients {
                y: &after[0],
                x: &mut before[i],
                theta: &mut gradient[range],
            };
            layer.backward(theta, passed, grad)?;
        }
        Ok(())
    }

    /// The output \[sample, feature\] for these inputs, as in testing.
    ///
    /// # Errors
    ///
    /// [`NumericsError::Shape`] if the inputs do not have the network's number of features.
    pub fn predict(
        &self,
        x: &DMatrix<f32>,
        rng: &mut dyn Rng,
    ) -> Result<DMatrix<f32>, NumericsError> {
        let mut tape = Tape::new(self, x.nrows());
        NumericsError::check_shape("the network's input", x.shape(), tape.values[0].shape())?;
        tape.values[0].copy_from(x);
        self.forward(&mut tape, Mode::Test, rng)?;
        Ok(tape.values.swap_remove(self.layers.len()))
    }
}
