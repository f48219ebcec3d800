//! Logarithm, sine and cosine in single precision, with the errors that the tests below hold them to.

use pulp::Simd;

/// Adding and taking away 1.5·2²³ rounds a number of size below 2²² to the nearest integer, and leaves that
/// integer in the low bits of the sum.
const ROUND: f32 = 12_582_912.0;

/// ```text
/// ln(x) = e ln 2 + ln(m),   x = m 2^e,   √½ ≤ m < √2
/// ```
///
/// For normal positive x; error at most 4e-7 max(1, |ln x|).
#[inline(always)]
pub fn ln<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let splat = |value| simd.splat_f32s(value);
    // Taking away the bits of √½ first makes the exponent field count from there.
    let root_half = simd.splat_u32s(std::f32::consts::FRAC_1_SQRT_2.to_bits());
    let offset = simd.sub_u32s(simd.transmute_u32s_f32s(x), root_half);
    let fraction = simd.and_u32s(offset, simd.splat_u32s(0x007f_ffff));
    let m = simd.transmute_f32s_u32s(simd.add_u32s(fraction, root_half));
    let e = simd.wrapping_dyn_shr_u32s(
        simd.add_u32s(offset, simd.splat_u32s(127 << 23)),
        simd.splat_u32s(23),
    );
    // An integer below 2²³ put into the mantissa of 2²³ is that float, minus 2²³.
    let e = simd.transmute_f32s_u32s(simd.or_u32s(e, simd.splat_u32s(0x4b00_0000)));
    let e = simd.sub_f32s(e, splat(8_388_608.0 + 127.0));
    let f = simd.sub_f32s(m, splat(1.0));
    let mut p = splat(7.037_683_6e-2);
    for coefficient in [
        -0.115_146_1,
        0.116_769_99,
        -0.124_201_41,
        0.142_493_23,
        -0.166_680_58,
        0.200_007_14,
        -0.249_999_94,
        0.333_333_3,
    ] {
        p = simd.mul_add_f32s(p, f, splat(coefficient));
    }
    let square = simd.mul_f32s(f, f);
    let tail = simd.mul_add_f32s(
        p,
        simd.mul_f32s(square, f),
        simd.mul_f32s(square, splat(-0.5)),
    );
    simd.mul_add_f32s(e, splat(std::f32::consts::LN_2), simd.add_f32s(f, tail))
}

/// sin(2πt) and cos(2πt) for −½ ≤ t ≤ ½ (an angle in turns); absolute error at most 3e-7.
#[inline(always)]
pub fn sin_cos_turns<S: Simd>(simd: S, t: S::f32s) -> (S::f32s, S::f32s) {
    let splat = |value| simd.splat_f32s(value);
    let shifted = simd.mul_add_f32s(t, splat(4.0), splat(ROUND));
    let quadrant = simd.transmute_u32s_f32s(shifted);
    let turns = simd.sub_f32s(shifted, splat(ROUND));
    let x = simd.mul_f32s(
        simd.mul_add_f32s(turns, splat(-0.25), t),
        splat(std::f32::consts::TAU),
    );
    let square = simd.mul_f32s(x, x);
    let s = simd.mul_add_f32s(splat(-1.951_529_6e-4), square, splat(8.332_161e-3));
    let s = simd.mul_add_f32s(s, square, splat(-0.166_666_55));
    let s = simd.mul_add_f32s(simd.mul_f32s(s, square), x, x);
    let c = simd.mul_add_f32s(splat(2.443_315_7e-5), square, splat(-1.388_731_6e-3));
    let c = simd.mul_add_f32s(c, square, splat(4.166_664_6e-2));
    let c = simd.mul_add_f32s(c, square, splat(-0.5));
    let c = simd.mul_add_f32s(c, square, splat(1.0));
    let one = simd.splat_u32s(1);
    let odd = simd.equal_u32s(simd.and_u32s(quadrant, one), one);
    let (sine, cosine) = (simd.select_f32s(odd, c, s), simd.select_f32s(odd, s, c));
    // Quadrants 2 and 3 turn the sign of the sine, 1 and 2 that of the cosine.
    let sign = |bits| {
        let bit = simd.and_u32s(bits, simd.splat_u32s(2));
        simd.wrapping_dyn_shl_u32s(bit, simd.splat_u32s(30))
    };
    let flip = |value, bits| {
        simd.transmute_f32s_u32s(simd.xor_u32s(simd.transmute_u32s_f32s(value), sign(bits)))
    };
    (
        flip(sine, quadrant),
        flip(cosine, simd.add_u32s(quadrant, one)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::run;
    use crate::slots::{Slot, for_each_vector};
    use pulp::WithSimd;

    #[derive(Clone, Copy)]
    enum Function {
        Ln,
        Sine,
        Cosine,
    }

    struct Apply<'a>(Function, &'a [f32], &'a mut [f32]);

    impl WithSimd for Apply<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let Self(function, x, y) = self;
            for_each_vector!(f32, S, x.len(), slot => {
                let v = slot.load(simd, x);
                let v = match function {
                    Function::Ln => ln(simd, v),
                    Function::Sine => sin_cos_turns(simd, v).0,
                    Function::Cosine => sin_cos_turns(simd, v).1,
                };
                slot.store(simd, y, v);
            });
        }
    }

    fn apply(function: Function, x: &[f32]) -> Vec<f32> {
        let mut y = vec![0.0; x.len()];
        run(Apply(function, x, &mut y));
        y
    }

    fn worst(x: &[f32], y: &[f32], exact: impl Fn(f64) -> f64) -> f64 {
        let error = |(&x, &y): (&f32, &f32)| (f64::from(y) - exact(f64::from(x))).abs();
        x.iter().zip(y).map(error).fold(0.0, f64::max)
    }

    /// A prime number of points, so that the last vector is never full.
    fn grid(from: f32, to: f32) -> Vec<f32> {
        (0..1_000_003)
            .map(|i| from + (to - from) * i as f32 / 1_000_002.0)
            .collect()
    }

    #[test]
    fn ln_keeps_its_bound() {
        let mut x = grid(1.0 / 8_388_608.0, 50.0);
        x.extend((1..120).map(|i| 0.5_f32.powi(i)));
        for (&x, y) in x.iter().zip(apply(Function::Ln, &x)) {
            let truth = f64::from(x).ln();
            let error = (f64::from(y) - truth).abs();
            assert!(
                error < 4e-7 * truth.abs().max(1.0),
                "ln({x:e}): error {error:e}"
            );
        }
    }

    #[test]
    fn sine_and_cosine_keep_their_bound() {
        let x = grid(-0.5, 0.5);
        let angle = |t: f64| std::f64::consts::TAU * t;
        let sine = worst(&x, &apply(Function::Sine, &x), |t| angle(t).sin());
        let cosine = worst(&x, &apply(Function::Cosine, &x), |t| angle(t).cos());
        assert!(
            sine < 3e-7 && cosine < 3e-7,
            "absolute errors {sine:e}, {cosine:e}"
        );
    }
}
