//! The low-pass filter between a pattern and the network.

use crate::Real;
use crate::tape::{RestoreError, Tape};

/// Values on their way to goals: `value ← value + dt/τ_0 (goal - value)` in every step.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    value: Vec<f64>,
    goal: Vec<f64>,
    /// What is left of the distance at the start: `(1 - dt/τ_0)ⁿ` after n steps.
    left: f64,
}

/// The most values of a [`FewValues`]: eight doubles are one vector, or two.
const FEW: usize = 8;

/// The same for up to eight values, out of a [`Filter`] and back. All eight are computed, so that they are one vector.
pub struct FewValues {
    value: [f64; FEW],
    goal: [f64; FEW],
    left: f64,
}

/// The filter's step.
#[inline(always)]
fn approach(value: &mut [f64], goal: &[f64], left: &mut f64, share: f64) {
    *left -= share * *left;
    let goal = &goal[..value.len()];
    for i in 0..value.len() {
        value[i] += share * (goal[i] - value[i]);
    }
}

impl FewValues {
    #[inline(always)]
    pub(in crate::pyralnet) fn approach(&mut self, share: f64) {
        approach(&mut self.value, &self.goal, &mut self.left, share);
    }

    /// The values times a factor, rounded; then zeros.
    #[inline(always)]
    pub(in crate::pyralnet) fn times<T: Real>(&self, factor: f64) -> [T; FEW] {
        let mut scaled = [T::ZERO; FEW];
        for i in 0..FEW {
            scaled[i] = T::from_f64(factor * self.value[i]);
        }
        scaled
    }
}

impl Filter {
    /// Starts again from `value`.
    pub(super) fn begin(&mut self, value: Vec<f64>, goal: Vec<f64>) {
        (self.value, self.goal, self.left) = (value, goal, 1.0);
    }

    /// Goes that share of the way.
    #[inline(always)]
    pub(in crate::pyralnet) fn approach(&mut self, share: f64) {
        approach(&mut self.value, &self.goal, &mut self.left, share);
    }

    /// A copy that is kept in registers; of at most eight values.
    #[inline(always)]
    pub(in crate::pyralnet) fn take(&self) -> FewValues {
        let mut few = FewValues {
            value: [0.0; FEW],
            goal: [0.0; FEW],
            left: self.left,
        };
        let n = self.value.len();
        few.value[..n].copy_from_slice(&self.value);
        few.goal[..n].copy_from_slice(&self.goal);
        few
    }

    /// What became of the copy.
    #[inline(always)]
    pub(in crate::pyralnet) fn put(&mut self, few: &FewValues) {
        let n = self.value.len();
        self.value.copy_from_slice(&few.value[..n]);
        self.left = few.left;
    }

    /// The values now.
    #[inline(always)]
    pub(in crate::pyralnet) fn value(&self) -> &[f64] {
        &self.value
    }

    /// Everything that changes, of `n` values.
    pub(super) fn tape(&mut self, n: usize, tape: &mut Tape<'_>) -> Result<(), RestoreError> {
        let Self { value, goal, left } = self;
        tape.some_doubles(value, n)?;
        tape.some_doubles(goal, n)?;
        tape.doubles(std::slice::from_mut(left))
    }

    pub(super) fn left(&self) -> f64 {
        self.left
    }

    /// What they tend to.
    #[inline(always)]
    pub(in crate::pyralnet) fn goal(&self) -> &[f64] {
        &self.goal
    }
}
