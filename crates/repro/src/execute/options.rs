//! How runs are computed.

use crate::datasets::DataSets;
use crate::paths::Output;

/// How runs are computed.
pub struct Options<'a> {
    /// Where results are and go.
    pub output: &'a Output,
    /// What runs are handed.
    pub data: &'a DataSets,
    /// Computes again what has results.
    pub fresh: bool,
    /// Only says what would be done.
    pub dry_run: bool,
    /// Goes on with the other runs when one fails.
    pub keep_going: bool,
    /// Waits for another process that does the same runs.
    pub wait: bool,
}
