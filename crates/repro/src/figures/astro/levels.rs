//! Conditions by the level of a disturbance.

use anyhow::Result;

use super::super::look::ASTROCYTES;
use super::bars::Condition;
use crate::results::Frame;
use crate::results::started::Accuracies;
use crate::sources::peterson::Disturbed;

/// Our runs by level and encoder. The published bar of a level stands beside ours on the encoder it was made on.
pub(super) fn by_level(
    published: &Disturbed,
    runs: &Frame,
    label: fn(f64, &str) -> String,
) -> Result<Vec<(f64, Condition)>> {
    let mut conditions = Vec::new();
    for (level, runs) in runs.by_number("disturbance.level")? {
        for encoder in ["random-projection", "vae"] {
            let runs = runs.matching("encoder.kind", encoder)?;
            if runs.is_empty() {
                continue;
            }
            let comparable = encoder == Disturbed::encoder(level);
            let condition = Condition {
                label: label(level, encoder),
                color: ASTROCYTES,
                ours: Accuracies::ours(&runs)?,
                published: published.mean(level)?.filter(|_| comparable),
                published_runs: published.runs(level)?,
            };
            conditions.push((level, condition));
        }
    }
    Ok(conditions)
}
