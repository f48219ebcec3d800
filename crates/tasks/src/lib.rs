//! Learning tasks with their data: inputs, labels or targets, and splits.
//!
//! | module | task | random numbers |
//! |---|---|---|
//! | [`yinyang`] | points of the plane in three classes, four features | MT19937, the published stream bit for bit |

mod dataset;
pub mod yinyang;

pub use dataset::{Dataset, Regression};
