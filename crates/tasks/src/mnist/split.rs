//! Setting validation images apart.

use rand::Rng;
use rand::seq::SliceRandom;

/// Which of the training images are trained on, and which are for validation: indices, so that no
/// image is copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Indices of the images to train on, in the order of presentation.
    pub train: Vec<usize>,
    /// Indices of the images for validation.
    pub validation: Vec<usize>,
}

/// More images set apart than there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{n_validation} validation images asked for: must be less than the {n} images to divide")]
pub struct SplitError {
    /// Validation images asked for.
    pub n_validation: usize,
    /// Images there are.
    pub n: usize,
}

impl Split {
    /// `n_validation` of `n` images chosen at random, both parts in random order.
    ///
    /// # Errors
    /// If nothing would be left to train on.
    pub fn shuffled<R: Rng + ?Sized>(
        n: usize,
        n_validation: usize,
        rng: &mut R,
    ) -> Result<Self, SplitError> {
        let mut order: Vec<usize> = (0..n).collect();
        order.shuffle(rng);
        Self::cut(order, n_validation)
    }

    /// The last `n_validation` of `n` images, both parts in the order of the file.
    ///
    /// # Errors
    /// If nothing would be left to train on.
    pub fn in_order(n: usize, n_validation: usize) -> Result<Self, SplitError> {
        Self::cut((0..n).collect(), n_validation)
    }

    /// Puts the images to train on into a new random order, for the next epoch.
    pub fn shuffle_train<R: Rng + ?Sized>(&mut self, rng: &mut R) {
        self.train.shuffle(rng);
    }

    fn cut(mut train: Vec<usize>, n_validation: usize) -> Result<Self, SplitError> {
        let n = train.len();
        if n_validation >= n {
            return Err(SplitError { n_validation, n });
        }
        let validation = train.split_off(n - n_validation);
        Ok(Self { train, validation })
    }
}
