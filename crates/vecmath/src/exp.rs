//! The exponential, over the whole range of its number type.
//!
//! ```text
//! exp(x) = 2^(n + k/K) 2^f,   n + k/K = x log₂e rounded,   f = (x − (n + k/K) ln 2) log₂e
//! ```
//!
//! by the powers of two of [`exp2`](mod@crate::exp2). ln 2 is split in two, the first part so short that its product is
//! exact, so that the relative error does not grow with |x|.

use pulp::Simd;

use crate::exp2::{Exp2, by_polynomial, by_table};

/// Constants of the reduction, per number type.
pub trait Exp: Exp2 {
    /// log₂ e
    const LOG2_E: Self;
    /// −ln 2, its first bits
    const MINUS_LN_2_HIGH: Self;
    /// −ln 2, the rest
    const MINUS_LN_2_LOW: Self;
    /// The exponential is 0 below this argument, where it would soon be subnormal
    const LOWEST: Self;
    /// Arguments are cut to this one, where the exponential would soon overflow.
    const HIGHEST: Self;
}

#[allow(clippy::excessive_precision, reason = "the parts must add up")]
impl Exp for f32 {
    const LOG2_E: Self = std::f32::consts::LOG2_E;
    const MINUS_LN_2_HIGH: Self = -0.693_359_375;
    const MINUS_LN_2_LOW: Self = 2.121_944_4e-4;
    const LOWEST: Self = -87.3;
    const HIGHEST: Self = 88.3;
}

#[allow(clippy::excessive_precision, reason = "the parts must add up")]
impl Exp for f64 {
    const LOG2_E: Self = std::f64::consts::LOG2_E;
    const MINUS_LN_2_HIGH: Self = -6.931_471_803_691_238e-1;
    const MINUS_LN_2_LOW: Self = -1.908_214_929_270_587_7e-10;
    const LOWEST: Self = -708.0;
    const HIGHEST: Self = 709.0;
}

/// exp(x). Relative error at most 2.5e-7 (f32) or 5e-16 (f64) between [`Exp::LOWEST`] and [`Exp::HIGHEST`]; 0 below, and cut to
/// the value there above. Not a number stays so.
#[inline(always)]
pub fn exp<T: Exp, S: Simd>(s: S, x: T::V<S>) -> T::V<S> {
    let (lowest, highest) = (T::splat(s, T::LOWEST), T::splat(s, T::HIGHEST));
    let inside = T::v_max(s, lowest, T::v_min(s, highest, x));
    let (rounded, f) = reduce::<T, S>(s, inside, T::TABLE_ROUND);
    let [power] = match by_table::<T, S, 1>(s, [rounded], [f]) {
        Some(powers) => powers,
        None => {
            let (rounded, f) = reduce::<T, S>(s, inside, T::ROUND);
            by_polynomial::<T, S, 1>(s, [rounded], [f])
        }
    };
    T::keep_nan(s, x, T::keep_if_less(s, lowest, x, power))
}

/// x log₂e + `round`, the integer being in the low bits, and the rest f.
#[inline(always)]
fn reduce<T: Exp, S: Simd>(s: S, x: T::V<S>, round: T) -> (T::V<S>, T::V<S>) {
    let (log2_e, round) = (T::splat(s, T::LOG2_E), T::splat(s, round));
    let rounded = T::fma(s, x, log2_e, round);
    let n = T::v_sub(s, rounded, round);
    let rest = T::fma(s, n, T::splat(s, T::MINUS_LN_2_HIGH), x);
    let rest = T::fma(s, n, T::splat(s, T::MINUS_LN_2_LOW), rest);
    (rounded, T::v_mul(s, rest, log2_e))
}

#[cfg(test)]
mod tests {
    use pulp::WithSimd;

    use super::*;
    use crate::Simd as Unit;
    use crate::slots::{Slot, for_each_vector};

    struct Apply<'a, T>(&'a [T], &'a mut [T]);

    impl<T: Exp> WithSimd for Apply<'_, T> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, s: S) {
            let Self(x, y) = self;
            for_each_vector!(T, S, x.len(), slot => {
                let power = exp::<T, S>(s, slot.load(s, x));
                slot.store(s, y, power);
            });
        }
    }

    /// On every vector unit of this machine.
    fn on_every_unit<T: Exp + Default>(x: &[T], mut check: impl FnMut(T, T)) {
        for unit in [Unit::Best, Unit::Avx2, Unit::Portable] {
            let mut y = vec![T::default(); x.len()];
            unit.dispatch(Apply(x, &mut y));
            x.iter().zip(&y).for_each(|(x, y)| check(*x, *y));
        }
    }

    /// A prime number of points, so that the last vector is never full.
    fn grid(from: f64, to: f64) -> impl Iterator<Item = f64> {
        (0..1_000_003).map(move |i| from + (to - from) * f64::from(i) / 1_000_002.0)
    }

    #[test]
    fn single_precision_keeps_its_bound() {
        for (from, to) in [(-87.3, 88.3), (-1.0, 1.0), (-20.0, 0.0)] {
            let x: Vec<f32> = grid(from, to).map(|x| x as f32).collect();
            on_every_unit(&x[1..], |x, y| {
                let error = (f64::from(y) / f64::from(x).exp() - 1.0).abs();
                assert!(error < 2.5e-7, "exp({x}) = {y}: relative error {error:e}");
            });
        }
    }

    #[test]
    fn double_precision_keeps_its_bound() {
        for (from, to) in [(-708.0, 709.0), (-1.0, 1.0)] {
            let x: Vec<f64> = grid(from, to).collect();
            on_every_unit(&x[1..], |x, y| {
                let error = (y / x.exp() - 1.0).abs();
                assert!(error < 5e-16, "exp({x}) = {y}: relative error {error:e}");
            });
        }
    }

    #[test]
    fn ends_are_finite_and_nan_is_passed_on() {
        let odd_nan = f32::from_bits(0x7fc0_01ff);
        let x = [
            0.0,
            f32::NEG_INFINITY,
            -1e30,
            1e4,
            f32::INFINITY,
            f32::NAN,
            odd_nan,
        ];
        on_every_unit(&x, |x, y| match x {
            0.0 => assert_eq!(y, 1.0),
            x if x.is_nan() => assert!(y.is_nan()),
            x if x < 0.0 => assert_eq!(y, 0.0),
            _ => assert!(y.is_finite() && y > 1e38),
        });
        let x = [0.0, f64::NEG_INFINITY, 1e4, f64::NAN];
        on_every_unit(&x, |x, y| match x {
            0.0 => assert_eq!(y, 1.0),
            x if x.is_nan() => assert!(y.is_nan()),
            x if x < 0.0 => assert_eq!(y, 0.0),
            _ => assert!(y.is_finite() && y > 1e307),
        });
    }
}
