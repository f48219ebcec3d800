//! Exponential, logistic function and soft rectifier on vectors.
//!
//! Exponentials are [powers of two](super::exp2): exp(x) = 2^y, y = x log₂e. Rounding y makes a relative error that grows
//! with |x|; a fused multiply-add would avoid it, but where these are what takes longest, additions of a rounded y cost
//! nothing, and the factor log₂e can be part of another one ([`Rate::unit`]).
//!
//! Bounds, over all finite arguments, tested below against double precision (f32) and the standard library (f64):
//!
//! | | f32 | f64 |
//! |---|---|---|
//! | sigmoid, absolute | 1.2e-7 | 2.3e-16 |
//! | sigmoid, relative, above the cut | 3e-7 + 8e-8 \|x\| | 1e-15 + 1.5e-16 \|x\| |
//! | soft rectifier, relative | 4e-7 + 8e-8 \|x\| | 1e-15 + 1.5e-16 \|x\| |

use pulp::Simd;

use super::exp2::{exp2, horner};
use crate::Activation;
use crate::activation::{PlainRates, SOFT_RELU_CUT};
use crate::exp::Exp;

/// Constants of the approximations, per number type.
pub trait Constants: Exp + PlainRates {
    /// −log₂ e
    const MINUS_LOG2_E: Self;
    /// q with ln(1 + t) = 2 z (1 + z² q(z²)), z = t / (2 + t), for t in \[0, 1\]; highest power first.
    const ATANH: &'static [Self];
    /// Beyond which the soft rectifier is cut to its asymptotes.
    const SOFT_CUT: Self;
    /// 0
    const ZERO: Self;
    /// 1
    const ONE: Self;
    /// 2
    const TWO: Self;
    /// −∞
    const MINUS_INFINITY: Self;
}

#[allow(
    clippy::excessive_precision,
    clippy::approx_constant,
    reason = "as they were fitted"
)]
impl Constants for f32 {
    const MINUS_LOG2_E: Self = -std::f32::consts::LOG2_E;
    const ATANH: &'static [Self] = &[0.134_257_49, 0.141_183_1, 0.200_037_8, 0.333_333_2];
    const SOFT_CUT: Self = SOFT_RELU_CUT as Self;
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const TWO: Self = 2.0;
    const MINUS_INFINITY: Self = Self::NEG_INFINITY;
}

#[allow(
    clippy::excessive_precision,
    clippy::approx_constant,
    reason = "as they were fitted"
)]
impl Constants for f64 {
    const MINUS_LOG2_E: Self = -std::f64::consts::LOG2_E;
    const ATANH: &'static [Self] = &[
        0.080_820_228_059_717_66,
        0.044_003_692_430_723_37,
        0.060_005_364_047_953_56,
        0.066_570_721_048_274_68,
        0.076_927_850_324_793_116,
        0.090_908_947_180_664_29,
        0.111_111_113_587_139_31,
        0.142_857_142_835_543_79,
        0.200_000_000_000_072_91,
        0.333_333_333_333_333_29,
    ];
    const SOFT_CUT: Self = SOFT_RELU_CUT;
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const TWO: Self = 2.0;
    const MINUS_INFINITY: Self = Self::NEG_INFINITY;
}

/// exp(-x)
#[inline(always)]
fn exp_minus<T: Constants, S: Simd, const N: usize>(s: S, mut x: [T::V<S>; N]) -> [T::V<S>; N] {
    let minus_log2_e = T::splat(s, T::MINUS_LOG2_E);
    for x in &mut x {
        *x = T::v_mul(s, *x, minus_log2_e);
    }
    exp2::<T, S, N>(s, x)
}

/// 1 / (1 + a), with a = exp(-x).
#[inline(always)]
fn logistic<T: Constants, S: Simd, const N: usize>(s: S, mut a: [T::V<S>; N]) -> [T::V<S>; N] {
    let one = T::splat(s, T::ONE);
    for a in &mut a {
        *a = T::v_div(s, one, T::v_add(s, one, *a));
    }
    a
}

/// An activation function on vectors; a type, so that loops are compiled for each.
pub trait Rate: Copy {
    /// Which it is.
    const ACTIVATION: Activation;

    /// f(u) of `N` vectors, side by side.
    fn rates<T: Constants, S: Simd, const N: usize>(s: S, u: [T::V<S>; N]) -> [T::V<S>; N];

