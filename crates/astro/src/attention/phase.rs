//! Writing and reading.

use serde::{Deserialize, Serialize};

/// The global signal that decides what drives the hidden neurons and whether synapses change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Hidden neurons carry φ(k); synapses and calcium change, output neurons carry the value.
    Writing,
    /// Hidden neurons carry φ(q); synapses and calcium hold, output neurons are driven through them.
    Reading,
}
