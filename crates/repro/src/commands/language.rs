//! `repro language`: a pretrained sentence encoder's attention, put to the circuit.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use astro::attention::language::{Distillation, Encoder, HeadNeurons, Heads, Imitation, WordPiece};
use astro::attention::{
    AttentionError, FeatureKind, FeatureMap, Mask, Moment, Pairs, Phase, Qkv, SpreadKind, uniform,
};
use astro::numerics::random::Streams;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use crate::limits;
use crate::results::files::is_stdout;
use crate::results::{Cell, Table};
use crate::sentences::{Corpus, Fitting, Judged, Presented, Select, Targets, judge};
use crate::terminal::Screen;

const DEFINITIONS: &str = "\
FILE.csv
  attention        circuit, or uniform: every token attends to all alike, which is what an attention
                   has to beat
  features, spread, m, seed   how hidden neurons were drawn, their number in each head, and the draw
  layer            all, or one, from 1
  cosine           of the embeddings with circuits and with softmax attention, mean over sequences
  worst_cosine     the smallest
  correlation      of the cosines of all pairs of sequences, with circuits and with softmax attention
  neighbours       fraction of sequences whose nearest other sequence is the same
  attention_error  ‖a − b‖ / ‖b‖ over all tokens, a the attention's output of the heads of a layer, b that
                   of softmax attention on the same queries, keys and values
  state_error      the same of the tokens after a layer, the layers below having circuits as well
--calcium FILE.csv
  layer, head, token, piece   where the astrocyte is, from 1, and what is being read
  log_calcium      natural logarithm of the calcium averaged over the cell, g·φ(q), while that token is
                   read, relative to its mean over the sequence
The model's folder holds config.json, model.safetensors, vocab.txt (or tokenizer.json) and, if they are
there, tokenizer_config.json and 1_Pooling/config.json: an encoder of the BERT family as it is published.
A text is cut into sequences of equally many tokens.";

/// Replace the attention of a pretrained sentence encoder by the neuron–astrocyte circuit and report the error.
#[derive(Debug, Args)]
#[command(after_long_help = DEFINITIONS)]
pub(crate) struct Request {
    /// Folder of the encoder
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    /// Text whose embeddings are compared
    #[arg(long, value_name = "FILE")]
    text: PathBuf,
    /// Another text, to which hidden neurons are fitted; without it they are drawn for any queries and keys
    #[arg(long, value_name = "FILE")]
    fit_text: Option<PathBuf>,
    /// Feature map: positive, positive-orthogonal or positive-antithetic
    #[arg(long, value_name = "NAME", default_value = "positive-antithetic")]
    features: FeatureKind,
    /// How widely frequencies are drawn [default: anisotropic with --fit-text, else unit]
    #[arg(long, value_enum)]
    spread: Option<Spreads>,
    /// Rewrite queries and keys first such that softmax attention stays what it is and the features
    /// estimate it best
    #[arg(long)]
    balance: bool,
    /// Numbers of hidden neurons in each head
    #[arg(
        long,
        value_name = "M,…",
        value_delimiter = ',',
        default_value = "32,128"
    )]
    m: Vec<usize>,
    /// Which heads are replaced: all, or layers and heads from 1, such as 2,3.1,3.12
    #[arg(long, value_name = "HEADS", default_value = "all")]
    heads: Select,
    /// Changes by which each head learns to attend as softmax does; 0: neurons stay as drawn
    #[arg(long, value_name = "N", default_value_t = 0)]
    imitate: usize,
    /// Changes by which, after that, all heads learn together what the softmax model's layers do
    #[arg(long, value_name = "N", default_value_t = 0)]
    distil: usize,
    /// Sequences of the other text that are used, at most
    #[arg(long, value_name = "N", default_value_t = 256)]
    fit_sequences: usize,
    /// Sequences of the text that are compared, at most
    #[arg(long, value_name = "N", default_value_t = 96)]
    sequences: usize,
    /// Tokens of a sequence
    #[arg(long, value_name = "N", default_value_t = 64)]
    tokens: usize,
    /// Draws, seeds 1, 2, …
    #[arg(long, value_name = "N", default_value_t = 1)]
    seeds: u64,
    /// Errors of every m, seed and layer
    #[arg(long, value_name = "FILE.csv")]
    out: PathBuf,
    /// Calcium of every head that is replaced, while the first sequence is read; of the last m and seed
    #[arg(long, value_name = "FILE.csv")]
    calcium: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Spreads {
    Unit,
    Isotropic,
    Anisotropic,
}

impl From<Spreads> for SpreadKind {
    fn from(spread: Spreads) -> Self {
        match spread {
            Spreads::Unit => Self::Unit,
            Spreads::Isotropic => Self::Isotropic,
            Spreads::Anisotropic => Self::Anisotropic,
        }
    }
}

