//! Loss and gradient of one batch.

use nalgebra::{DMatrix, DMatrixViewMut};

use super::model::{Stage, Vae, VaeSizes, rectify};
use super::output::cross_entropy;
use crate::numerics::NumericsError;
use crate::numerics::dense::{self, Threads};

/// The two parts of the loss, summed over a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct VaeLoss {
    /// Binary cross-entropy between image and reconstruction.
    pub cross_entropy: f64,
    /// Divergence of the code from the standard normal distribution.
    pub divergence: f64,
}

impl VaeLoss {
    /// Their sum.
    pub fn total(&self) -> f64 {
        self.cross_entropy + self.divergence
    }
}

/// Activities and gradients of one batch, all \[sample, feature\].
#[derive(Clone, Debug)]
pub struct Workspace {
    /// The images, pixels in \[0, 1\]: set before every step.
    pub x: DMatrix<f32>,
    /// The standard normal noise ε of the codes: set before every step.
    pub noise: DMatrix<f32>,
    hidden: DMatrix<f32>,
    heads: DMatrix<f32>,
    z: DMatrix<f32>,
    decoded: DMatrix<f32>,
    output: DMatrix<f32>,
    grad_decoded: DMatrix<f32>,
    grad_z: DMatrix<f32>,
    grad_heads: DMatrix<f32>,
    grad_hidden: DMatrix<f32>,
}

impl Workspace {
    /// Room for this many samples.
    pub fn new(sizes: VaeSizes, samples: usize) -> Self {
        let room = |features| DMatrix::zeros(samples, features);
        Self {
            x: room(sizes.pixels),
            noise: room(sizes.latents),
            hidden: room(sizes.hidden),
            heads: room(2 * sizes.latents),
            z: room(sizes.latents),
            decoded: room(sizes.hidden),
            output: room(sizes.pixels),
            grad_decoded: room(sizes.hidden),
            grad_z: room(sizes.latents),
            grad_heads: room(2 * sizes.latents),
            grad_hidden: room(sizes.hidden),
        }
    }

    /// The codes z of the last batch.
    pub fn codes(&self) -> &DMatrix<f32> {
        &self.z
    }
}

impl Vae {
    /// Loss of the workspace's images with its noise. Leaves the loss' gradient with respect to the output's logits.
    ///
    /// # Errors
    ///
    /// [`NumericsError::Shape`] if the workspace was made for other widths.
    pub fn loss(&self, w: &mut Workspace, threads: Threads) -> Result<VaeLoss, NumericsError> {
        self.dense(Stage::Encoder, &w.x, &mut w.hidden, threads)?;
        rectify(&mut w.hidden);
        self.dense(Stage::Heads, &w.hidden, &mut w.heads, threads)?;
        let divergence = sample(&w.heads, &w.noise, &mut w.z);
        self.dense(Stage::Decoder, &w.z, &mut w.decoded, threads)?;
        rectify(&mut w.decoded);
        self.dense(Stage::Output, &w.decoded, &mut w.output, threads)?;
        Ok(VaeLoss {
            cross_entropy: cross_entropy(&w.x, &mut w.output),
            divergence,
        })
    }

    /// Loss, and its gradient with respect to θ.
    ///
    /// # Errors
    ///
    /// [`NumericsError::Shape`] if the workspace was made for other widths, [`NumericsError::Length`] if the gradient is not as long as θ.
    pub fn loss_and_gradient(
        &self,
        w: &mut Workspace,
        gradient: &mut [f32],
        threads: Threads,
    ) -> Result<VaeLoss, NumericsError> {
        NumericsError::check_length("the gradient", gradient.len(), self.theta().len())?;
        let loss = self.loss(w, threads)?;
        let mut back = |stage, x: &_, grad_y: &_, grad_x: Option<&mut DMatrix<f32>>| {
            let (weights, bias) = self.ranges(stage);
            let (outputs, inputs) = self.shape(stage);
            let (grad_weight, grad_bias) =
                gradient[weights.start..bias.end].split_at_mut(weights.len());
            let grad_weight = DMatrixViewMut::from_slice(grad_weight, outputs, inputs);
            dense::backward(
                self.weight(stage),
                x,
                grad_y,
                grad_x,
                grad_weight,
                grad_bias,
                threads,
            )
        };
        back(
            Stage::Output,
            &w.decoded,
            &w.output,
            Some(&mut w.grad_decoded),
        )?;
        shut(&w.decoded, &mut w.grad_decoded);
        back(Stage::Decoder, &w.z, &w.grad_decoded, Some(&mut w.grad_z))?;
        heads_gradient(&w.heads, &w.noise, &w.grad_z, &mut w.grad_heads);
        back(
            Stage::Heads,
            &w.hidden,
            &w.grad_heads,
            Some(&mut w.grad_hidden),
        )?;
        shut(&w.hidden, &mut w.grad_hidden);
        back(Stage::Encoder, &w.x, &w.grad_hidden, None)?;
        Ok(loss)
    }
}

/// Takes the gradient away where a rectifier was shut.
fn shut(rectified: &DMatrix<f32>, gradient: &mut DMatrix<f32>) {
    for (g, &h) in gradient.as_mut_slice().iter_mut().zip(rectified.as_slice()) {
        *g = if h > 0.0 { *g } else { 0.0 };
    }
}

/// z = μ + ε exp(½ ln σ²), and the divergence −½ Σ (1 + ln σ² − μ² − σ²).
fn sample(heads: &DMatrix<f32>, noise: &DMatrix<f32>, z: &mut DMatrix<f32>) -> f64 {
    let (mean, log_variance) = heads.as_slice().split_at(z.len());
    let mut sum = 0.0;
    let inputs = mean.iter().zip(log_variance).zip(noise);
    for (z, ((&mean, &log_variance), &noise)) in z.iter_mut().zip(inputs) {
        let deviation = (0.5 * log_variance).exp();
        *z = mean + noise * deviation;
        sum += f64::from(1.0 + log_variance - mean * mean - deviation * deviation);
    }
    -0.5 * sum
}

/// ∂L/∂μ = ∂L/∂z + μ,   ∂L/∂ln σ² = ½ ε σ ∂L/∂z + ½ (σ² − 1).
fn heads_gradient(
    heads: &DMatrix<f32>,
    noise: &DMatrix<f32>,
    grad_z: &DMatrix<f32>,
    grad_heads: &mut DMatrix<f32>,
) {
    let (mean, log_variance) = heads.as_slice().split_at(grad_z.len());
    let (grad_mean, grad_log_variance) = grad_heads.as_mut_slice().split_at_mut(grad_z.len());
    let inputs = mean.iter().zip(log_variance).zip(noise).zip(grad_z);
    let outputs = grad_mean.iter_mut().zip(grad_log_variance);
    for ((((&mean, &log_variance), &noise), &g), (grad_mean, grad_log_variance)) in
        inputs.zip(outputs)
    {
        let deviation = (0.5 * log_variance).exp();
        *grad_mean = g + mean;
        *grad_log_variance = 0.5 * (g * noise * deviation + deviation * deviation - 1.0);
    }
}
