//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, anyhow};
use clap::{Args, Parser, Subcommand};

use crate::commands;
use crate::execute::{Interrupted, stop_on_ctrl_c};
use crate::experiment::Change;
use crate::profile::Profile;

/// Reproduces the figures of three works on how brains could compute what deep learning computes:
/// dendritic cortical microcircuits, artificial astrocyte networks, neuron–astrocyte transformers.
#[derive(Debug, Parser)]
#[command(name = "repro", version, max_term_width = 100)]
#[command(
    after_help = "Results are kept as they are made: the same command after an interruption \
                        goes on from there.\nExit status: 0 success, 1 failure, 2 wrong usage, \
                        130 interrupted."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make every figure
    All(RunOptions),
    /// Make some figures
    Run {
        /// Which figures; `repro list` names them
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
        #[command(flatten)]
        options: RunOptions,
    },
    /// List the figures, their sources and how long they take
    List,
    /// Draw figures again from their CSV files, without simulating
    Plot {
        /// Which figures; all if none is named
        #[arg(value_name = "ID")]
        ids: Vec<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Train the autoencoder that the astrocyte figures read digits with
    Encoder(commands::encoder::Request),
    /// Train the small transformer whose attention the neuron–astrocyte circuit replaces
    Transformer(commands::transformer::Request),
    /// Put the attention of a model of your own to the neuron–astrocyte circuit
    Attention(Box<commands::attention::Request>),
    /// Compare results with the published ones, point by point and, where seeds are known, run by run
    Compare {
        /// Which figures; all that have results if none is named
        #[arg(value_name = "ID")]
        ids: Vec<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Note again where results come from, by their CSV files and the experiment files
    Provenance {
        #[command(flatten)]
        place: Place,
    },
    /// Run a hyper-parameter study of your own and rank its points
    Sweep {
        /// The study: an experiment file with `seeds` and `[[points]]`
        #[arg(value_name = "FILE.toml")]
        file: PathBuf,
        /// Folder of the CSV files
        #[arg(long, value_name = "DIR", default_value = "sweeps")]
        out: PathBuf,
        #[command(flatten)]
        work: Work,
    },
    /// Simulate a network of your own and write its potentials as CSV
    Simulate(commands::simulate::Simulate),
    /// Write data sets as CSV
    #[command(subcommand)]
    Data(DataCommand),
}

#[derive(Debug, Subcommand)]
enum DataCommand {
    /// Write samples of a task as CSV
    Export(commands::data::Export),
}

#[derive(Debug, Args)]
struct Place {
    /// How much work: minutes, or the sources' exact numbers
    #[arg(long, value_enum, default_value_t)]
    profile: Profile,
    /// Folder of the output; the profile's name is added to it [default: figures/]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Work {
    /// Threads; results do not depend on it [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Change a setting of the experiments, e.g. --set training.epochs=10
    #[arg(long = "set", value_name = "KEY=VALUE")]
    changes: Vec<Change>,
    /// Do only the K-th of N shares of the runs, to split the work among machines
    #[arg(long, value_name = "K/N", value_parser = parse_shard)]
    shard: Option<(usize, usize)>,
}

#[derive(Debug, Args)]
struct RunOptions {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    work: Work,
}

fn parse_shard(text: &str) -> Result<(usize, usize)> {
    let parts = text
        .split_once('/')
        .and_then(|(k, n)| Some((k.parse().ok()?, n.parse().ok()?)));
    match parts {
        Some((k, n)) if (1..=n).contains(&k) => Ok((k, n)),
        _ => Err(anyhow!("{text:?} is not K/N with K from 1 to N, e.g. 2/8")),
    }
}

/// Parses the command line, does what it says, and reports how it went.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("repro: {error:#}");
            ExitCode::from(if error.is::<Interrupted>() { 130 } else { 1 })
        }
    }
}

/// `repro list | head` is no failure.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind = error
        .downcast_ref::<std::io::Error>()
        .map(std::io::Error::kind);
    kind == Some(std::io::ErrorKind::BrokenPipe)
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::All(options) => make(&[], &options),
        Command::Run { ids, options } => make(&ids, &options),
        Command::List => commands::list::list(),
        Command::Plot { ids, place } => {
            commands::figures::plot(&ids, place.profile, place.out.as_deref())
        }
        Command::Encoder(request) => commands::encoder::train(&request),
        Command::Transformer(request) => commands::transformer::run(&request),
        Command::Attention(request) => request.run(),
        Command::Compare { ids, place } => {
            commands::compare::compare(&ids, place.profile, place.out.as_deref())
        }
        Command::Provenance { place } => {
            commands::provenance::provenance(place.profile, place.out.as_deref())
        }
        Command::Sweep { file, out, work } => {
            start(&work)?;
            commands::sweep::sweep(&file, &out, &work.changes, work.shard)
        }
        Command::Simulate(simulate) => simulate.run(),
        Command::Data(DataCommand::Export(export)) => export.run(),
    }
}

fn make(ids: &[String], options: &RunOptions) -> Result<()> {
    let RunOptions { place, work } = options;
    start(work)?;
    let request = commands::figures::Request {
        profile: place.profile,
        out: place.out.as_deref(),
        changes: &work.changes,
        shard: work.shard,
    };
    commands::figures::make(ids, &request)
}

fn start(work: &Work) -> Result<()> {
    stop_on_ctrl_c()?;
    let threads = work.threads.map_or(0, usize::from);
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .context("cannot start the threads")
}
