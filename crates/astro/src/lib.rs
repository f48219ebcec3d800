//! To be written.

pub mod adam;
pub mod attention;
pub mod dense;
mod error;
mod simd;
pub mod softmax;

pub use error::Error;
