//! Figures of artificial astrocyte networks.

mod bars;
mod diffusion;
mod disturbed;
mod versus;

pub(super) use diffusion::DIFFUSION;
pub(super) use disturbed::{DROPOUT, NOISE};
pub(super) use versus::ASTRO_VS_NEURONS;
