//! Where the approximation meets the vector unit.

use super::state::State;
use super::sweep::{self, Job};
use crate::Real;
use crate::kernels::compiled;

/// A number type that the sweeps are compiled for: `f32` and `f64`.
pub trait Engine: Real {
    /// Does a job on the vector unit of the network.
    fn run(state: &mut State<Self>, job: Job);
}

compiled!(f32 f64: Engine, State, Job => sweep::run);