    /// What f computes with in place of u: potentials times this are its *arguments*.
    #[inline(always)]
    fn unit<T: Constants>() -> T {
        T::ONE
    }

    /// f of arguments, and beside them, so that none waits for the other, of other potentials.
    #[inline(always)]
    fn rates_of_arguments<T: Constants, S: Simd, const N: usize, const X: usize>(
        s: S,
        arguments: [T::V<S>; N],
        also: [T::V<S>; X],
    ) -> ([T::V<S>; N], [T::V<S>; X]) {
        (
            Self::rates::<T, S, N>(s, arguments),
            Self::rates::<T, S, X>(s, also),
        )
    }

    /// f(u), and f(u) - f(û): rates, and what dendrites that predict û failed to predict of them; of arguments.
    /// Beside them the rates of other potentials.
    #[inline(always)]
    fn rates_and_errors<T: Constants, S: Simd, const N: usize, const X: usize>(
        s: S,
        arguments: [T::V<S>; N],
        predicted: [T::V<S>; N],
        also: [T::V<S>; X],
    ) -> ([T::V<S>; N], [T::V<S>; N], [T::V<S>; X]) {
        let (rates, also) = Self::rates_of_arguments::<T, S, N, X>(s, arguments, also);
        let (mut errors, []) = Self::rates_of_arguments::<T, S, N, 0>(s, predicted, []);
        for i in 0..N {
            errors[i] = T::v_sub(s, rates[i], errors[i]);
        }
        (rates, errors, also)
    }

    /// f'(u), given f(u).
    fn slope<T: Constants, S: Simd>(s: S, rate: T::V<S>) -> T::V<S>;

    /// f(u) of one vector.
    #[inline(always)]
    fn rate<T: Constants, S: Simd>(s: S, u: T::V<S>) -> T::V<S> {
        let [r] = Self::rates::<T, S, 1>(s, [u]);
        r
    }
}

/// Compiles a call for each activation function, and makes the one that is asked for.
#[macro_export]
macro_rules! for_activation {
    ($activation:expr, $rate:ident => $call:expr) => {
        match $activation {
            $crate::Activation::Sigmoid => {
                let $rate = $crate::elementary::Sigmoid;
                $call
            }
            $crate::Activation::SoftRelu => {
                let $rate = $crate::elementary::SoftRelu;
                $call
            }
        }
    };
}
pub use crate::for_activation;

/// [`Rate::unit`] of an activation function.
pub fn unit<T: Constants>(activation: Activation) -> T {
    fn of<T: Constants, R: Rate>(_: R) -> T {
        R::unit::<T>()
    }
    for_activation!(activation, rate => of(rate))
}

/// [`Activation::Sigmoid`]
#[derive(Clone, Copy)]
pub struct Sigmoid;

impl Rate for Sigmoid {
    const ACTIVATION: Activation = Activation::Sigmoid;

    #[inline(always)]
    fn rates<T: Constants, S: Simd, const N: usize>(s: S, u: [T::V<S>; N]) -> [T::V<S>; N] {
        let a = exp_minus::<T, S, N>(s, u);
        logistic::<T, S, N>(s, a)
    }

    /// f (1 - f)
    #[inline(always)]
    fn slope<T: Constants, S: Simd>(s: S, rate: T::V<S>) -> T::V<S> {
        T::v_sub(s, rate, T::v_mul(s, rate, rate))
    }

    /// Arguments are those of the exponential, -u log₂e.
    #[inline(always)]
    fn unit<T: Constants>() -> T {
        T::MINUS_LOG2_E
    }

    #[inline(always)]
    fn rates_of_arguments<T: Constants, S: Simd, const N: usize, const X: usize>(
        s: S,
        arguments: [T::V<S>; N],
        also: [T::V<S>; X],
    ) -> ([T::V<S>; N], [T::V<S>; X]) {
        let (a, b) = (exp2::<T, S, N>(s, arguments), exp_minus::<T, S, X>(s, also));
        (logistic::<T, S, N>(s, a), logistic::<T, S, X>(s, b))
    }

