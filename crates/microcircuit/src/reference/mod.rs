//! Both networks written down as plainly as possible: the oracle of the tests, and the yardstick of the benches.
//!
//! Nothing here is tuned. [`crate::PyraLNet`] and [`crate::SteadNet`] compute the same, to rounding.

mod plain;
mod pyralnet;
mod steadnet;

pub use pyralnet::PlainPyraLNet;
pub use steadnet::PlainSteadNet;
