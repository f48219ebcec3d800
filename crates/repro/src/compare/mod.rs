//! Ours against published: per point in combined standard errors, per run in samples.
//!
//! A comparison belongs to a figure and reads the same CSV files as the figure. To add one, write a
//! function that returns [`Point`]s and put a line into [`ALL`].

mod hill;
mod peterson;
mod point;
mod verdict;

pub(crate) use point::{Comparison, Point};
pub(crate) use verdict::{count, verdicts};

/// Everything that can be compared.
pub(crate) static ALL: &[Comparison] = &[
    Comparison {
        figure: "yinyang",
        points: hill::yinyang,
    },
    Comparison {
        figure: "yinyang-steadnet",
        points: hill::yinyang_steadnet,
    },
    Comparison {
        figure: "learning-lag",
        points: hill::learning_lag,
    },
    Comparison {
        figure: "learning-lag-reset",
        points: hill::learning_lag_reset,
    },
    Comparison {
        figure: "tau-0",
        points: hill::tau_0,
    },
    Comparison {
        figure: "tau-w",
        points: hill::tau_w,
    },
    Comparison {
        figure: "astro-vs-neurons",
        points: peterson::versus,
    },
    Comparison {
        figure: "diffusion",
        points: peterson::diffusion,
    },
    Comparison {
        figure: "astro-noise",
        points: peterson::noise,
    },
    Comparison {
        figure: "astro-dropout",
        points: peterson::dropout,
    },
];
