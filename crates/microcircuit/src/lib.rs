//! Dendritic cortical microcircuits: networks of multi-compartment neurons that approximate backpropagation with
//! local plasticity (Sacramento, Costa, Bengio and Senn, arXiv:1801.00062), as the full simulation [`PyraLNet`]
//! and as its steady-state approximation [`SteadNet`].
//!
//! # The circuit
//!
//! Every hidden layer has pyramidal neurons (basal dendrite, apical dendrite, soma), and as many interneurons
//! (dendrite, soma) as the next layer has neurons. Interneurons learn to predict the layer above; where they
//! succeed, their inhibition cancels its feedback in the apical dendrites, and what remains there is an error.
//!
//! ```text
//!        target ──► output layer  l = N
//!                  ▲ W_up      │ W_down
//!    interneurons ─┼── W_pi ──►▼ apical
//!          ▲ W_ip  │        hidden layer  l = 1 … N-1
//!          └───────┴──────── ▲ W_up, basal
//!                          input layer  l = 0
//! ```
//!
//! # Using it
//!
//! Parameters are written as [`NetworkParams`] (the `[network]` table of a TOML file), and must pass
//! [`NetworkParams::check`] before they can run. Weights are drawn from a uniform source that the caller passes
//! in. Both networks then implement [`Microcircuit`]: they are shown [`Pattern`]s, and an [`Observer`] may look
//! at any compartment, weight or low-pass weight change at any interval.
//!
//! ```
//! use microcircuit::{Compartment, Every, Microcircuit, NetworkParams, Pattern, PyraLNet, Weights};
//! use rand::{RngExt, SeedableRng};
//!
//! let params = NetworkParams { t_pattern_ms: 50.0, out_lag_ms: 40.0, ..NetworkParams::yin_yang() };
//! let params = params.check()?;
//! let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
//! let weights = Weights::<f32>::draw(&params, || rng.random());
//! let mut network = PyraLNet::new(params, &weights)?;
//!
//! let mut apical = Vec::new();
//! let mut every_10_ms = Every(100, |view: &microcircuit::View<'_, f32>| {
//!     apical.push(view.potential(1, Compartment::Apical).expect("layer 1 is hidden")[0]);
//! });
//! let pattern = Pattern::train(&[0.3, 0.4, 0.7, 0.6], &[0.1, 0.1, 1.0]);
//! let output = network.present(&pattern, &mut every_10_ms)?;
//! assert_eq!((output.len(), apical.len()), (3, 5));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Symbols
//!
//! n(l) neurons in layer l; a hidden layer l has n(l+1) interneurons.
//!
//! | symbol | in the code | unit | shape |
//! |---|---|---|---|
//! | u, `u_inn` | [`Compartment::Soma`], [`Compartment::InnSoma`] | 1 | n(l), n(l+1) |
//! | `v_basal`, `v_apical`, `v_inn` | [`Compartment::Basal`], [`Compartment::Apical`], [`Compartment::InnDendrite`] | 1 | n(l), n(l), n(l+1) |
//! | r = f(u) | [`Activation`] | 1 | n(l) |
//! | `W_up`, `W_down` | [`Synapse::Up`], [`Synapse::Down`] | 1 | n(l) × n(l-1) (+ bias), n(l) × n(l+1) |
//! | `W_pi`, `W_ip` | [`Synapse::Pi`], [`Synapse::Ip`] | 1 | n(l) × n(l+1), n(l+1) × n(l) (+ bias) |
//! | Δ | [`Microcircuit::delta`] | 1 | as its W |
//! | η | [`NetworkParams::eta_up`], `eta_ip`, `eta_pi` | 1/ms | one per layer |
//! | g_l, g_b, g_a, g_d, g_som | [`NetworkParams::g_l`], … | 1/ms | 1 |
//! | τ_w, τ_0 | [`NetworkParams::tau_w_ms`], [`NetworkParams::tau_0_ms`] | ms | 1 |
//! | dt, learning-lag, pattern time | [`NetworkParams::dt_ms`], [`NetworkParams::learning_lag_ms`], [`NetworkParams::t_pattern_ms`] | ms | 1 |
//!
//! # Conventions
//!
//! Time in ms, conductances in 1/ms, potentials and rates dimensionless. Matrices are \[post, pre\]; with bias,
//! the last column belongs to the bias neuron. Layers count from 0, the input; 1 is the first hidden layer.
//! A run is a pure function of parameters, weights, patterns and noise: bit for bit the same however many
//! simulations run beside it.

mod checked;
mod compartment;
mod deferred;
mod kernels;
mod leak;
mod model;
mod noise;
mod npz;
mod observe;
mod params;
mod per_layer;
mod pyralnet;
mod real;
pub mod reference;
mod resting;
mod steadnet;
pub mod steady;
mod tape;
mod train;
mod tuning;
mod urbanczik_senn;
mod weights;

pub use checked::{ParamError, Params};
pub use compartment::Compartment;
pub use model::{ABSURD, BuildError, Diverged, Microcircuit, Pattern, PresentError};
pub use noise::NoiseSource;
pub use npz::{ArrayProblem, NpzError};
pub use observe::{Every, Observer, View};
pub use params::{InputForm, Integrator, NetworkParams, Start, Sweep};
pub use per_layer::PerLayer;
pub use pyralnet::{Form, PyraLNet};
pub use real::Real;
pub use steadnet::SteadNet;
pub use tape::RestoreError;
pub use train::{Trial, epoch};
pub use tuning::Tuning;
pub use urbanczik_senn::UrbanczikSenn;
pub use vecmath::{Activation, Simd};
pub use weights::{HiddenWeights, ShapeError, Synapse, Weights};

/// A number type that both networks can be simulated in: `f32` and `f64`.
pub trait Number: pyralnet::Engine + steadnet::Engine {}

impl<T: pyralnet::Engine + steadnet::Engine> Number for T {}
