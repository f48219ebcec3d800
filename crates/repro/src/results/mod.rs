//! Results as files: what runs produce, the CSV tables that hold it with their provenance, and statistics
//! over them. Nothing here knows of figures, comparisons or pages, which all read from here.

pub(crate) mod columns;
pub(crate) mod files;
pub(crate) mod folder;
pub(crate) mod frame;
mod inputs;
pub(crate) mod provenance;
pub(crate) mod started;
pub(crate) mod stats;
pub(crate) mod table;

pub(crate) use columns::columns;
pub use columns::{Column, Reads};
pub use folder::Results;
pub use frame::{Frame, Row};
pub use inputs::Inputs;
pub use provenance::Provenance;
pub(crate) use table::write_rows;
pub use table::{Cell, Table};
