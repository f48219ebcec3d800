//! What the driver asks of the kernels.

use super::state::nodes::Memory;
use crate::Real;
use crate::noise::Noise;

/// Steps of a pattern that are all of the same kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// How many.
    pub(super) steps: usize,
    /// Whether weights are plastic.
    pub(super) plastic: bool,
    /// In how many of them, the last ones, the output is averaged; with fixed steps, all or none.
    pub(super) averaged: usize,
}

impl Segment {
    /// So many of its steps.
    pub(super) fn of(self, steps: usize) -> Self {
        Self {
            steps,
            averaged: self.averaged.min(steps),
            ..self
        }
    }
}

/// One thing to be done to a state, in one go.
pub enum Job<'a, T: Real> {
    /// Euler steps.
    Steps(Segment, Option<&'a mut Noise>),
    /// The same steps, in leaps.
    Leaps(Segment, &'a mut Memory<T>),
    /// As many of them as need not be taken, noted in the memory.
    Settle(Segment, &'a mut Memory<T>),
    /// Bring the weights from the input up to date, and project them onto the plane with this basis.
    Project([Vec<T>; 2]),
    /// Apply all changes of weights that wait.
    CatchUp,
}
