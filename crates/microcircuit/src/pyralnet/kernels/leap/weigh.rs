//! Sums of a few vectors, weighted.

use crate::Real;
use crate::pyralnet::state::moments::{Functional, LeapWeights, Moments, Spacing};
use pulp::{Simd, WithSimd};

/// [`LeapWeights::new`], compiled once and not for every number type and activation function.
pub(super) struct Weigh<'a> {
    pub(super) moments: &'a Moments,
    pub(super) m: usize,
    pub(super) spacing: Spacing,
}

impl WithSimd for Weigh<'_> {
    type Output = LeapWeights;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> LeapWeights {
        LeapWeights::new(self.moments, self.m, self.spacing)
    }
}

/// Numbers as vectors of one value.
#[inline(always)]
pub(in crate::pyralnet::kernels) fn splat<T: Real, S: Simd, const N: usize>(
    s: S,
    numbers: [f64; N],
) -> [T::V<S>; N] {
    let mut vectors = [T::splat(s, T::ZERO); N];
    for i in 0..N {
        vectors[i] = T::splat(s, T::from_f64(numbers[i]));
    }
    vectors
}

/// A sum of vectors, added to `sum`.
#[inline(always)]
pub(in crate::pyralnet::kernels) fn add<T: Real, S: Simd, const N: usize>(
    s: S,
    mut sum: T::V<S>,
    weights: [T::V<S>; N],
    values: [T::V<S>; N],
) -> T::V<S> {
    for i in 0..N {
        sum = T::fma(s, weights[i], values[i], sum);
    }
    sum
}

/// Values at three nodes, as vectors.
#[inline(always)]
pub(super) fn vectors<T: Real, S: Simd>(past: [&[T]; 3]) -> [&[T::V<S>]; 3] {
    [
        T::vectors::<S>(past[0]),
        T::vectors::<S>(past[1]),
        T::vectors::<S>(past[2]),
    ]
}

/// The weights of the values at all four nodes, the last one being the end itself.
#[inline(always)]
pub(super) fn of_values(weights: &LeapWeights, functional: Functional) -> [f64; 4] {
    from_end(weights, weights.of(functional))
}

/// The same of weights that count the distance of the end from its prediction.
#[inline(always)]
pub(super) fn from_end(weights: &LeapWeights, mut of: [f64; 4]) -> [f64; 4] {
    let end = weights.of(Functional::End);
    for a in 0..3 {
        of[a] -= end[a] * of[3];
    }
    of
}

#[inline(always)]
pub(super) fn first3(of: [f64; 4]) -> [f64; 3] {
    [of[0], of[1], of[2]]
}
