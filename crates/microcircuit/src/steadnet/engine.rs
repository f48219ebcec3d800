//! Where the approximation meets the vector unit: compiled here, and not again in every crate that uses it.

use super::core::{Core, Job, Run};
use crate::Real;
use crate::activation::Activation;
use crate::kernels::elementary::{Sigmoid, SoftRelu};

/// A number type that the sweeps are compiled for: `f32` and `f64`.
pub trait Engine: Sized {
    /// Runs a job.
    fn steadnet(core: &mut Core<Self>, job: Job)
    where
        Self: Real;
}

macro_rules! engine {
    ($type:ty) => {
        impl Engine for $type {
            #[inline(never)]
            fn steadnet(core: &mut Core<Self>, job: Job) {
                let simd = core.tuning.simd;
                match core.params.raw().activation {
                    Activation::Sigmoid => simd.dispatch(Run {
                        core,
                        job,
                        _activation: Sigmoid,
                    }),
                    Activation::SoftRelu => simd.dispatch(Run {
                        core,
                        job,
                        _activation: SoftRelu,
                    }),
                }
            }
        }
    };
}

engine!(f32);
engine!(f64);
