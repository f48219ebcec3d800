//! Weights and tokens from elsewhere: safetensors, NPY and NPZ files.
//!
//! [`TensorFile`] reads single tensors of any floating type; [`load_projections`] finds the query, key and value
//! projections of a published attention layer by their tensors' names, so that its attention can be put to the circuit.

mod error;
mod file;
mod npy;
mod projections;

pub use error::WeightsError;
pub use file::{Tensor, TensorFile};
pub use projections::{ProjectionNames, load_projections, load_tokens};
