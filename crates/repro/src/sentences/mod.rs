//! Sentence encoders with circuits in place of attention: what the command and the study of that name share.

mod captured;
mod circuits;
mod judge;
mod text;

pub(crate) use captured::{Attention, Captured};
pub(crate) use circuits::{Fitting, Presented, Select};
pub(crate) use judge::{Judged, LayerError, Targets, judge};
pub(crate) use text::Corpus;
