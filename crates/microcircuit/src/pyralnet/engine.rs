//! Where the simulation meets the vector unit.

use super::job::Job;
use super::kernels;
use super::state::State;
use crate::Real;
use crate::kernels::compiled;

/// A number type that the full simulation is compiled for: `f32` and `f64`.
pub trait Engine: Real {
    /// Does a job on the vector unit of the state.
    fn run(state: &mut State<Self>, job: Job<'_, Self>);
}

compiled!(f32 f64: Engine, State, Job<'_, Self> => kernels::run);
