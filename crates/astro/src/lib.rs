//! To be written.

pub mod adam;
pub mod attention;
pub mod classifier;
pub mod dense;
mod error;
pub mod layers;
pub mod network;
pub mod random;
mod simd;
pub mod softmax;

pub use error::Error;
