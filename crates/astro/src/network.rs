//! Layers in a row, and what a batch leaves behind on its way through them.

use nalgebra::DMatrix;
use rand::Rng;

use crate::error::Error;
use crate::layers::{Layer, Mode};

/// A feed-forward network: layers, and all their values in one flat vector θ.
#[derive(Clone, Debug)]
pub struct Network {
    layers: Vec<Layer>,
    starts: Vec<usize>,
    theta: Vec<f32>,
}

/// The activities of one batch at every stage, and their gradients: made once, used for every batch of that size.
#[derive(Clone, Debug)]
pub struct Tape {
    values: Vec<DMatrix<f32>>,
    gradients: Vec<DMatrix<f32>>,
    masks: Vec<DMatrix<f32>>,
}

impl Tape {
    /// Room for a batch of this many samples.
    pub fn new(network: &Network, samples: usize) -> Self {
        let stages = network.layers.first().map(Layer::inputs).into_iter();
        let stages = stages.chain(network.layers.iter().map(Layer::outputs));
        let values: Vec<_> = stages
            .map(|features| DMatrix::zeros(samples, features))
            .collect();
        let mask = |layer: &Layer| match layer {
            Layer::Dropout(dropout) => DMatrix::zeros(samples, dropout.features()),
            _ => DMatrix::zeros(0, 0),
        };
        Self {
            gradients: values.clone(),
            masks: network.layers.iter().map(mask).collect(),
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
    /// [`Error::Chain`] if two layers do not fit, [`Error::Range`] if there are none.
    pub fn new(layers: Vec<Layer>) -> Result<Self, Error> {
        if layers.is_empty() {
            return Err(Error::Range {
                what: "layers of a network",
                value: 0.0,
                range: "at least 1",
            });
        }
        for (layer, pair) in layers.windows(2).enumerate() {
            let (found, expected) = (pair[0].outputs(), pair[1].inputs());
            if found != expected {
                return Err(Error::Chain {
                    layer: layer + 1,
                    expected,
                    found,
                });
            }
        }
        let mut starts = vec![0];
        for layer in &layers {
            starts.push(starts[starts.len() - 1] + layer.len());
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
    pub fn layers(&self) -> &[Layer] {
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
    /// [`Error::Shape`] if the tape was made for another network.
    pub fn forward(&self, tape: &mut Tape, mode: Mode, rng: &mut dyn Rng) -> Result<(), Error> {
        for (i, layer) in self.layers.iter().enumerate() {
            let (before, after) = tape.values.split_at_mut(i + 1);
            let theta = &self.theta[self.range(i)];
            layer.forward(
                theta,
                &before[i],
                &mut after[0],
                &mut tape.masks[i],
                (mode, &mut *rng),
            )?;
        }
        Ok(())
    }

    /// Sends the output's gradient back through all layers, after [`Network::forward`] on the same tape; `gradient`
    /// receives that of θ.
    ///
    /// # Errors
    ///
    /// [`Error::Length`] if `gradient` is not as long as θ, [`Error::Shape`] if the tape was made for another network.
    pub fn backward(&self, tape: &mut Tape, gradient: &mut [f32]) -> Result<(), Error> {
        Error::check_length("the gradient", gradient.len(), self.theta.len())?;
        for (i, layer) in self.layers.iter().enumerate().rev() {
            let (before, after) = tape.gradients.split_at_mut(i + 1);
            let passed = (&tape.values[i], &tape.values[i + 1], &tape.masks[i]);
            let range = self.range(i);
            let theta = &self.theta[range.clone()];
            layer.backward(
                theta,
                passed,
                &after[0],
                &mut before[i],
                &mut gradient[range],
            )?;
        }
        Ok(())
    }

    /// The output \[sample, feature\] for these inputs, as in testing.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if the inputs do not have the network's number of features.
    pub fn predict(&self, x: &DMatrix<f32>, rng: &mut dyn Rng) -> Result<DMatrix<f32>, Error> {
        let mut tape = Tape::new(self, x.nrows());
        Error::check_shape("the network's input", x.shape(), tape.values[0].shape())?;
        tape.values[0].copy_from(x);
        self.forward(&mut tape, Mode::Test, rng)?;
        Ok(tape.values.swap_remove(self.layers.len()))
    }
}
