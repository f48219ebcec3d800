//! Studies of the neuron–astrocyte transformer.

mod dynamics;
mod error;
mod features;
mod language;
mod learning;
mod sequence;
mod swap;
mod traces;
mod trained;

pub(super) use dynamics::AttentionDynamics;
pub(super) use error::AttentionErrorStudy;
pub(super) use features::AttentionFeatures;
pub(super) use language::AttentionLanguage;
pub(super) use learning::AttentionLearning;
pub(super) use swap::AttentionSwap;
pub(super) use traces::AttentionTraces;
pub(crate) use trained::ARCHITECTURE;

use super::{Contents, DataSets, Idle, Metric, Monitor, Outcome, Stopped, Study};
