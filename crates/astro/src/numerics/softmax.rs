//! Softmax over the features of every sample, its logarithm, and the loss that goes with it.
//!
//! ```text
//! y_i = exp(x_i − max x) / Σ_j exp(x_j − max x)              softmax
//! y_i = x_i − max x − ln Σ_j exp(x_j − max x)                log-softmax
//! L   = −1/B Σ_s y_{s, label(s)}                             negative log-likelihood
//! ```
//!
//! All matrices are \[sample, feature\]. Exponentials are ours, with a relative error below 2.5e-7.

use nalgebra::DMatrix;
use pulp::{Simd, WithSimd};
use vecmath::exp::exp;
use vecmath::single::ln;
use vecmath::slots::{Slot, for_each_vector};

use crate::numerics::NumericsError;

/// y = softmax(x), sample by sample.
///
/// # Errors
///
/// [`NumericsError::Shape`] if y is not as large as x.
pub fn softmax(x: &DMatrix<f32>, y: &mut DMatrix<f32>) -> Result<(), NumericsError> {
    NumericsError::check_shape("the softmax output", y.shape(), x.shape())?;
    vecmath::run(Forward {
        samples: x.nrows(),
        x: x.as_slice(),
        y: y.as_mut_slice(),
        log: false,
    });
    Ok(())
}

/// y = ln softmax(x), sample by sample.
///
/// # Errors
///
/// As [`softmax`].
pub fn log_softmax(x: &DMatrix<f32>, y: &mut DMatrix<f32>) -> Result<(), NumericsError> {
    NumericsError::check_shape("the log-softmax output", y.shape(), x.shape())?;
    vecmath::run(Forward {
        samples: x.nrows(),
        x: x.as_slice(),
        y: y.as_mut_slice(),
        log: true,
    });
    Ok(())
}

/// Input gradient of [`softmax`] from its output y and the output's gradient.
///
/// ```text
/// ∂L/∂x_i = y_i (∂L/∂y_i − Σ_j y_j ∂L/∂y_j)
/// ```
///
/// # Errors
///
/// [`NumericsError::Shape`] if the three matrices differ in size.
pub fn softmax_backward(
    y: &DMatrix<f32>,
    grad_y: &DMatrix<f32>,
    grad_x: &mut DMatrix<f32>,
) -> Result<(), NumericsError> {
    backward(y, grad_y, grad_x, false)
}

/// Input gradient of [`log_softmax`] from its output y and the output's gradient.
///
/// ```text
/// ∂L/∂x_i = ∂L/∂y_i − exp(y_i) Σ_j ∂L/∂y_j
/// ```
///
/// # Errors
///
/// As [`softmax_backward`].
pub fn log_softmax_backward(
    y: &DMatrix<f32>,
    grad_y: &DMatrix<f32>,
    grad_x: &mut DMatrix<f32>,
) -> Result<(), NumericsError> {
    backward(y, grad_y, grad_x, true)
}

fn backward(
    y: &DMatrix<f32>,
    grad_y: &DMatrix<f32>,
    grad_x: &mut DMatrix<f32>,
    log: bool,
) -> Result<(), NumericsError> {
    NumericsError::check_shape(
        "the gradient of the softmax output",
        grad_y.shape(),
        y.shape(),
    )?;
    NumericsError::check_shape(
        "the gradient of the softmax input",
        grad_x.shape(),
        y.shape(),
    )?;
    vecmath::run(Backward {
        samples: y.nrows(),
        y: y.as_slice(),
        grad_y: grad_y.as_slice(),
        grad_x: grad_x.as_mut_slice(),
        log,
    });
    Ok(())
}

