//! `repro attention`: a published model's attention, put to the circuit.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use astro::attention::weights::{ProjectionNames, load_projections, load_tokens};
use astro::attention::{
    AttentionError, Circuit, FeatureKind, FeatureMap, Fidelity, Mask, Qkv, softmax, uniform,
};
use astro::numerics::random::Streams;
use astro::numerics::tensors::TensorFile;
use clap::Args;
use nalgebra::DMatrix;
use rayon::prelude::*;

use crate::results::files::is_stdout;
use crate::results::stats::median;
use crate::results::{Cell, Table};
use crate::terminal::Screen;

const DEFINITIONS: &str = "\
FILE.csv
  attention       circuit, or uniform: every token attends to all that it sees alike, which is what an
                  attention has to beat
  features, m     the circuit's feature map, and its hidden neurons in each head
  balanced        1 with --balance, else 0
  seed            of the random features
  head            all together, or one, from 1
  relative_error  ‖a − b‖ / ‖b‖ over all tokens (Frobenius norm), a the output, b that of softmax attention
                  on the same queries, keys and values; before the output projection
  mean_cosine     of the angle between a and b, mean over tokens
  min_cosine      the smallest of any token
  Without a number: features cancelled, and there was no output.
On the terminal: medians over seeds.";

/// Replace a model's softmax attention by the neuron–astrocyte circuit and report the error.
#[derive(Debug, Args)]
#[command(after_long_help = DEFINITIONS)]
pub(crate) struct Request {
    /// Weights of the layer's projections, [out, in] as PyTorch stores them
    #[arg(long, value_name = "F.safetensors")]
    weights: PathBuf,
    /// Name of the query projection's weight
    #[arg(long, value_name = "NAME")]
    query: String,
    /// Name of the key projection's weight
    #[arg(long, value_name = "NAME")]
    key: String,
    /// Name of the value projection's weight
    #[arg(long, value_name = "NAME")]
    value: String,
    /// Name of the query projection's bias, if there is one
    #[arg(long, value_name = "NAME")]
    query_bias: Option<String>,
    /// Name of the key projection's bias, if there is one
    #[arg(long, value_name = "NAME")]
    key_bias: Option<String>,
    /// Name of the value projection's bias, if there is one
    #[arg(long, value_name = "NAME")]
    value_bias: Option<String>,
    /// Token embeddings [tokens, dimension]: .safetensors, .npz or .npy
    #[arg(long, value_name = "F")]
    tokens: PathBuf,
    /// Name of the embeddings, if the file holds several tensors
    #[arg(long, value_name = "NAME")]
    tokens_name: Option<String>,
    /// Number of heads
    #[arg(long, value_name = "H")]
    heads: usize,
    /// A token sees itself and those before it, not all
    #[arg(long)]
    causal: bool,
    /// Feature map: trigonometric, positive, positive-orthogonal or elu-plus-one
    #[arg(long, value_name = "NAME", default_value = "positive-orthogonal")]
    features: FeatureKind,
    /// Numbers of hidden neurons in each head [default: 64,256,1024]; elu-plus-one has as many as the
    /// head has dimensions
    #[arg(long, value_name = "M,…", value_delimiter = ',')]
    m: Vec<usize>,
    /// Rewrite queries and keys first such that softmax attention stays what it is and the features
    /// estimate it best
    #[arg(long)]
    balance: bool,
    /// Draws of the random features, seeds 1, 2, …
    #[arg(long, value_name = "N", default_value_t = 10)]
    seeds: u64,
    /// Errors of every m, seed and head
    #[arg(long, value_name = "FILE.csv")]
    out: PathBuf,
}

/// What an attention's output is, beside that of softmax attention: of all heads together, and of each.
struct Comparison {
    all: Option<Fidelity>,
    heads: Vec<Option<Fidelity>>,
}

