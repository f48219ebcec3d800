//! Published values with our runs beside them: which of our runs were made under the conditions of a published
//! value is decided here, for figures and comparisons alike.

pub(crate) mod hill;
pub(crate) mod peterson;
