//! Images with their labels, as the astrocyte networks take them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

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
    /// Reads a folder of IDX files, once per process.
    pub(crate) fn load(dir: &Path) -> Result<Arc<Self>> {
        static LOADED: LazyLock<Mutex<HashMap<PathBuf, Arc<Digits>>>> =
            LazyLock::new(Mutex::default);
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(digits) = loaded.get(dir) {
            return Ok(Arc::clone(digits));
        }
        let (data, is_mnist) = match mnist::load_verified(dir) {
            Ok(data) => (data, true),
            Err(mnist::MnistError::Checksum { .. }) => (mnist::load(dir)?, false),
            Err(error) => return Err(error).context("the images of the astrocyte figures"),
        };
        let (train, train_labels) = convert(&data.train)?;
        let (test, test_labels) = convert(&data.test)?;
        let digits = Arc::new(Self {
            train,
            train_labels,
            test,
            test_labels,
            is_mnist,
        });
        loaded.insert(dir.to_owned(), Arc::clone(&digits));
        Ok(digits)
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