impl Comparison {
    /// `output` is none where features cancel: there is nothing to compare.
    fn of(output: Option<&DMatrix<f64>>, reference: &DMatrix<f64>, heads: usize) -> Self {
        let rows = reference.nrows() / heads;
        let head = |h: usize| {
            let of_head = |matrix: &DMatrix<f64>| matrix.rows(h * rows, rows).into_owned();
            Fidelity::compare(&of_head(output?), &of_head(reference))
        };
        Self {
            all: output.and_then(|output| Fidelity::compare(output, reference)),
            heads: (0..heads).map(head).collect(),
        }
    }
}

/// The circuit with `m` hidden neurons, one comparison a seed.
type Draws = Vec<(u64, Comparison)>;

impl Request {
    /// Reads, compares, writes the CSV and prints a summary.
    pub(crate) fn run(&self) -> Result<()> {
        ensure!(self.seeds > 0, "--seeds 0: at least 1 is needed");
        let elu = self.features == FeatureKind::EluPlusOne;
        for (given, option) in [(!self.m.is_empty(), "--m"), (self.balance, "--balance")] {
            ensure!(
                !(elu && given),
                "{option} has no effect with --features elu-plus-one, which estimates no softmax and has as \
                 many hidden neurons as the head has dimensions: leave it out"
            );
        }
        let qkv = self.read()?;
        let counts = match self.m.is_empty() {
            true if elu => vec![qkv.head_dim()],
            true => vec![64, 256, 1024],
            false => self.m.clone(),
        };
        // All maps are drawn once before any is used: no failure after long work.
        for &m in &counts {
            let rng = &mut Streams::new(1).layers;
            FeatureMap::<f64>::draw(self.features, qkv.head_dim(), m, rng)
                .with_context(|| format!("--m {m}"))?;
        }
        let mask = if self.causal {
            Mask::Causal
        } else {
            Mask::Bidirectional
        };
        let reference = softmax(&qkv, mask);
        let none = uniform(&qkv, mask);
        let none = Comparison::of(Some(&none), &reference, qkv.heads());
        let circuit = match self.balance {
            true => qkv.balanced(self.features).context("--balance")?,
            false => qkv.clone(),
        };
        let results = counts
            .iter()
            .map(|&m| Ok((m, self.draws(&circuit, mask, m, &reference)?)))
            .collect::<Result<Vec<_>>>()?;
        self.write(&none, &results)?;
        self.summarise(&qkv, &none, &results)
    }

    fn read(&self) -> Result<Qkv<f64>> {
        let weights = TensorFile::open(&self.weights)?;
        let names = ProjectionNames {
            query: &self.query,
            key: &self.key,
            value: &self.value,
            query_bias: self.query_bias.as_deref(),
            key_bias: self.key_bias.as_deref(),
            value_bias: self.value_bias.as_deref(),
        };
        let projections = load_projections(&weights, names, self.heads)?;
        let tokens = TensorFile::open(&self.tokens)?;
        let tokens = load_tokens(&tokens, self.tokens_name.as_deref(), projections.inputs())?;
        Ok(projections.project(&tokens)?)
    }

    fn draws(
        &self,
        qkv: &Qkv<f64>,
        mask: Mask,
        m: usize,
        reference: &DMatrix<f64>,
    ) -> Result<Draws> {
        let one = |seed: u64| {
            let mut rng = Streams::new(seed).layers;
            let map = FeatureMap::draw(self.features, qkv.head_dim(), m, &mut rng)?;
            let output =
                Circuit::new(map, qkv.heads(), qkv.value_dim())?.attend(qkv, mask, &mut ());
            let output = match output {
                Ok(output) => Some(output),
                // Features that cancel are a result: no output to compare.
                Err(AttentionError::NoCalcium { .. }) => None,
                Err(error) => return Err(error.into()),
            };
            let comparison = Comparison::of(output.as_ref(), reference, qkv.heads());
            Ok((seed, comparison))
        };
        (1..=self.seeds).into_par_iter().map(one).collect()
    }

