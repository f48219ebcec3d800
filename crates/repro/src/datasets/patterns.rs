//! What microcircuits are taught to tell apart: MNIST, or samples of the user's own.

use std::sync::Arc;

use super::digits::Digits;
use super::samples::Sets;

/// Labelled samples, to learn from and to be tested with.
#[derive(Debug)]
pub(crate) enum Patterns {
    /// Images of bytes.
    Images(Arc<Digits>),
    /// Features in \[0, 1\].
    Samples(Sets),
}

/// One of the two sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    Train,
    Test,
}

impl Patterns {
    /// Features of each sample.
    pub(crate) fn features(&self) -> usize {
        match self {
            Self::Images(digits) => digits.train.pixels(),
            Self::Samples(sets) => sets.train.features(),
        }
    }

    /// Number of classes: one more than the largest label of either set.
    pub(crate) fn classes(&self) -> usize {
        let labels = [Set::Train, Set::Test].map(|set| self.labels(set));
        let largest = labels.concat().into_iter().max();
        largest.map_or(0, |label| usize::from(label) + 1)
    }

    /// The class of every sample of a set.
    pub(crate) fn labels(&self, set: Set) -> &[u8] {
        match (self, set) {
            (Self::Images(digits), Set::Train) => &digits.train_labels,
            (Self::Images(digits), Set::Test) => &digits.test_labels,
            (Self::Samples(sets), Set::Train) => sets.train.labels(),
            (Self::Samples(sets), Set::Test) => sets.test.labels(),
        }
    }

    /// The rates of input neurons that show a sample; that of a feature of 1 is `brightest`.
    pub(crate) fn rates(&self, set: Set, i: usize, brightest: f64, rates: &mut [f64]) {
        match self {
            Self::Images(digits) => {
                let images = match set {
                    Set::Train => &digits.train,
                    Set::Test => &digits.test,
                };
                for (rate, &byte) in rates.iter_mut().zip(images.image(i)) {
                    *rate = brightest * (f64::from(byte) / 255.0);
                }
            }
            Self::Samples(sets) => {
                let samples = match set {
                    Set::Train => &sets.train,
                    Set::Test => &sets.test,
                };
                for (rate, &value) in rates.iter_mut().zip(samples.sample(i)) {
                    *rate = brightest * f64::from(value);
                }
            }
        }
    }
}
