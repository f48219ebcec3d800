//! Data sets on disk, for runs and commands.

mod digits;
mod folder;
mod form;
mod patterns;
mod samples;

pub(crate) use digits::Digits;
pub use folder::DataSets;
pub(crate) use folder::MNIST;
pub(crate) use patterns::{Patterns, Set};
