//! MNIST and data sets in its format, from IDX files, plain or gzip-compressed.
//!
//! A directory holds four files, each under its usual name or with `.gz` behind it:
//!
//! ```text
//! train-images-idx3-ubyte   train-labels-idx1-ubyte
//! t10k-images-idx3-ubyte    t10k-labels-idx1-ubyte
//! ```
//!
//! [`load()`] accepts any such directory (Fashion-MNIST and Kuzushiji-MNIST have the same form) with
//! images of any one size and labels in `0..10`; [`load_verified`] also compares the SHA-256 of the
//! uncompressed bytes with those of MNIST itself, which the repository ships in `datasets/mnist/`.
//! Every error names the file, what was found in it and what would be right.
//!
//! Pixels stay bytes, 55 MB in all; [`Images::scaled`] gives an image in `[0, 1]`. [`Split`] sets
//! validation images apart.
//!
//! ```no_run
//! use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
//! use tasks::mnist::{Split, load_verified};
//!
//! let mnist = load_verified("datasets/mnist")?;
//! let split = Split::shuffled(mnist.train.len(), 5000, &mut ChaCha8Rng::seed_from_u64(1))?;
//! for &i in &split.train {
//!     let (image, digit) = (mnist.train.scaled(i), mnist.train.label(i));
//!     # let _ = (image, digit);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod idx;
mod images;
mod load;
mod split;

pub use error::MnistError;
pub use images::{Images, Mnist, N_CLASSES};
pub use load::{load, load_verified};
pub use split::{Split, SplitError};
