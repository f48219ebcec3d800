//! Images as bytes, turned into batches of numbers in \[0, 1\] when they are needed.

use nalgebra::DMatrix;

use crate::numerics::NumericsError;

/// A set of equally large grey images, one byte a pixel.
#[derive(Clone, Debug)]
pub struct GreyImages {
    bytes: Vec<u8>,
    pixels: usize,
}

/// Pixels turned at a time: small enough that the lines of the batch they go to stay in the first cache.
const TILE: usize = 32;

/// byte / 255, rounded as the division rounds.
static BRIGHTNESS: [f32; 256] = {
    let mut table = [0.0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = byte as f32 / 255.0;
        byte += 1;
    }
    table
};

impl GreyImages {
    /// Images of `pixels` pixels each, one after the other.
    ///
    /// # Errors
    ///
    /// [`NumericsError::Length`] if the bytes do not make whole images.
    pub fn new(bytes: Vec<u8>, pixels: usize) -> Result<Self, NumericsError> {
        if pixels == 0 {
            return Err(NumericsError::Range {
                what: "the pixels of an image",
                value: 0.0,
                range: "at least 1",
            });
        }
        let whole = bytes.len().div_ceil(pixels) * pixels;
        NumericsError::check_length("the bytes of a set of images", bytes.len(), whole)?;
        Ok(Self { bytes, pixels })
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.bytes.len() / self.pixels
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Number of pixels of an image.
    pub fn pixels(&self) -> usize {
        self.pixels
    }

    /// The bytes of one image.
    pub fn image(&self, i: usize) -> &[u8] {
        &self.bytes[i * self.pixels..(i + 1) * self.pixels]
    }

    /// Copies some images into a batch \[sample, pixel\], scaled to \[0, 1\].
    pub(crate) fn gather(&self, samples: &[u32], batch: &mut DMatrix<f32>) {
        let rows = batch.nrows();
        for (tile, columns) in batch.as_mut_slice().chunks_mut(TILE * rows).enumerate() {
            let first = tile * TILE;
            let width = columns.len() / rows;
            for (row, &sample) in samples.iter().enumerate() {
                let bytes = &self.image(sample as usize)[first..first + width];
                for (byte, column) in bytes.iter().zip(columns.chunks_exact_mut(rows)) {
                    column[row] = BRIGHTNESS[usize::from(*byte)];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_holds_the_images_asked_for() {
        let images = GreyImages::new((0..210).map(|i| i as u8).collect(), 70).unwrap();
        let mut batch = DMatrix::zeros(2, 70);
        images.gather(&[2, 0], &mut batch);
        for pixel in 0..70 {
            assert_eq!(batch[(0, pixel)], (140 + pixel) as f32 / 255.0);
            assert_eq!(batch[(1, pixel)], pixel as f32 / 255.0);
        }
    }

    #[test]
    fn a_torn_image_is_named() {
        let error = GreyImages::new(vec![0; 69], 70).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the bytes of a set of images holds 69 values, it must hold 70"
        );
    }
}
