//! The hot loops, behind the equations.

pub(crate) mod lanes;