/// Mean negative log-likelihood of the labels, and its gradient: −1/B where the label is, 0 elsewhere.
///
/// `log_p` \[sample, class\] holds log-probabilities.
///
/// # Errors
///
/// [`NumericsError::Length`] or [`NumericsError::Shape`] if labels or gradient do not fit `log_p`, [`NumericsError::Label`] if a label is no class.
pub fn nll(
    log_p: &DMatrix<f32>,
    labels: &[u8],
    gradient: &mut DMatrix<f32>,
) -> Result<f64, NumericsError> {
    NumericsError::check_length("the labels", labels.len(), log_p.nrows())?;
    NumericsError::check_shape("the gradient of the loss", gradient.shape(), log_p.shape())?;
    gradient.fill(0.0);
    let share = -1.0 / labels.len() as f32;
    let mut sum = 0.0;
    for (sample, &label) in labels.iter().enumerate() {
        let label = usize::from(label);
        if label >= log_p.ncols() {
            return Err(NumericsError::Label {
                sample,
                label,
                classes: log_p.ncols(),
            });
        }
        sum -= f64::from(log_p[(sample, label)]);
        gradient[(sample, label)] = share;
    }
    Ok(sum / labels.len() as f64)
}

/// How many samples have their largest entry where the label is (the first of equal ones counts).
pub fn hits(log_p: &DMatrix<f32>, labels: &[u8]) -> usize {
    let best = |sample: usize| {
        (1..log_p.ncols()).fold(0, |best, class| {
            if log_p[(sample, class)] > log_p[(sample, best)] {
                class
            } else {
                best
            }
        })
    };
    labels
        .iter()
        .take(log_p.nrows())
        .enumerate()
        .filter(|&(s, &l)| best(s) == usize::from(l))
        .count()
}

struct Forward<'a> {
    samples: usize,
    x: &'a [f32],
    y: &'a mut [f32],
    log: bool,
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { samples, x, y, log } = self;
        if samples == 0 {
            return;
        }
        for_each_vector!(f32, S, samples, slot => {
            let mut largest = simd.splat_f32s(f32::NEG_INFINITY);
            for x in x.chunks_exact(samples) {
                largest = simd.max_f32s(largest, slot.load(simd, x));
            }
            let mut sum = simd.splat_f32s(0.0);
            for (x, y) in x.chunks_exact(samples).zip(y.chunks_exact_mut(samples)) {
                let shifted = simd.sub_f32s(slot.load(simd, x), largest);
                let power = exp::<f32, S>(simd, shifted);
                sum = simd.add_f32s(sum, power);
                slot.store(simd, y, if log { shifted } else { power });
            }
            if log {
                let total = ln(simd, sum);
                for y in y.chunks_exact_mut(samples) {
                    slot.store(simd, y, simd.sub_f32s(slot.load(simd, y), total));
                }
            } else {
                let share = simd.div_f32s(simd.splat_f32s(1.0), sum);
                for y in y.chunks_exact_mut(samples) {
                    slot.store(simd, y, simd.mul_f32s(slot.load(simd, y), share));
                }
            }
        });
    }
}

struct Backward<'a> {
    samples: usize,
    y: &'a [f32],
    grad_y: &'a [f32],
    grad_x: &'a mut [f32],
    log: bool,
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            samples,
            y,
            grad_y,
            grad_x,
            log,
        } = self;
        if samples == 0 {
            return;
        }
        for_each_vector!(f32, S, samples, slot => {
            let mut sum = simd.splat_f32s(0.0);
            for (y, g) in y.chunks_exact(samples).zip(grad_y.chunks_exact(samples)) {
                let g = slot.load(simd, g);
                sum = if log { simd.add_f32s(sum, g) } else { simd.mul_add_f32s(g, slot.load(simd, y), sum) };
            }
            let columns = y.chunks_exact(samples).zip(grad_y.chunks_exact(samples));
            for ((y, g), out) in columns.zip(grad_x.chunks_exact_mut(samples)) {
                let (y, g) = (slot.load(simd, y), slot.load(simd, g));
                let value = if log {
                    simd.negate_mul_add_f32s(exp::<f32, S>(simd, y), sum, g)
                } else {
                    simd.mul_f32s(y, simd.sub_f32s(g, sum))
                };
                slot.store(simd, out, value);
            }
        });
    }
}
