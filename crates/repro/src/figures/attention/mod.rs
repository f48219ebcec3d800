//! The neuron–astrocyte transformer (Kozachkov, Kastanenka & Krotov 2023).

mod dynamics;
mod error;
mod features;
mod kept;
mod labels;
mod language;
mod learning;
mod swap;
mod traces;

pub(super) use dynamics::ATTENTION_DYNAMICS;
pub(super) use error::ATTENTION_ERROR;
pub(super) use features::ATTENTION_FEATURES;
pub(super) use language::ATTENTION_LANGUAGE;
pub(super) use learning::ATTENTION_LEARNING;
pub(super) use swap::ATTENTION_SWAP;
pub(super) use traces::ATTENTION_TRACES;

use super::Figure;
