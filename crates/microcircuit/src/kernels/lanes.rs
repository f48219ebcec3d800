//! Lanes.

/// Sealed.
pub trait Lanes {}
impl Lanes for f32 {}
impl Lanes for f64 {}
