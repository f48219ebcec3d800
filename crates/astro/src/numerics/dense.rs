//! Fully connected layers, as three matrix products.
//!
//! ```text
//! Y = X Wᵀ + 1 bᵀ        ∂L/∂X = ∂L/∂Y W        ∂L/∂W = ∂L/∂Yᵀ X        ∂L/∂b = Σ_samples ∂L/∂Y
//! ```
//!
//! X \[sample, input\], W \[output, input\], b \[output\], Y \[sample, output\], nalgebra matrices or views of columns
//! stored one after the other. Products run on the `gemm` crate: of the maintained pure-Rust ones it is the one that uses
//! AVX-512 and several threads.

use gemm::Parallelism;
use nalgebra::{DMatrix, DMatrixView, DMatrixViewMut, RealField};
use vecmath::reduce::Sum;

use crate::numerics::NumericsError;

/// On how many threads a product runs: 1 is the caller's own, more are taken from the rayon pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threads(pub usize);

impl Threads {
    fn parallelism(self) -> Parallelism {
        if self.0 <= 1 {
            Parallelism::None
        } else {
            Parallelism::Rayon(self.0)
        }
    }
}

/// A factor of a product, as it is stored or transposed.
#[derive(Clone, Copy)]
pub(crate) enum Factor<'a, T: RealField + Copy> {
    Plain(DMatrixView<'a, T>),
    Transposed(DMatrixView<'a, T>),
}

impl<T: RealField + Copy> Factor<'_, T> {
    fn shape(&self) -> (usize, usize) {
        match self {
            Self::Plain(m) => m.shape(),
            Self::Transposed(m) => (m.ncols(), m.nrows()),
        }
    }

    /// Pointer, column stride, row stride.
    fn raw(&self) -> (*const T, isize, isize) {
        match self {
            Self::Plain(m) => (m.as_ptr(), m.strides().1 as isize, m.strides().0 as isize),
            Self::Transposed(m) => (m.as_ptr(), m.strides().0 as isize, m.strides().1 as isize),
        }
    }
}

/// C = A B + κ C, in f32 or f64.
#[allow(unsafe_code)]
pub(crate) fn multiply<T: RealField + Copy>(
    a: Factor<'_, T>,
    b: Factor<'_, T>,
    keep: T,
    mut c: DMatrixViewMut<'_, T>,
    threads: Threads,
) -> Result<(), NumericsError> {
    let ((rows, inner), (inner_b, columns)) = (a.shape(), b.shape());
    NumericsError::check_shape("the right factor of a product", b.shape(), (inner, columns))?;
    NumericsError::check_shape("a product", c.shape(), (rows, columns))?;
    debug_assert_eq!(inner, inner_b);
    let ((a_ptr, a_cs, a_rs), (b_ptr, b_cs, b_rs)) = (a.raw(), b.raw());
    let (c_rs, c_cs) = c.strides();
    // SAFETY: pointers and strides come from nalgebra views, which cover every element that the shapes
    // name; the shapes agree (checked above); c is borrowed mutably, so nothing else refers to it.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            inner,
            c.as_mut_ptr(),
            c_cs as isize,
            c_rs as isize,
            keep != T::zero(),
            a_ptr,
            a_cs,
            a_rs,
            b_ptr,
            b_cs,
            b_rs,
            keep,
            T::one(),
            false,
            false,
            false,
            threads.parallelism(),
        );
    }
    Ok(())
}

/// Y = X Wᵀ + 1 bᵀ.
///
/// # Errors
///
/// [`NumericsError::Shape`] or [`NumericsError::Length`] naming the matrix that does not fit the weights.
pub fn forward(
    weight: DMatrixView<'_, f32>,
    bias: &[f32],
    x: &DMatrix<f32>,
    y: &mut DMatrix<f32>,
    threads: Threads,
) -> Result<(), NumericsError> {
    let (outputs, inputs) = weight.shape();
    NumericsError::check_shape("the input of a dense layer", x.shape(), (x.nrows(), inputs))?;
    NumericsError::check_shape(
        "the output of a dense layer",
        y.shape(),
        (x.nrows(), outputs),
    )?;
    NumericsError::check_length("the bias of a dense layer", bias.len(), outputs)?;
    let columns = y.as_mut_slice().chunks_exact_mut(x.nrows().max(1));
    for (column, &b) in columns.zip(bias) {
        column.fill(b);
    }
    multiply(
        Factor::Plain(x.as_view()),
        Factor::Transposed(weight),
        1.0,
        y.as_view_mut(),
        threads,
    )
}

/// The gradients of a dense layer: the input's (skipped if `None`, as for the first layer of a network), the weights' and
/// the bias', which are overwritten, not added to.
///
/// # Errors
///
/// As [`forward`].
pub fn backward(
    weight: DMatrixView<'_, f32>,
    x: &DMatrix<f32>,
    grad_y: &DMatrix<f32>,
    grad_x: Option<&mut DMatrix<f32>>,
    grad_weight: DMatrixViewMut<'_, f32>,
    grad_bias: &mut [f32],
    threads: Threads,
) -> Result<(), NumericsError> {
    let (outputs, inputs) = weight.shape();
    NumericsError::check_shape("the input of a dense layer", x.shape(), (x.nrows(), inputs))?;
    NumericsError::check_shape(
        "the gradient of a dense output",
        grad_y.shape(),
        (x.nrows(), outputs),
    )?;
    NumericsError::check_length(
        "the bias gradient of a dense layer",
        grad_bias.len(),
        outputs,
    )?;
    if let Some(grad_x) = grad_x {
        let into = grad_x.as_view_mut();
        multiply(
            Factor::Plain(grad_y.as_view()),
            Factor::Plain(weight),
            0.0,
            into,
            threads,
        )?;
    }
    for (g, column) in grad_bias.iter_mut().zip(grad_y.column_iter()) {
        *g = vecmath::run(Sum(column.as_slice()));
    }
    let transposed = Factor::Transposed(grad_y.as_view());
    multiply(
        transposed,
        Factor::Plain(x.as_view()),
        0.0,
        grad_weight,
        threads,
    )
}
