//! `repro attention`: a published model's attention, put to the circuit.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use astro::attention::weights::{ProjectionNames, load_projections, load_tokens};
use astro::attention::{
    AttentionError, Circuit, FeatureKind, FeatureMap, Fidelity, Mask, Qkv, softmax,
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

/// Replace a model's softmax attention by the neuron–astrocyte circuit and report the error.
#[derive(Debug, Args)]
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
    /// Draws of the random features, seeds 1, 2, …
    #[arg(long, value_name = "N", default_value_t = 10)]
    seeds: u64,
    /// Errors of every m and seed
    #[arg(long, value_name = "FILE.csv")]
    out: PathBuf,
}

/// Errors of the circuit with so many hidden neurons, one a seed.
type Errors = Vec<(u64, Option<Fidelity>)>;

impl Request {
    /// Reads, compares, writes the CSV and prints a summary.
    pub(crate) fn run(&self) -> Result<()> {
        ensure!(self.seeds > 0, "--seeds 0: at least 1 is needed");
        let elu = self.features == FeatureKind::EluPlusOne;
        ensure!(
            !elu || self.m.is_empty(),
            "--m has no effect with --features elu-plus-one, which has as many hidden neurons as the \
             head has dimensions: leave it out"
        );
        let qkv = self.read()?;
        let counts = match self.m.is_empty() {
            true if elu => vec![qkv.head_dim()],
            true => vec![64, 256, 1024],
            false => self.m.clone(),
        };
        // All maps are drawn once before any is used: no failure after long work.
        for &m in &counts {
            FeatureMap::<f64>::draw(
                self.features,
                qkv.head_dim(),
                m,
                &mut Streams::new(1).layers,
            )
            .with_context(|| format!("--m {m}"))?;
        }
        let mask = if self.causal {
            Mask::Causal
        } else {
            Mask::Bidirectional
        };
        let reference = softmax(&qkv, mask);
        let results = counts
            .iter()
            .map(|&m| Ok((m, self.errors(&qkv, mask, m, &reference)?)))
            .collect::<Result<Vec<_>>>()?;
        self.write(&results)?;
        self.summarise(&qkv, &results)
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

    fn errors(
        &self,
        qkv: &Qkv<f64>,
        mask: Mask,
        m: usize,
        reference: &DMatrix<f64>,
    ) -> Result<Errors> {
        let one = |seed: u64| {
            let mut rng = Streams::new(seed).layers;
            let map = FeatureMap::draw(self.features, qkv.head_dim(), m, &mut rng)?;
            let output =
                Circuit::new(map, qkv.heads(), qkv.value_dim())?.attend(qkv, mask, &mut ());
            match output {
                Ok(output) => Ok((seed, Fidelity::compare(&output, reference))),
                // Features that cancel are a result: no output to compare.
                Err(AttentionError::NoCalcium { .. }) => Ok((seed, None)),
                Err(error) => Err(error.into()),
            }
        };
        (1..=self.seeds).into_par_iter().map(one).collect()
    }

    fn write(&self, results: &[(usize, Errors)]) -> Result<()> {
        let mut table = Table::new([
            "features",
            "m",
            "seed",
            "relative_error",
            "mean_cosine",
            "min_cosine",
        ]);
        for (m, errors) in results {
            for (seed, fidelity) in errors {
                let number = |pick: fn(&Fidelity) -> f64| {
                    Cell::from(fidelity.as_ref().map_or(f64::NAN, pick))
                };
                table.push([
                    self.features.name().into(),
                    (*m).into(),
                    (*seed as usize).into(),
                    number(|f| f.relative_error),
                    number(|f| f.mean_cosine),
                    number(|f| f.min_cosine),
                ]);
            }
        }
        table
            .write(&self.out)
            .with_context(|| format!("--out {}", self.out.display()))
    }

    fn summarise(&self, qkv: &Qkv<f64>, results: &[(usize, Errors)]) -> Result<()> {
        // Beside a CSV on standard output there is no place for people's words.
        let mut out: Box<dyn Write> = match is_stdout(&self.out) {
            true => Box::new(std::io::stderr().lock()),
            false => Box::new(Screen::new()),
        };
        writeln!(
            out,
            "{} tokens, {} heads of dimension {}; {} features, median of {} draws",
            qkv.tokens(),
            qkv.heads(),
            qkv.head_dim(),
            self.features.name(),
            self.seeds
        )?;
        writeln!(
            out,
            "{:>8}{:>16}{:>16}",
            "m", "relative error", "mean cosine"
        )?;
        for (m, errors) in results {
            let median_of = |pick: fn(&Fidelity) -> f64| {
                let values = errors.iter().filter_map(|(_, f)| f.as_ref().map(pick));
                median(&values.collect::<Vec<f64>>())
            };
            writeln!(
                out,
                "{m:>8}{:>16.5}{:>16.6}",
                median_of(|f| f.relative_error),
                median_of(|f| f.mean_cosine)
            )?;
        }
        Ok(())
    }
}
