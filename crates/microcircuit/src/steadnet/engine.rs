//! Where the approximation meets the vector unit: compiled here, and not again in every crate that uses it.

use super::core::{Core, Job, Run};
use crate::Real;
use crate::kernels::elementary::for_activation;

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
                let activation = core.params.raw().activation;
                for_activation!(activation, _activation => simd.dispatch(Run {
                    core,
                    job,
                    _activation,
                }));
            }
        }
    };
}

engine!(f32);
engine!(f64);
