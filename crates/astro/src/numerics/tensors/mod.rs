//! Files of named tensors.
//!
//! [`TensorFile`] reads tensors of any floating type from safetensors, NPZ and NPY files, [`write()`] writes safetensors, as
//! PyTorch programs read them.

mod error;
mod file;
mod npy;
mod tensor;
mod writer;

pub use error::TensorError;
pub use file::TensorFile;
pub use tensor::Tensor;
pub use writer::{Named, write};
