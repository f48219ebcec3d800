//! The published program's own numbers, to the tolerance stated in `tests/fixtures/README.md`.

mod fixture;
mod layers;
mod networks;
mod vae;
