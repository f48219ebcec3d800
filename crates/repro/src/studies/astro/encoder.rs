//! What turns images into the codes that classifiers read.

use std::fs;
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use astro::networks::codes::Codes;
use astro::networks::projection::SparseProjection;
use astro::networks::vae::{Vae, VaeSizes, VaeTrainer};
use astro::numerics::adam::AdamParams;
use astro::numerics::dense::Threads;
use astro::numerics::random::Streams;
use rand::seq::SliceRandom as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Idle, Monitor, Preparation};
use crate::datasets::{Contents, DataSets, Digits, MNIST};
use crate::results::{Column, columns};

/// The autoencoder that ships.
const SHIPPED: &str = "encoder/mnist_vae.safetensors";

/// Of an epoch of training: 2.2 s for 60 000 images of 784 pixels.
const SECONDS_PER_PIXEL: f64 = 2.2 / (60_000.0 * 784.0);

/// Where the images lie.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Data {
    /// A folder of IDX, CSV or NPZ files; a relative one is looked for among the data sets and then where the program runs.
    dir: String,
    /// SHA-256 of its files, but of those that ship.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
}

/// Column of [`Data`].
pub(super) const DATA: &[Column] = &columns! {
    "data.dir" ["path"] "folder of the images",
    "data.sha256" ["hexadecimal"] "digest of their files; empty: as shipped",
};

impl Default for Data {
    fn default() -> Self {
        Self {
            dir: MNIST.to_owned(),
            sha256: None,
        }
    }
}

impl Data {
    /// Notes what the folder holds.
    pub(super) fn resolve(&mut self, contents: &Contents) {
        self.sha256 = self.sha256.take().or_else(|| contents.sha256(&self.dir));
    }

    /// Refuses a folder that does not hold what it should.
    pub(super) fn check(&self, data: &DataSets) -> Result<()> {
        data.contents()
            .check("data.sha256", &self.dir, self.sha256.as_deref())
    }

    /// The images.
    pub(super) fn load(&self, data: &DataSets) -> Result<Arc<Digits>> {
        data.images(&self.dir).context("data.dir")
    }
}

/// The two encoders that stay as they are while a classifier learns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// A trained variational autoencoder; codes are sampled anew at each presentation.
    #[default]
    Vae,
    /// A sparse random projection, drawn from the run's seed.
    RandomProjection,
}

/// An encoder with its training, which is the autoencoder's only.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Encoder {
    pub(super) kind: Kind,
    /// A trained autoencoder, among the data sets or where the program runs; empty: one is trained on the images. Left
    /// out, it is the one that ships if the images are those that ship, and else empty.
    file: Option<String>,
    /// SHA-256 of the file, but of the one that ships.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    /// How such a one is trained: epochs, step size of Adam, seed.
    epochs: usize,
    learning_rate: f64,
    seed: u64,
    /// In which order a classifier reads the latents: as they were trained, 0, or as drawn from this number. Training
    /// treats all latents alike, so any order is as likely as any other.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "drawn")]
    order: Option<NonZeroU64>,
}

/// Columns of [`Encoder`].
pub(super) const ENCODER: &[Column] = &columns! {
    "encoder.kind" ["word"] "vae, an autoencoder whose codes are sampled anew, or random-projection",
    "encoder.file" ["path"] "trained autoencoder; empty: one is trained",
    "encoder.sha256" ["hexadecimal"] "digest of its file; empty: as shipped",
    "encoder.epochs" ["epochs"] "epochs of the training of such a one",
    "encoder.learning_rate" [""] "step size of Adam in it",
    "encoder.seed" [""] "seed of it",
    "encoder.order" [""] "order in which a classifier reads the latents, drawn from this number; empty: as trained",
};

/// Order 0 is no setting of its own.
fn drawn<'de, D: serde::Deserializer<'de>>(order: D) -> Result<Option<NonZeroU64>, D::Error> {
    Ok(Option::<u64>::deserialize(order)?.and_then(NonZeroU64::new))
}

impl Default for Encoder {
    fn default() -> Self {
        Self {
            kind: Kind::Vae,
            file: None,
            sha256: None,
            epochs: 86,
            learning_rate: 1e-3,
            seed: 1,
            order: None,
        }
    }
}

