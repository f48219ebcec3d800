//! Noise on connections, and connections lost.

use nalgebra::DMatrix;
use rand::Rng;

use crate::error::Error;
use crate::random::fill_standard_normal;

/// Additive normal noise, in training and in testing.
///
/// ```text
/// y = x + σ ξ,   ξ ~ N(0, 1)
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise {
    features: usize,
    sigma: f32,
}

impl Noise {
    /// Noise of standard deviation σ on `features` features.
    ///
    /// # Errors
    ///
    /// [`Error::Range`] unless σ is finite and at least 0.
    pub fn new(features: usize, sigma: f64) -> Result<Self, Error> {
        if !(sigma.is_finite() && sigma >= 0.0) {
            return Err(Error::Range {
                what: "the standard deviation of the noise",
                value: sigma,
                range: "finite and at least 0",
            });
        }
        Ok(Self {
            features,
            sigma: sigma as f32,
        })
    }

    /// Number of features, in and out.
    pub fn features(&self) -> usize {
        self.features
    }

    pub(crate) fn forward(&self, x: &DMatrix<f32>, y: &mut DMatrix<f32>, rng: &mut dyn Rng) {
        fill_standard_normal(rng, y.as_mut_slice());
        for (y, x) in y.iter_mut().zip(x) {
            *y = x + self.sigma * *y;
        }
    }
}

/// Connections lost at random, in training only, the others strengthened to make up for it.
///
/// ```text
/// y = x m / (1 − p),   m = 0 with probability p, else 1
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    features: usize,
    threshold: u64,
    scale: f32,
}

impl Dropout {
    /// Every one of `features` connections lost with probability p in \[0, 1).
    ///
    /// # Errors
    ///
    /// [`Error::Range`] unless p is in \[0, 1).
    pub fn new(features: usize, p: f64) -> Result<Self, Error> {
        if !(0.0..1.0).contains(&p) {
            return Err(Error::Range {
                what: "the probability of a lost connection",
                value: p,
                range: "in [0, 1)",
            });
        }
        let threshold = (p * 2.0_f64.powi(32)).round() as u64;
        Ok(Self {
            features,
            threshold,
            scale: (1.0 / (1.0 - p)) as f32,
        })
    }

    /// Number of features, in and out.
    pub fn features(&self) -> usize {
        self.features
    }

    /// Draws what every connection is multiplied by: 0 or 1/(1 − p).
    pub(crate) fn draw(&self, mask: &mut DMatrix<f32>, rng: &mut dyn Rng) {
        for m in mask.iter_mut() {
            *m = if u64::from(rng.next_u32()) < self.threshold {
                0.0
            } else {
                self.scale
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    #[test]
    fn noise_has_its_variance_and_dropout_its_rate() {
        let mut rng = Streams::new(5).layers;
        let (x, mut y) = (
            DMatrix::from_element(4096, 10, 2.0),
            DMatrix::zeros(4096, 10),
        );
        Noise::new(10, 0.3).unwrap().forward(&x, &mut y, &mut rng);
        let variance = y.map(|y| (y - 2.0) * (y - 2.0)).mean();
        assert!(
            (variance - 0.09).abs() < 4.0 * 0.09 * (2.0_f32 / 40960.0).sqrt(),
            "{variance}"
        );
        Dropout::new(10, 0.2).unwrap().draw(&mut y, &mut rng);
        let lost = y.iter().filter(|&&m| m == 0.0).count() as f64 / 40960.0;
        assert!(
            (lost - 0.2).abs() < 4.0 * (0.16_f64 / 40960.0).sqrt(),
            "{lost}"
        );
        assert!(y.iter().all(|&m| m == 0.0 || m == 1.25));
    }

    #[test]
    fn impossible_levels_are_named() {
        assert!(
            Dropout::new(3, 1.0)
                .unwrap_err()
                .to_string()
                .ends_with("is 1, it must be in [0, 1)")
        );
        assert!(
            Noise::new(3, f64::NAN)
                .unwrap_err()
                .to_string()
                .contains("NaN")
        );
    }
}
