//! Powers of two on vectors.
//!
//! ```text
//! 2^y = 2ⁿ 2^(k/K) 2^f      n + k/K = y rounded to a multiple of 1/K,  0 ≤ k < K,  |f| ≤ 1/(2K)
//! ```
//!
//! - Where two vectors can be a table of the K powers 2^(k/K) ([`Lanes::look_up`]): K = 32 (f32) or 16 (f64), and
//!   2^f ≈ 1 + f q(f), q of degree 1 (f32: relative error 5.3e-8) or 5 (f64: 7.1e-18).
//! - Elsewhere K = 1, and 2^f ≈ p(f), p of degree 5 (f32: 1e-7) or 11 (f64: 9e-18).
//!
//! All are minimax polynomials. The table takes three products instead of five (f32), or seven instead of eleven, and
//! only two or six of them wait for each other.
//!
//! No conversion to integers is needed: adding 1.5 · 2^mantissa / K to y leaves K n + k in the low bits. Shifted, these
//! add n to the exponent's bits and k/K to the mantissa's, so the table's entries have k/K taken off there.
//!
//! y is cut to ±62 (f32) or ±510 (f64): no power is below 2^-62 = 2e-19 or 2^-510.

use pulp::Simd;

use super::lanes::Lanes;

/// Constants of the approximations, per number type.
pub trait Exp2: Lanes {
    /// 1.5 · 2^mantissa: adding it rounds to an integer, which is then found in the low bits.
    const ROUND: Self;
    /// Magnitude that exponents are cut to: such that the product of two results is finite.
    const CUT: Self;
    /// Its negative.
    const MINUS_CUT: Self;
    /// p, highest power first.
    const POLYNOMIAL: &'static [Self];
    /// log₂ K
    const TABLE_BITS: u32;
    /// 1.5 · 2^mantissa / K
    const TABLE_ROUND: Self;
    /// 2^(k/K), less k/K in the mantissa's bits.
    const TABLE: &'static [Self];
    /// q, highest power first.
    const TABLE_POLYNOMIAL: &'static [Self];
}

/// 2^(k/32)
#[allow(
    clippy::excessive_precision,
    clippy::approx_constant,
    reason = "one list, of which √2 is a part"
)]
const ROOTS: [f64; 32] = [
    1.0,
    1.021_897_148_654_116_678,
    1.044_273_782_427_413_84,
    1.067_140_400_676_823_618,
    1.090_507_732_665_257_659,
    1.114_386_742_595_892_536,
    1.138_788_634_756_691_654,
    1.163_724_858_777_577_514,
    1.189_207_115_002_721_067,
    1.215_247_359_980_468_878,
    1.241_857_812_073_484_049,
    1.269_050_957_191_733_223,
    1.296_839_554_651_009_666,
    1.325_236_643_159_741_295,
    1.354_255_546_936_892_728,
    1.383_909_881_963_831_955,
    1.414_213_562_373_095_049,
    1.445_180_806_977_046_62,
    1.476_826_145_939_499_311,
    1.509_164_427_593_422_74,
    1.542_210_825_407_940_824,
    1.575_980_845_107_886_486,
    1.610_490_331_949_254_308,
    1.645_755_478_153_964_845,
    1.681_792_830_507_429_086,
    1.718_619_298_122_477_916,
    1.756_252_160_373_299_483,
    1.794_709_075_003_107_186,
    1.834_008_086_409_342_463,
    1.874_167_634_110_299_901,
    1.915_206_561_397_147_294,
    1.957_144_124_175_400_269,
];

/// [`Exp2::TABLE`] for a type with this number of mantissa bits: a part of the [`ROOTS`].
macro_rules! table {
    ($type:ident, $integer:ident, $mantissa:expr) => {{
        let (mut table, mut k) = ([0.0; 1 << Self::TABLE_BITS], 0);
        while k < table.len() {
            let root = ROOTS[k * ROOTS.len() / table.len()] as $type;
            let fraction = (k as $integer) << ($mantissa - Self::TABLE_BITS);
            table[k] = $type::from_bits(root.to_bits() - fraction);
            k += 1;
        }
        table
    }};
}

