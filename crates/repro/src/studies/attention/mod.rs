//! Studies of the neuron–astrocyte transformer.

mod error;
mod sequence;
mod swap;
mod traces;

pub(super) use error::AttentionErrorStudy;
pub(crate) use swap::ARCHITECTURE;
pub(super) use swap::AttentionSwap;
pub(super) use traces::AttentionTraces;

use super::{Contents, DataSets, Idle, Metric, Monitor, Outcome, Study};
