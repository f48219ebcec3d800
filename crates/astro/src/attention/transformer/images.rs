//! Labelled images, cut into patches.

use super::{Architecture, TransformerError};
use crate::attention::Real;
use nalgebra::DMatrix;

/// Square 8-bit images with their classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledImages {
    side: usize,
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

impl LabelledImages {
    /// * `side`: pixels along an image's side
    /// * `pixels`: images one after the other, each row by row, 0 to 255
    /// * `labels`: one an image
    ///
    /// # Errors
    /// [`TransformerError::Setting`] if there are not `side²` pixels a label, or nothing at all.
    pub fn new(side: usize, pixels: Vec<u8>, labels: Vec<u8>) -> Result<Self, TransformerError> {
        if labels.is_empty() || side == 0 {
            return Err(TransformerError::setting(
                "images",
                labels.len(),
                "there must be at least one, of at least one pixel",
            ));
        }
        if pixels.len() != labels.len() * side * side {
            let right = format!(
                "{} labels of {side} × {side} images need {}",
                labels.len(),
                labels.len() * side * side
            );
            return Err(TransformerError::setting("pixels", pixels.len(), right));
        }
        Ok(Self {
            side,
            pixels,
            labels,
        })
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Never true: an empty set cannot be made.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Class of an image.
    pub fn label(&self, image: usize) -> usize {
        usize::from(self.labels[image])
    }

    /// Some of the images.
    ///
    /// # Errors
    /// [`TransformerError::Setting`] if the range is empty or reaches past the end.
    pub fn range(&self, range: std::ops::Range<usize>) -> Result<Self, TransformerError> {
        let pixels = self.side * self.side;
        match (
            self.pixels.get(range.start * pixels..range.end * pixels),
            self.labels.get(range.clone()),
        ) {
            (Some(pixels), Some(labels)) => Self::new(self.side, pixels.to_vec(), labels.to_vec()),
            _ => Err(TransformerError::setting(
                "images",
                format!("{range:?}"),
                format!("there are {}", self.len()),
            )),
        }
    }

    /// The first `count` images, or all if there are fewer.
    pub fn first(&self, count: usize) -> Self {
        let count = count.clamp(1, self.len());
        Self {
            side: self.side,
            pixels: self.pixels[..count * self.side * self.side].to_vec(),
            labels: self.labels[..count].to_vec(),
        }
    }

    /// That these images go with a transformer of these sizes.
    pub(super) fn check(&self, sizes: &Architecture) -> Result<(), TransformerError> {
        if self.side != sizes.image_side {
            let right = format!("the transformer takes images of {}", sizes.image_side);
            return Err(TransformerError::setting("image side", self.side, right));
        }
        match self
            .labels
            .iter()
            .find(|&&label| usize::from(label) >= sizes.classes)
        {
            None => Ok(()),
            Some(label) => {
                let right = format!(
                    "the transformer knows the classes 0 to {}",
                    sizes.classes - 1
                );
                Err(TransformerError::setting("label", label, right))
            }
        }
    }

    /// Patches of the chosen images, scaled to −1 … 1: patch pixels × (images · n), the patches of an image next to each
    /// other, row by row.
    pub(super) fn patches<T: Real>(&self, chosen: &[usize], sizes: &Architecture) -> DMatrix<T> {
        let (patch, across) = (sizes.patch_side, sizes.image_side / sizes.patch_side);
        let mut patches = DMatrix::zeros(sizes.patch_pixels(), chosen.len() * sizes.tokens());
        let mut columns = patches
            .as_mut_slice()
            .chunks_exact_mut(sizes.patch_pixels());
        for &image in chosen {
            let pixels = &self.pixels[image * self.side * self.side..][..self.side * self.side];
            for (row, column) in
                (0..across).flat_map(|row| (0..across).map(move |column| (row, column)))
            {
                let Some(out) = columns.next() else {
                    return patches;
                };
                for (line, out) in out.chunks_exact_mut(patch).enumerate() {
                    let start = (row * patch + line) * self.side + column * patch;
                    for (out, &pixel) in out.iter_mut().zip(&pixels[start..start + patch]) {
                        *out = T::of(f64::from(pixel) / 127.5 - 1.0);
                    }
                }
            }
        }
        patches
    }
}
