//! What the subcommands do.

pub(crate) mod attention;
pub(crate) mod compare;
pub(crate) mod data;
pub(crate) mod describe;
pub(crate) mod encoder;
pub(crate) mod figures;
pub(crate) mod language;
pub(crate) mod list;
pub(crate) mod provenance;
mod ranks;
pub(crate) mod simulate;
pub(crate) mod sweep;
pub(crate) mod transformer;
pub(crate) mod tune;