/// The codes of training and test images.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) train: Codes,
    pub(super) test: Codes,
}

impl Encoder {
    /// The trained autoencoder that is used where none is named, and what it is.
    pub(super) fn resolve(&mut self, images: &Data, contents: &Contents) {
        let ships = images.dir == Data::default().dir;
        let shipped = if ships { SHIPPED } else { "" };
        self.file.get_or_insert_with(|| shipped.to_owned());
        if self.kind == Kind::Vae && self.sha256.is_none() {
            self.sha256 = self.file().and_then(|file| contents.sha256(file));
        }
    }

    /// What has no effect: how to train what is not trained.
    pub(super) fn idle(&self) -> Vec<Idle> {
        let training = ["encoder.epochs", "encoder.learning_rate", "encoder.seed"];
        match (self.kind, self.file()) {
            (Kind::Vae, Some(_)) => Idle::all(&training, "encoder.file"),
            (Kind::Vae, None) => Vec::new(),
            (Kind::RandomProjection, _) => {
                let file = Idle::all(&["encoder.file"], "encoder.kind");
                [file, Idle::all(&training, "encoder.kind")].concat()
            }
        }
    }

    /// The trained autoencoder that is named.
    fn file(&self) -> Option<&str> {
        self.file.as_deref().filter(|file| !file.is_empty())
    }

    /// Refuses what cannot be trained.
    pub(super) fn check(&self) -> Result<()> {
        ensure!(
            self.learning_rate > 0.0,
            "encoder.learning_rate = {}: it must be above 0",
            self.learning_rate
        );
        Ok(())
    }

    /// The codes of all images, in the order that is asked for.
    pub(super) fn encode(
        &self,
        images: &Data,
        data: &DataSets,
        seed: u64,
        monitor: &Monitor<'_>,
    ) -> Result<Arc<Encoded>> {
        let as_trained = Self {
            order: None,
            ..self.clone()
        };
        let codes = as_trained.codes(images, data, seed, monitor)?;
        let Some(drawn_from) = self.order else {
            return Ok(codes);
        };
        let mut order: Vec<usize> = (0..codes.train.features()).collect();
        order.shuffle(&mut Streams::new(drawn_from.get()).codes);
        Ok(Arc::new(Encoded {
            train: codes.train.reordered(&order)?,
            test: codes.test.reordered(&order)?,
        }))
    }

    /// The codes of all images; those of an autoencoder are made once, a projection's for this seed.
    fn codes(
        &self,
        images: &Data,
        data: &DataSets,
        seed: u64,
        monitor: &Monitor<'_>,
    ) -> Result<Arc<Encoded>> {
        if self.kind == Kind::RandomProjection {
            return Ok(Arc::new(project(&*images.load(data)?, seed)?));
        }
        let key = serde_json::to_string(&(images, self))?;
        data.shared(&format!("codes {key}"), || {
            let digits = images.load(data)?;
            let vae = self.autoencoder(images, &digits, data, monitor)?;
            encode(&vae, &digits)
        })
    }

    /// Refuses images and a trained autoencoder that cannot be read.
    pub(super) fn check_data(&self, images: &Data, data: &DataSets) -> Result<()> {
        images.check(data)?;
        let digits = images.load(data)?;
        match self.file() {
            Some(file) if self.kind == Kind::Vae => {
                let sha256 = self.sha256.as_deref();
                data.contents().check("encoder.sha256", file, sha256)?;
                trained(file, &digits, data).map(drop)
            }
            _ => Ok(()),
        }
    }

    /// The training of an autoencoder, if that is still to be done.
    pub(super) fn training(&self, images: &Data, data: &DataSets) -> Option<Preparation> {
        if self.kind != Kind::Vae || self.file().is_some() {
            return None;
        }
        let Self { epochs, seed, .. } = self;
        let what = format!(
            "train an autoencoder on {}, {epochs} epochs, seed {seed}",
            images.dir
        );
        // All images have to be looked at to find its file.
        let left = data.shared(&format!("{what}, {}", self.learning_rate), || {
            let digits = images.load(data)?;
            let kept = data.made(&self.name(&digits));
            let numbers = (digits.train.len() * digits.train.pixels()) as f64;
            Ok(match kept.is_some_and(|path| path.exists()) {
                true => 0.0,
                false => *epochs as f64 * numbers * SECONDS_PER_PIXEL,
            })
        });
        let seconds = *left.ok()?;
        (seconds > 0.0).then_some(Preparation { what, seconds })
    }

