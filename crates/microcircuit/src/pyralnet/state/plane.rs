//! The plane in which the input of one pattern moves, for [`InputForm::Factored`](crate::InputForm).

use crate::Real;
use crate::kernels::packed::Packed;
use crate::tape::{RestoreError, Tape};

/// What plastic steps without an error do to W and P: `W ← W + sum P`, `P ← power P`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decay {
    pub(in crate::pyralnet) sum: f64,
    pub(in crate::pyralnet) power: f64,
}

impl Decay {
    pub(in crate::pyralnet) const NONE: Self = Self {
        sum: 0.0,
        power: 1.0,
    };

    /// Of `n` steps with P decaying by β each: 1 + β + … and βⁿ.
    fn steps(beta: f64, n: usize) -> Self {
        let power = beta.powi(n as i32);
        let sum = if beta < 1.0 {
            (1.0 - power) / (1.0 - beta)
        } else {
            n as f64
        };
        Self { sum, power }
    }

    pub(super) fn tape(&mut self, tape: &mut Tape<'_>) -> Result<(), RestoreError> {
        let Self { sum, power } = self;
        tape.doubles(std::slice::from_mut(sum))?;
        tape.doubles(std::slice::from_mut(power))
    }

    /// This, and then `next`.
    #[inline(always)]
    pub(super) fn then(self, next: Self) -> Self {
        Self {
            sum: self.sum + self.power * next.sum,
            power: self.power * next.power,
        }
    }
}

/// Projections of W and P onto the basis vectors of the plane, one column each.
#[derive(Clone)]
pub struct Projection<T: Real> {
    pub(in crate::pyralnet) w: Packed<T>,
    pub(in crate::pyralnet) p: Packed<T>,
}

/// The weights in the plane.
#[derive(Clone)]
pub struct Plane<T: Real> {
    /// Orthonormal basis, with the bias; vectors that do not exist are zero.
    pub(in crate::pyralnet) basis: [Vec<T>; 2],
    /// Now, and as they were when the matrices were last brought up to date.
    pub(in crate::pyralnet) now: Projection<T>,
    pub(in crate::pyralnet) start: Projection<T>,
    /// What has become since then of weights across the plane.
    pub(in crate::pyralnet) across: Decay,
}

impl<T: Real> Plane<T> {
    pub(super) fn new(n_pre: usize, lanes: usize, width: usize) -> Self {
        let projection = || Projection {
            w: Packed::zeros(2, lanes, 2, width),
            p: Packed::zeros(2, lanes, 2, width),
        };
        Self {
            basis: [vec![T::default(); n_pre], vec![T::default(); n_pre]],
            now: projection(),
            start: projection(),
            across: Decay::NONE,
        }
    }

    /// Everything that changes.
    pub(super) fn tape(&mut self, tape: &mut Tape<'_>) -> Result<(), RestoreError> {
        let Self {
            basis,
            now,
            start,
            across,
        } = self;
        basis.iter_mut().try_for_each(|vector| tape.reals(vector))?;
        for Projection { w, p } in [now, start] {
            tape.reals(w.data_mut())?;
            tape.reals(p.data_mut())?;
        }
        across.tape(tape)
    }

    /// Notes what `n` plastic steps do to the weights across it.
    pub(super) fn count(&mut self, beta: f64, n: usize) {
        self.across = self.across.then(Decay::steps(beta, n));
    }
}

/// An orthonormal basis of the plane of `a` and `b`, by Gram and Schmidt; vectors that do not exist are zero.
pub(super) fn basis_of(a: &[f64], b: &[f64]) -> [Vec<f64>; 2] {
    let first = normalised(a, 0.0);
    let mut across = b.to_vec();
    // Twice is enough, however nearly parallel the two are.
    for _ in 0..2 {
        let along = dot(&first, &across);
        across
            .iter_mut()
            .zip(&first)
            .for_each(|(x, q)| *x -= along * q);
    }
    let second = normalised(&across, 1e-13 * dot(b, b).sqrt());
    [first, second]
}

fn normalised(a: &[f64], negligible: f64) -> Vec<f64> {
    let norm = dot(a, a).sqrt();
    let scale = if norm > negligible { 1.0 / norm } else { 0.0 };
    a.iter().map(|x| scale * x).collect()
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
