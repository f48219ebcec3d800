//! The Yin-Yang classification task, bit for bit as published.
//!
//! Points in a disk, to be told apart as yin, yang or one of the two dots; a linear classifier
//! cannot do it, a small network with one hidden layer can. A sample has the four
//! features `x, y, 1-x, 1-y`, all in `[0, 1]`.
//!
//! Source: L. Kriener, J. Göltz, M. A. Petrovici, *The Yin-Yang dataset*, arXiv:2102.08211, and
//! their generator <https://github.com/lkriener/yin_yang_data_set>.
//!
//! Three ways in:
//!
//! - [`generate`]: one set from a seed, and [`TRAIN`], [`VALIDATION`], [`TEST`], the arguments that
//!   give the sets its authors published;
//! - [`run`]: the three sets of one training run, and the [`Stream`] they came from, which goes on
//!   to supply that run's initial weights and order of presentation;
//! - [`class_of`]: the class of any point of the plane.

mod geometry;
mod sets;
mod stream;

pub use geometry::{CLASS_NAMES, FEATURE_NAMES, N_CLASSES, class_of};
pub use sets::{PublishedSet, Sizes, Splits, TEST, TRAIN, VALIDATION, generate, run};
pub use stream::{Epoch, Stream};
