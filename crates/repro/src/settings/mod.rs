//! Settings: from TOML and the command line into trees of values, and from these into types.

pub(crate) mod tree;
mod value;

pub(crate) use value::{parse_at, plain};
