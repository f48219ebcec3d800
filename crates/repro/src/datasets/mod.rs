//! Data sets on disk, for runs and commands.

mod digits;
mod folder;

pub(crate) use digits::Digits;
pub use folder::DataSets;