    /// With a = exp(-u) and b = exp(-û), by one division instead of two:
    ///
    /// ```text
    /// 1/(1+a) = (1+b) q,   1/(1+a) - 1/(1+b) = (b-a) q,   q = 1 / ((1+a)(1+b))
    /// ```
    ///
    /// The difference is more accurate like this, too. [`Exp2::CUT`](super::exp2::Exp2::CUT) keeps the product finite.
    #[inline(always)]
    fn rates_and_errors<T: Constants, S: Simd, const N: usize, const X: usize>(
        s: S,
        arguments: [T::V<S>; N],
        predicted: [T::V<S>; N],
        also: [T::V<S>; X],
    ) -> ([T::V<S>; N], [T::V<S>; N], [T::V<S>; X]) {
        let one = T::splat(s, T::ONE);
        let (mut rates, mut errors) =
            (exp2::<T, S, N>(s, arguments), exp2::<T, S, N>(s, predicted));
        let also = logistic::<T, S, X>(s, exp_minus::<T, S, X>(s, also));
        for (a, b) in rates.iter_mut().zip(&mut errors) {
            let (above, difference) = (T::v_add(s, one, *b), T::v_sub(s, *b, *a));
            let q = T::v_div(s, one, T::v_mul(s, above, T::v_add(s, one, *a)));
            *a = T::v_mul(s, above, q);
            *b = T::v_mul(s, difference, q);
        }
        (rates, errors, also)
    }
}

/// [`Activation::SoftRelu`]
#[derive(Clone, Copy)]
pub struct SoftRelu;

impl Rate for SoftRelu {
    const ACTIVATION: Activation = Activation::SoftRelu;

    #[inline(always)]
    fn rates<T: Constants, S: Simd, const N: usize>(s: S, u: [T::V<S>; N]) -> [T::V<S>; N] {
        let (zero, two, cut) = (
            T::splat(s, T::ZERO),
            T::splat(s, T::TWO),
            T::splat(s, T::SOFT_CUT),
        );
        let mut magnitude = u;
        for x in &mut magnitude {
            *x = T::v_abs(s, *x);
        }
        let mut z = exp_minus::<T, S, N>(s, magnitude);
        for (z, magnitude) in z.iter_mut().zip(magnitude) {
            let t = T::keep_if_less(s, magnitude, cut, *z);
            *z = T::v_div(s, t, T::v_add(s, two, t));
        }
        let mut z2 = z;
        for z2 in &mut z2 {
            *z2 = T::v_mul(s, *z2, *z2);
        }
        let mut r = horner::<T, S, N>(s, T::ATANH, &z2);
        for i in 0..N {
            let twice = T::v_add(s, z[i], z[i]);
            let series = T::v_mul(s, z2[i], r[i]);
            r[i] = T::v_add(s, T::v_max(s, u[i], zero), T::fma(s, twice, series, twice));
        }
        r
    }

    /// 1 - exp(-f)
    #[inline(always)]
    fn slope<T: Constants, S: Simd>(s: S, rate: T::V<S>) -> T::V<S> {
        let [a] = exp_minus::<T, S, 1>(s, [rate]);
        T::v_sub(s, T::splat(s, T::ONE), a)
    }
}

#[cfg(test)]
mod tests {
    use pulp::WithSimd;

    use super::*;
    use crate::Simd as Unit;
    use crate::aligned::Aligned;

