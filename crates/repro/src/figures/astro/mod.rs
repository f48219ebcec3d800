//! Figures of artificial astrocyte networks.

mod approximation;
mod bars;
mod diffusion;
mod digits;
mod disturbed;
mod latents;
mod levels;
mod structure;
mod versus;
mod xor;

pub(super) use approximation::APPROXIMATION;
pub(super) use diffusion::DIFFUSION;
pub(super) use digits::DIGITS;
pub(super) use disturbed::{DROPOUT, NOISE};
pub(super) use latents::LATENTS;
pub(super) use structure::{DEPTH, LAYERS};
pub(super) use versus::ASTRO_VS_NEURONS;
pub(super) use xor::XOR;
