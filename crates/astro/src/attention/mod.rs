//! Self-attention by neurons and astrocytes.
//!
//! A hidden layer of neurons projects onto output neurons through tripartite synapses: each is ensheathed by a process of
//! one astrocyte. While a sequence is *written*, the synapses learn Hebbian associations of keys and values and the
//! processes integrate their presynaptic neuron in calcium. While it is *read*, the astrocyte's calcium, averaged over
//! the cell, divides every synapse. What the output neurons then carry is the transformer's self-attention, with the
//! kernel that the hidden neurons' transfer function φ defines (Kozachkov, Kastanenka & Krotov, PNAS 120, e2219150120,
//! 2023):
//!
//! ```text
//! writing   H ← H + (1/m) v_t φ(k_t)ᵀ,   g ← g + (1/m) φ(k_t)
//! reading   o_t = x_t + H φ(q_t) / (g·φ(q_t))
//!               = x_t + Σ_s v_s φ(k_s)·φ(q_t) / Σ_s φ(k_s)·φ(q_t)
//! ```
//!
//! - [`Circuit`]: the circuit, token by token, with constant state ([`TripartiteSynapses`]) and an [`Observer`]
//! - [`FeatureMap`]: the hidden neurons' transfer functions φ, fitted to a head's queries and keys by [`Spread`]
//! - [`learning`]: hidden neurons that a head finds by itself, with softmax attention as teacher
//! - [`leaky`]: the same circuit in continuous time, where nothing is instantaneous and nothing lasts
//! - [`diffusing`]: the circuit as its authors later wrote it, where calcium diffuses and sets how fast a query is read
//! - [`softmax`], [`closed_form`], [`uniform`]: what it is measured against, by [`Fidelity`]
//! - [`weights`]: projections of published models, from files
//! - [`transformer`]: a small one to train, whose softmax attention the circuit then replaces
//! - [`language`]: pretrained sentence encoders, likewise
//!
//! # Symbols
//!
//! n tokens of dimension D, H heads, d = D/H the dimension of a head's queries and keys. Dimensionless, unless said; matrices hold
//! a token a column.
//!
//! | symbol | in the code | shape |
//! |---|---|---|
//! | q, k, v | [`Qkv`], [`Token`] | D × n, a column each |
//! | φ | [`FeatureMap`], [`FeatureKind`] | d → m, the hidden neurons of a head |
//! | H (of a head), g | [`TripartiteSynapses`] | D/H × m, m |
//! | g·φ(q) | [`AveragedCalcium`] | 1 |
//! | τ_h, τ_H, τ_g, T | [`leaky::TimeConstants`] | 1, in ms: the circuit in continuous time |
//! | τ_n, τ_s, τ_d, T | [`diffusing::TimeConstants`] | 1, in ms: the circuit with calcium that diffuses |
//!
//! # Example
//!
//! ```
//! use astro::attention::{Circuit, FeatureKind, FeatureMap, Fidelity, Mask, Qkv, softmax};
//! use nalgebra::DMatrix;
//! use rand::SeedableRng;
//! use rand_chacha::ChaCha8Rng;
//!
//! let mut rng = ChaCha8Rng::seed_from_u64(1);
//! let wave = |shift: f64| DMatrix::from_fn(8, 20, |i, t| (shift + (3 * i + t) as f64).sin());
//! let qkv = Qkv::new(wave(0.0), wave(1.0), wave(2.0), 2)?;
//! let features = FeatureMap::draw(FeatureKind::PositiveOrthogonal, 4, 4096, &mut rng)?;
//! let mut circuit = Circuit::new(features, 2, 4)?;
//! let output = circuit.attend(&qkv, Mask::Causal, &mut ())?;
//! let fidelity = Fidelity::compare(&output, &softmax(&qkv, Mask::Causal)).expect("equal shapes");
//! assert!(fidelity.relative_error < 0.05);
//! # Ok::<(), astro::attention::AttentionError>(())
//! ```

mod balance;
mod circuit;
pub mod diffusing;
mod error;
mod features;
mod fidelity;
mod kernels;
pub mod language;
pub mod leaky;
pub mod learning;
mod maps;
mod observer;
mod phase;
mod projections;
mod qkv;
mod real;
mod reference;
mod tokens;
pub mod transformer;
mod tripartite;
pub mod weights;
mod whole;

pub use circuit::{Circuit, Token};
pub use error::AttentionError;
pub use features::{FeatureKind, FeatureMap, Features, Spread, SpreadKind};
pub use fidelity::Fidelity;
pub use maps::HeadMaps;
pub use observer::{Frame, Moment, Observer, Trajectory};
pub use phase::Phase;
pub use projections::{Affine, Projections};
pub use qkv::{Mask, Qkv};
pub use real::Real;
pub use reference::{closed_form, softmax, uniform};
pub use tokens::{HeadTokens, Pairs};
pub use tripartite::{AveragedCalcium, TripartiteSynapses};