    struct Apply<'a, T, R>(&'a mut [T], R);

    impl<T: Constants, R: Rate> WithSimd for Apply<'_, T, R> {
        type Output = ();

        fn with_simd<S: Simd>(self, s: S) {
            for u in T::vectors_mut::<S>(self.0) {
                *u = R::rate::<T, S>(s, *u);
            }
        }
    }

    /// Rates of every argument on every vector unit of this machine.
    fn on_every_unit<T: Constants + Default, R: Rate>(
        rate: R,
        arguments: &[T],
        mut check: impl FnMut(T, T),
    ) {
        for unit in [Unit::Best, Unit::Avx2, Unit::Portable] {
            let mut values = Aligned::zeros(arguments.len());
            values[..arguments.len()].copy_from_slice(arguments);
            unit.dispatch(Apply(&mut values, rate));
            arguments
                .iter()
                .zip(&*values)
                .for_each(|(u, r)| check(*u, *r));
        }
    }

    /// Every 1009th f32, of both signs, from zero to the largest, and the edges.
    fn singles() -> Vec<f32> {
        let edges = [
            0.0,
            15.0,
            14.999_999,
            87.0,
            88.0,
            1e30,
            f32::MAX,
            f32::MIN_POSITIVE,
        ];
        let magnitudes = (0..f32::INFINITY.to_bits())
            .step_by(1009)
            .map(f32::from_bits);
        magnitudes.chain(edges).flat_map(|u| [u, -u]).collect()
    }

    fn doubles() -> Vec<f64> {
        let fine = (-800_000..800_000).map(|i| f64::from(i) * 1.000_37e-3);
        fine.chain([0.0, 15.0, -15.0, 1e300, -1e300, f64::MIN_POSITIVE, 1e-20])
            .collect()
    }

    fn soft_relu(u: f64) -> f64 {
        if u >= 15.0 {
            u
        } else if u <= -15.0 {
            0.0
        } else {
            u.exp().ln_1p()
        }
    }

    #[test]
    fn sigmoid_f32_keeps_its_bound_over_the_whole_range() {
        on_every_unit(Sigmoid, &singles(), |u, r| {
            let exact = 1.0 / (1.0 + (-f64::from(u)).exp());
            let error = (f64::from(r) - exact).abs();
            assert!(error <= 1.2e-7, "f({u}) = {r}, not {exact}");
            let relative = 3e-7 + 8e-8 * f64::from(u.abs());
            assert!(
                u < -42.9 || error <= relative * exact,
                "f({u}) = {r}, not {exact}"
            );
        });
    }

    #[test]
    fn soft_relu_f32_keeps_its_bound_over_the_whole_range() {
        on_every_unit(SoftRelu, &singles(), |u, r| {
            let exact = soft_relu(f64::from(u));
            let relative = 4e-7 + 8e-8 * f64::from(u.abs().min(15.0));
            assert!(
                (f64::from(r) - exact).abs() <= relative * exact,
                "f({u}) = {r}, not {exact}"
            );
        });
    }

    /// Rates and errors, of u and the numbers after it.
    struct Errors<'a, T>(&'a mut [T], &'a mut [T]);

    impl<T: Constants> WithSimd for Errors<'_, T> {
        type Output = ();

        fn with_simd<S: Simd>(self, s: S) {
            let (u, predicted) = (T::vectors_mut::<S>(self.0), T::vectors_mut::<S>(self.1));
            for (u, p) in u.iter_mut().zip(predicted) {
                let unit = T::splat(s, Sigmoid::unit::<T>());
                let [x, y] = [*u, *p].map(|u| T::v_mul(s, unit, u));
                ([*u], [*p], []) = Sigmoid::rates_and_errors::<T, S, 1, 0>(s, [x], [y], []);
            }
        }
    }

    #[test]
    fn errors_of_the_sigmoid_keep_the_bound_of_their_rates() {
        let u: Vec<f32> = (-3000..3000).map(|i| i as f32 * 0.031).collect();
        for unit in [Unit::Best, Unit::Avx2, Unit::Portable] {
            for shift in [0.0, 1e-4, -0.3, 7.0, -90.0, 200.0] {
                let (mut rates, mut errors) = (Aligned::zeros(u.len()), Aligned::zeros(u.len()));
                rates[..u.len()].copy_from_slice(&u);
                u.iter().zip(&mut *errors).for_each(|(u, p)| *p = u + shift);
                let predicted = errors.clone();
                unit.dispatch(Errors(&mut rates, &mut errors));
                let exact = |u: f32| 1.0 / (1.0 + (-f64::from(u)).exp());
                for i in 0..u.len() {
                    let (r, e) = (exact(u[i]), exact(u[i]) - exact(predicted[i]));
                    assert!((f64::from(rates[i]) - r).abs() <= 3e-7, "f({})", u[i]);
                    assert!(
                        (f64::from(errors[i]) - e).abs() <= 3e-7,
                        "f({}) - f({})",
                        u[i],
                        predicted[i]
                    );
                }
            }
        }
    }

    #[test]
    fn sigmoid_f64_keeps_its_bound() {
        on_every_unit(Sigmoid, &doubles(), |u, r| {
            let exact = 1.0 / (1.0 + (-u).exp());
            let error = (r - exact).abs();
            assert!(error <= 2.3e-16, "f({u}) = {r:e}, not {exact:e}");
            assert!(
                u < -353.0 || error <= (1e-15 + 1.5e-16 * u.abs()) * exact,
                "f({u}) = {r:e}, not {exact:e}"
            );
        });
    }

    #[test]
    fn soft_relu_f64_keeps_its_bound() {
        on_every_unit(SoftRelu, &doubles(), |u, r| {
            let exact = soft_relu(u);
            assert!(
                (r - exact).abs() <= (1e-15 + 1.5e-16 * u.abs()) * exact,
                "f({u}) = {r:e}, not {exact:e}"
            );
        });
    }
}
