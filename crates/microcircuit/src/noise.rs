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
