//! Random numbers: one generator per purpose, and normal deviates by the vector.

use pulp::{Simd, WithSimd};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vecmath::single::{ln, sin_cos_turns};
use vecmath::slots::{Slot, for_each_vector};

/// The independent generators of one training run, all from one seed.
///
/// Apart from each other, so that equal seeds give equal initial weights, presentation orders and
/// codes to networks that differ in what they draw besides (common random numbers).
#[derive(Clone, Debug)]
pub struct Streams {
    /// Draws initial weights.
    pub weights: ChaCha8Rng,
    /// Draws the order of presentation.
    pub order: ChaCha8Rng,
    /// Draws the noise of the codes (a variational encoder's ε).
    pub codes: ChaCha8Rng,
    /// Draws what layers need: connection noise, lost connections.
    pub layers: ChaCha8Rng,
}

impl Streams {
    /// The generators that belong to a seed: ChaCha8 keyed by the seed, streams 0 to 3.
    pub fn new(seed: u64) -> Self {
        let stream = |number| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(number);
            rng
        };
        Self {
            weights: stream(0),
            order: stream(1),
            codes: stream(2),
            layers: stream(3),
        }
    }
}

/// Fills a slice with uniform numbers of the open interval (−width, width), 24 bits each.
pub(crate) fn fill_uniform(rng: &mut dyn Rng, width: f32, out: &mut [f32]) {
    for value in out {
        let unit = ((rng.next_u32() >> 8) as f32 + 0.5) * (1.0 / 16_777_216.0);
        *value = width * (2.0 * unit - 1.0);
    }
}

/// Normal deviates made from this many random words at a time, whatever the vector unit.
const BLOCK: usize = 512;

/// Fills a slice with independent standard normal deviates (Box & Muller).
///
/// ```text
/// r = √(−2 ln u₁),   x = r cos 2πu₂,   x' = r sin 2πu₂
/// ```
///
/// u₁ has 23 bits, so |x| stays below 5.65. The deviates depend on the generator alone, not on the
/// machine's vector width, up to the rounding of the elementary functions; words are drawn 512 at a time.
pub fn fill_standard_normal(rng: &mut dyn Rng, out: &mut [f32]) {
    let mut bytes = [0; 4 * BLOCK];
    let mut words = [0; BLOCK];
    let mut last = [0.0; BLOCK];
    for part in out.chunks_mut(BLOCK) {
        rng.fill_bytes(&mut bytes);
        for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        if part.len() == BLOCK {
            vecmath::run(BoxMuller {
                words: &words,
                out: part,
            });
        } else {
            vecmath::run(BoxMuller {
                words: &words,
                out: &mut last,
            });
            part.copy_from_slice(&last[..part.len()]);
        }
    }
}

/// Half of the words are radii, the other half angles.
struct BoxMuller<'a> {
    words: &'a [u32; BLOCK],
    out: &'a mut [f32],
}

impl WithSimd for BoxMuller<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (radii, angles) = self.words.split_at(BLOCK / 2);
        let (radii, angles) = (S::as_simd_u32s(radii).0, S::as_simd_u32s(angles).0);
        let (cosines, sines) = self.out.split_at_mut(BLOCK / 2);
        let (cosines, sines) = (S::as_mut_simd_f32s(cosines).0, S::as_mut_simd_f32s(sines).0);
        for (((&radius, &angle), cosine), sine) in radii.iter().zip(angles).zip(cosines).zip(sines)
        {
            // 23 random bits as the mantissa of a number in [1, 2).
            let between_1_and_2 = |word| {
                let mantissa = simd.wrapping_dyn_shr_u32s(word, simd.splat_u32s(9));
                simd.transmute_f32s_u32s(simd.or_u32s(mantissa, simd.splat_u32s(0x3f80_0000)))
            };
            let u1 = simd.sub_f32s(simd.splat_f32s(2.0), between_1_and_2(radius));
            let u2 = simd.sub_f32s(between_1_and_2(angle), simd.splat_f32s(1.5));
            let r = simd.sqrt_f32s(simd.mul_f32s(simd.splat_f32s(-2.0), ln(simd, u1)));
            let (s, c) = sin_cos_turns(simd, u2);
            *cosine = simd.mul_f32s(r, c);
            *sine = simd.mul_f32s(r, s);
        }
    }
}

/// y ← mean + deviation · y, element by element.
pub(crate) fn scale_and_shift(mean: &[f32], deviation: &[f32], y: &mut [f32]) {
    vecmath::run(ScaleAndShift { mean, deviation, y });
}

struct ScaleAndShift<'a> {
    mean: &'a [f32],
    deviation: &'a [f32],
    y: &'a mut [f32],
}

impl WithSimd for ScaleAndShift<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { mean, deviation, y } = self;
        for_each_vector!(f32, S, y.len(), slot => {
            let (mean, deviation) = (slot.load(simd, mean), slot.load(simd, deviation));
            let value = simd.mul_add_f32s(deviation, slot.load(simd, y), mean);
            slot.store(simd, y, value);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_deviates_are_normal() {
        let n = 1 << 20;
        let mut x = vec![0.0; n];
        fill_standard_normal(&mut Streams::new(1).codes, &mut x);
        let moment = |p: i32| x.iter().map(|&x| f64::from(x).powi(p)).sum::<f64>() / n as f64;
        // Standard errors of the moments: √((E x²ᵖ − (E xᵖ)²) / n).
        let error = |variance: f64| 4.0 * (variance / n as f64).sqrt();
        assert!(moment(1).abs() < error(1.0));
        assert!((moment(2) - 1.0).abs() < error(2.0));
        assert!(moment(3).abs() < error(15.0));
        assert!((moment(4) - 3.0).abs() < error(96.0));
        // Neighbours, and the two deviates of one pair, are uncorrelated.
        for lag in [1, BLOCK / 2] {
            let products = x
                .windows(lag + 1)
                .map(|w| f64::from(w[0]) * f64::from(w[lag]));
            assert!(
                (products.sum::<f64>() / n as f64).abs() < error(1.0),
                "lag {lag}"
            );
        }
        // Fractions within one, two and three standard deviations.
        for (bound, fraction) in [(1.0, 0.682_689_49), (2.0, 0.954_499_74), (3.0, 0.997_300_2)] {
            let found = x.iter().filter(|x| x.abs() < bound).count() as f64 / n as f64;
            assert!(
                (found - fraction).abs() < error(fraction * (1.0 - fraction)),
                "{bound}: {found}"
            );
        }
    }

    /// A change here changes every result that was ever published with a seed: say so where it happens.
    #[test]
    fn deviates_are_stable() {
        let mut x = [0.0; 3];
        fill_standard_normal(&mut Streams::new(42).codes, &mut x);
        let mut again = [0.0; 600];
        fill_standard_normal(&mut Streams::new(42).codes, &mut again);
        assert_eq!(x, again[..3]);
        let mut uniform = [0.0; 3];
        fill_uniform(&mut Streams::new(42).weights, 0.5, &mut uniform);
        let expected = [
            0.199_482_58,
            0.083_232_336,
            0.598_851,
            -0.275_919_23,
            0.181_896_21,
            -0.353_613_76,
        ];
        for (found, expected) in x.iter().chain(&uniform).zip(expected) {
            assert!((found - expected).abs() < 2e-6, "{x:?} {uniform:?}");
        }
    }
}
