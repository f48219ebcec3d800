//! The layers that networks are made of, each in a file of its own behind the trait [`Layer`].
//!
//! A layer is structure only: its values and their gradients live in flat slices that the caller holds, so that one
//! optimiser step, one file or one comparison covers a whole network. Matrices are \[sample, feature\].

mod activation;
mod band;
mod band_kernel;
mod dense;
mod diffusion;
mod dropout;
mod layer;
mod noise;
mod wiring;

pub use activation::{Activation, Nonlinearity};
pub use band::{Band, Initial};
pub use dense::Dense;
pub use diffusion::{Diffusion, Spillover};
pub use dropout::Dropout;
pub use layer::{Gradients, Layer, LayerTensor, Mode, Pass, Passed, ReadTensor};
pub use noise::Noise;
pub use wiring::{Kind, Wiring};
