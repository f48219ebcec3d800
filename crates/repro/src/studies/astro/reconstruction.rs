//! Digits, and their reconstructions by the autoencoder.

use anyhow::{Result, ensure};
use astro::numerics::dense::Threads;
use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

use super::encoder::{DATA, Data, ENCODER, Encoder};
use super::{Contents, DataSets, Idle, Metric, Monitor, Outcome, Preparation, Study};
use crate::results::{Cell, Column, Table, columns};

/// Settings of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::studies) struct Reconstruction {
    #[serde(default)]
    data: Data,
    #[serde(default)]
    encoder: Encoder,
    /// Test images of each class: the first ones.
    examples: usize,
}

/// Columns of table `images`; that of the pixels stands for `x0` and so on.
const IMAGES: [Column; 5] = columns! {
    "digit" [""] "class of the image",
    "example" [""] "image of its class, from 0",
    "kind" ["word"] "image, or its reconstruction from the mean code",
    "row" [""] "row of pixels, from 0 at the top",
    "x*" [""] "pixel of that row: 0 is paper, 255 ink",
};

/// Columns of its own settings.
const SETTINGS: &[Column] = &columns! {
    "examples" ["images"] "test images of each class: the first ones",
};

impl Study for Reconstruction {
    const NAME: &'static str = "astro-reconstruction";
    const METRICS: &'static [Metric] = &[Metric::lower(
        "squared_error",
        "",
        "mean squared error per pixel of the reconstructions",
    )];
    const HEADLINE: &'static str = "squared_error";
    const SETTINGS: &'static [&'static [Column]] = &[DATA, ENCODER, SETTINGS];
    const TABLES: &'static [(&'static str, &'static [Column])] = &[("images", &IMAGES)];

    fn resolve(&mut self, contents: &Contents) {
        self.data.resolve(contents);
        self.encoder.resolve(&self.data, contents);
    }

    fn idle(&self) -> Vec<Idle> {
        let order = Idle::all(&["encoder.order"], "study");
        [order, self.encoder.idle()].concat()
    }

    fn memory(&self) -> Vec<(&'static str, f64)> {
        // There are no more examples than images.
        Vec::new()
    }

    fn check(&self, _: u64) -> Result<()> {
        ensure!(self.examples > 0, "examples = 0: at least one is needed");
        self.encoder.check()
    }

    fn check_data(&self, data: &DataSets) -> Result<()> {
        self.encoder.check_data(&self.data, data)
    }

    fn waits_for(&self, data: &DataSets) -> Option<Preparation> {
        self.encoder.training(&self.data, data)
    }

    fn seconds(&self) -> f64 {
        1.0
    }

    /// Table `images`: one row per row of pixels (0 to 255), `kind` being `image` or `reconstruction`, the latter decoded from the mean code.
    fn run(&self, _: u64, data: &DataSets, monitor: &Monitor<'_>) -> Result<Outcome> {
        let digits = self.data.load(data)?;
        let vae = self
            .encoder
            .autoencoder(&self.data, &digits, data, monitor)?;
        let side = (digits.test.pixels() as f64).sqrt() as usize;
        ensure!(
            side * side == digits.test.pixels(),
            "images of {} pixels are not square",
            digits.test.pixels()
        );
        let columns = IMAGES[..4].iter().map(String::from);
        let pixels = (0..side).map(|x| format!("x{x}"));
        let mut images = Table::new(columns.chain(pixels));
        let (mut squares, mut count) = (0.0, 0);
        for digit in 0..10_u8 {
            let of_class = (0..digits.test.len()).filter(|&i| digits.test_labels[i] == digit);
            for (example, i) in of_class.take(self.examples).enumerate() {
                let bytes = digits.test.image(i);
                let x = DMatrix::from_row_iterator(
                    1,
                    bytes.len(),
                    bytes.iter().map(|&b| f32::from(b) / 255.0),
                );
                let (mean, _) = vae.encode(&x, Threads(1))?;
                let y = vae.decode(&mean, Threads(1))?;
                squares += f64::from((&x - &y).norm_squared());
                count += bytes.len();
                for (kind, pixels) in [("image", &x), ("reconstruction", &y)] {
                    for (row, pixels) in pixels.as_slice().chunks(side).enumerate() {
                        let mut cells: Vec<Cell> = vec![
                            usize::from(digit).into(),
                            example.into(),
                            kind.into(),
                            row.into(),
                        ];
                        cells.extend(
                            pixels
                                .iter()
                                .map(|p| Cell::from((255.0 * p).round() as usize)),
                        );
                        images.rows.push(cells);
                    }
                }
            }
        }
        let mut outcome = Outcome::default();
        outcome.metric("squared_error", squares / count as f64);
        outcome.table("images", images);
        Ok(outcome)
    }
}
