//! Labelled images in memory.

/// Number of classes: labels are in `0..10`.
pub const N_CLASSES: usize = 10;

/// Training and test images, all of the same size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mnist {
    /// Training images (60 000 in MNIST), to be divided with [`Split`](super::Split) if some are to
    /// be set apart for validation.
    pub train: Images,
    /// Test images (10 000 in MNIST).
    pub test: Images,
}

/// Grey-scale images with a class each. Pixels are bytes, 0 the background and 255 full ink, row by
/// row from the top left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    // Invariant: pixels.len() == labels.len() * n_rows * n_cols, every label below N_CLASSES.
    pixels: Vec<u8>,
    labels: Vec<u8>,
    n_rows: usize,
    n_cols: usize,
}

impl Images {
    pub(super) fn new(pixels: Vec<u8>, labels: Vec<u8>, n_rows: usize, n_cols: usize) -> Self {
        debug_assert_eq!(pixels.len(), labels.len() * n_rows * n_cols);
        Self {
            pixels,
            labels,
            n_rows,
            n_cols,
        }
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no image at all.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Height of each image in pixels.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Width of each image in pixels.
    pub fn n_cols(&self) -> usize {
        self.n_cols
    }

    /// Pixels of each image: 784 in MNIST.
    pub fn n_pixels(&self) -> usize {
        self.n_rows * self.n_cols
    }

    /// Pixels of image `i`, `n_pixels` bytes.
    ///
    /// # Panics
    /// If `i >= self.len()`, as indexing does.
    pub fn pixels(&self, i: usize) -> &[u8] {
        &self.pixels[i * self.n_pixels()..][..self.n_pixels()]
    }

    /// Pixels of image `i` in `[0, 1]`: bytes divided by 255. Narrowed to f32, a value is that same
    /// quotient in f32.
    ///
    /// # Panics
    /// If `i >= self.len()`, as indexing does.
    pub fn scaled(&self, i: usize) -> impl ExactSizeIterator<Item = f64> + '_ {
        self.pixels(i).iter().map(|&byte| f64::from(byte) / 255.0)
    }

    /// Class of image `i`, in `0..10`.
    ///
    /// # Panics
    /// If `i >= self.len()`, as indexing does.
    pub fn label(&self, i: usize) -> usize {
        usize::from(self.labels[i])
    }

    /// Pixels and class of every image, in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = (&[u8], usize)> {
        (0..self.len()).map(|i| (self.pixels(i), self.label(i)))
    }

    /// Number of images in each class.
    pub fn class_counts(&self) -> [usize; N_CLASSES] {
        let mut counts = [0; N_CLASSES];
        for &label in &self.labels {
            counts[usize::from(label)] += 1;
        }
        counts
    }
}
