//! Where the simulation meets the vector unit.
//!
//! The kernels are generic over number type, activation function and vector unit. They are compiled here, once
//! for each, and not again in every crate that uses a network.

use super::core::Core;
use super::leap::Leaps;
use super::memory::Memory;
use super::step::{CatchUp, Steps};
use super::turn::Turn;
use crate::Real;
use crate::kernels::elementary::for_activation;
use crate::kernels::simd::Simd;

/// A number of steps of the same kind.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    /// How many.
    pub(super) n: usize,
    /// Whether weights are plastic.
    pub(super) plastic: bool,
    /// Whether the output is being averaged.
    pub(super) average: bool,
}

/// A number type that the steps are compiled for: `f32` and `f64`.
pub trait Engine: Sized {
    /// Takes the steps.
    fn run(core: &mut Core<Self>, job: Job)
    where
        Self: Real;

    /// Leaps over the steps.
    fn leap(core: &mut Core<Self>, memory: &mut Memory<Self>, job: Job)
    where
        Self: Real;

    /// Applies the pending changes of the last plastic steps.
    fn catch_up(core: &mut Core<Self>)
    where
        Self: Real;

    /// Turns the plane of the input.
    fn turn(turn: Turn<'_, Self>, simd: Simd)
    where
        Self: Real;
}

macro_rules! engine {
    ($type:ty) => {
        impl Engine for $type {
            #[inline(never)]
            fn run(core: &mut Core<Self>, job: Job) {
                let simd = core.tuning().simd;
                let activation = core.params.raw().activation;
                for_activation!(activation, _activation => simd.dispatch(Steps {
                    core,
                    job,
                    _activation,
                }));
            }

            #[inline(never)]
            fn leap(core: &mut Core<Self>, memory: &mut Memory<Self>, job: Job) {
                let simd = core.tuning().simd;
                let activation = core.params.raw().activation;
                for_activation!(activation, _activation => simd.dispatch(Leaps {
                    core,
                    memory,
                    job,
                    _activation,
                }));
            }

            #[inline(never)]
            fn catch_up(core: &mut Core<Self>) {
                let simd = core.tuning().simd;
                simd.dispatch(CatchUp { core });
            }

            #[inline(never)]
            fn turn(turn: Turn<'_, Self>, simd: Simd) {
                simd.dispatch(turn);
            }
        }
    };
}

engine!(f32);
engine!(f64);
