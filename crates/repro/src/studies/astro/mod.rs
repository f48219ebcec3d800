//! Studies of artificial astrocyte networks.

mod classifier;
mod digits;
mod encoder;
mod joint;

pub(super) use classifier::Classifier;
pub(crate) use digits::Digits;
pub(super) use joint::Joint;

use super::{Better, Monitor, Outcome, Study};
