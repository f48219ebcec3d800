//! Sums, inner products and maxima of slices of any length, in lanes that are added at the end: their rounding depends
//! on the width of the vector unit.

use pulp::{Simd, WithSimd};

use crate::elementary::Constants;
use crate::slots::{Slot, for_each_vector, width};

/// Vectors that are summed side by side, so that no addition waits for the one before.
const SIDE_BY_SIDE: usize = 4;

/// Σ x.
#[inline(always)]
pub fn sum<T: Constants, S: Simd>(s: S, x: &[T]) -> T {
    let mut sums = [T::splat(s, T::ZERO); SIDE_BY_SIDE];
    let whole = whole_blocks::<T, S>(x.len());
    for x in blocks::<T, S>(&x[..whole]) {
        for i in 0..SIDE_BY_SIDE {
            sums[i] = T::v_add(s, sums[i], x[i]);
        }
    }
    let x = &x[whole..];
    for_each_vector!(T, S, x.len(), slot => {
        sums[0] = T::v_add(s, sums[0], slot.load(s, x));
    });
    total(s, sums)
}

/// [`sum`] as an operation to [`run`](crate::run).
#[derive(Debug)]
pub struct Sum<'a, T>(pub &'a [T]);

impl<T: Constants> WithSimd for Sum<'_, T> {
    type Output = T;

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) -> T {
        sum(s, self.0)
    }
}

/// Σ a b, of slices of equal length.
#[inline(always)]
pub fn dot<T: Constants, S: Simd>(s: S, a: &[T], b: &[T]) -> T {
    let mut sums = [T::splat(s, T::ZERO); SIDE_BY_SIDE];
    let whole = whole_blocks::<T, S>(a.len());
    let (a_whole, a) = a.split_at(whole);
    let (b_whole, b) = b.split_at(whole);
    for (a, b) in blocks::<T, S>(a_whole).iter().zip(blocks::<T, S>(b_whole)) {
        for i in 0..SIDE_BY_SIDE {
            sums[i] = T::fma(s, a[i], b[i], sums[i]);
        }
    }
    for_each_vector!(T, S, a.len(), slot => {
        sums[0] = T::fma(s, slot.load(s, a), slot.load(s, b), sums[0]);
    });
    total(s, sums)
}

/// The largest of x, −∞ of none.
#[inline(always)]
pub fn maximum<T: Constants, S: Simd>(s: S, x: &[T]) -> T {
    let mut largest = T::splat(s, T::MINUS_INFINITY);
    for_each_vector!(T, S, x.len(), slot => {
        let x = slot.blank(s, slot.load(s, x), T::MINUS_INFINITY, x.len());
        largest = T::v_max(s, largest, x);
    });
    T::v_largest(s, largest)
}

/// How many of `len` numbers are in whole blocks of [`SIDE_BY_SIDE`] vectors.
#[inline(always)]
fn whole_blocks<T: Constants, S: Simd>(len: usize) -> usize {
    let block = SIDE_BY_SIDE * width::<T, S>();
    len / block * block
}

#[inline(always)]
fn blocks<T: Constants, S: Simd>(x: &[T]) -> &[[T::V<S>; SIDE_BY_SIDE]] {
    T::vectors::<S>(x).as_chunks().0
}

#[inline(always)]
fn total<T: Constants, S: Simd>(s: S, [a, b, c, d]: [T::V<S>; SIDE_BY_SIDE]) -> T {
    T::v_sum(s, T::v_add(s, T::v_add(s, a, b), T::v_add(s, c, d)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Simd as Unit;

    struct All<'a>(&'a [f32], &'a [f32]);

    impl WithSimd for All<'_> {
        type Output = [f32; 3];

        #[inline(always)]
        fn with_simd<S: Simd>(self, s: S) -> [f32; 3] {
            [sum(s, self.0), dot(s, self.0, self.1), maximum(s, self.0)]
        }
    }

    /// Small integers, so that every order of summation gives the same.
    #[test]
    fn every_length_is_reduced_whole() {
        let a: Vec<f32> = (0..200).map(|i| ((i * 37) % 23) as f32 - 30.0).collect();
        let b: Vec<f32> = (0..200).map(|i| ((i * 11) % 17) as f32 - 8.0).collect();
        for unit in [Unit::Best, Unit::Avx2, Unit::Portable] {
            for len in 0..200 {
                let (a, b) = (&a[..len], &b[..len]);
                let dot = a.iter().zip(b).map(|(a, b)| a * b).sum();
                let largest = a.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let expected = [a.iter().sum(), dot, largest];
                assert_eq!(unit.dispatch(All(a, b)), expected, "{len} numbers");
            }
        }
    }
}