    /// The trained autoencoder that is named, else one trained on these images, and kept.
    pub(super) fn autoencoder(
        &self,
        images: &Data,
        digits: &Digits,
        data: &DataSets,
        monitor: &Monitor<'_>,
    ) -> Result<Arc<Vae>> {
        if let Some(file) = self.file() {
            return trained(file, digits, data);
        }
        let kept = data.made(&self.name(digits));
        // One that is damaged is trained again.
        if let Some(vae) = kept.as_ref().filter(|path| path.exists())
            && let Ok(vae) = Vae::load(vae, sizes(digits))
        {
            return Ok(Arc::new(vae));
        }
        let streams = Streams::new(self.seed);
        let vae = Vae::draw(sizes(digits), &mut streams.weights.clone())?;
        let adam = AdamParams::with_rate(self.learning_rate as f32);
        let mut trainer = VaeTrainer::new(vae, adam, 128, streams, Threads(1))?;
        for epoch in 1..=self.epochs {
            let (epochs, dir) = (self.epochs, &images.dir);
            monitor
                .waits(|| format!("training an autoencoder on {dir}, epoch {epoch} of {epochs}"))?;
            trainer.train_epoch(&digits.train)?;
        }
        if let Some(path) = kept {
            keep(trainer.vae(), &path)?;
        }
        Ok(Arc::new(trainer.vae().clone()))
    }

    /// Names the file of an autoencoder trained on these images: whatever it depends on is in the name.
    fn name(&self, digits: &Digits) -> String {
        let Self {
            epochs,
            learning_rate,
            seed,
            ..
        } = self;
        let mut digest = Sha256::new();
        digest.update(format!(
            "1 {epochs} {learning_rate} {seed} {}",
            digits.train.pixels()
        ));
        (0..digits.train.len()).for_each(|i| digest.update(digits.train.image(i)));
        let digest = digest.finalize();
        let name: String = digest[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("autoencoder-{name}.safetensors")
    }
}

fn trained(file: &str, digits: &Digits, data: &DataSets) -> Result<Arc<Vae>> {
    let path = data.find(file);
    data.shared(&format!("autoencoder {}", path.display()), || {
        Vae::load(&path, sizes(digits)).context("encoder.file")
    })
}

/// Writes by way of a neighbour: the file is whole, or not there.
fn keep(vae: &Vae, path: &Path) -> Result<()> {
    let context = || format!("cannot write {}", path.display());
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).with_context(context)?;
    }
    let name = format!("{}.partial.safetensors", std::process::id());
    let partial = path.with_file_name(name);
    vae.save(&partial, &[])?;
    fs::rename(&partial, path).with_context(context)
}

/// The talk's autoencoder, for images of any size.
pub(super) fn sizes(digits: &Digits) -> VaeSizes {
    VaeSizes {
        pixels: digits.train.pixels(),
        ..VaeSizes::TALK
    }
}

/// Codes of all images as this autoencoder reads them.
pub(super) fn encode(vae: &Vae, digits: &Digits) -> Result<Encoded> {
    let (mean, log_variance) = vae.encode_images(&digits.train, Threads(1))?;
    let train = Codes::normal(&mean, &log_variance, digits.train_labels.clone())?;
    let (mean, log_variance) = vae.encode_images(&digits.test, Threads(1))?;
    let test = Codes::normal(&mean, &log_variance, digits.test_labels.clone())?;
    Ok(Encoded { train, test })
}

fn project(digits: &Digits, seed: u64) -> Result<Encoded> {
    let projection = SparseProjection::draw(
        digits.train.pixels(),
        VaeSizes::TALK.latents,
        &mut Streams::new(seed).codes,
    );
    let train = Codes::fixed(
        &projection.project(&digits.train)?,
        digits.train_labels.clone(),
    )?;
    let test = Codes::fixed(
        &projection.project(&digits.test)?,
        digits.test_labels.clone(),
    )?;
    Ok(Encoded { train, test })
}