/// Sequences that say how widely neurons are drawn.
const DRAWN_FOR: usize = 96;

impl Request {
    /// Reads, fits, compares, writes the CSV files and prints a summary.
    pub(crate) fn run(&self) -> Result<()> {
        let fitting = self.fitting()?;
        let pieces = WordPiece::open(&self.model).context("--model")?;
        let mut encoder = Encoder::open(&self.model).context("--model")?;
        self.heads.check(&encoder).context("--heads")?;
        for &m in &self.m {
            let numbers = (encoder.layers() * encoder.dim()) as f64 * m as f64;
            limits::check_bytes(&format!("--m {m}"), 300.0 * numbers)?;
            let rng = &mut Streams::new(1).layers;
            FeatureMap::<f64>::draw(self.features, encoder.head_dim(), m, rng)
                .with_context(|| format!("--m {m}"))?;
        }
        let read = |path, most| Corpus::read(path, &pieces, &encoder, self.tokens, most);
        let text = read(&self.text, self.sequences).context("--text")?;
        let other = match &self.fit_text {
            Some(path) => Some(read(path, self.fit_sequences).context("--fit-text")?),
            None => None,
        };
        // Without another text nothing depends on what these are.
        let seen = match &other {
            Some(other) => {
                other.check_apart(&text, &pieces)?;
                &other.sequences
            }
            None => &text.sequences,
        };
        let some = &seen[..DRAWN_FOR.min(seen.len())];
        if self.balance {
            encoder.balance(some).context("--balance")?;
        }
        let presented = Presented::new(&encoder, seen, DRAWN_FOR, fitting.learns())?;
        let none = |_: usize, qkv: &Qkv<f32>| Ok(uniform(qkv, Mask::Bidirectional));
        let targets = Targets::new(&encoder, &text.sequences)?;
        let none = judge(&encoder, &none, &targets)?;
        let mut results = Vec::new();
        let mut last = None;
        let style = "{bar:30} {msg}, {eta} left";
        let bar = ProgressBar::new(1000).with_style(ProgressStyle::with_template(style)?);
        for &m in &self.m {
            for seed in 1..=self.seeds {
                bar.set_message(format!("m = {m}, draw {seed}"));
                let streams = &mut Streams::new(seed);
                let at = |share: f64| {
                    bar.set_position((1000.0 * share) as u64);
                    Ok::<(), anyhow::Error>(())
                };
                let neurons =
                    fitting.neurons(&encoder, &presented, &self.heads, m, streams, &at)?;
                let heads = Heads::new(&neurons, encoder.head_dim())?;
                let attend = |layer: usize, qkv: &Qkv<f32>| heads.attend(layer, qkv);
                results.push((m, seed, judge(&encoder, &attend, &targets)?));
                last = Some(neurons);
            }
        }
        bar.finish_and_clear();
        self.write(&none, &results)?;
        if let (Some(path), Some(neurons)) = (&self.calcium, &last) {
            let table = calcium(&encoder, &pieces, neurons, &text.sequences[0])?;
            let context = || format!("--calcium {}", path.display());
            table.write(path).with_context(context)?;
        }
        self.summarise(&text, &none, &results)
    }

    fn fitting(&self) -> Result<Fitting> {
        ensure!(self.seeds > 0, "--seeds 0: at least 1 is needed");
        ensure!(
            self.sequences > 1,
            "--sequences {}: at least 2 are needed",
            self.sequences
        );
        ensure!(
            self.fit_sequences > 1,
            "--fit-sequences {}: at least 2 are needed",
            self.fit_sequences
        );
        ensure!(
            self.features.is_positive(),
            "--features {}: positive features are needed, they are what exponential neurons compute",
            self.features.name()
        );
        let spread = match (self.spread, &self.fit_text) {
            (Some(spread), _) => spread.into(),
            (None, Some(_)) => SpreadKind::Anisotropic,
            (None, None) => SpreadKind::Unit,
        };
        if self.fit_text.is_none() {
            for (needs, option) in [
                (spread != SpreadKind::Unit, "--spread"),
                (self.balance, "--balance"),
                (self.imitate > 0, "--imitate"),
                (self.distil > 0, "--distil"),
            ] {
                ensure!(!needs, "{option}: --fit-text is needed, what to fit to");
            }
        }
        let plain = spread == SpreadKind::Unit && !self.balance && self.imitate + self.distil == 0;
        ensure!(
            self.fit_text.is_none() || !plain,
            "--fit-text has no effect with --spread unit and nothing to balance or to learn: leave it out"
        );
        Ok(Fitting {
            features: self.features,
            spread,
            pairs: Pairs::Attended,
            imitation: Imitation {
                steps: self.imitate,
                batch: 8,
                rate: 0.05,
            },
            distillation: Distillation {
                steps: self.distil,
                batch: 8,
                rate: 0.01,
                embedding: 1.0,
            },
        })
    }

