//! Noise on connections.

use nalgebra::DMatrix;

use super::layer::{Gradients, Layer, Pass, Passed};
use crate::numerics::NumericsError;
use crate::numerics::random::fill_standard_normal;

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
    /// [`NumericsError::Range`] unless σ is finite and at least 0.
    pub fn new(features: usize, sigma: f64) -> Result<Self, NumericsError> {
        if !(sigma.is_finite() && sigma >= 0.0) {
            return Err(NumericsError::Range {
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
}

impl Layer for Noise {
    fn name(&self) -> &'static str {
        "noise"
    }

    fn inputs(&self) -> usize {
        self.features
    }

    fn forward(
        &self,
        _: &[f32],
        x: &DMatrix<f32>,
        y: &mut DMatrix<f32>,
        pass: Pass<'_>,
    ) -> Result<(), NumericsError> {
        NumericsError::check_shape(
            "the input of a noise layer",
            x.shape(),
            (x.nrows(), self.features),
        )?;
        NumericsError::check_shape("the output of a noise layer", y.shape(), x.shape())?;
        fill_standard_normal(pass.rng, y.as_mut_slice());
        for (y, x) in y.iter_mut().zip(x) {
            *y = x + self.sigma * *y;
        }
        Ok(())
    }

    fn backward(&self, _: &[f32], _: Passed<'_>, grad: Gradients<'_>) -> Result<(), NumericsError> {
        NumericsError::check_shape(
            "the gradient of a noise layer's input",
            grad.x.shape(),
            grad.y.shape(),
        )?;
        grad.x.copy_from(grad.y);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::networks::layers::Mode;
    use crate::numerics::random::Streams;

    #[test]
    fn noise_has_its_variance() {
        let x = DMatrix::from_element(4096, 10, 2.0);
        let (mut y, mut memory) = (x.clone(), DMatrix::zeros(0, 0));
        let pass = Pass {
            mode: Mode::Test,
            rng: &mut Streams::new(5).layers,
            memory: &mut memory,
        };
        Noise::new(10, 0.3)
            .unwrap()
            .forward(&[], &x, &mut y, pass)
            .unwrap();
        let variance = y.map(|y| (y - 2.0) * (y - 2.0)).mean();
        assert!(
            (variance - 0.09).abs() < 4.0 * 0.09 * (2.0_f32 / 40960.0).sqrt(),
            "{variance}"
        );
    }

    #[test]
    fn an_impossible_deviation_is_named() {
        let error = Noise::new(3, f64::NAN).unwrap_err().to_string();
        assert!(error.contains("NaN"), "{error}");
    }
}