#[allow(
    clippy::excessive_precision,
    clippy::approx_constant,
    reason = "as they were fitted"
)]
impl Exp2 for f32 {
    const ROUND: Self = 12_582_912.0;
    const CUT: Self = 62.0;
    const MINUS_CUT: Self = -62.0;
    const POLYNOMIAL: &'static [Self] = &[
        1.326_468_1e-3,
        9.671_494e-3,
        5.550_730_6e-2,
        2.402_224_4e-1,
        6.931_47e-1,
        1.0,
    ];
    const TABLE_BITS: u32 = 5;
    const TABLE_ROUND: Self = Self::ROUND / (1 << Self::TABLE_BITS) as Self;
    const TABLE: &'static [Self] = &table!(f32, u32, 23);
    const TABLE_POLYNOMIAL: &'static [Self] = &[0.240_231_82, 0.693_157_4];
}

#[allow(
    clippy::excessive_precision,
    clippy::approx_constant,
    reason = "as they were fitted"
)]
impl Exp2 for f64 {
    const ROUND: Self = 6_755_399_441_055_744.0;
    const CUT: Self = 510.0;
    const MINUS_CUT: Self = -510.0;
    const POLYNOMIAL: &'static [Self] = &[
        4.454_960_598_186_518_4e-10,
        7.072_585_949_269_223_7e-9,
        1.017_806_244_584_577_4e-7,
        1.321_544_258_792_169e-6,
        1.525_273_382_983_611_8e-5,
        1.540_353_044_173_605e-4,
        1.333_355_814_641_693_5e-3,
        9.618_129_107_606_888_5e-3,
        5.550_410_866_482_159_4e-2,
        2.402_265_069_591_009_8e-1,
        6.931_471_805_599_453_1e-1,
        1.0,
    ];
    const TABLE_BITS: u32 = 4;
    const TABLE_ROUND: Self = Self::ROUND / (1 << Self::TABLE_BITS) as Self;
    const TABLE: &'static [Self] = &table!(f64, u64, 52);
    const TABLE_POLYNOMIAL: &'static [Self] = &[
        1.540_421_169_933_522_4e-4,
        1.333_382_023_281_516_3e-3,
        9.618_129_102_053_624e-3,
        5.550_410_865_195_458_6e-2,
        2.402_265_069_591_016_7e-1,
        6.931_471_805_599_468_9e-1,
    ];
}

/// 2^y of `N` vectors, with |y| cut to [`Exp2::CUT`].
#[inline(always)]
pub fn exp2<T: Exp2, S: Simd, const N: usize>(s: S, mut y: [T::V<S>; N]) -> [T::V<S>; N] {
    let (cut, minus_cut) = (T::splat(s, T::CUT), T::splat(s, T::MINUS_CUT));
    for y in &mut y {
        *y = T::v_max(s, T::v_min(s, cut, *y), minus_cut);
    }
    let (rounded, f) = round::<T, S, N>(s, y, T::TABLE_ROUND);
    match by_table::<T, S, N>(s, rounded, f) {
        Some(powers) => powers,
        None => {
            let (rounded, f) = round::<T, S, N>(s, y, T::ROUND);
            by_polynomial::<T, S, N>(s, rounded, f)
        }
    }
}

/// 2^(n + k/K + f) with n + k/K as rounded to [`Exp2::TABLE_ROUND`]; `None` where the unit has no tables.
#[inline(always)]
pub(crate) fn by_table<T: Exp2, S: Simd, const N: usize>(
    s: S,
    rounded: [T::V<S>; N],
    f: [T::V<S>; N],
) -> Option<[T::V<S>; N]> {
    let table = T::vectors::<S>(T::TABLE);
    let mut powers = horner::<T, S, N>(s, T::TABLE_POLYNOMIAL, &f);
    for i in 0..N {
        let entry = T::look_up::<S>(s, [table[0], table[1]], rounded[i])?;
        let root = T::shift_exponent::<S>(s, entry, rounded[i], T::TABLE_BITS);
        powers[i] = T::fma(s, T::v_mul(s, root, f[i]), powers[i], root);
    }
    Some(powers)
}

