//! Learning tasks with their data: inputs, labels or targets, and splits.
//!
//! | module | task | a sample | random numbers |
//! |---|---|---|---|
//! | [`yinyang`] | tell three regions of a disk apart | 4 features, 3 classes | MT19937: the published stream, bit for bit |
//! | [`mimic`] | compute what a random network computes | as the network | any generator, passed in |
//! | [`mnist`] | read handwritten digits | 784 pixels, 10 classes | any generator, passed in, for the split |
//!
//! Classification sets small enough to be held as doubles are a [`Dataset`], regression sets a
//! [`Regression`]; MNIST keeps its bytes, as [`mnist::Images`]. All three give their samples row by
//! row through `rows()`, which is what a CSV writer wants. Nothing here draws from a hidden or
//! global generator, writes a file or knows a model.
//!
//! # One published training run
//!
//! The programs behind the published Yin-Yang results seeded one generator and drew everything from
//! it: data, initial weights, order of presentation. [`yinyang::run`] hands over the data and the
//! generator, so that a run can be repeated seed by seed:
//!
//! ```
//! use tasks::yinyang::{self, Sizes};
//!
//! let (mut stream, splits) = yinyang::run(2304, Sizes::PUBLISHED);
//! assert_eq!(splits.train.class_counts(), [1932, 2043, 2025]);
//!
//! // Where a run draws its weights: those of 4-120-3 with bias, in single precision.
//! let n_weights = 120 * 5 + 120 * 3 + 120 * 3 + 3 * 121 + 3 * 121;
//! let uniforms: Vec<f32> = (0..n_weights).map(|_| stream.uniform() as f32).collect();
//! assert!(uniforms[0] > 0.0);
//!
//! // Then the order of presentation, one epoch after the other.
//! let epoch = stream.epoch(splits.train.len(), splits.validation.len(), 1);
//! assert_eq!(epoch.train[..3], [2771, 5893, 5503]);
//!
//! // What the network is shown first.
//! let first = epoch.train[0];
//! let input: Vec<f64> = splits.train.input(first).collect();
//! let target = splits.train.target(first, 0.1, 1.0);
//! assert_eq!((input.len(), target.len()), (4, 3));
//! ```
//!
//! # Errors
//!
//! Whatever comes from outside is checked: [`mnist::MnistError`] names the file, what was found and
//! what would be right, [`mimic::TeacherError`] the layer and the value, [`mnist::SplitError`] the
//! sizes. Indices of samples are the caller's: out of range they panic, as with a slice.

mod dataset;
pub mod mimic;
pub mod mnist;
pub mod yinyang;

pub use dataset::{Dataset, Regression};
