//! `repro transformer`: trains the small transformer whose attention the circuit replaces.

use std::ops::ControlFlow;
use std::path::PathBuf;

use anyhow::{Result, anyhow, ensure};
use astro::attention::transformer::{
    LabelledImages, Mechanism, Training, Transformer, TransformerError, train,
};
use astro::numerics::random::Streams;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::encoder::writable;
use crate::datasets::Digits;
use crate::limits;
use crate::paths::Repository;
use crate::results::{Cell, Table};
use crate::studies::ARCHITECTURE;

/// Steps between the rows of the log.
const LOGGED: usize = 100;

/// How to train, and where to put the result.
#[derive(Debug, Args)]
pub(crate) struct Request {
    /// Where the transformer goes; its training loss goes beside it, as .csv
    #[arg(long, value_name = "FILE.safetensors")]
    out: PathBuf,
    /// Folder of the images [default: the MNIST that ships]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Presentations of the training images
    #[arg(long, default_value_t = 12)]
    epochs: usize,
    /// Highest step size of Adam
    #[arg(long, default_value_t = 0.003, allow_negative_numbers = true)]
    learning_rate: f64,
    /// Decay of the weights, in units of the step size
    #[arg(long, default_value_t = 0.0, allow_negative_numbers = true)]
    weight_decay: f64,
    /// Images a step
    #[arg(long, default_value_t = 64)]
    batch: usize,
    /// Draws initial weights and order
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Trains and saves.
pub(crate) fn run(request: &Request) -> Result<()> {
    let Request {
        out,
        data,
        epochs,
        learning_rate,
        weight_decay,
        batch,
        seed,
    } = request;
    let training = Training {
        epochs: *epochs,
        batch: *batch,
        learning_rate: *learning_rate,
        weight_decay: *weight_decay,
    };
    ensure!(*epochs > 0, "--epochs 0: at least 1 is needed");
    training.check().map_err(|error| match error {
        TransformerError::Setting { key, value, right } => {
            anyhow!("--{} {value}: {right}", key.replace('_', "-"))
        }
        error => error.into(),
    })?;
    // Activities of an image and their gradients.
    limits::check_bytes(&format!("--batch {batch}"), 2e5 * *batch as f64)?;
    writable(out)?;
    let data = match data {
        Some(dir) => dir.clone(),
        None => Repository::find()?.dataset("mnist"),
    };
    let digits = Digits::read(&data)?;
    let images = |images: &astro::networks::images::GreyImages, labels: &[u8]| {
        let pixels = (0..images.len())
            .flat_map(|i| images.image(i))
            .copied()
            .collect();
        LabelledImages::new(images.pixels().isqrt(), pixels, labels.to_vec())
    };
    let seen = images(&digits.train, &digits.train_labels)?;
    let unseen = images(&digits.test, &digits.test_labels)?;
    let Streams {
        mut weights,
        mut order,
        ..
    } = Streams::new(*seed);
    let mut model = Transformer::new(ARCHITECTURE, &mut weights)?;
    let style = "{bar:30} {pos}/{len} steps, {eta} left  {msg}";
    let bar = ProgressBar::no_length().with_style(ProgressStyle::with_template(style)?);
    let mut log = Table::new(["step", "loss"]);
    let mut sum = 0.0;
    train(
        &mut model,
        &seen,
        &Mechanism::Softmax,
        &training,
        &mut order,
        |progress| {
            sum += progress.loss;
            if progress.step % LOGGED == 0 {
                let mean = sum / LOGGED as f64;
                sum = 0.0;
                log.push([progress.step.into(), Cell::rounded(mean, 5)]);
                bar.set_message(format!("loss {mean:.4}"));
            }
            bar.set_length(progress.steps as u64);
            bar.set_position(progress.step as u64);
            ControlFlow::Continue(())
        },
    )?;
    let accuracy = model.accuracy(&unseen, &Mechanism::Softmax)?;
    bar.finish_with_message(format!("test accuracy {:.2} %", 100.0 * accuracy));
    let command = format!(
        "repro transformer --epochs {epochs} --learning-rate {learning_rate} --weight-decay {weight_decay} --batch {batch} --seed {seed}"
    );
    let version = concat!("repro ", env!("CARGO_PKG_VERSION"));
    model.save(
        out,
        &[
            ("command", &command),
            ("made by", version),
            ("test accuracy", &accuracy.to_string()),
        ],
    )?;
    log.write(&out.with_extension("csv"))
}
