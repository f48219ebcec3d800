//! Choice of the vector unit at run time.

use std::marker::PhantomData;

use pulp::WithSimd;

use super::lanes::Lanes;

/// Runs `operation` on the widest vector unit of this machine, [`Simd::Best`].
#[inline]
pub fn run<O: WithSimd>(operation: O) -> O::Output {
    pulp::Arch::new().dispatch(operation)
}

/// The vector unit that a network computes with.
///
/// Results are the same to rounding, and bit for bit the same for the same unit. The default is the best that
/// this machine has; the others are for comparison, and for repeating, bit for bit, a run made on a lesser
/// machine. A unit that the machine lacks falls back to the next lesser one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Simd {
    /// The widest unit of this machine: AVX-512, AVX2 with FMA, or NEON, else [`Simd::Portable`].
    #[default]
    Best,
    /// AVX2 with FMA, even where there is AVX-512.
    Avx2,
    /// One number at a time, on any machine.
    Portable,
}

impl Simd {
    /// Runs `operation` on the vector unit. To be called a few times per pattern, not per step.
    #[cfg(target_arch = "x86_64")]
    pub fn dispatch<O: WithSimd>(self, operation: O) -> O::Output {
        use pulp::x86::{V3, V4};
        if self == Self::Best
            && let Some(unit) = V4::try_new()
        {
            return pulp::Simd::vectorize(unit, operation);
        }
        match V3::try_new() {
            Some(unit) if self != Self::Portable => pulp::Simd::vectorize(unit, operation),
            _ => pulp::Simd::vectorize(pulp::Scalar, operation),
        }
    }

    /// Runs `operation` on the vector unit. To be called a few times per pattern, not per step.
    #[cfg(not(target_arch = "x86_64"))]
    pub fn dispatch<O: WithSimd>(self, operation: O) -> O::Output {
        match self {
            Self::Portable => pulp::Simd::vectorize(pulp::Scalar, operation),
            _ => pulp::Arch::new().dispatch(operation),
        }
    }

    /// Numbers of type `T` in a vector.
    pub fn lanes<T: Lanes>(self) -> usize {
        struct Width<T>(PhantomData<T>);
        impl<T: Lanes> WithSimd for Width<T> {
            type Output = usize;
            fn with_simd<S: pulp::Simd>(self, _: S) -> usize {
                size_of::<T::V<S>>() / size_of::<T>()
            }
        }
        self.dispatch(Width::<T>(PhantomData))
    }

    /// Name of the unit that this choice comes to on this machine.
    pub fn name(self) -> &'static str {
        match self.lanes::<f32>() {
            16 => "AVX-512",
            8 => "AVX2",
            4 => "128 bit",
            _ => "portable",
        }
    }
}
