//! `repro data export`.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use clap::{Args, ValueEnum};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use crate::results::{Cell, Table};
use crate::studies::mimic;

/// `repro data export TASK --seed S --size N --out FILE.csv`.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Which task
    #[arg(value_enum)]
    task: Task,
    /// Seed of the samples: 42, 41 and 40 give the published Yin-Yang sets
    #[arg(long, value_name = "S")]
    seed: u32,
    /// Number of samples
    #[arg(long, value_name = "N")]
    size: usize,
    /// The file to write
    #[arg(long, value_name = "FILE.csv")]
    out: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Task {
    /// Features x, y, 1−x, 1−y and the class (0 yin, 1 yang, 2 dot)
    Yinyang,
    /// Inputs and target potentials of the published 2-3-2 teacher
    Mimic,
}

/// A larger size is taken for a typing error.
const MOST: usize = 10_000_000;

impl Export {
    /// Writes the file.
    pub(crate) fn run(&self) -> Result<()> {
        ensure!(
            (1..=MOST).contains(&self.size),
            "--size {}: from 1 to {MOST} samples",
            self.size
        );
        let samples = match self.task {
            Task::Yinyang => self.yinyang(),
            Task::Mimic => self.mimic()?,
        };
        samples
            .write(&self.out)
            .with_context(|| format!("--out {}", self.out.display()))
    }

    fn yinyang(&self) -> Table {
        let data = tasks::yinyang::generate(self.seed, self.size);
        let mut table = Table::new(tasks::yinyang::FEATURE_NAMES.into_iter().chain(["class"]));
        table.rows = data
            .rows()
            .map(|(features, class)| features.map(Cell::from).chain([class.into()]).collect())
            .collect();
        table
    }

    /// The samples that a run of the experiment `mimic` with this seed learns from.
    fn mimic(&self) -> Result<Table> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed.into());
        let teacher = mimic::published_teacher(&mut rng)?;
        let data = teacher.samples(self.size, &mut rng);
        let names = |prefix: &'static str, n: usize| (1..=n).map(move |i| format!("{prefix}_{i}"));
        let columns = names("input", data.inputs.ncols());
        let mut table = Table::new(columns.chain(names("target", data.targets.ncols())));
        table.rows = data
            .rows()
            .map(|(input, target)| input.chain(target).map(Cell::from).collect())
            .collect();
        Ok(table)
    }
}
