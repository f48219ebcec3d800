//! The autoencoder's output: sigmoid, loss and gradient in one pass over the pixels.

use nalgebra::DMatrix;
use pulp::{Simd, WithSimd};
use vecmath::exp::exp;
use vecmath::single::ln;
use vecmath::slots::{Slot, for_each_vector};

/// Replaces the logits a \[sample, pixel\] by the loss' gradient, and returns the loss.
///
/// ```text
/// −x ln x̂ − (1 − x) ln(1 − x̂) = max(a, 0) − x a + ln(1 + exp(−|a|)),   x̂ = sigmoid(a)
/// ∂/∂a = x̂ − x
/// ```
///
/// The form on the right loses nothing where x̂ rounds to 0 or 1.
pub(super) fn cross_entropy(x: &DMatrix<f32>, logits: &mut DMatrix<f32>) -> f64 {
    vecmath::run(CrossEntropy {
        samples: x.nrows(),
        x: x.as_slice(),
        logits: logits.as_mut_slice(),
    })
}

struct CrossEntropy<'a> {
    samples: usize,
    x: &'a [f32],
    logits: &'a mut [f32],
}

impl WithSimd for CrossEntropy<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let Self { samples, x, logits } = self;
        let (zero, one) = (simd.splat_f32s(0.0), simd.splat_f32s(1.0));
        let mut total = 0.0;
        if samples == 0 {
            return total;
        }
        for (x, logits) in x
            .chunks_exact(samples)
            .zip(logits.chunks_exact_mut(samples))
        {
            // Summed pixel by pixel in single precision, over pixels in double.
            let mut sum = 0.0;
            for_each_vector!(f32, S, samples, slot => {
                let (x, a) = (slot.load(simd, x), slot.load(simd, logits));
                let power = exp::<f32, S>(simd, simd.neg_f32s(simd.abs_f32s(a)));
                let whole = simd.add_f32s(one, power);
                let positive = simd.less_than_f32s(zero, a);
                let numerator = simd.select_f32s(positive, one, power);
                let image = simd.div_f32s(numerator, whole);
                let hinge = simd.select_f32s(positive, a, zero);
                let loss = simd.add_f32s(simd.negate_mul_add_f32s(x, a, hinge), ln(simd, whole));
                slot.store(simd, logits, simd.sub_f32s(image, x));
                sum += simd.reduce_sum_f32s(slot.blank(simd, loss, 0.0_f32, samples));
            });
            total += f64::from(sum);
        }
        total
    }
}
