//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};

use crate::commands;
use crate::commands::figures::{Destination, RunOptions};
use crate::execute::{Interrupted, stop_on_ctrl_c};
use crate::experiment::Change;
use crate::shipped::{Shipped, ship};
use crate::terminal::say;

/// Reproduces the figures of three works on how brains could compute what deep learning computes:
/// dendritic cortical microcircuits, artificial astrocyte networks, neuron–astrocyte transformers.
#[derive(Debug, Parser)]
#[command(name = "repro", version = VERSION, max_term_width = 100)]
#[command(
    after_help = "Results are kept as they are made: the same command after an interruption \
                        goes on from there.\nExit status: 0 success, 1 failure, 2 wrong usage, \
                        130 interrupted."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Version, and the commit it was built from.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("REPRO_CODE"), ")");

#[derive(Debug, Subcommand)]
enum Command {
    /// Make every figure
    All {
        #[command(flatten)]
        place: Destination,
        #[command(flatten)]
        work: RunOptions,
    },
    /// Make some figures
    Run {
        /// Which figures; `repro list` names them
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
        #[command(flatten)]
        place: Destination,
        #[command(flatten)]
        work: RunOptions,
    },
    /// List the figures, their sources and how long they take
    List,
    /// Draw figures again from their CSV files, without simulating
    Plot {
        /// Which figures; all if none is named
        #[arg(value_name = "ID")]
        ids: Vec<String>,
        #[command(flatten)]
        place: Destination,
    },
    /// Train the autoencoder that the astrocyte figures read digits with
    Encoder(commands::encoder::Request),
    /// Train the small transformer whose attention the neuron–astrocyte circuit replaces
    Transformer(commands::transformer::Request),
    /// Put the attention of a model of your own to the neuron–astrocyte circuit
    Attention(Box<commands::attention::Request>),
    /// Put the attention of a pretrained sentence encoder to the neuron–astrocyte circuit
    Language(Box<commands::language::Request>),
    /// Compare results with the published ones, point by point and, where seeds are known, run by run
    Compare {
        /// Which figures; all that have results if none is named
        #[arg(value_name = "ID")]
        ids: Vec<String>,
        #[command(flatten)]
        place: Destination,
    },
    /// Note again where results come from, by their CSV files and the experiment files
    Provenance {
        #[command(flatten)]
        place: Destination,
    },
    /// Run a hyper-parameter study of your own and rank its points
    Sweep {
        /// The study: an experiment file with `seeds` and `[[points]]`
        #[arg(value_name = "FILE.toml")]
        file: PathBuf,
        /// Folder of the CSV files [default: sweeps/]
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Change a setting, e.g. --set training.epochs=10; without --out such results have a folder of
        /// their own, named after the change
        #[arg(long = "set", value_name = "KEY=VALUE")]
        changes: Vec<Change>,
        #[command(flatten)]
        work: RunOptions,
    },
    /// Search for the best point of a study of your own, within a budget
    Tune {
        /// The study: an experiment file with `[tune]`
        #[arg(value_name = "FILE.toml")]
        file: PathBuf,
        /// Folder of the CSV files [default: sweeps/]
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Change a setting that the search does not vary, e.g. --set task.train=1000; without --out such
        /// results have a folder of their own, named after the change
        #[arg(long = "set", value_name = "KEY=VALUE")]
        changes: Vec<Change>,
        #[command(flatten)]
        work: RunOptions,
    },
    /// Say what a study file may say: its keys, or the settings, metrics and tables of one study
    Describe {
        /// The study; without it, the language of study files
        #[arg(value_name = "STUDY")]
        study: Option<String>,
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

/// Parses the command line, does what it says, and reports how it went. Outside of a checkout, experiments and data sets are
/// those that the program has inside.
pub fn main(inside: Shipped) -> ExitCode {
    run_with(std::env::args_os(), inside).into()
}

/// [`main`] with other arguments, the program's name first; returns its exit status.
pub fn run_with(arguments: impl IntoIterator<Item = OsString>, inside: Shipped) -> u8 {
    ship(inside);
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        // It repeats what was typed.
        Err(error) if error.use_stderr() => {
            say(error.render().to_string().trim_end());
            return 2;
        }
        Err(error) => error.exit(),
    };
    match run(cli.command) {
        Ok(()) => 0,
        Err(error) if is_broken_pipe(&error) => 0,
        Err(error) => {
            say(format!("repro: {error:#}"));
            if error.is::<Interrupted>() { 130 } else { 1 }
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
        Command::All { place, work } => make(&[], &place, &work),
        Command::Run { ids, place, work } => make(&ids, &place, &work),
        Command::List => commands::list::list(),
        Command::Plot { ids, place } => commands::figures::plot(&ids, &place),
        Command::Encoder(request) => commands::encoder::train(&request),
        Command::Transformer(request) => commands::transformer::run(&request),
        Command::Attention(request) => request.run(),
        Command::Language(request) => request.run(),
        Command::Compare { ids, place } => commands::compare::compare(&ids, &place),
        Command::Provenance { place } => commands::provenance::provenance(&place),
        Command::Sweep {
            file,
            out,
            changes,
            work,
        } => {
            start(&work)?;
            commands::sweep::sweep(&file, out.as_deref(), &changes, &work)
        }
        Command::Tune {
            file,
            out,
            changes,
            work,
        } => {
            start(&work)?;
            commands::tune::tune(&file, out.as_deref(), &changes, &work)
        }
        Command::Describe { study } => commands::describe::describe(study.as_deref()),
        Command::Simulate(simulate) => simulate.run(),
        Command::Data(DataCommand::Export(export)) => export.run(),
    }
}

fn make(ids: &[String], place: &Destination, work: &RunOptions) -> Result<()> {
    start(work)?;
    commands::figures::make(ids, place, work)
}

fn start(work: &RunOptions) -> Result<()> {
    stop_on_ctrl_c()?;
    let threads = work.threads.unwrap_or(0);
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .context("cannot start the threads")
}
