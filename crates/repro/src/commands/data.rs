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
    /// Seed of the samples; for yinyang that of the published sets, e.g. 42
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
    /// Inputs and target potentials of a random 2-3-2 teacher
    Mimic,
}

impl Export {
    /// Writes the file.
    pub(crate) fn run(&self) -> Result<()> {
        ensure!(self.size > 0, "--size 0: at least one sample is needed");
        let (columns, rows) = match self.task {
            Task::Yinyang => self.yinyang(),
            Task::Mimic => self.mimic()?,
        };
        write_csv(&self.out, &columns, rows.iter().map(|r| r.iter().collect()))
            .with_context(|| format!("--out {}", self.out.display()))
    }

    fn yinyang(&self) -> (Vec<String>, Vec<Vec<Cell>>) {
        let data = tasks::yinyang::generate(self.seed, self.size);
        let columns = tasks::yinyang::FEATURE_NAMES.iter().map(|&n| n.to_owned());
        let columns = columns.chain(["class".to_owned()]).collect();
        let row = |(features, label)| {
            let features: Vec<f64> = Iterator::collect(features);
            features.into_iter().map(Cell::from).chain([Cell::from(label)]).collect()
        };
        (columns, data.rows().map(|(f, label)| row((Box::new(f) as Box<dyn Iterator<Item = f64>>, label))).collect())
    }

    fn mimic(&self) -> Result<(Vec<String>, Vec<Vec<Cell>>)> {
        let mut rng = ChaCha8Rng::seed_from_u64(u64::from(self.seed));
        let teacher = mimic::published_teacher(&mut rng)?;
        let data = teacher.samples(self.size, &mut rng);
        let names = |prefix: &'static str, n: usize| (0..n).map(move |i| format!("{prefix}{i}"));
        let columns = names("r", data.inputs.ncols()).chain(names("u", data.targets.ncols()));
        let rows = data.rows().map(|(x, u)| x.chain(u).map(Cell::from).collect()).collect();
        Ok((columns.collect(), rows))
    }
}
