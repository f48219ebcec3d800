//! How close two attention outputs are.

use super::Real;
use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

/// Distance of an output from its reference.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Fidelity {
    /// ‖a − b‖_F / ‖b‖_F over all tokens, b the reference.
    pub relative_error: f64,
    /// Mean over tokens of the cosine between output and reference, −1 to 1.
    pub mean_cosine: f64,
    /// The smallest cosine of any token.
    pub min_cosine: f64,
}

impl Fidelity {
    /// Compares outputs (E × n, a token a column) with a reference of the same shape; `None` if the shapes differ.
    ///
    /// A token whose reference is exactly zero has cosine 1 if the output is zero as well, else 0.
    pub fn compare<T: Real>(output: &DMatrix<T>, reference: &DMatrix<T>) -> Option<Self> {
        if output.shape() != reference.shape() {
            return None;
        }
        let (mut difference, mut norm) = (0.0, 0.0);
        let (mut sum, mut min) = (0.0, 1.0f64);
        for (a, b) in output.column_iter().zip(reference.column_iter()) {
            let (mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0);
            for (a, b) in a.iter().zip(b.iter()) {
                let (a, b) = (a.as_f64(), b.as_f64());
                aa += a * a;
                bb += b * b;
                ab += a * b;
                difference += (a - b) * (a - b);
            }
            norm += bb;
            let cosine = match (aa > 0.0, bb > 0.0) {
                (true, true) => ab / (aa.sqrt() * bb.sqrt()),
                (false, false) => 1.0,
                _ => 0.0,
            };
            sum += cosine;
            min = min.min(cosine);
        }
        Some(Self {
            relative_error: if difference == 0.0 {
                0.0
            } else {
                (difference / norm).sqrt()
            },
            mean_cosine: sum / output.ncols() as f64,
            min_cosine: min,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_compared_one_by_one() {
        // Cosines 1, −0.6 and 0.8; the smallest is neither first nor last.
        let reference = DMatrix::from_column_slice(2, 3, &[2.0, 0.0, 0.0, 1.0, 3.0, 0.0]);
        let output = DMatrix::from_column_slice(2, 3, &[4.0, 0.0, 0.8, -0.6, 0.8, 0.6]);
        let fidelity = Fidelity::compare(&output, &reference).unwrap();
        assert!((fidelity.min_cosine + 0.6).abs() < 1e-15, "{fidelity:?}");
        assert!((fidelity.mean_cosine - 0.4).abs() < 1e-15, "{fidelity:?}");
        // 4 + (0.64 + 2.56) + (4.84 + 0.36) of 4 + 1 + 9.
        let error = (12.4_f64 / 14.0).sqrt();
        assert!(
            (fidelity.relative_error - error).abs() < 1e-15,
            "{fidelity:?}"
        );
    }

    #[test]
    fn silence_is_like_silence_only() {
        let silent = DMatrix::<f64>::zeros(2, 2);
        let same = Fidelity::compare(&silent, &silent).unwrap();
        assert_eq!(
            (same.relative_error, same.mean_cosine, same.min_cosine),
            (0.0, 1.0, 1.0)
        );
        let one = DMatrix::from_column_slice(2, 2, &[0.0, 0.0, 1.0, 0.0]);
        let heard = Fidelity::compare(&one, &silent).unwrap();
        assert_eq!((heard.mean_cosine, heard.min_cosine), (0.5, 0.0));
        assert_eq!(Fidelity::compare(&silent, &DMatrix::zeros(2, 3)), None);
    }
}
