//! Complete sets: the published ones, those of a training run, or any other.

use super::stream::Stream;
use crate::Dataset;
use serde::{Deserialize, Serialize};

/// The arguments that give one of the sets its authors published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishedSet {
    /// Seed of the generator.
    pub seed: u32,
    /// Number of samples.
    pub size: usize,
}

impl PublishedSet {
    /// The set itself.
    pub fn generate(self) -> Dataset {
        generate(self.seed, self.size)
    }
}

/// The published training set.
pub const TRAIN: PublishedSet = PublishedSet {
    seed: 42,
    size: 5000,
};
/// The published validation set.
pub const VALIDATION: PublishedSet = PublishedSet {
    seed: 41,
    size: 1000,
};
/// The published test set.
pub const TEST: PublishedSet = PublishedSet {
    seed: 40,
    size: 1000,
};

/// `size` samples from a generator of their own. A smaller set with the same seed is a prefix.
pub fn generate(seed: u32, size: usize) -> Dataset {
    Stream::new(seed).samples(size)
}

/// How many samples a training run draws for each purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sizes {
    /// Training samples.
    pub train: usize,
    /// Samples to choose validation chunks from.
    pub validation: usize,
    /// Test samples.
    pub test: usize,
}

impl Sizes {
    /// Those of the published microcircuit runs.
    pub const PUBLISHED: Self = Self {
        train: 6000,
        validation: 600,
        test: 600,
    };
}

/// The data of one training run.
#[derive(Clone, Debug, PartialEq)]
pub struct Splits {
    /// Training samples.
    pub train: Dataset,
    /// Samples to choose validation chunks from.
    pub validation: Dataset,
    /// Test samples.
    pub test: Dataset,
}

/// The data of the training run with this seed, and the stream they were drawn from, which now
/// stands where the run draws its initial weights.
///
/// ```
/// use tasks::yinyang::{run, Sizes};
/// let (mut stream, splits) = run(2304, Sizes::PUBLISHED);
/// let first_weight = (stream.uniform() as f32 - 0.5) * 2.0 * 0.1;
/// let first_epoch = stream.epoch(splits.train.len(), splits.validation.len(), 1);
/// assert_eq!(first_epoch.train.len(), 6000);
/// # assert!(first_weight.abs() <= 0.1);
/// ```
pub fn run(seed: u32, sizes: Sizes) -> (Stream, Splits) {
    let mut stream = Stream::new(seed);
    let splits = Splits {
        train: stream.samples(sizes.train),
        validation: stream.samples(sizes.validation),
        test: stream.samples(sizes.test),
    };
    (stream, splits)
}
