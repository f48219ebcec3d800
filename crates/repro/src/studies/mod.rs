//! Studies: what one run of an experiment computes.
//!
//! A study is a type in a file of its own that deserializes from the settings of an experiment file
//! (unknown keys are errors) and turns them and a seed into an [`Outcome`]. To add one, write the
//! file and put a line into `ALL`.

mod astro;
mod attention;
mod circuits;
mod dendritic_prediction;
pub(crate) mod mimic;
mod mnist;
mod paused;
mod plasticity_traces;
mod stability;
mod steady_state;
mod study;
mod yinyang;

use anyhow::{Result, anyhow};

use crate::datasets::{Contents, DataSets};
pub(crate) use attention::ARCHITECTURE;
pub(crate) use circuits::{Model, Precision};
pub use study::{
    Better, Idle, Job, Kept, Metric, Monitor, Outcome, Preparation, Stopped, Study, StudyKind,
};

/// Every study there is.
const ALL: &[StudyKind] = &[
    StudyKind::of::<dendritic_prediction::DendriticPrediction>(),
    StudyKind::of::<stability::Stability>(),
    StudyKind::of::<mimic::Mimic>(),
    StudyKind::of::<steady_state::SteadyState>(),
    StudyKind::of::<yinyang::YinYang>(),
    StudyKind::of::<mnist::MnistRun>(),
    StudyKind::of::<plasticity_traces::PlasticityTraces>(),
    StudyKind::of::<astro::Xor>(),
    StudyKind::of::<astro::Sudoku>(),
    StudyKind::of::<astro::Structure>(),
    StudyKind::of::<astro::Reconstruction>(),
    StudyKind::of::<astro::Approximation>(),
    StudyKind::of::<astro::Joint>(),
    StudyKind::of::<attention::AttentionErrorStudy>(),
    StudyKind::of::<attention::AttentionTraces>(),
    StudyKind::of::<attention::AttentionSwap>(),
    StudyKind::of::<attention::AttentionFeatures>(),
    StudyKind::of::<attention::AttentionLearning>(),
    StudyKind::of::<attention::AttentionDynamics>(),
    StudyKind::of::<attention::AttentionLanguage>(),
    StudyKind::of::<astro::Classifier>(),
];

/// The study of that name.
pub fn find(name: &str) -> Result<&'static StudyKind> {
    ALL.iter().find(|s| s.name == name).ok_or_else(|| {
        anyhow!(
            "there is no study {name:?}; the studies are {}",
            names().join(", ")
        )
    })
}

/// All names.
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|s| s.name).collect()
}
