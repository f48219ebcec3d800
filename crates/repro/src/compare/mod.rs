//! Ours against published: per point in combined standard errors, per run in samples.
//!
//! A comparison belongs to a figure and reads the same CSV files as the figure. To add one, write a
//! [`Comparison`] with what it reads and a function that returns [`Point`]s, and put a line into [`ALL`].

mod comparison;
mod csv;
mod hill;
mod peterson;
mod point;
mod verdict;

pub(crate) use comparison::{Compared, Comparison};
pub(crate) use csv::{FILES, write};
pub(crate) use point::Point;

/// Everything that can be compared.
pub(crate) static ALL: &[Comparison] = &[
    hill::YINYANG,
    hill::YINYANG_STEADNET,
    hill::LEARNING_LAG,
    hill::LEARNING_LAG_RESET,
    hill::TAU_0,
    hill::TAU_W,
    hill::PRECISION,
    peterson::VERSUS,
    peterson::LATENTS,
    peterson::DIFFUSION,
    peterson::NOISE,
    peterson::DROPOUT,
];
