//! Quantities that change slowly, at the last three evaluations, and where they lead.
//!
//! Through the values y₀ (now), y₁ (h₁ steps ago) and y₂ (h₂ steps before that) goes the parabola
//!
//! ```text
//! y(j) = y₀ + d j + c j (j + h₁)        d = (y₀ - y₁) / h₁,  c = (d - (y₁ - y₂) / h₂) / (h₁ + h₂)
//! ```
//!
//! so that whatever is linear in y(j), j ≥ 0, its mean or what it makes of a soma, is y₀ times that of 1, plus a sum
//! of the two differences, weighted by what the same makes of j and j².

use pulp::Simd;

use super::powers::Powers;
use crate::Real;
use crate::kernels::aligned::Aligned;

/// A quantity of each of some neurons.
pub(super) struct Past<T> {
    pub(super) now: Aligned<T>,
    last: Aligned<T>,
    before: Aligned<T>,
}

impl<T: Real> Past<T> {
    pub(super) fn zeros(len: usize) -> Self {
        let zeros = || Aligned::zeros(len);
        Self {
            now: zeros(),
            last: zeros(),
            before: zeros(),
        }
    }

    /// Makes `now` the last; it is to be overwritten.
    #[inline(always)]
    pub(super) fn shift(&mut self) {
        std::mem::swap(&mut self.last, &mut self.before);
        std::mem::swap(&mut self.now, &mut self.last);
    }

    /// The newest value.
    #[inline(always)]
    pub(super) fn push(&mut self, now: &[T]) {
        self.shift();
        self.now.copy_from_slice(now);
    }

    /// One value now, and the two differences.
    #[inline(always)]
    pub(super) fn at(&self, k: usize) -> (T, [T; 2]) {
        let (now, last, before) = (self.now[k], self.last[k], self.before[k]);
        (now, [now - last, last - before])
    }

    /// Where the values lead, the two differences weighted like this.
    #[inline(always)]
    pub(super) fn led<S: Simd>(&self, s: S, weights: [f64; 2]) -> Led<'_, T, S> {
        let [of_last, of_before] = weights;
        Led {
            now: T::vectors::<S>(&self.now),
            last: T::vectors::<S>(&self.last),
            before: T::vectors::<S>(&self.before),
            of_last: T::splat(s, T::from_f64(of_last)),
            of_before: T::splat(s, T::from_f64(of_before)),
        }
    }
}

/// Block by block. (Not an iterator: its closures would not be compiled for the vector unit.)
pub(super) struct Led<'a, T: Real, S: Simd> {
    now: &'a [T::V<S>],
    last: &'a [T::V<S>],
    before: &'a [T::V<S>],
    of_last: T::V<S>,
    of_before: T::V<S>,
}

impl<T: Real, S: Simd> Led<'_, T, S> {
    /// The values of block `b` now.
    #[inline(always)]
    pub(super) fn now(&self, b: usize) -> T::V<S> {
        self.now[b]
    }

    /// The weighted sum of its differences.
    #[inline(always)]
    pub(super) fn change(&self, s: S, b: usize) -> T::V<S> {
        let older = T::v_mul(s, self.of_before, T::v_sub(s, self.last[b], self.before[b]));
        T::fma(
            s,
            self.of_last,
            T::v_sub(s, self.now[b], self.last[b]),
            older,
        )
    }

    /// Both together.
    #[inline(always)]
    pub(super) fn value(&self, s: S, b: usize) -> T::V<S> {
        T::v_add(s, self.now[b], self.change(s, b))
    }
}

/// How many steps lie between the last evaluations; none before the first leap.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spacing {
    last: usize,
    before: usize,
}

impl Spacing {
    /// The evaluation `steps` later.
    pub(super) fn then(self, steps: usize) -> Self {
        Self {
            last: steps,
            before: self.last,
        }
    }

    /// Steps since the last evaluation, if there was one.
    pub(super) fn last(self) -> Option<usize> {
        (self.last > 0).then_some(self.last)
    }

    /// Weights of the two differences in what makes `of_j` of j, and `of_square` of j².
    #[inline(always)]
    fn weights(self, of_j: f64, of_square: f64) -> [f64; 2] {
        let (last, before) = (self.last as f64, self.before as f64);
        match (self.last, self.before) {
            (0, _) => [0.0; 2],
            (_, 0) => [of_j / last, 0.0],
            _ => {
                let bend = (of_square + last * of_j) / (last + before);
                [(of_j + bend) / last, -bend / before]
            }
        }
    }

    /// In the value `m` steps on.
    #[inline(always)]
    pub(super) fn after(self, m: usize) -> [f64; 2] {
        let m = m as f64;
        self.weights(m, m * m)
    }

    /// In the mean over the next `m` steps, j = 0 … m - 1.
    #[inline(always)]
    pub(super) fn mean(self, m: usize) -> [f64; 2] {
        let j = 0.5 * (m as f64 - 1.0);
        self.weights(j, j * (2.0 * m as f64 - 1.0) / 3.0)
    }

    /// In what the steps of a leap make of a soma.
    #[inline(always)]
    pub(super) fn soma(self, powers: Powers) -> [f64; 2] {
        self.weights(powers.ramp, powers.square)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parabolas_are_followed_exactly() {
        let y = |t: f64| 0.3 - 0.02 * t + 0.001 * t * t;
        let spacing = Spacing::default().then(7).then(4);
        let (now, last, before) = (y(0.0), y(-4.0), y(-11.0));
        let value = |[a, b]: [f64; 2]| now + a * (now - last) + b * (last - before);
        assert!((value(spacing.after(9)) - y(9.0)).abs() < 1e-14);
        let mean = (0..9).map(|j| y(f64::from(j))).sum::<f64>() / 9.0;
        assert!((value(spacing.mean(9)) - mean).abs() < 1e-14);
    }

    #[test]
    fn without_a_past_nothing_changes() {
        let none = Spacing::default();
        assert_eq!(none.after(5), [0.0; 2]);
        let one = none.then(4);
        assert_eq!(one.after(4), [1.0, 0.0]);
        assert_eq!(one.mean(1), [0.0; 2]);
    }
}
