//! Numbers with a shape.

use nalgebra::DMatrix;

/// A tensor in double precision, row-major, all numbers finite.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Extent of each axis.
    pub shape: Vec<usize>,
    /// The numbers, last axis fastest.
    pub data: Vec<f64>,
}

impl Tensor {
    /// The tensor as a matrix, if it has two axes, or more whose extents but for the last two are 1.
    pub fn matrix(&self) -> Option<DMatrix<f64>> {
        let [leading @ .., rows, columns] = self.shape.as_slice() else {
            return None;
        };
        leading
            .iter()
            .all(|&extent| extent == 1)
            .then(|| DMatrix::from_row_slice(*rows, *columns, &self.data))
    }
}
