//! Images with their labels.

use std::path::Path;

use anyhow::{Context as _, Result};
use astro::networks::images::Images;
use tasks::mnist;

/// An MNIST-like data set.
#[derive(Debug)]
pub(crate) struct Digits {
    pub(crate) train: Images,
    pub(crate) train_labels: Vec<u8>,
    pub(crate) test: Images,
    pub(crate) test_labels: Vec<u8>,
    /// Whether these are MNIST's own files, bit for bit.
    pub(crate) is_mnist: bool,
}

impl Digits {
    /// Reads a folder of IDX files.
    pub(crate) fn read(dir: &Path) -> Result<Self> {
        let (data, is_mnist) = match mnist::load_verified(dir) {
            Ok(data) => (data, true),
            Err(mnist::MnistError::Checksum { .. }) => (mnist::load(dir)?, false),
            Err(error) => return Err(error).context("the images"),
        };
        let (train, train_labels) = convert(&data.train)?;
        let (test, test_labels) = convert(&data.test)?;
        Ok(Self {
            train,
            train_labels,
            test,
            test_labels,
            is_mnist,
        })
    }
}

fn convert(images: &mnist::Images) -> Result<(Images, Vec<u8>)> {
    let bytes = images
        .rows()
        .flat_map(|(pixels, _)| pixels.iter().copied())
        .collect();
    let labels = images.rows().map(|(_, label)| label as u8).collect();
    Ok((Images::new(bytes, images.n_pixels())?, labels))
}
