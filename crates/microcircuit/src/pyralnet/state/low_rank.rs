//! Changes of weights, kept as the factors of their products.

use super::plane::Decay;
use crate::Real;
use crate::kernels::aligned::{Aligned, padded};
use crate::tape::{RestoreError, Tape};

/// Nodes whose rates are kept before the changes are applied.
pub const CAPACITY: usize = 16;

/// What W and P have become since the matrices were W₀ and P₀, with r_k the presynaptic rates at some nodes:
///
/// ```text
/// W = W₀ + S P₀ + Σ_k c_k r_kᵀ,   P = βⁿ P₀ + Σ_k d_k r_kᵀ        n steps, S = 1 + β + … + β^(n-1)
/// ```
///
/// So W r needs the scalar products r_k · r, and a matrix is not written.
pub struct LowRank<T> {
    /// r_k, `lanes` each.
    pub(in crate::pyralnet) rates: Aligned<T>,
    /// c_k and d_k, `targets` each.
    pub(in crate::pyralnet) of_w: Aligned<T>,
    pub(in crate::pyralnet) of_p: Aligned<T>,
    /// r_k · r with the last r.
    pub(in crate::pyralnet) products: [T; CAPACITY],
    /// How many nodes there are.
    pub(in crate::pyralnet) len: usize,
    pub(in crate::pyralnet) lanes: usize,
    pub(in crate::pyralnet) targets: usize,
    /// S and βⁿ.
    pub(in crate::pyralnet) since: Decay,
}

impl<T: Real> LowRank<T> {
    pub(super) fn zeros(lanes: usize, targets: usize) -> Self {
        let (lanes, targets) = (padded::<T>(lanes), padded::<T>(targets));
        Self {
            rates: Aligned::zeros(CAPACITY * lanes),
            of_w: Aligned::zeros(CAPACITY * targets),
            of_p: Aligned::zeros(CAPACITY * targets),
            products: [T::ZERO; CAPACITY],
            len: 0,
            lanes,
            targets,
            since: Decay::NONE,
        }
    }

    /// Whether there is room for no more.
    #[inline(always)]
    pub(in crate::pyralnet) fn is_full(&self) -> bool {
        self.len == CAPACITY
    }

    /// Adds a node, without a share in the changes yet.
    #[inline(always)]
    pub(in crate::pyralnet) fn push(&mut self, rate: &[T]) {
        let (k, lanes) = (self.len, self.lanes);
        self.rates[k * lanes..(k + 1) * lanes].copy_from_slice(rate);
        for of in [&mut self.of_w, &mut self.of_p] {
            of[k * self.targets..(k + 1) * self.targets].fill(T::ZERO);
        }
        self.len += 1;
    }

    /// The three nodes before the newest, the last of them first, and the newest; where there is none, another.
    #[inline(always)]
    pub(in crate::pyralnet) fn last(&self) -> [usize; 4] {
        [
            self.len.saturating_sub(2),
            self.len.saturating_sub(3),
            self.len.saturating_sub(4),
            self.len.saturating_sub(1),
        ]
    }

    /// Forgets all nodes; what they stood for has been applied.
    pub(in crate::pyralnet) fn clear(&mut self) {
        self.len = 0;
        self.since = Decay::NONE;
    }

    /// All changes have been applied; keeps the last three nodes.
    pub(in crate::pyralnet) fn applied(&mut self) {
        let kept = self.len.min(3);
        let from = self.len - kept;
        self.rates
            .copy_within(from * self.lanes..self.len * self.lanes, 0);
        self.of_w[..kept * self.targets].fill(T::ZERO);
        self.of_p[..kept * self.targets].fill(T::ZERO);
        self.len = kept;
        self.since = Decay::NONE;
    }

    /// Everything that changes.
    pub(super) fn tape(&mut self, tape: &mut Tape<'_>) -> Result<(), RestoreError> {
        let Self {
            rates,
            of_w,
            of_p,
            products,
            len,
            lanes: _,
            targets: _,
            since,
        } = self;
        for values in [rates, of_w, of_p] {
            tape.reals(values)?;
        }
        tape.reals(products)?;
        tape.count(len, CAPACITY)?;
        since.tape(tape)
    }

    /// Notes the decay of `n` steps.
    #[inline(always)]
    pub(in crate::pyralnet) fn decay(&mut self, sum: f64, power: f64) {
        self.since = self.since.then(Decay { sum, power });
    }
}
