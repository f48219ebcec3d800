//! Images with their labels.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use astro::networks::images::GreyImages;
use tasks::mnist;

use super::form::Form;
use super::samples::{Samples, Sets};

/// An MNIST-like data set.
#[derive(Debug)]
pub(crate) struct Digits {
    pub(crate) train: GreyImages,
    pub(crate) train_labels: Vec<u8>,
    pub(crate) test: GreyImages,
    pub(crate) test_labels: Vec<u8>,
    /// Whether these are MNIST's own files, bit for bit.
    pub(crate) is_mnist: bool,
}

impl Digits {
    /// Reads a folder of images, in files of any [`Form`].
    pub(crate) fn read(dir: &Path) -> Result<Self> {
        let form = Form::of(dir)?;
        if form != Form::Idx {
            let Sets { train, test } = Sets::read(dir, form)?;
            let (train, train_labels) = images(&train)?;
            let (test, test_labels) = images(&test)?;
            return Ok(Self {
                train,
                train_labels,
                test,
                test_labels,
                is_mnist: false,
            });
        }
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

fn convert(images: &mnist::Images) -> Result<(GreyImages, Vec<u8>)> {
    let bytes = images
        .rows()
        .flat_map(|(pixels, _)| pixels.iter().copied())
        .collect();
    let labels = images.rows().map(|(_, label)| label as u8).collect();
    Ok((GreyImages::new(bytes, images.n_pixels())?, labels))
}

/// Samples as images, which have pixels of 256 levels and ten classes.
fn images(samples: &Samples) -> Result<(GreyImages, Vec<u8>)> {
    let path = samples.path().display();
    let mut bytes = Vec::with_capacity(samples.values().len());
    for (i, &value) in samples.values().iter().enumerate() {
        let level = 255.0 * value;
        let byte = level.round();
        ensure!(
            (level - byte).abs() < 1e-3,
            "{path}: feature {} of sample {} is {value}: pixels of images are multiples of 1/255",
            i % samples.features() + 1,
            i / samples.features() + 1
        );
        bytes.push(byte as u8);
    }
    let wrong = |&&label: &&u8| usize::from(label) >= mnist::N_CLASSES;
    if let Some(label) = samples.labels().iter().find(wrong) {
        anyhow::bail!("{path}: label {label}: the classes of images are 0 to 9");
    }
    let images = GreyImages::new(bytes, samples.features())?;
    Ok((images, samples.labels().to_vec()))
}
