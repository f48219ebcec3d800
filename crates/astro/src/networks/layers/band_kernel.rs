//! Who feeds whom in a band, and its three loops, along the samples of a batch.

use pulp::{Simd, WithSimd};
use vecmath::slots::{Slot, for_each_vector};

/// For every row a few entries: the column, and the position of the coefficient.
#[derive(Clone, Debug)]
pub(super) struct Sparse {
    starts: Vec<usize>,
    entries: Vec<(usize, usize)>,
}

impl Sparse {
    pub(super) fn new(rows: impl Iterator<Item = Vec<(usize, usize)>>) -> Self {
        let (mut starts, mut entries) = (vec![0], Vec::new());
        for row in rows {
            entries.extend(row);
            starts.push(entries.len());
        }
        Self { starts, entries }
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    pub(super) fn n_entries(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn row(&self, row: usize) -> &[(usize, usize)] {
        &self.entries[self.starts[row]..self.starts[row + 1]]
    }
}

/// The samples of one feature.
#[inline(always)]
fn column(matrix: &[f32], samples: usize, feature: usize) -> &[f32] {
    &matrix[feature * samples..(feature + 1) * samples]
}

#[inline(always)]
fn column_mut(matrix: &mut [f32], samples: usize, feature: usize) -> &mut [f32] {
    &mut matrix[feature * samples..(feature + 1) * samples]
}

/// y_o = offset_o + Σ_k c_ok x_k for a few inputs.
#[inline(always)]
fn combine<S: Simd>(
    simd: S,
    samples: usize,
    entries: &[(usize, usize)],
    coefficients: &[f32],
    offset: f32,
    x: &[f32],
    y: &mut [f32],
) {
    let source = |k: usize| {
        let (feature, position) = entries[k];
        (
            column(x, samples, feature),
            simd.splat_f32s(coefficients[position]),
        )
    };
    let offset = simd.splat_f32s(offset);
    // Nearly every astrocyte has three neighbours; the rest of the cases are the ends of the line.
    if entries.len() == 3 {
        let ((x0, c0), (x1, c1), (x2, c2)) = (source(0), source(1), source(2));
        for_each_vector!(f32, S, samples, slot => {
            let sum = simd.mul_add_f32s(c0, slot.load(simd, x0), offset);
            let sum = simd.mul_add_f32s(c1, slot.load(simd, x1), sum);
            slot.store(simd, y, simd.mul_add_f32s(c2, slot.load(simd, x2), sum));
        });
    } else {
        for_each_vector!(f32, S, samples, slot => { slot.store(simd, y, offset); });
        for k in 0..entries.len() {
            let (x, c) = source(k);
            for_each_vector!(f32, S, samples, slot => {
                let sum = simd.mul_add_f32s(c, slot.load(simd, x), slot.load(simd, y));
                slot.store(simd, y, sum);
            });
        }
    }
}

pub(super) struct Forward<'a> {
    pub(super) samples: usize,
    pub(super) rows: &'a Sparse,
    pub(super) coefficients: &'a [f32],
    /// Added to every output; none if empty.
    pub(super) offsets: &'a [f32],
    pub(super) x: &'a [f32],
    pub(super) y: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for output in 0..self.rows.len() {
            let offset = self.offsets.get(output).copied().unwrap_or(0.0);
            let y = column_mut(self.y, self.samples, output);
            combine(
                simd,
                self.samples,
                self.rows.row(output),
                self.coefficients,
                offset,
                self.x,
                y,
            );
        }
    }
}

/// ∂L/∂x_n = Σ_o c_on ∂L/∂y_o: the transposed band.
pub(super) struct BackwardInput<'a> {
    pub(super) samples: usize,
    pub(super) columns: &'a Sparse,
    pub(super) coefficients: &'a [f32],
    pub(super) grad_y: &'a [f32],
    pub(super) grad_x: &'a mut [f32],
}

impl WithSimd for BackwardInput<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for input in 0..self.columns.len() {
            let into = column_mut(self.grad_x, self.samples, input);
            let entries = self.columns.row(input);
            combine(
                simd,
                self.samples,
                entries,
                self.coefficients,
                0.0,
                self.grad_y,
                into,
            );
        }
    }
}

/// G_ok = Σ_samples ∂L/∂y_o x_k, and Σ_samples ∂L/∂y_o where a bias is added.
pub(super) struct BackwardWeights<'a> {
    pub(super) samples: usize,
    pub(super) rows: &'a Sparse,
    pub(super) x: &'a [f32],
    pub(super) grad_y: &'a [f32],
    pub(super) grad_weights: &'a mut [f32],
    /// As many as outputs, or empty.
    pub(super) grad_bias: &'a mut [f32],
}

impl WithSimd for BackwardWeights<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let zero = simd.splat_f32s(0.0);
        for output in 0..self.rows.len() {
            let g = column(self.grad_y, self.samples, output);
            let entries = self.rows.row(output);
            if let [(n0, p0), (n1, p1), (n2, p2)] = *entries {
                let source = |feature| column(self.x, self.samples, feature);
                let (x0, x1, x2) = (source(n0), source(n1), source(n2));
                let (mut s0, mut s1, mut s2) = (zero, zero, zero);
                for_each_vector!(f32, S, self.samples, slot => {
                    let g = slot.load(simd, g);
                    s0 = simd.mul_add_f32s(g, slot.load(simd, x0), s0);
                    s1 = simd.mul_add_f32s(g, slot.load(simd, x1), s1);
                    s2 = simd.mul_add_f32s(g, slot.load(simd, x2), s2);
                });
                self.grad_weights[p0] = simd.reduce_sum_f32s(s0);
                self.grad_weights[p1] = simd.reduce_sum_f32s(s1);
                self.grad_weights[p2] = simd.reduce_sum_f32s(s2);
            } else {
                for &(feature, position) in entries {
                    let x = column(self.x, self.samples, feature);
                    let mut sum = zero;
                    for_each_vector!(f32, S, self.samples, slot => {
                        sum = simd.mul_add_f32s(slot.load(simd, g), slot.load(simd, x), sum);
                    });
                    self.grad_weights[position] = simd.reduce_sum_f32s(sum);
                }
            }
            if let Some(grad_bias) = self.grad_bias.get_mut(output) {
                let mut sum = zero;
                for_each_vector!(f32, S, self.samples, slot => {
                    sum = simd.add_f32s(sum, slot.load(simd, g));
                });
                *grad_bias = simd.reduce_sum_f32s(sum);
            }
        }
    }
}
