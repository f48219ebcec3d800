//! Vectors of numbers on whatever vector unit the machine has, and elementary functions on them.
//!
//! - [`Simd`]: which vector unit to compute with, chosen at run time, without compiler flags
//! - [`lanes`]: arithmetic of vectors of `f32` or `f64`, written once for both
//! - [`aligned`]: storage that starts on a cache line, padded so that loops have no remainder
//! - [`sums`]: sums over the lanes of several vectors at once
//! - [`slots`], [`reduce`]: vectors over slices of any length, with a remainder; sums and maxima of them
//! - [`exp2`], [`exp`](mod@exp), [`elementary`], [`single`]: powers of two, exponentials, activation functions, logarithm, sine and
//!   cosine on vectors, with tested bounds
//! - [`Activation`]: the activation functions as settings, and the plain form that the vectors are tested against
//!
//! Everything that takes a vector is generic over the unit and always inlined: it is compiled into the kernel that
//! calls it, with that kernel's instructions. No model is known here.
#![allow(
    clippy::type_complexity,
    reason = "vectors of a type of a unit, in pairs and arrays"
)]
#![allow(
    clippy::needless_range_loop,
    reason = "several arrays side by side, by lane"
)]

pub mod activation;
pub mod aligned;
pub mod elementary;
pub mod exp;
pub mod exp2;
pub mod lanes;
pub mod reduce;
pub mod simd;
pub mod single;
pub mod slots;
pub mod sums;

pub use activation::Activation;
pub use simd::{Simd, run};
