//! Connections lost.

use nalgebra::DMatrix;
use rand::Rng;

use super::layer::{Gradients, Layer, Mode, Pass, Passed};
use crate::numerics::NumericsError;

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
    /// [`NumericsError::Range`] unless p is in \[0, 1).
    pub fn new(features: usize, p: f64) -> Result<Self, NumericsError> {
        if !(0.0..1.0).contains(&p) {
            return Err(NumericsError::Range {
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

    /// Draws what every connection is multiplied by: 0 or 1/(1 − p).
    fn draw(&self, mask: &mut DMatrix<f32>, rng: &mut dyn Rng) {
        for m in mask.iter_mut() {
            *m = if u64::from(rng.next_u32()) < self.threshold {
                0.0
            } else {
                self.scale
            };
        }
    }
}

impl Layer for Dropout {
    fn name(&self) -> &'static str {
        "dropout"
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
            "the input of a dropout",
            x.shape(),
            (x.nrows(), self.features),
        )?;
        NumericsError::check_shape("the output of a dropout", y.shape(), x.shape())?;
        if pass.mode == Mode::Test {
            y.copy_from(x);
            return Ok(());
        }
        if pass.memory.shape() != x.shape() {
            *pass.memory = DMatrix::zeros(x.nrows(), x.ncols());
        }
        self.draw(pass.memory, pass.rng);
        multiply_entries(x, pass.memory, y);
        Ok(())
    }

    fn backward(
        &self,
        _: &[f32],
        passed: Passed<'_>,
        grad: Gradients<'_>,
    ) -> Result<(), NumericsError> {
        NumericsError::check_shape(
            "the gradient of a dropout's output",
            grad.y.shape(),
            passed.memory.shape(),
        )?;
        NumericsError::check_shape(
            "the gradient of a dropout's input",
            grad.x.shape(),
            grad.y.shape(),
        )?;
        multiply_entries(grad.y, passed.memory, grad.x);
        Ok(())
    }
}

/// Product of two matrices, entry by entry.
fn multiply_entries(a: &DMatrix<f32>, b: &DMatrix<f32>, into: &mut DMatrix<f32>) {
    for ((into, a), b) in into.iter_mut().zip(a).zip(b) {
        *into = a * b;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::random::Streams;

    #[test]
    fn connections_are_lost_at_their_rate_and_the_rest_strengthened() {
        let mut mask = DMatrix::zeros(4096, 10);
        Dropout::new(10, 0.2)
            .unwrap()
            .draw(&mut mask, &mut Streams::new(5).layers);
        let lost = mask.iter().filter(|&&m| m == 0.0).count() as f64 / 40960.0;
        assert!(
            (lost - 0.2).abs() < 4.0 * (0.16_f64 / 40960.0).sqrt(),
            "{lost}"
        );
        assert!(mask.iter().all(|&m| m == 0.0 || m == 1.25));
    }

    #[test]
    fn an_impossible_probability_is_named() {
        let error = Dropout::new(3, 1.0).unwrap_err().to_string();
        assert!(error.ends_with("is 1, it must be in [0, 1)"), "{error}");
    }
}
