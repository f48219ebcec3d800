//! Where the noise of a simulation comes from.

/// A source of standard normal deviates, passed in, never global.
///
/// They are drawn in every step, if the parameters ask for noise at all: per hidden layer first the somata, then
/// the interneurons; last the output layer. Any `FnMut() -> f64 + Send` is a source, so a generator makes one:
///
/// ```
/// use rand::SeedableRng;
/// use rand_distr::{Distribution, StandardNormal};
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
/// let mut source = move || -> f64 { StandardNormal.sample(&mut rng) };
/// assert!(microcircuit::NoiseSource::normal(&mut source).is_finite());
/// ```
pub trait NoiseSource: Send {
    /// The next deviate.
    fn normal(&mut self) -> f64;
}

impl<F: FnMut() -> f64 + Send> NoiseSource for F {
    fn normal(&mut self) -> f64 {
        self()
    }
}

/// Noise of standard deviation `dt_sigma` per step; if zero, deviates are drawn all the same, so that the stream does not
/// shift.
pub struct Noise {
    source: Box<dyn NoiseSource>,
    dt_sigma: f64,
}

impl Noise {
    pub(crate) fn new(source: Box<dyn NoiseSource>) -> Self {
        Self {
            source,
            dt_sigma: 0.0,
        }
    }

    /// Sets its standard deviation per step.
    pub(crate) fn set(&mut self, dt_sigma: f64) {
        self.dt_sigma = dt_sigma;
    }

    /// The next deviate.
    pub(crate) fn draw(&mut self) -> f64 {
        self.dt_sigma * self.source.normal()
    }
}
