//! To be written.

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
mod simd;
pub mod softmax;
mod store;
pub mod training;
pub mod vae;

pub use error::Error;