    fn write(&self, none: &Judged, results: &[(usize, u64, Judged)]) -> Result<()> {
        let mut table = Table::new([
            "attention",
            "features",
            "spread",
            "m",
            "seed",
            "layer",
            "cosine",
            "worst_cosine",
            "correlation",
            "neighbours",
            "attention_error",
            "state_error",
        ]);
        let mut push = |first: [Cell; 5], judged: &Judged| {
            let nothing = || Cell::Empty(());
            let [a, b, c, d, e] = first.clone();
            table.push([
                a,
                b,
                c,
                d,
                e,
                "all".into(),
                judged.cosine.into(),
                judged.worst.into(),
                judged.correlation.into(),
                judged.neighbours.into(),
                nothing(),
                nothing(),
            ]);
            for (number, layer) in judged.layers.iter().enumerate() {
                let [a, b, c, d, e] = first.clone();
                table.push([
                    a,
                    b,
                    c,
                    d,
                    e,
                    (number + 1).into(),
                    nothing(),
                    nothing(),
                    nothing(),
                    nothing(),
                    layer.attention.into(),
                    layer.state.into(),
                ]);
            }
        };
        let nothing = || Cell::Empty(());
        push(
            ["uniform".into(), nothing(), nothing(), nothing(), nothing()],
            none,
        );
        let spread = match self.fitting()?.spread {
            SpreadKind::Unit => "unit",
            SpreadKind::Isotropic => "isotropic",
            SpreadKind::Anisotropic => "anisotropic",
        };
        for (m, seed, judged) in results {
            let first = [
                "circuit".into(),
                self.features.name().into(),
                spread.into(),
                (*m).into(),
                (*seed as usize).into(),
            ];
            push(first, judged);
        }
        table
            .write(&self.out)
            .with_context(|| format!("--out {}", self.out.display()))
    }

    fn summarise(
        &self,
        text: &Corpus,
        none: &Judged,
        results: &[(usize, u64, Judged)],
    ) -> Result<()> {
        // Beside a CSV on standard output there is no place for people's words.
        let taken = is_stdout(&self.out) || self.calcium.as_deref().is_some_and(is_stdout);
        let mut out: Box<dyn Write> = match taken {
            true => Box::new(std::io::stderr().lock()),
            false => Box::new(Screen::new()),
        };
        writeln!(
            out,
            "{} sequences of {} tokens; embeddings beside those with softmax attention",
            text.sequences.len(),
            self.tokens
        )?;
        writeln!(
            out,
            "{:>8}{:>6}{:>10}{:>13}{:>12}   attention's relative error in each layer",
            "m", "draw", "cosine", "correlation", "neighbours"
        )?;
        let mut line = |m: String, seed: String, judged: &Judged| -> Result<()> {
            write!(
                out,
                "{m:>8}{seed:>6}{:>10.4}{:>13.4}{:>12.3}  ",
                judged.cosine, judged.correlation, judged.neighbours
            )?;
            for layer in &judged.layers {
                write!(out, " {:.3}", layer.attention)?;
            }
            writeln!(out)?;
            Ok(())
        };
        line("uniform".to_owned(), String::new(), none)?;
        for (m, seed, judged) in results {
            line(m.to_string(), seed.to_string(), judged)?;
        }
        Ok(())
    }
}

/// Calcium of every head that is a circuit, while a sequence is read.
fn calcium(
    encoder: &Encoder,
    pieces: &WordPiece,
    neurons: &[Vec<Option<HeadNeurons>>],
    tokens: &[u32],
) -> Result<Table> {
    let heads = Heads::new(neurons, encoder.head_dim())?;
    let attend = |layer: usize, qkv: &Qkv<f32>| heads.attend(layer, qkv);
    let mut table = Table::new(["layer", "head", "token", "piece", "log_calcium"]);
    for (layer, qkv) in encoder.projected(tokens, &attend)?.iter().enumerate() {
        let which = heads.which(layer);
        let mut read = vec![vec![0.0; tokens.len()]; which.len()];
        let mut watch = |moment: &Moment<'_, f32>| {
            if let (Phase::Reading, Some(calcium)) = (moment.phase, moment.log_calcium) {
                read[moment.head][moment.token] = calcium;
            }
        };
        heads
            .watch(layer, qkv, &mut watch)
            .map_err(|error: AttentionError| anyhow::Error::from(error))?;
        for (head, calcium) in which.iter().zip(read) {
            let mean = calcium.iter().sum::<f64>() / calcium.len() as f64;
            for (t, (calcium, &token)) in calcium.iter().zip(tokens).enumerate() {
                table.push([
                    (layer + 1).into(),
                    (head + 1).into(),
                    (t + 1).into(),
                    pieces.piece(token).unwrap_or("?").into(),
                    Cell::rounded(calcium - mean, 6),
                ]);
            }
        }
    }
    Ok(table)
}
