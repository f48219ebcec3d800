//! What classifiers read: a code of every image, and its label.

use nalgebra::DMatrix;
use rand::Rng;

use super::error::NetworkError;
use crate::numerics::NumericsError;
use crate::numerics::random::{fill_standard_normal, scale_and_shift};

/// The codes of a labelled set of images.
///
/// A variational encoder gives a distribution, not a number: its mean and deviation are computed once for all images, and
/// only the code itself is drawn at each presentation.
///
/// ```text
/// z = μ + ε exp(½ ln σ²),   ε ~ N(0, 1), anew each time
/// ```
#[derive(Clone, Debug)]
pub struct Codes {
    features: usize,
    labels: Vec<u8>,
    /// Sample after sample, so that one presentation reads one short run of memory.
    mean: Vec<f32>,
    /// Empty if the codes have no noise.
    deviation: Vec<f32>,
}

impl Codes {
    /// Codes without noise, \[sample, feature\].
    ///
    /// # Errors
    ///
    /// [`NumericsError::Length`] if there is not one label for every sample.
    pub fn fixed(codes: &DMatrix<f32>, labels: Vec<u8>) -> Result<Self, NumericsError> {
        NumericsError::check_length("the labels", labels.len(), codes.nrows())?;
        let mean = codes.transpose().as_slice().to_vec();
        Ok(Self {
            features: codes.ncols(),
            labels,
            mean,
            deviation: Vec::new(),
        })
    }

    /// Normal codes of this mean and logarithm of the variance, both \[sample, feature\].
    ///
    /// # Errors
    ///
    /// [`NumericsError::Shape`] or [`NumericsError::Length`] if means, variances and labels are not of one size.
    pub fn normal(
        mean: &DMatrix<f32>,
        log_variance: &DMatrix<f32>,
        labels: Vec<u8>,
    ) -> Result<Self, NumericsError> {
        NumericsError::check_shape(
            "the logarithms of the variances",
            log_variance.shape(),
            mean.shape(),
        )?;
        let deviation = log_variance
            .transpose()
            .map(|v| (0.5 * v).exp())
            .as_slice()
            .to_vec();
        Ok(Self {
            deviation,
            ..Self::fixed(mean, labels)?
        })
    }

    /// The same codes with their features in another order: feature i becomes what `order[i]` was.
    ///
    /// # Errors
    ///
    /// [`NetworkError::Order`] if `order` does not name every feature once.
    pub fn reordered(&self, order: &[usize]) -> Result<Self, NetworkError> {
        let mut named = order.to_vec();
        named.sort_unstable();
        if !named.into_iter().eq(0..self.features) {
            return Err(NetworkError::Order {
                features: self.features,
            });
        }
        let turn = |values: &[f32]| -> Vec<f32> {
            values
                .chunks_exact(self.features)
                .flat_map(|code| order.iter().map(|&i| code[i]))
                .collect()
        };
        Ok(Self {
            features: self.features,
            labels: self.labels.clone(),
            mean: turn(&self.mean),
            deviation: turn(&self.deviation),
        })
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no samples.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Length of a code.
    pub fn features(&self) -> usize {
        self.features
    }

    /// One label per sample.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// One presentation of all codes, sample after sample, into `drawn`, or the codes themselves if they have no noise.
    pub(crate) fn draw<'a>(&'a self, rng: &mut dyn Rng, drawn: &'a mut Vec<f32>) -> &'a [f32] {
        if self.deviation.is_empty() {
            return &self.mean;
        }
        drawn.resize(self.mean.len(), 0.0);
        fill_standard_normal(rng, drawn);
        scale_and_shift(&self.mean, &self.deviation, drawn);
        drawn
    }
}

/// Samples turned at a time: their cache misses overlap, and what they write to a feature is one line.
const TILE: usize = 16;

/// Copies some samples of `drawn` (sample after sample) into a batch \[sample, feature\].
pub(crate) fn gather(drawn: &[f32], samples: &[u32], batch: &mut DMatrix<f32>) {
    let (rows, features) = batch.shape();
    let batch = batch.as_mut_slice();
    for (tile, samples) in samples.chunks(TILE).enumerate() {
        let mut codes: [&[f32]; TILE] = [&[]; TILE];
        for (code, &sample) in codes.iter_mut().zip(samples) {
            let start = sample as usize * features;
            *code = &drawn[start..start + features];
        }
        let codes = &codes[..samples.len()];
        for feature in 0..features {
            let start = feature * rows + tile * TILE;
            for (value, code) in batch[start..start + codes.len()].iter_mut().zip(codes) {
                *value = code[feature];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::random::Streams;

    #[test]
    fn features_are_reordered_together() {
        let mean = DMatrix::from_fn(3, 4, |i, j| (10 * i + j) as f32);
        let log_variance = DMatrix::from_fn(3, 4, |i, j| -((i + j) as f32));
        let codes = |order: [usize; 4]| {
            let by_column = |m: &DMatrix<f32>| m.select_columns(&order);
            Codes::normal(&by_column(&mean), &by_column(&log_variance), vec![0, 1, 2]).unwrap()
        };
        let turned = codes([0, 1, 2, 3]).reordered(&[2, 0, 3, 1]).unwrap();
        let expected = codes([2, 0, 3, 1]);
        assert_eq!(turned.mean, expected.mean);
        assert_eq!(turned.deviation, expected.deviation);
        for wrong in [&[0, 1, 2][..], &[0, 1, 2, 2], &[0, 1, 2, 4]] {
            let error = turned.reordered(wrong).unwrap_err();
            assert!(
                error.to_string().contains("each of the 4 features"),
                "{error}"
            );
        }
    }

    #[test]
    fn drawn_codes_have_the_encoders_mean_and_variance() {
        let n = 100_000;
        let mean = DMatrix::from_fn(n, 2, |_, j| [1.0, -2.0][j]);
        let log_variance = DMatrix::from_fn(n, 2, |_, j| [0.0, -3.0][j]);
        let codes = Codes::normal(&mean, &log_variance, vec![0; n]).unwrap();
        let mut drawn = Vec::new();
        let drawn = codes.draw(&mut Streams::new(1).codes, &mut drawn);
        let order: Vec<u32> = (0..n as u32).rev().collect();
        let mut batch = DMatrix::zeros(n, 2);
        gather(drawn, &order, &mut batch);
        assert_eq!(batch[(0, 1)], drawn[2 * n - 1]);
        for (column, (mean, variance)) in batch
            .column_iter()
            .zip([(1.0, 1.0), (-2.0, (-3.0_f32).exp())])
        {
            let error = 4.0 * (variance / n as f32).sqrt();
            assert!((column.mean() - mean).abs() < error);
            assert!(
                (column.variance() - variance).abs() < variance * 4.0 * (2.0 / n as f32).sqrt()
            );
        }
    }
}
