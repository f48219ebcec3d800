//! Studies of the neuron–astrocyte transformer.

mod error;
mod sequence;
mod swap;
mod traces;
mod trained;

pub(super) use error::AttentionErrorStudy;
pub(super) use swap::AttentionSwap;
pub(super) use traces::AttentionTraces;
pub(crate) use trained::ARCHITECTURE;

use super::{Contents, DataSets, Idle, Metric, Monitor, Outcome, Stopped, Study};
