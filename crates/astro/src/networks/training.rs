//! Trains a classifier on codes: mini-batches in a new order every epoch, mean negative log-likelihood, Adam.

use std::ops::ControlFlow;

use rand::seq::SliceRandom;

use super::codes::{Codes, gather};
use super::failure::Failure;
use super::layers::Mode;
use super::network::{Network, Tape};
use crate::numerics::adam::{Adam, AdamParams};
use crate::numerics::random::Streams;
use crate::numerics::softmax::{hits, nll};
use crate::numerics::{Diverged, NumericsError};

/// How a classifier is trained. The talk: batches of 128, Adam with step size 0.004, 150 epochs.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingParams {
    /// The optimiser.
    pub adam: AdamParams,
    /// Samples per step, at least 1; the last step of an epoch takes what is left.
    pub batch: usize,
    /// Presentations of the whole training set.
    pub epochs: usize,
}

impl Default for TrainingParams {
    fn default() -> Self {
        Self {
            adam: AdamParams::with_rate(0.004),
            batch: 128,
            epochs: 150,
        }
    }
}

/// What an epoch came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epoch {
    /// Number of the epoch, from 1.
    pub epoch: usize,
    /// Mean negative log-likelihood over the epoch's presentations, each before its step.
    pub train_loss: f64,
    /// Mean negative log-likelihood of the test set after the epoch.
    pub test_loss: f64,
    /// Fraction of the test set classified rightly after the epoch.
    pub test_accuracy: f64,
}

/// A network in training.
#[derive(Clone, Debug)]
pub struct Trainer {
    network: Network,
    adam: Adam,
    streams: Streams,
    batch: usize,
    epoch: usize,
    gradient: Vec<f32>,
    tape: Tape,
    /// For the last batch of an epoch, which is shorter.
    short: Tape,
    order: Vec<u32>,
    drawn: Vec<f32>,
}

impl Trainer {
    /// Training starts from the network's present values.
    ///
    /// # Errors
    ///
    /// [`NumericsError::Range`] if the batch size is 0.
    pub fn new(
        network: Network,
        params: &TrainingParams,
        streams: Streams,
    ) -> Result<Self, NumericsError> {
        if params.batch == 0 {
            return Err(NumericsError::Range {
                what: "the batch size",
                value: 0.0,
                range: "at least 1",
            });
        }
        let len = network.theta().len();
        Ok(Self {
            adam: Adam::new(params.adam, len),
            gradient: vec![0.0; len],
            tape: Tape::new(&network, params.batch),
            short: Tape::new(&network, 0),
            batch: params.batch,
            epoch: 0,
            order: Vec::new(),
            drawn: Vec::new(),
            network,
            streams,
        })
    }

    /// The network as it is now.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Presents every training code once; the mean loss.
    ///
    /// # Errors
    ///
    /// [`Failure`].
    pub fn train_epoch(&mut self, codes: &Codes) -> Result<f64, Failure> {
        self.epoch += 1;
        self.order.clear();
        self.order.extend(0..codes.len() as u32);
        self.order.shuffle(&mut self.streams.order);
        let (loss, _) = self.pass(codes, Mode::Train)?;
        Ok(loss)
    }

    /// Presents every code once without learning; mean loss and accuracy.
    ///
    /// # Errors
    ///
    /// [`Failure`].
    pub fn test(&mut self, codes: &Codes) -> Result<(f64, f64), Failure> {
        self.order.clear();
        self.order.extend(0..codes.len() as u32);
        let (loss, hits) = self.pass(codes, Mode::Test)?;
        Ok((loss, hits as f64 / codes.len() as f64))
    }

    /// Trains for `epochs` epochs, testing after each; `progress` sees every epoch and may stop.
    ///
    /// # Errors
    ///
    /// [`Failure`].
    pub fn run(
        &mut self,
        epochs: usize,
        train: &Codes,
        test: &Codes,
        mut progress: impl FnMut(&Epoch) -> ControlFlow<()>,
    ) -> Result<Vec<Epoch>, Failure> {
        let mut history = Vec::with_capacity(epochs);
        for _ in 0..epochs {
            let train_loss = self.train_epoch(train)?;
            let (test_loss, test_accuracy) = self.test(test)?;
            let epoch = Epoch {
                epoch: self.epoch,
                train_loss,
                test_loss,
                test_accuracy,
            };
            history.push(epoch);
            if progress(&epoch).is_break() {
                break;
            }
        }
        Ok(history)
    }

    /// One presentation of the codes in the present order; mean loss and number of hits.
    fn pass(&mut self, codes: &Codes, mode: Mode) -> Result<(f64, usize), Failure> {
        let Self {
            network,
            adam,
            streams,
            gradient,
            tape,
            short,
            order,
            drawn,
            ..
        } = self;
        let width = tape.input_mut().ncols();
        if codes.features() != width {
            return Err(NumericsError::Shape {
                what: "the codes".to_owned(),
                rows: codes.len(),
                columns: width,
                found_rows: codes.len(),
                found_columns: codes.features(),
            }
            .into());
        }
        let drawn = codes.draw(&mut streams.codes, drawn);
        let mut labels = Vec::with_capacity(self.batch);
        let (mut sum, mut right) = (0.0, 0);
        for (step, samples) in order.chunks(self.batch).enumerate() {
            let tape = if samples.len() == self.batch {
                &mut *tape
            } else {
                if short.input_mut().nrows() != samples.len() {
                    *short = Tape::new(network, samples.len());
                }
                &mut *short
            };
            gather(drawn, samples, tape.input_mut());
            labels.clear();
            labels.extend(samples.iter().map(|&s| codes.labels()[s as usize]));
            network.forward(tape, mode, &mut streams.layers)?;
            let (log_p, grad) = tape.output();
            let loss = nll(log_p, &labels, grad)?;
            Diverged::check(self.epoch, step + 1, loss)?;
            sum += loss * samples.len() as f64;
            match mode {
                Mode::Train => {
                    network.backward(tape, gradient)?;
                    adam.step(network.theta_mut(), gradient)?;
                }
                Mode::Test => right += hits(log_p, &labels),
            }
        }
        Ok((sum / codes.len() as f64, right))
    }
}
