//! The two number types a network can be simulated in.

use std::fmt::{Debug, Display};

use nalgebra::Scalar;

use crate::kernels::elementary::Constants;

/// The number type of a simulation: `f32`, as the published programs, or `f64`, for checks.
///
/// The trait is sealed; those two are all there is. Parameters are always `f64`, and products of parameters
/// such as `dt·eta` are formed in `f64` before they are rounded to `Self`.
pub trait Real:
    Constants
    + Scalar
    + Copy
    + Default
    + PartialOrd
    + Display
    + Debug
    + Send
    + Sync
    + num_ops::Arithmetic<Self>
    + 'static
{
    /// `value`, rounded to this type.
    fn from_f64(value: f64) -> Self;

    /// `self`, widened; exact for both types.
    fn to_f64(self) -> f64;

    /// e to the power `self`, by the standard library.
    fn exp(self) -> Self;

    /// ln(1 + `self`), by the standard library.
    fn ln_1p(self) -> Self;
}

mod num_ops {
    use std::iter::Sum;
    use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

    /// What the plain implementations need of a number.
    pub trait Arithmetic<T>:
        Add<Output = T>
        + Sub<Output = T>
        + Mul<Output = T>
        + Div<Output = T>
        + Neg<Output = T>
        + AddAssign
        + Sum
    {
    }

    impl Arithmetic<f32> for f32 {}
    impl Arithmetic<f64> for f64 {}
}

macro_rules! real {
    ($type:ty) => {
        impl Real for $type {
            fn from_f64(value: f64) -> Self {
                value as $type
            }

            fn to_f64(self) -> f64 {
                f64::from(self)
            }

            fn exp(self) -> Self {
                <$type>::exp(self)
            }

            fn ln_1p(self) -> Self {
                <$type>::ln_1p(self)
            }
        }
    };
}

real!(f32);
real!(f64);
