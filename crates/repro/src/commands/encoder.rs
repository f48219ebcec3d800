//! `repro encoder`: trains the variational autoencoder that the astrocyte figures read digits with.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use astro::networks::vae::{Vae, VaeSizes, VaeTrainer};
use astro::numerics::adam::AdamParams;
use astro::numerics::dense::Threads;
use astro::numerics::random::Streams;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::datasets::Digits;
use crate::paths::Repository;
use crate::results::Table;
use crate::results::files::Sink;

/// What to train, and where to put it.
#[derive(Debug, Args)]
pub(crate) struct Request {
    /// Where the autoencoder goes; its losses go beside it, as .csv
    #[arg(long, value_name = "FILE.safetensors")]
    out: PathBuf,
    /// Folder of the images [default: the MNIST that ships]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Presentations of the training images
    #[arg(long, default_value_t = 86)]
    epochs: usize,
    /// Step size of Adam
    #[arg(long, default_value_t = 1e-3, allow_negative_numbers = true)]
    learning_rate: f32,
    /// Draws initial weights, order and noise
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads of the matrix products
    #[arg(long, default_value_t = 2, value_parser = super::figures::parse_threads)]
    threads: usize,
}

/// Refuses a place for weights that cannot be written, before hours of training.
pub(crate) fn writable(out: &Path) -> Result<()> {
    let ends = out.extension().is_some_and(|end| end == "safetensors");
    ensure!(
        ends,
        "--out {}: the name must end in .safetensors",
        out.display()
    );
    Sink::create(out).map(drop).context("--out")
}

/// Trains and saves.
pub(crate) fn train(request: &Request) -> Result<()> {
    let Request {
        out,
        data,
        epochs,
        learning_rate,
        seed,
        threads,
    } = request;
    ensure!(*epochs > 0, "--epochs 0: at least 1 is needed");
    ensure!(
        *learning_rate > 0.0 && learning_rate.is_finite(),
        "--learning-rate {learning_rate}: must be positive and finite"
    );
    writable(out)?;
    let data = match data {
        Some(dir) => dir.clone(),
        None => Repository::find()?.dataset("mnist"),
    };
    let digits = Digits::read(&data)?;
    let streams = Streams::new(*seed);
    let sizes = VaeSizes {
        pixels: digits.train.pixels(),
        ..VaeSizes::TALK
    };
    let vae = Vae::draw(sizes, &mut streams.weights.clone())?;
    let adam = AdamParams::with_rate(*learning_rate);
    let mut trainer = VaeTrainer::new(vae, adam, 128, streams, Threads(*threads))?;
    let mut log = Table::new(["epoch", "train_loss", "test_loss"]);
    let style = "{bar:30} {pos}/{len} epochs, {eta} left  {msg}";
    let bar = ProgressBar::new(*epochs as u64).with_style(ProgressStyle::with_template(style)?);
    for epoch in 1..=*epochs {
        let train = trainer.train_epoch(&digits.train)?.total();
        let test = trainer.test(&digits.test)?.total();
        log.push([epoch.into(), train.into(), test.into()]);
        bar.set_message(format!(
            "loss per image {train:.2} (training), {test:.2} (test)"
        ));
        bar.inc(1);
    }
    bar.finish();
    let command = format!(
        "repro encoder --epochs {epochs} --learning-rate {learning_rate} --seed {seed} --threads {threads}"
    );
    let version = concat!("repro ", env!("CARGO_PKG_VERSION"));
    trainer
        .vae()
        .save(out, &[("command", &command), ("made by", version)])?;
    log.write(&out.with_extension("csv"))
}
