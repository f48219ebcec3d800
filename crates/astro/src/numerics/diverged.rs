//! The end of a training that does not converge.

use thiserror::Error;

/// The loss is no longer a number. A result about the parameters, not a fault of the program.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[error("the loss became {loss} in epoch {epoch}, step {step}: a smaller step size may hold it")]
pub struct Diverged {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The step within the epoch, from 1.
    pub step: usize,
    /// The loss.
    pub loss: f64,
}

impl Diverged {
    /// `loss`, if it is a number.
    ///
    /// # Errors
    ///
    /// [`Diverged`] if it is not finite.
    pub fn check(epoch: usize, step: usize, loss: f64) -> Result<f64, Self> {
        if loss.is_finite() {
            Ok(loss)
        } else {
            Err(Self { epoch, step, loss })
        }
    }
}
