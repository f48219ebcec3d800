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
use crate::kernels::aligned::{Aligned, padded};

/// A quantity of each of some neurons.
pub struct Past<T> {
    /// Three times as many numbers, in an order that goes round.
    values: Aligned<T>,
    len: usize,
    /// Where the newest values begin, the last ones, and those before.
    starts: [usize; 3],
}

impl<T: Real> Past<T> {
    pub(in crate::pyralnet) fn zeros(len: usize) -> Self {
        let len = padded::<T>(len);
        Self {
            values: Aligned::zeros(3 * len),
            len,
            starts: [0, len, 2 * len],
        }
    }

    #[inline(always)]
    fn values(&self, age: usize) -> &[T] {
        &self.values[self.starts[age]..][..self.len]
    }

    /// The newest values.
    #[inline(always)]
    pub(in crate::pyralnet) fn now(&self) -> &[T] {
        self.values(0)
    }

    /// The newest values, to be overwritten; those that were are now the last.
    #[inline(always)]
    pub(in crate::pyralnet) fn next(&mut self) -> &mut [T] {
        let [now, last, before] = self.starts;
        self.starts = [before, now, last];
        self.now_mut()
    }

    /// The newest values.
    #[inline(always)]
    pub(in crate::pyralnet) fn now_mut(&mut self) -> &mut [T] {
        &mut self.values[self.starts[0]..][..self.len]
    }

    /// The newest value.
    #[inline(always)]
    pub(in crate::pyralnet) fn push(&mut self, now: &[T]) {
        self.next().copy_from_slice(now);
    }

    /// One value now, and the two differences.
    #[inline(always)]
    pub(in crate::pyralnet) fn at(&self, k: usize) -> (T, [T; 2]) {
        let [now, last, before] = self.starts.map(|start| self.values[start + k]);
        (now, [now - last, last - before])
    }

    /// Where the values lead, the two differences weighted like this.
    #[inline(always)]
    pub(in crate::pyralnet) fn led<S: Simd>(&self, s: S, weights: [f64; 2]) -> Led<'_, T, S> {
        let [of_last, of_before] = weights;
        Led {
            now: T::vectors::<S>(self.values(0)),
            last: T::vectors::<S>(self.values(1)),
            before: T::vectors::<S>(self.values(2)),
            of_last: T::splat(s, T::from_f64(of_last)),
            of_before: T::splat(s, T::from_f64(of_before)),
        }
    }
}

/// Block by block. (Not an iterator: its closures would not be compiled for the vector unit.)
pub struct Led<'a, T: Real, S: Simd> {
    now: &'a [T::V<S>],
    last: &'a [T::V<S>],
    before: &'a [T::V<S>],
    of_last: T::V<S>,
    of_before: T::V<S>,
}

impl<T: Real, S: Simd> Led<'_, T, S> {
    /// The values of block `b` now.
    #[inline(always)]
    pub(in crate::pyralnet) fn now(&self, b: usize) -> T::V<S> {
        self.now[b]
    }

    /// The weighted sum of its differences.
    #[inline(always)]
    pub(in crate::pyralnet) fn change(&self, s: S, b: usize) -> T::V<S> {
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
    pub(in crate::pyralnet) fn value(&self, s: S, b: usize) -> T::V<S> {
        T::v_add(s, self.now[b], self.change(s, b))
    }
}

/// How many steps lie between the last evaluations; none before the first leap.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spacing {
    last: usize,
    before: usize,
    /// One divided by these and by their sum, zero where there is none: division is slow, and this is needed often.
    per_last: f64,
    per_before: f64,
    per_sum: f64,
}

impl Spacing {
    /// The evaluation `steps` later.
    pub(in crate::pyralnet) fn then(self, steps: usize) -> Self {
        let per = |steps: usize| {
            if steps > 0 { 1.0 / steps as f64 } else { 0.0 }
        };
        Self {
            last: steps,
            before: self.last,
            per_last: per(steps),
            per_before: self.per_last,
            per_sum: per(steps + self.last),
        }
    }

    /// Steps since the last evaluation, if there was one.
    pub(in crate::pyralnet) fn last(self) -> Option<usize> {
        (self.last > 0).then_some(self.last)
    }

    /// Weights of the two differences in what makes `of_j` of j, and `of_square` of j².
    #[inline(always)]
    fn weights(self, of_j: f64, of_square: f64) -> [f64; 2] {
        let bend = if self.before > 0 {
            (of_square + self.last as f64 * of_j) * self.per_sum
        } else {
            0.0
        };
        [(of_j + bend) * self.per_last, -bend * self.per_before]
    }

    /// In the value `m` steps on.
    #[inline(always)]
    pub(in crate::pyralnet) fn after(self, m: usize) -> [f64; 2] {
        let m = m as f64;
        self.weights(m, m * m)
    }

    /// In the mean over the next `m` steps, j = 0 … m - 1.
    #[inline(always)]
    pub(in crate::pyralnet) fn mean(self, m: usize) -> [f64; 2] {
        let j = 0.5 * (m as f64 - 1.0);
        self.weights(j, j * (2.0 * m as f64 - 1.0) / 3.0)
    }

    /// In what the steps of a leap make of a soma.
    #[inline(always)]
    pub(in crate::pyralnet) fn soma(self, powers: Powers) -> [f64; 2] {
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
