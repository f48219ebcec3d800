//! The two float types the circuit runs in, and an exponential that vectorises.

use nalgebra::RealField;

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// A number of the simulation: `f32` for speed, `f64` for checks, nothing else.
pub trait Real: RealField + Copy + serde::Serialize + sealed::Sealed {
    /// The nearest representable value of `x`.
    fn of(x: f64) -> Self;

    /// The value in double precision (exact for both types).
    fn as_f64(self) -> f64;

    /// eˣ without branches or table look-ups, so that a loop over it becomes SIMD code: within 2 units in the last
    /// place of the exact value on the normal range, 0 where eˣ would be subnormal, and clamped to the largest power of
    /// two times a mantissa instead of overflowing. The circuit only ever takes it of differences to a running maximum (≤ 0).
    fn fast_exp(self) -> Self;
}

/// Taylor coefficients 1/n! of eʳ, highest power first; |r| ≤ ln 2 / 2 keeps the truncation below rounding.
const TAYLOR: [f64; 14] = [
    1.0 / 6_227_020_800.0,
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
    1.0,
    1.0,
];

impl Real for f64 {
    #[inline(always)]
    fn of(x: f64) -> Self {
        x
    }

    #[inline(always)]
    fn as_f64(self) -> f64 {
        self
    }

    #[inline(always)]
    fn fast_exp(self) -> Self {
        // 1.5·2⁵²: adding it rounds to the nearest integer and leaves that integer in the low bits.
        const ROUND: f64 = 6_755_399_441_055_744.0;
        const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
        const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
        let x = self.clamp(-708.0, 709.0);
        let shifted = x * std::f64::consts::LOG2_E + ROUND;
        let n = shifted - ROUND;
        let r = (x - n * LN2_HIGH) - n * LN2_LOW;
        let mut p = TAYLOR[0];
        for c in &TAYLOR[1..] {
            p = p * r + c;
        }
        let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1023 << 52));
        if self < -708.0 { 0.0 } else { p * power }
    }
}

impl Real for f32 {
    #[inline(always)]
    fn of(x: f64) -> Self {
        x as f32
    }

    #[inline(always)]
    fn as_f64(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn fast_exp(self) -> Self {
        const ROUND: f32 = 12_582_912.0;
        const LN2_HIGH: f32 = 0.693_359_4;
        const LN2_LOW: f32 = -2.121_944_4e-4;
        let x = self.clamp(-87.0, 88.0);
        let shifted = x * std::f32::consts::LOG2_E + ROUND;
        let n = shifted - ROUND;
        let r = (x - n * LN2_HIGH) - n * LN2_LOW;
        let mut p = TAYLOR[6] as f32;
        for c in &TAYLOR[7..] {
            p = p * r + *c as f32;
        }
        let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23));
        if self < -87.0 { 0.0 } else { p * power }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fast_exp_agrees_with_the_library_to_rounding() {
        for i in 0..200_000 {
            let x = -707.0 + i as f64 * (1415.0 / 200_000.0);
            let error = (x.fast_exp() / x.exp() - 1.0).abs();
            assert!(error < 3.0 * f64::EPSILON, "f64 exp({x}): {error:e}");
            let x = (-86.5 + i as f64 * (174.0 / 200_000.0)) as f32;
            let error = (x.fast_exp() / x.exp() - 1.0).abs();
            assert!(error < 3.0 * f32::EPSILON, "f32 exp({x}): {error:e}");
        }
    }

    #[test]
    fn fast_exp_is_exact_at_zero_and_vanishes_at_minus_infinity() {
        assert_eq!(0.0f64.fast_exp(), 1.0);
        assert_eq!(0.0f32.fast_exp(), 1.0);
        assert_eq!(f64::NEG_INFINITY.fast_exp(), 0.0);
        assert_eq!(f32::NEG_INFINITY.fast_exp(), 0.0);
        assert_eq!((-1e30f32).fast_exp(), 0.0);
    }
}
