//! Fits a network to a few numbers, all of them in every step.

use anyhow::Result;
use astro::networks::layers::Mode;
use astro::networks::network::{Network, Tape};
use astro::numerics::adam::{Adam, AdamParams};
use astro::numerics::random::Streams;
use nalgebra::DMatrix;

use super::Monitor;

/// What to fit: inputs and targets, \[sample, feature\].
pub(super) struct Regression {
    pub(super) x: DMatrix<f32>,
    pub(super) target: DMatrix<f32>,
}

/// How.
pub(super) struct Descent {
    pub(super) steps: usize,
    pub(super) learning_rate: f64,
    /// Whether the step size falls to 0 along half a cosine.
    pub(super) cooling: bool,
}

impl Regression {
    /// Minimises the mean squared error with Adam. `each` sees the outputs before every step and may end the descent.
    /// Returns the last squared error, and the number of steps made.
    pub(super) fn fit(
        &self,
        network: &mut Network,
        descent: &Descent,
        monitor: &Monitor<'_>,
        mut each: impl FnMut(&DMatrix<f32>) -> bool,
    ) -> Result<(f64, usize)> {
        let mut tape = Tape::new(network, self.x.nrows());
        tape.input_mut().copy_from(&self.x);
        let mut gradient = vec![0.0; network.theta().len()];
        let mut adam = Adam::new(
            AdamParams::with_rate(descent.learning_rate as f32),
            gradient.len(),
        );
        let mut rng = Streams::new(0).layers;
        let scale = 2.0 / self.target.len() as f32;
        let mut error = f64::NAN;
        for step in 0..descent.steps {
            let done = step as f64 / descent.steps as f64;
            if step % 256 == 0 {
                monitor.at(done)?;
            }
            if descent.cooling {
                let rate = 0.5 * (1.0 + (std::f64::consts::PI * done).cos());
                adam.set_rate((descent.learning_rate * rate) as f32);
            }
            network.forward(&mut tape, Mode::Train, &mut rng)?;
            let (y, grad) = tape.output();
            error = 0.0;
            for ((g, y), t) in grad.iter_mut().zip(y).zip(&self.target) {
                error += f64::from((y - t) * (y - t));
                *g = scale * (y - t);
            }
            error /= self.target.len() as f64;
            if !error.is_finite() || each(y) {
                return Ok((error, step));
            }
            network.backward(&mut tape, &mut gradient)?;
            adam.step(network.theta_mut(), &gradient)?;
        }
        Ok((error, descent.steps))
    }
}
