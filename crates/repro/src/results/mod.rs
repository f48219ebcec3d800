//! Results as files: what runs produce, the CSV tables that hold it, and statistics over them. Nothing here
//! knows of figures, comparisons or pages, which all read from here.

pub(crate) mod files;
pub(crate) mod frame;
pub(crate) mod stats;
pub(crate) mod table;

pub use frame::{Frame, Row};
pub use table::{Cell, Table};
