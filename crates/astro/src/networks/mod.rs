//! Artificial astrocyte networks (Peterson, 2019).
//!
//! An astrocyte has no axon: it signals to its neighbours only. Its layers are therefore bands, [gather, slide and
//! spread](layers::Kind), and **width requires depth**: a code of 20 numbers needs ten layers to become ten classes.
//!
//! ```text
//! layers      one stage each: Band (gather, slide, spread), Diffusion, Nonlinearity, Noise, Dropout, Dense
//! network     stages in a row, all values in one flat vector θ; forward and backward over a batch
//! classifier  the networks of the talk, of astrocytes and of neurons
//! images → vae, projection → codes     the encoders, and what classifiers read
//! training    mini-batches, tests, divergence as a result
//! compile     a given dense layer as a stack of astrocyte layers
//! ```
//!
//! Two wirings run through everything: [`Wiring::Published`](layers::Wiring) is the published program to rounding, its ring, its
//! unread inputs and its multiplicative bias included; [`Wiring::Lattice`](layers::Wiring) is what the talk draws.
//!
//! | symbol | in the code | shape |
//! |---|---|---|
//! | x, the code that is read | [`codes::Codes`] | samples × 20 |
//! | θ, all trained values | [`network::Network`] | one flat vector |
//! | a layer's weights and bias | [`layers::Band`] | at most 3 per output, and 1 per output |
//! | σ, how far gliotransmitter spreads, in cells | [`layers::Diffusion`] | 1 |
//!
//! ```
//! use astro::networks::classifier::AstrocyteClassifier;
//! use astro::networks::codes::Codes;
//! use astro::networks::layers::Wiring;
//! use astro::networks::training::{Trainer, TrainingParams};
//! use astro::numerics::random::Streams;
//! use nalgebra::DMatrix;
//!
//! let streams = Streams::new(1);
//! let network = AstrocyteClassifier::talk(Wiring::Published).build()?;
//! let network = network.initialised(&mut streams.weights.clone());
//! // Ten codes of 20 numbers, one of each class.
//! let codes = Codes::fixed(&DMatrix::from_fn(10, 20, |i, j| f32::from(i == j)), (0..10).collect())?;
//! let mut trainer = Trainer::new(network, &TrainingParams::default(), streams)?;
//! let first = trainer.train_epoch(&codes)?;
//! for _ in 0..200 {
//!     trainer.train_epoch(&codes)?;
//! }
//! let (loss, _accuracy) = trainer.test(&codes)?;
//! assert!(loss < first);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Batches are nalgebra matrices \[sample, feature\]; stored by columns, they keep the samples of a feature together, and every
//! kernel runs along the samples: each lane of a vector is another sample, and what mixes features (a band, a softmax) is plain
//! arithmetic between whole vectors. Sums over the batch are made lane by lane before the lanes are added, so their rounding
//! depends on the width of the vector unit; everything else is the same to the last bit wherever fused multiply-add exists.
//! Computation is in f32.

pub mod classifier;
pub mod codes;
pub mod compile;
mod error;
mod failure;
pub mod images;
pub mod layers;
pub mod network;
pub mod projection;
mod store;
pub mod training;
pub mod vae;

pub use codes::Codes;
pub use error::NetworkError;
pub use failure::Failure;
pub use network::Network;
pub use training::{Trainer, TrainingParams};
