//! The vector unit, found at run time: every kernel here runs on whatever the machine has
//! (AVX-512, AVX2 with FMA, NEON, or plain scalars) without compiler flags.
//!
//! A batch is a matrix \[sample, feature\] in column-major order, so that the samples of one
//! feature are contiguous. Kernels run along the samples: each lane is another sample, and
//! what mixes features (a band, a softmax) is plain arithmetic between whole vectors.
//!
//! Sums over the batch are made lane by lane before the lanes are added, so their rounding depends
//! on the width of the vector unit; everything else is the same to the last bit wherever
//! fused multiply-add exists.

mod math;
pub(crate) use math::{exp, ln, sin_cos_turns};

use pulp::{Arch, Simd, WithSimd};

/// Runs a kernel on the widest vector unit of this machine.
#[inline]
pub(crate) fn run<K: WithSimd>(kernel: K) -> K::Output {
    Arch::new().dispatch(kernel)
}

/// A position in the samples: a whole vector, or what is left at the end.
pub(crate) trait Slot: Copy {
    /// The vector at this position; lanes past the end are 0.
    fn load<S: Simd>(self, simd: S, samples: &[f32]) -> S::f32s;
    /// Stores the lanes that exist.
    fn store<S: Simd>(self, simd: S, samples: &mut [f32], value: S::f32s);
    /// Sum of the lanes that exist, of `len` samples.
    fn sum<S: Simd>(self, simd: S, value: S::f32s, len: usize) -> f32;
}

/// A whole vector that starts at this sample.
#[derive(Clone, Copy)]
pub(crate) struct Full(pub(crate) usize);

/// The last samples, fewer than a vector holds, from this one on.
#[derive(Clone, Copy)]
pub(crate) struct Rest(pub(crate) usize);

impl Slot for Full {
    #[inline(always)]
    fn load<S: Simd>(self, _: S, samples: &[f32]) -> S::f32s {
        S::as_simd_f32s(&samples[self.0..self.0 + S::F32_LANES]).0[0]
    }

    #[inline(always)]
    fn store<S: Simd>(self, _: S, samples: &mut [f32], value: S::f32s) {
        S::as_mut_simd_f32s(&mut samples[self.0..self.0 + S::F32_LANES]).0[0] = value;
    }

    #[inline(always)]
    fn sum<S: Simd>(self, simd: S, value: S::f32s, _: usize) -> f32 {
        simd.reduce_sum_f32s(value)
    }
}

impl Slot for Rest {
    #[inline(always)]
    fn load<S: Simd>(self, simd: S, samples: &[f32]) -> S::f32s {
        simd.partial_load_f32s(&samples[self.0..])
    }

    #[inline(always)]
    fn store<S: Simd>(self, simd: S, samples: &mut [f32], value: S::f32s) {
        simd.partial_store_f32s(&mut samples[self.0..], value);
    }

    #[inline(always)]
    fn sum<S: Simd>(self, simd: S, value: S::f32s, len: usize) -> f32 {
        // At most 16 lanes; a vector has no cheaper way to leave some out.
        let mut lanes = [0.0; 16];
        let lanes = &mut lanes[..len - self.0];
        simd.partial_store_f32s(lanes, value);
        lanes.iter().sum()
    }
}

/// Runs the body once for every vector of `len` samples, `slot` naming its position. A macro, not
/// a function with a closure: the body must be compiled into the kernel to use its instructions.
macro_rules! for_each_vector {
    ($simd:ty, $len:expr, $slot:ident => $body:block) => {{
        let len: usize = $len;
        let mut start = 0;
        while start + <$simd>::F32_LANES <= len {
            let $slot = $crate::simd::Full(start);
            $body
            start += <$simd>::F32_LANES;
        }
        if start < len {
            let $slot = $crate::simd::Rest(start);
            $body
        }
    }};
}
pub(crate) use for_each_vector;

struct Sum<'a>(&'a [f32]);

impl WithSimd for Sum<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let mut sum = simd.splat_f32s(0.0);
        for_each_vector!(S, self.0.len(), slot => {
            sum = simd.add_f32s(sum, slot.load(simd, self.0));
        });
        simd.reduce_sum_f32s(sum)
    }
}

/// Σ x.
pub(crate) fn sum(x: &[f32]) -> f32 {
    run(Sum(x))
}
