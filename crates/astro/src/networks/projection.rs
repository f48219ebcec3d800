//! The other encoder of the talk's experiments: a sparse random projection, drawn once per run.

use nalgebra::DMatrix;
use rand::{Rng, RngExt};

use super::images::GreyImages;
use crate::numerics::NumericsError;

/// A random matrix \[code, pixel\] whose entries are mostly 0 (Li, Hastie & Church, 2006).
///
/// ```text
/// R_ij = 0 with probability 1 − 1/s,   ±√(s/k) with probability 1/(2s) each,   s = √pixels,   z = R x
/// ```
///
/// for k codes; s = 28 and entries ±√(28/20) for the talk's 784 pixels and 20 codes. Only the entries that are
/// not 0 are stored.
#[derive(Clone, Debug)]
pub struct SparseProjection {
    pixels: usize,
    rows: Vec<Vec<(usize, f32)>>,
}

impl SparseProjection {
    /// Draws a projection of `pixels` pixels to `codes` numbers.
    pub fn draw(pixels: usize, codes: usize, rng: &mut dyn Rng) -> Self {
        let s = (pixels as f64).sqrt();
        let size = (s / codes as f64).sqrt() as f32;
        let mut row = || {
            let mut row = Vec::new();
            for pixel in 0..pixels {
                let u: f64 = rng.random();
                if u * s < 1.0 {
                    row.push((pixel, if 2.0 * u * s < 1.0 { size } else { -size }));
                }
            }
            row
        };
        Self {
            pixels,
            rows: (0..codes).map(|_| row()).collect(),
        }
    }

    /// The codes \[sample, code\] of these images, without noise or scaling.
    ///
    /// # Errors
    ///
    /// [`NumericsError::Length`] if the images have another number of pixels.
    pub fn project(&self, images: &GreyImages) -> Result<DMatrix<f32>, NumericsError> {
        NumericsError::check_length("an image", images.pixels(), self.pixels)?;
        let code = |image: &[u8], row: &[(usize, f32)]| -> f32 {
            row.iter()
                .map(|&(pixel, size)| size * f32::from(image[pixel]))
                .sum::<f32>()
                / 255.0
        };
        Ok(DMatrix::from_fn(images.len(), self.rows.len(), |i, k| {
            code(images.image(i), &self.rows[k])
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::random::Streams;

    #[test]
    fn one_entry_in_28_is_not_zero_and_lengths_are_kept_on_average() {
        let mut rng = Streams::new(7).weights;
        let draws: Vec<_> = (0..40)
            .map(|_| SparseProjection::draw(784, 20, &mut rng))
            .collect();
        let entries: Vec<f32> = draws
            .iter()
            .flat_map(|p| p.rows.iter().flatten().map(|&(_, size)| size))
            .collect();
        let n = (40 * 20 * 784) as f64;
        let fraction = entries.len() as f64 / n;
        assert!(
            (fraction - 1.0 / 28.0).abs() < 4.0 * (1.0 / 28.0 / n).sqrt(),
            "{fraction}"
        );
        assert!(entries.iter().all(|&size| size.abs() == 1.4_f32.sqrt()));
        let mean = entries.iter().sum::<f32>() / entries.len() as f32;
        assert!(mean.abs() < 4.0 * (1.4 / entries.len() as f32).sqrt());
    }

    #[test]
    fn the_product_is_that_of_the_whole_matrix() {
        let projection = SparseProjection::draw(6, 3, &mut Streams::new(1).weights);
        let images = GreyImages::new((0..12).map(|i| 20 * i).collect(), 6).unwrap();
        let z = projection.project(&images).unwrap();
        let mut whole = DMatrix::<f32>::zeros(3, 6);
        for (k, row) in projection.rows.iter().enumerate() {
            row.iter()
                .for_each(|&(pixel, size)| whole[(k, pixel)] = size);
        }
        let x = DMatrix::from_fn(2, 6, |i, j| f32::from(images.image(i)[j]) / 255.0);
        assert!((z - x * whole.transpose()).amax() < 1e-6);
    }
}
