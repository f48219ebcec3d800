//! Figures: how the CSV files of experiments are drawn.
//!
//! A figure is a file of its own with one [`Figure`]: what it shows, which experiments it needs,
//! and a function from their tables to a page. To add one, write the file and put a line into
//! [`ALL`].

mod accuracy;
mod astro;
mod attention;
mod dendritic_prediction;
mod figure;
mod foot;
mod learning_lag;
mod look;
mod mimic;
mod mnist;
mod plasticity_traces;
mod precision;
mod stability;
mod steady_state_validity;
mod time_constants;
mod works;
mod yinyang;

use anyhow::{Result, anyhow};

pub use figure::Figure;
pub use works::Work;

/// Every figure there is, in reading order: work by work.
pub static ALL: &[&Figure] = &[
    &learning_lag::LEARNING_LAG,
    &plasticity_traces::PLASTICITY_TRACES,
    &yinyang::YINYANG,
    &yinyang::YINYANG_STEADNET,
    &precision::PRECISION,
    &learning_lag::LEARNING_LAG_RESET,
    &time_constants::TAU_0,
    &time_constants::TAU_W,
    &mnist::MNIST_PYRALNET,
    &mnist::MNIST_STEADNET,
    &steady_state_validity::FIGURE,
    &mimic::FIGURE,
    &stability::FIGURE,
    &dendritic_prediction::FIGURE,
    &astro::LAYERS,
    &astro::DEPTH,
    &astro::DIGITS,
    &astro::ASTRO_VS_NEURONS,
    &astro::LATENTS,
    &astro::DIFFUSION,
    &astro::NOISE,
    &astro::DROPOUT,
    &astro::XOR,
    &astro::APPROXIMATION,
    &attention::ATTENTION_TRACES,
    &attention::ATTENTION_ERROR,
    &attention::ATTENTION_SWAP,
    &attention::ATTENTION_FEATURES,
    &attention::ATTENTION_LEARNING,
    &attention::ATTENTION_LANGUAGE,
    &attention::ATTENTION_DYNAMICS,
];

/// The figures with these ids, in the order of [`ALL`]; all of them if no id is given.
pub fn select(ids: &[String]) -> Result<Vec<&'static Figure>> {
    for id in ids {
        if !ALL.iter().any(|f| f.id == id) {
            let known = ALL.iter().map(|f| (strsim::jaro_winkler(f.id, id), f.id));
            let nearest = known.max_by(|a, b| a.0.total_cmp(&b.0));
            let meant = match nearest.filter(|(likeness, _)| *likeness > 0.8) {
                Some((_, meant)) => format!("did you mean {meant}? "),
                None => String::new(),
            };
            return Err(anyhow!(
                "there is no figure {id:?}; {meant}`repro list` names them"
            ));
        }
    }
    Ok(ALL
        .iter()
        .copied()
        .filter(|f| ids.is_empty() || ids.iter().any(|id| id == f.id))
        .collect())
}
