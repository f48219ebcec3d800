//! The autoencoder: widths and values, its encoder and its decoder.

use std::ops::Range;

use nalgebra::{DMatrix, DMatrixView, DVector};
use rand::Rng;

use crate::networks::images::GreyImages;
use crate::networks::layers::Activation;
use crate::numerics::NumericsError;
use crate::numerics::dense::{self, Threads};
use crate::numerics::random::fill_uniform;

/// Widths of the autoencoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct VaeSizes {
    /// Pixels of an image.
    pub pixels: usize,
    /// Hidden units of the encoder, and of the decoder.
    pub hidden: usize,
    /// Numbers of the code.
    pub latents: usize,
}

impl VaeSizes {
    /// 784-400-20-400-784.
    pub const TALK: Self = Self {
        pixels: 784,
        hidden: 400,
        latents: 20,
    };

    /// The four matrices, \[output, input\]: encoder, its two heads (μ above ln σ²) as one, decoder, output.
    pub(super) fn shapes(self) -> [(usize, usize); 4] {
        let Self {
            pixels,
            hidden,
            latents,
        } = self;
        [
            (hidden, pixels),
            (2 * latents, hidden),
            (hidden, latents),
            (pixels, hidden),
        ]
    }
}

/// The autoencoder: its widths, and all its values in one flat vector.
#[derive(Clone, Debug)]
pub struct Vae {
    sizes: VaeSizes,
    theta: Vec<f32>,
}

/// The encoder, its heads, the decoder and the output, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Encoder,
    Heads,
    Decoder,
    Output,
}

impl Vae {
    /// An autoencoder with freshly drawn values: weights and biases uniform within ±1/√inputs of their layer.
    ///
    /// # Errors
    ///
    /// [`NumericsError::Range`] if a width is 0.
    pub fn draw(sizes: VaeSizes, rng: &mut dyn Rng) -> Result<Self, NumericsError> {
        let len = sizes
            .shapes()
            .map(|(outputs, inputs)| (inputs + 1) * outputs)
            .iter()
            .sum();
        let mut vae = Self::from_theta(sizes, vec![0.0; len])?;
        for (stage, (_, inputs)) in Self::STAGES.into_iter().zip(sizes.shapes()) {
            let (weight, bias) = vae.ranges(stage);
            fill_uniform(
                rng,
                1.0 / (inputs as f32).sqrt(),
                &mut vae.theta[weight.start..bias.end],
            );
        }
        Ok(vae)
    }

    /// An autoencoder of these values, in the order of [`Vae::theta`].
    ///
    /// # Errors
    ///
    /// [`NumericsError::Range`] if a width is 0, [`NumericsError::Length`] if there are not as many values as the widths ask for.
    pub fn from_theta(sizes: VaeSizes, theta: Vec<f32>) -> Result<Self, NumericsError> {
        if sizes.pixels == 0 || sizes.hidden == 0 || sizes.latents == 0 {
            return Err(NumericsError::Range {
                what: "a width of the autoencoder",
                value: 0.0,
                range: "at least 1",
            });
        }
        let len = sizes
            .shapes()
            .map(|(outputs, inputs)| (inputs + 1) * outputs)
            .iter()
            .sum();
        NumericsError::check_length("the values of an autoencoder", theta.len(), len)?;
        Ok(Self { sizes, theta })
    }

    /// Its widths.
    pub fn sizes(&self) -> VaeSizes {
        self.sizes
    }

    /// All values: for encoder, heads (rows of μ, then of ln σ²), decoder and output the weight \[output, input\] column by
    /// column, then the bias.
    pub fn theta(&self) -> &[f32] {
        &self.theta
    }

    /// All values, to change them.
    pub fn theta_mut(&mut self) -> &mut [f32] {
        &mut self.theta
    }

    const STAGES: [Stage; 4] = [Stage::Encoder, Stage::Heads, Stage::Decoder, Stage::Output];

    pub(super) fn shape(&self, stage: Stage) -> (usize, usize) {
        self.sizes.shapes()[stage as usize]
    }

    /// Where weight and bias of a stage are in θ.
    pub(super) fn ranges(&self, stage: Stage) -> (Range<usize>, Range<usize>) {
        let shapes = self.sizes.shapes();
        let before = &shapes[..stage as usize];
        let start: usize = before
            .iter()
            .map(|(outputs, inputs)| (inputs + 1) * outputs)
            .sum();
        let (outputs, inputs) = self.shape(stage);
        let middle = start + outputs * inputs;
        (start..middle, middle..middle + outputs)
    }