    fn write(&self, none: &Comparison, results: &[(usize, Draws)]) -> Result<()> {
        let mut table = Table::new([
            "attention",
            "features",
            "balanced",
            "m",
            "seed",
            "head",
            "relative_error",
            "mean_cosine",
            "min_cosine",
        ]);
        let mut push = |first: [Cell; 5], Comparison { all, heads }: &Comparison| {
            let names = (1..=heads.len()).map(Cell::from);
            let names = std::iter::once("all".into()).chain(names);
            for (name, fidelity) in names.zip(std::iter::once(all).chain(heads)) {
                let number = |pick: fn(&Fidelity) -> f64| {
                    Cell::from(fidelity.as_ref().map_or(f64::NAN, pick))
                };
                let numbers = [
                    number(|f| f.relative_error),
                    number(|f| f.mean_cosine),
                    number(|f| f.min_cosine),
                ];
                let row = first.iter().cloned().chain([name]).chain(numbers);
                table.rows.push(row.collect());
            }
        };
        let nothing = || Cell::Empty(());
        let uniform = ["uniform".into(), nothing(), nothing(), nothing(), nothing()];
        push(uniform, none);
        for (m, draws) in results {
            for (seed, comparison) in draws {
                let first = [
                    "circuit".into(),
                    self.features.name().into(),
                    usize::from(self.balance).into(),
                    (*m).into(),
                    (*seed as usize).into(),
                ];
                push(first, comparison);
            }
        }
        table
            .write(&self.out)
            .with_context(|| format!("--out {}", self.out.display()))
    }

    fn summarise(
        &self,
        qkv: &Qkv<f64>,
        none: &Comparison,
        results: &[(usize, Draws)],
    ) -> Result<()> {
        // Beside a CSV on standard output there is no place for people's words.
        let mut out: Box<dyn Write> = match is_stdout(&self.out) {
            true => Box::new(std::io::stderr().lock()),
            false => Box::new(Screen::new()),
        };
        writeln!(
            out,
            "{} tokens, {} heads of dimension {}; {} features{}, median of {} draws",
            qkv.tokens(),
            qkv.heads(),
            qkv.head_dim(),
            self.features.name(),
            if self.balance { ", balanced" } else { "" },
            self.seeds
        )?;
        writeln!(
            out,
            "{:>8}{:>16}{:>16}   relative error of each head",
            "m", "relative error", "mean cosine"
        )?;
        let one = std::slice::from_ref(none);
        line(&mut out, "uniform", &one.iter().collect::<Vec<_>>())?;
        for (m, draws) in results {
            let draws: Vec<&Comparison> = draws.iter().map(|(_, draw)| draw).collect();
            line(&mut out, &m.to_string(), &draws)?;
        }
        Ok(())
    }
}

/// Heads whose errors are printed; the CSV has all.
const SHOWN: usize = 8;

/// Medians over draws.
fn line(out: &mut dyn Write, name: &str, draws: &[&Comparison]) -> Result<()> {
    let median_of = |pick: &dyn Fn(&Comparison) -> Option<f64>| {
        median(
            &draws
                .iter()
                .filter_map(|draw| pick(draw))
                .collect::<Vec<f64>>(),
        )
    };
    write!(
        out,
        "{name:>8}{:>16.5}{:>16.6}  ",
        median_of(&|draw| Some(draw.all.as_ref()?.relative_error)),
        median_of(&|draw| Some(draw.all.as_ref()?.mean_cosine))
    )?;
    let heads = draws.first().map_or(0, |draw| draw.heads.len());
    for head in 0..heads.min(SHOWN) {
        let error = median_of(&|draw| Some(draw.heads[head].as_ref()?.relative_error));
        write!(out, " {error:.4}")?;
    }
    writeln!(out, "{}", if heads > SHOWN { " …" } else { "" })?;
    Ok(())
}