/// 2^(n + f) with n as rounded to [`Exp2::ROUND`].
#[inline(always)]
pub(crate) fn by_polynomial<T: Exp2, S: Simd, const N: usize>(
    s: S,
    rounded: [T::V<S>; N],
    f: [T::V<S>; N],
) -> [T::V<S>; N] {
    let mut powers = horner::<T, S, N>(s, T::POLYNOMIAL, &f);
    for i in 0..N {
        powers[i] = T::shift_exponent::<S>(s, powers[i], rounded[i], 0);
    }
    powers
}

/// y + `round`, the integer being in the low bits; and what that rounds off.
#[inline(always)]
fn round<T: Exp2, S: Simd, const N: usize>(
    s: S,
    y: [T::V<S>; N],
    round: T,
) -> ([T::V<S>; N], [T::V<S>; N]) {
    let round = T::splat(s, round);
    let (mut rounded, mut f) = (y, y);
    for i in 0..N {
        rounded[i] = T::v_add(s, y[i], round);
        f[i] = T::v_sub(s, y[i], T::v_sub(s, rounded[i], round));
    }
    (rounded, f)
}

/// A polynomial at `N` vectors at a time: chains of dependent operations side by side, so that none waits.
#[inline(always)]
pub fn horner<T: Lanes, S: Simd, const N: usize>(
    s: S,
    coefficients: &[T],
    x: &[T::V<S>; N],
) -> [T::V<S>; N] {
    let mut sum = [T::splat(s, coefficients[0]); N];
    for c in &coefficients[1..] {
        let c = T::splat(s, *c);
        for i in 0..N {
            sum[i] = T::fma(s, sum[i], x[i], c);
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use pulp::WithSimd;

    use super::*;
    use crate::Simd as Unit;
    use crate::aligned::Aligned;

    struct Apply<'a, T>(&'a mut [T]);

    impl<T: Exp2> WithSimd for Apply<'_, T> {
        type Output = ();

        fn with_simd<S: Simd>(self, s: S) {
            for y in T::vectors_mut::<S>(self.0) {
                [*y] = exp2::<T, S, 1>(s, [*y]);
            }
        }
    }

    /// Powers of two of every exponent, on every vector unit of this machine.
    fn on_every_unit<T: Exp2 + Default>(exponents: &[T], mut check: impl FnMut(T, T)) {
        for unit in [Unit::Best, Unit::Avx2, Unit::Portable] {
            let mut values = Aligned::zeros(exponents.len());
            values[..exponents.len()].copy_from_slice(exponents);
            unit.dispatch(Apply(&mut values));
            exponents
                .iter()
                .zip(&*values)
                .for_each(|(y, power)| check(*y, *power));
        }
    }

    #[test]
    fn f32_is_right_to_two_roundings() {
        let exponents: Vec<f32> = (-640_000..=640_000).map(|i| i as f32 * 1e-4).collect();
        on_every_unit(&exponents, |y, power| {
            let exact = f64::from(y).clamp(-62.0, 62.0).exp2();
            assert!(
                (f64::from(power) / exact - 1.0).abs() < 1.75e-7,
                "2^{y} = {power}, not {exact}"
            );
        });
    }

    #[test]
    fn f64_is_right_to_two_roundings() {
        let exponents: Vec<f64> = (-520_000..=520_000).map(|i| f64::from(i) * 1e-3).collect();
        on_every_unit(&exponents, |y, power| {
            let exact = y.clamp(-510.0, 510.0).exp2();
            assert!(
                (power / exact - 1.0).abs() < 3.4e-16,
                "2^{y} = {power:e}, not {exact:e}"
            );
        });
    }

    #[test]
    fn whole_exponents_are_exact() {
        let exponents: Vec<f64> = (-510..=510).map(f64::from).collect();
        on_every_unit(&exponents, |n, power| assert_eq!(power, n.exp2()));
        let exponents: Vec<f32> = (-62..=62).map(|n| n as f32).collect();
        on_every_unit(&exponents, |n, power| assert_eq!(power, n.exp2()));
    }
}
