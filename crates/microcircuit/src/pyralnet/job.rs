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
    /// Whether the output is being averaged.
    pub(super) average: bool,
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