    pub(super) fn weight(&self, stage: Stage) -> DMatrixView<'_, f32> {
        let (outputs, inputs) = self.shape(stage);
        DMatrixView::from_slice(&self.theta[self.ranges(stage).0], outputs, inputs)
    }

    /// Name, weight \[output, input\] and bias of the five layers, the heads apart.
    pub(super) fn parts(&self) -> [(&'static str, DMatrix<f32>, DVector<f32>); 5] {
        let latents = self.sizes.latents;
        let rows = |stage, rows: Range<usize>| {
            let bias = &self.theta[self.ranges(stage).1][rows.clone()];
            let weight = self.weight(stage).rows_range(rows).into_owned();
            (weight, DVector::from_column_slice(bias))
        };
        let all = |stage| rows(stage, 0..self.shape(stage).0);
        let named = |name, (weight, bias)| (name, weight, bias);
        [
            named("fc1", all(Stage::Encoder)),
            named("fc21", rows(Stage::Heads, 0..latents)),
            named("fc22", rows(Stage::Heads, latents..2 * latents)),
            named("fc3", all(Stage::Decoder)),
            named("fc4", all(Stage::Output)),
        ]
    }

    pub(super) fn dense(
        &self,
        stage: Stage,
        x: &DMatrix<f32>,
        y: &mut DMatrix<f32>,
        threads: Threads,
    ) -> Result<(), NumericsError> {
        dense::forward(
            self.weight(stage),
            &self.theta[self.ranges(stage).1],
            x,
            y,
            threads,
        )
    }

    /// Mean μ and log-variance ln σ² \[sample, latent\] of the codes of some images \[sample, pixel\], pixels in \[0, 1\].
    ///
    /// # Errors
    ///
    /// [`NumericsError::Shape`] if the images have another number of pixels.
    pub fn encode(
        &self,
        x: &DMatrix<f32>,
        threads: Threads,
    ) -> Result<(DMatrix<f32>, DMatrix<f32>), NumericsError> {
        let mut hidden = DMatrix::zeros(x.nrows(), self.sizes.hidden);
        let mut heads = DMatrix::zeros(x.nrows(), 2 * self.sizes.latents);
        self.dense(Stage::Encoder, x, &mut hidden, threads)?;
        rectify(&mut hidden);
        self.dense(Stage::Heads, &hidden, &mut heads, threads)?;
        let latents = self.sizes.latents;
        Ok((
            heads.columns(0, latents).into_owned(),
            heads.columns(latents, latents).into_owned(),
        ))
    }

    /// Mean and log-variance of the codes of all images.
    ///
    /// # Errors
    ///
    /// As [`Vae::encode`].
    pub fn encode_images(
        &self,
        images: &GreyImages,
        threads: Threads,
    ) -> Result<(DMatrix<f32>, DMatrix<f32>), NumericsError> {
        const SHARE: usize = 1000;
        NumericsError::check_length("an image", images.pixels(), self.sizes.pixels)?;
        let order: Vec<u32> = (0..images.len() as u32).collect();
        let mut mean = DMatrix::zeros(images.len(), self.sizes.latents);
        let mut log_variance = mean.clone();
        for (share, samples) in order.chunks(SHARE).enumerate() {
            let mut x = DMatrix::zeros(samples.len(), images.pixels());
            images.gather(samples, &mut x);
            let (m, v) = self.encode(&x, threads)?;
            mean.rows_mut(share * SHARE, samples.len()).copy_from(&m);
            log_variance
                .rows_mut(share * SHARE, samples.len())
                .copy_from(&v);
        }
        Ok((mean, log_variance))
    }

    /// The images \[sample, pixel\] that these codes \[sample, latent\] stand for.
    ///
    /// # Errors
    ///
    /// [`NumericsError::Shape`] if the codes have another length.
    pub fn decode(
        &self,
        z: &DMatrix<f32>,
        threads: Threads,
    ) -> Result<DMatrix<f32>, NumericsError> {
        let mut hidden = DMatrix::zeros(z.nrows(), self.sizes.hidden);
        let mut logits = DMatrix::zeros(z.nrows(), self.sizes.pixels);
        self.dense(Stage::Decoder, z, &mut hidden, threads)?;
        rectify(&mut hidden);
        self.dense(Stage::Output, &hidden, &mut logits, threads)?;
        let mut images = logits.clone();
        Activation::Sigmoid.forward(&logits, &mut images)?;
        Ok(images)
    }
}

/// max(0, x), entry by entry; NaN stays NaN.
pub(super) fn rectify(x: &mut DMatrix<f32>) {
    for x in x.as_mut_slice() {
        *x = if *x < 0.0 { 0.0 } else { *x };
    }
}
