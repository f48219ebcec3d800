//! The two float types the circuit runs in.

use nalgebra::RealField;
use vecmath::elementary::Constants;

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// A number of the simulation: `f32` for speed, `f64` for checks, nothing else.
pub trait Real: RealField + Copy + serde::Serialize + Constants + sealed::Sealed {
    /// The nearest representable value of `x`.
    fn of(x: f64) -> Self;

    /// The value in double precision (exact for both types).
    fn as_f64(self) -> f64;
}

impl Real for f64 {
    #[inline(always)]
    fn of(x: f64) -> Self {
        x
    }

    #[inline(always)]
    fn as_f64(self) -> f64 {
        self
    }
}

impl Real for f32 {
    #[inline(always)]
    fn of(x: f64) -> Self {
        x as f32
    }

    #[inline(always)]
    fn as_f64(self) -> f64 {
        f64::from(self)
    }
}
