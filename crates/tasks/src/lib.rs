//! Learning tasks with their data: inputs, labels or targets, and splits.
//!
//! | module | task | random numbers |
//! |---|---|---|
//! | [`yinyang`] | points of the plane in three classes, four features | MT19937, the published stream bit for bit |
//! | [`mimic`] | inputs in `[0, 1)`, targets the potentials of a random teacher network | any generator of `rand`, passed in |

mod dataset;
pub mod mimic;
pub mod yinyang;

pub use dataset::{Dataset, Regression};
