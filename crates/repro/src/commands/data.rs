//! `repro data export`.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use clap::{Args, ValueEnum};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use crate::frame::{Cell, write_csv};
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

/// Column names and rows.
type Samples = (Vec<String>, Vec<Vec<Cell>>);

/// Samples beyond which the size is taken for a slip.
const MOST: usize = 10_000_000;

impl Export {
    /// Writes the file.
    pub(crate) fn run(&self) -> Result<()> {
        ensure!(
            (1..=MOST).contains(&self.size),
            "--size {}: from 1 to {MOST} samples",
            self.size
        );
        let (columns, rows) = match self.task {
            Task::Yinyang => self.yinyang(),
            Task::Mimic => self.mimic()?,
        };
        write_csv(&self.out, &columns, rows.iter().map(|r| r.iter().collect()))
            .with_context(|| format!("--out {}", self.out.display()))
    }

    fn yinyang(&self) -> Samples {
        let data = tasks::yinyang::generate(self.seed, self.size);
        let features = tasks::yinyang::FEATURE_NAMES.map(str::to_owned);
        let columns = features.into_iter().chain(["class".to_owned()]).collect();
        let rows = data.rows().map(|(features, class)| {
            let features = features.map(Cell::from);
            features.chain([Cell::from(class)]).collect()
        });
        (columns, rows.collect())
    }

    /// The samples that a run of the experiment `mimic` with this seed learns from.
    fn mimic(&self) -> Result<Samples> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed.into());
        let teacher = mimic::published_teacher(&mut rng)?;
        let data = teacher.samples(self.size, &mut rng);
        let names = |prefix: &'static str, n: usize| (1..=n).map(move |i| format!("{prefix}_{i}"));
        let columns = names("input", data.inputs.ncols());
        let columns = columns.chain(names("target", data.targets.ncols()));
        let rows = data
            .rows()
            .map(|(input, target)| input.chain(target).map(Cell::from).collect());
        Ok((columns.collect(), rows.collect()))
    }
}
