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
