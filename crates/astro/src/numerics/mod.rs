//! What both trees of this crate are built on, which knows neither of them.
//!
//! ```text
//! dense, softmax     matrix products and dense layers; softmax and its loss, forward and backward
//! adam, diverged     the optimiser, and the end of a training that does not converge
//! random             generators by purpose, normal deviates by the vector
//! tensors            files of named tensors: safetensors, NPZ and NPY
//! ```

pub mod adam;
pub mod dense;
mod diverged;
mod error;
pub mod random;
pub mod softmax;
pub mod tensors;

pub use diverged::Diverged;
pub use error::NumericsError;
