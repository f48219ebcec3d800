//! Studies of artificial astrocyte networks.

mod approximation;
mod classifier;
mod encoder;
mod joint;
mod reconstruction;
mod regression;
mod structure;
mod sudoku;
mod xor;

pub(super) use approximation::Approximation;
pub(super) use classifier::Classifier;
pub(super) use joint::Joint;
pub(super) use reconstruction::Reconstruction;
pub(super) use structure::Structure;
pub(super) use sudoku::Sudoku;
pub(super) use xor::Xor;

use super::{Contents, DataSets, Idle, Metric, Monitor, Outcome, Preparation, Study};
