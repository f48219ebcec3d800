//! How large changes are.

/// Adam's step at a change, counted from 0.
pub(super) fn scheduled(rate: f64, step: usize, steps: usize) -> f32 {
    let rise = (step + 1) as f64 / (steps as f64 / 10.0).max(1.0);
    let fall = 1.0 - step as f64 / steps as f64;
    (rate * rise.min(1.0) * fall) as f32
}
