//! How a network is computed, where that makes no difference to what it computes.

use vecmath::Simd;

/// How a network is computed; results agree to rounding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tuning {
    /// Vector unit.
    pub simd: Simd,
    /// Whether Δ are computed also of rules whose rate is zero, so that they can be looked at.
    pub resting_deltas: bool,
    /// Whether PyraLNet takes the [general](crate::Form::General) form of the Euler step where a faster one would do, for
    /// comparison.
    pub general: bool,
}
