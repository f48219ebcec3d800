//! The trained transformer whose attention is replaced, and its images.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use astro::attention::transformer::{Architecture, LabelledImages, Mechanism, Transformer};
use astro::networks::images::GreyImages;
use serde::{Deserialize, Serialize};

use super::{Contents, DataSets, Stopped};
use crate::datasets::Digits;
use crate::results::{Column, columns};

/// Sizes of the transformer that ships.
pub(crate) const ARCHITECTURE: Architecture = Architecture::MNIST;
/// Images classified between two looks at the clock.
pub(super) const CHUNK: usize = 64;

/// A trained transformer and its images.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trained {
    /// In the folder of data sets, or where the program runs; made by `repro transformer`.
    file: String,
    /// SHA-256 of it, but of the one that ships.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    /// Folder of the images, likewise.
    images: String,
    /// SHA-256 of their files, but of those that ship.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    images_sha256: Option<String>,
    /// Training images to whose queries and keys heads are fitted, where that is asked for.
    pub(super) balanced_on: usize,
}

/// Columns of [`Trained`].
pub(super) const TRANSFORMER: &[Column] = &columns! {
    "transformer.file" ["path"] "trained transformer",
    "transformer.sha256" ["hexadecimal"] "digest of its file; empty: as shipped",
    "transformer.images" ["path"] "folder of its images",
    "transformer.images_sha256" ["hexadecimal"] "digest of their files; empty: as shipped",
    "transformer.balanced_on" ["images"] "training images to whose queries and keys heads are fitted, by balancing or spreads",
};

impl Trained {
    /// Fills in what the files hold.
    pub(super) fn resolve(&mut self, contents: &Contents) {
        let Self {
            file,
            sha256,
            images,
            images_sha256,
            ..
        } = self;
        *sha256 = sha256.take().or_else(|| contents.sha256(file));
        *images_sha256 = images_sha256.take().or_else(|| contents.sha256(images));
    }

    pub(super) fn check(&self) -> Result<()> {
        ensure!(
            self.balanced_on > 0,
            "transformer.balanced_on = 0: at least 1 is needed"
        );
        Ok(())
    }

    pub(super) fn check_data(&self, data: &DataSets) -> Result<()> {
        let Self {
            file,
            sha256,
            images,
            images_sha256,
            ..
        } = self;
        let contents = data.contents();
        contents.check("transformer.sha256", file, sha256.as_deref())?;
        contents.check(
            "transformer.images_sha256",
            images,
            images_sha256.as_deref(),
        )?;
        self.load(data)?;
        self.digits(data)?;
        Ok(())
    }

    /// The transformer as it was trained, read once.
    pub(super) fn load(&self, data: &DataSets) -> Result<Arc<Transformer<f32>>> {
        let path = data.find(&self.file);
        data.shared(&format!("transformer {}", path.display()), || {
            Transformer::load(&path, ARCHITECTURE).context("transformer.file")
        })
    }

    /// Its images.
    pub(super) fn digits(&self, data: &DataSets) -> Result<Arc<Digits>> {
        data.images(&self.images).context("transformer.images")
    }

    /// The training images to which heads are fitted.
    pub(super) fn calibration(&self, digits: &Digits) -> Result<LabelledImages> {
        first(&digits.train, &digits.train_labels, self.balanced_on)
    }
}

/// Fraction of the images classified rightly; `at` hears the share done.
pub(super) fn accuracy(
    model: &Transformer<f32>,
    images: &LabelledImages,
    mechanism: &Mechanism<f32>,
    at: &dyn Fn(f64) -> Result<(), Stopped>,
) -> Result<f64> {
    let mut right = 0;
    for start in (0..images.len()).step_by(CHUNK) {
        at(start as f64 / images.len() as f64)?;
        let chunk = images.range(start..(start + CHUNK).min(images.len()))?;
        let classes = model.classify(&chunk, mechanism)?;
        right += classes
            .iter()
            .enumerate()
            .filter(|&(i, &class)| class == chunk.label(i))
            .count();
    }
    Ok(right as f64 / images.len() as f64)
}

/// The first images of a set.
pub(super) fn first(images: &GreyImages, labels: &[u8], count: usize) -> Result<LabelledImages> {
    let count = count.min(labels.len());
    let pixels = (0..count).flat_map(|i| images.image(i)).copied().collect();
    Ok(LabelledImages::new(
        images.pixels().isqrt(),
        pixels,
        labels[..count].to_vec(),
    )?)
}
