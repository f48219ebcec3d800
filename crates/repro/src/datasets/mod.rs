//! Data sets on disk, for runs and commands.

mod contents;
mod digits;
mod folder;
mod form;
mod patterns;
mod samples;

pub use contents::Contents;
pub(crate) use contents::MNIST;
pub(crate) use digits::Digits;
pub use folder::DataSets;
pub(crate) use patterns::{Patterns, Set};
