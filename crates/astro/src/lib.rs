//! Artificial astrocyte networks (Peterson, 2019), and a circuit of neurons and astrocytes that computes self-attention
//! (Kozachkov, Kastanenka & Krotov, 2023).
//!
//! # Artificial astrocyte networks
//!
//! An astrocyte has no axon: it signals to its neighbours only. Its layers are therefore bands, [gather, slide and
//! spread](layers::Kind), and **width requires depth**: a code of 20 numbers needs ten layers to become ten classes.
//!
//! ```text
//! layers      one stage each: Band (gather, slide, spread), Diffusion, Activation, Noise, Dropout, Dense
//! network     stages in a row, all values in one flat vector θ; forward and backward over a batch
//! classifier  the networks of the talk, of astrocytes and of neurons
//! vae, projection → codes     the encoders, and what classifiers read
//! training, adam              mini-batches, tests, divergence as a result
//! compile     a given dense layer as a stack of astrocyte layers
//! ```
//!
//! Two wirings run through everything: [`Wiring::Published`](layers::Wiring) is the published program to rounding, its ring, its unread inputs and
//! its multiplicative bias included; [`Wiring::Lattice`](layers::Wiring) is what the talk draws.
//!
//! ```
//! use astro::classifier::AstrocyteClassifier;
//! use astro::codes::Codes;
//! use astro::layers::Wiring;
//! use astro::random::Streams;
//! use astro::training::{Trainer, TrainingParams};
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
//! kernel runs along the samples on the machine's widest vector unit, found at run time. Computation is in f32.
//! Random numbers come from generators that the caller passes in.

pub mod adam;
pub mod attention;
pub mod classifier;
pub mod codes;
pub mod compile;
pub mod dense;
mod error;
pub mod images;
pub mod layers;
pub mod network;
pub mod projection;
pub mod random;
pub mod softmax;
mod store;
pub mod training;
pub mod vae;

pub use error::Error;
