//! Trains the autoencoder.

use rand::seq::SliceRandom;

use super::model::Vae;
use super::step::{VaeLoss, Workspace};
use crate::networks::failure::Failure;
use crate::networks::images::GreyImages;
use crate::numerics::adam::{Adam, AdamParams};
use crate::numerics::dense::Threads;
use crate::numerics::random::{Streams, fill_standard_normal};
use crate::numerics::{Diverged, NumericsError};

/// An autoencoder in training. The talk: batches of 128, Adam with step size 1e-3, or 1e-2 together with the
/// classifiers.
#[derive(Clone, Debug)]
pub struct VaeTrainer {
    vae: Vae,
    adam: Adam,
    streams: Streams,
    threads: Threads,
    epoch: usize,
    gradient: Vec<f32>,
    workspace: Workspace,
    short: Workspace,
}

impl VaeTrainer {
    /// Training starts from the autoencoder's present values.
    ///
    /// # Errors
    ///
    /// [`NumericsError::Range`] if the batch size is 0.
    pub fn new(
        vae: Vae,
        adam: AdamParams,
        batch: usize,
        streams: Streams,
        threads: Threads,
    ) -> Result<Self, NumericsError> {
        if batch == 0 {
            return Err(NumericsError::Range {
                what: "the batch size",
                value: 0.0,
                range: "at least 1",
            });
        }
        let len = vae.theta().len();
        Ok(Self {
            adam: Adam::new(adam, len),
            gradient: vec![0.0; len],
            workspace: Workspace::new(vae.sizes(), batch),
            short: Workspace::new(vae.sizes(), 0),
            vae,
            streams,
            threads,
            epoch: 0,
        })
    }

    /// The autoencoder as it is now.
    pub fn vae(&self) -> &Vae {
        &self.vae
    }

    /// Presents every image once, in a new order; mean loss per image.
    ///
    /// # Errors
    ///
    /// [`Failure`].
    pub fn train_epoch(&mut self, images: &GreyImages) -> Result<VaeLoss, Failure> {
        self.epoch += 1;
        let mut order: Vec<u32> = (0..images.len() as u32).collect();
        order.shuffle(&mut self.streams.order);
        self.pass(images, &order, true)
    }

    /// Presents every image once without learning; mean loss per image.
    ///
    /// # Errors
    ///
    /// [`Failure`].
    pub fn test(&mut self, images: &GreyImages) -> Result<VaeLoss, Failure> {
        let order: Vec<u32> = (0..images.len() as u32).collect();
        self.pass(images, &order, false)
    }

    fn pass(
        &mut self,
        images: &GreyImages,
        order: &[u32],
        learn: bool,
    ) -> Result<VaeLoss, Failure> {
        let Self {
            vae,
            adam,
            streams,
            threads,
            gradient,
            workspace,
            short,
            ..
        } = self;
        NumericsError::check_length("an image", images.pixels(), vae.sizes().pixels)?;
        let mut sum = VaeLoss::default();
        let batch = workspace.x.nrows();
        for (step, samples) in order.chunks(batch).enumerate() {
            let workspace = if samples.len() == batch {
                &mut *workspace
            } else {
                *short = Workspace::new(vae.sizes(), samples.len());
                &mut *short
            };
            images.gather(samples, &mut workspace.x);
            fill_standard_normal(&mut streams.codes, workspace.noise.as_mut_slice());
            let loss = if learn {
                vae.loss_and_gradient(workspace, gradient, *threads)?
            } else {
                vae.loss(workspace, *threads)?
            };
            Diverged::check(self.epoch, step + 1, loss.total())?;
            if learn && threads.0 > 1 {
                adam.par_step(vae.theta_mut(), gradient)?;
            } else if learn {
                adam.step(vae.theta_mut(), gradient)?;
            }
            sum.cross_entropy += loss.cross_entropy;
            sum.divergence += loss.divergence;
        }
        let images = images.len() as f64;
        Ok(VaeLoss {
            cross_entropy: sum.cross_entropy / images,
            divergence: sum.divergence / images,
        })
    }
}
