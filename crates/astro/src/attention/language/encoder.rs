//! A pretrained encoder.

use super::layer::{Layer, LayerPass, Way};
use super::layers::{Linear, Norm};
use super::settings::Sizes;
use super::{LanguageError, Pooling};
use crate::attention::balance::Balancing;
use crate::attention::{AttentionError, FeatureKind, HeadTokens, Mask, Qkv, softmax};
use crate::numerics::tensors::TensorFile;
use nalgebra::DMatrix;
use rayon::prelude::*;
use std::path::Path;

/// What computes the attention of a layer: its number and Q, K, V (D × n each) to outputs, D × n.
pub type Attend<'a> = dyn Fn(usize, &Qkv<f32>) -> Result<DMatrix<f32>, AttentionError> + Sync + 'a;

/// An encoder of the BERT family, frozen.
#[derive(Debug, Clone)]
pub struct Encoder {
    sizes: Sizes,
    pooling: Pooling,
    /// D × vocabulary.
    words: DMatrix<f32>,
    /// D × positions, with the embedding of the first type of token added.
    positions: DMatrix<f32>,
    norm: Norm,
    pub(super) layers: Vec<Layer>,
}

/// Weights by the names of their family.
struct Named<'a> {
    file: &'a TensorFile,
    /// What stands before all names.
    prefix: &'static str,
    epsilon: f32,
}

impl Named<'_> {
    fn find(file: &TensorFile, epsilon: f64) -> Result<Named<'_>, LanguageError> {
        let names = file.names()?;
        let has = |prefix: &&str| {
            let word = format!("{prefix}embeddings.word_embeddings.weight");
            names.binary_search(&word).is_ok()
        };
        let known = ["", "bert.", "model.", "encoder.model.", "0.auto_model."];
        Ok(Named {
            file,
            // Without it, the tensor that is missed is named.
            prefix: known.into_iter().find(|prefix| has(prefix)).unwrap_or(""),
            epsilon: epsilon as f32,
        })
    }

    /// An embedding a column, dim × count.
    fn table(&self, name: &str, dim: usize, count: usize) -> Result<DMatrix<f32>, LanguageError> {
        let name = format!("{}embeddings.{name}.weight", self.prefix);
        let why = "as config.json says";
        let data = self.file.singles(&name, &[count, dim], why)?;
        Ok(DMatrix::from_vec(dim, count, data))
    }

    fn linear(&self, name: &str, inputs: usize, outputs: usize) -> Result<Linear, LanguageError> {
        let name = format!("{}{name}", self.prefix);
        let why = "as config.json says";
        let weight = self
            .file
            .singles(&format!("{name}.weight"), &[outputs, inputs], why)?;
        Ok(Linear {
            weight: DMatrix::from_row_slice(outputs, inputs, &weight),
            bias: self
                .file
                .singles(&format!("{name}.bias"), &[outputs], why)?,
        })
    }

    /// Early files call gain and offset gamma and beta.
    fn norm(&self, name: &str, dim: usize) -> Result<Norm, LanguageError> {
        let name = format!("{}{name}", self.prefix);
        let old = self.file.names()?.contains(&format!("{name}.gamma"));
        let (gain, offset) = match old {
            true => ("gamma", "beta"),
            false => ("weight", "bias"),
        };
        let read = |what| {
            let why = "as config.json says";
            self.file.singles(&format!("{name}.{what}"), &[dim], why)
        };
        Ok(Norm {
            gain: read(gain)?,
            offset: read(offset)?,
            epsilon: self.epsilon,
        })
    }
}

impl Encoder {
    /// Reads a model's folder: `config.json`, `model.safetensors` and, if it is there, `1_Pooling/config.json`.
    ///
    /// # Errors
    /// [`LanguageError`] names the file, the key or tensor, and what would have been right.
    pub fn open(folder: &Path) -> Result<Self, LanguageError> {
        let sizes = Sizes::read(folder)?;
        let pooling = Pooling::read(folder)?;
        let file = TensorFile::open(folder.join("model.safetensors"))?;
        let named = Named::find(&file, sizes.epsilon)?;
        let (d, inner) = (sizes.dim, sizes.inner);
        let words = named.table("word_embeddings", d, sizes.vocabulary)?;
        let mut positions = named.table("position_embeddings", d, sizes.positions)?;
        let types = named.table("token_type_embeddings", d, sizes.types)?;
        for mut column in positions.column_iter_mut() {
            column += types.column(0);
        }
        let layer = |number: usize| {
            let name = |part: &str| format!("encoder.layer.{number}.{part}");
            Ok::<_, LanguageError>(Layer {
                query: named.linear(&name("attention.self.query"), d, d)?,
                key: named.linear(&name("attention.self.key"), d, d)?,
                value: named.linear(&name("attention.self.value"), d, d)?,
                output: named.linear(&name("attention.output.dense"), d, d)?,
                norm1: named.norm(&name("attention.output.LayerNorm"), d)?,
                up: named.linear(&name("intermediate.dense"), d, inner)?,
                down: named.linear(&name("output.dense"), inner, d)?,
                norm2: named.norm(&name("output.LayerNorm"), d)?,
            })
        };
        Ok(Self {
            words,
            positions,
            norm: named.norm("embeddings.LayerNorm", d)?,
            layers: (0..sizes.layers).map(layer).collect::<Result<_, _>>()?,
            sizes,
            pooling,
        })
    }

    /// Dimension D of tokens and embeddings.
    pub fn dim(&self) -> usize {
        self.sizes.dim
    }

    /// Number of layers.
    pub fn layers(&self) -> usize {
        self.sizes.layers
    }

    /// Heads H of a layer.
    pub fn heads(&self) -> usize {
        self.sizes.heads
    }

    /// Dimension d of a head.
    pub fn head_dim(&self) -> usize {
        self.sizes.dim / self.sizes.heads
    }

    /// Longest sequence, in tokens.
    pub fn longest(&self) -> usize {
        self.sizes.positions
    }

    /// Softmax attention.
    ///
    /// # Errors
    /// None: the form is that of [`Attend`].
    pub fn softmax(_layer: usize, qkv: &Qkv<f32>) -> Result<DMatrix<f32>, AttentionError> {
        Ok(softmax(qkv, Mask::Bidirectional))
    }

    /// Tokens after each layer, D × n, the embeddings of words and positions before them all.
    ///
    /// # Errors
    /// [`LanguageError::Range`] if the sequence is empty, too long, or has a token that is none of the vocabulary; whatever
    /// attention fails with.
    pub fn states(
        &self,
        tokens: &[u32],
        attend: &Attend<'_>,
    ) -> Result<Vec<DMatrix<f32>>, LanguageError> {
        let mut states = vec![self.embedded(tokens)?];
        for (number, layer) in self.layers.iter().enumerate() {
            let qkv = self.project(layer, &states[number])?;
            let attended = attend(number, &qkv)?;
            let pass = LayerPass::forward(layer, &states[number], &attended, Way::Forth)?;
            states.push(pass.output);
        }
        Ok(states)
    }

    /// Q, K and V of each layer, on the activity that it has with this attention.
    ///
    /// # Errors
    /// As [`Encoder::states`].
    pub fn projected(
        &self,
        tokens: &[u32],
        attend: &Attend<'_>,
    ) -> Result<Vec<Qkv<f32>>, LanguageError> {
        let states = self.states(tokens, attend)?;
        let layers = self.layers.iter().zip(&states);
        layers.map(|(layer, x)| self.project(layer, x)).collect()
    }

    /// The embedding e of what the last layer made, of length 1.
    pub fn embedding(&self, last: &DMatrix<f32>) -> Vec<f32> {
        let pooled = match self.pooling {
            Pooling::Mean => last.column_mean(),
            Pooling::First => last.column(0).into_owned(),
        };
        let norm = pooled.norm().max(f32::MIN_POSITIVE);
        pooled.iter().map(|x| x / norm).collect()
    }

    /// ∂L/∂last from ∂L/∂e, e of length 1.
    pub(super) fn pull_back_embedding(
        &self,
        last: &DMatrix<f32>,
        gradient: &[f32],
    ) -> DMatrix<f32> {
        let (rows, n) = last.shape();
        let (pooled, share) = match self.pooling {
            Pooling::Mean => (last.column_mean(), 1.0 / n as f32),
            Pooling::First => (last.column(0).into_owned(), 1.0),
        };
        let norm = pooled.norm().max(f32::MIN_POSITIVE);
        let along = pooled.iter().zip(gradient).map(|(p, g)| p * g).sum::<f32>() / norm;
        let d_pooled: Vec<f32> = pooled
            .iter()
            .zip(gradient)
            .map(|(p, g)| share * (g - along * p / norm) / norm)
            .collect();
        DMatrix::from_fn(rows, n, |i, t| match self.pooling {
            Pooling::First if t > 0 => 0.0,
            _ => d_pooled[i],
        })
    }

    /// Tokens before the first layer, D × n.
    pub(super) fn embedded(&self, tokens: &[u32]) -> Result<DMatrix<f32>, LanguageError> {
        if tokens.is_empty() || tokens.len() > self.longest() {
            return Err(LanguageError::Range {
                what: "the number of tokens",
                found: tokens.len(),
                right: format!("a sequence has 1 to {}", self.longest()),
            });
        }
        let mut x = DMatrix::zeros(self.dim(), tokens.len());
        for (t, (mut column, &token)) in x.column_iter_mut().zip(tokens).enumerate() {
            let token = token as usize;
            if token >= self.sizes.vocabulary {
                return Err(LanguageError::Range {
                    what: "the number of a token",
                    found: token,
                    right: format!("the encoder knows {}", self.sizes.vocabulary),
                });
            }
            column.copy_from(&(self.words.column(token) + self.positions.column(t)));
        }
        Ok(self.norm.forward(&x).0)
    }

    /// Q, K and V of a layer, below their number, from the tokens before it.
    ///
    /// # Errors
    /// [`LanguageError::Range`] if there is no such layer, [`LanguageError::Attention`] if numbers are not finite.
    pub fn qkv(&self, layer: usize, x: &DMatrix<f32>) -> Result<Qkv<f32>, LanguageError> {
        match self.layers.get(layer) {
            Some(layer) => self.project(layer, x),
            None => Err(LanguageError::Range {
                what: "the number of a layer, from 0",
                found: layer,
                right: format!("there are {}", self.layers()),
            }),
        }
    }

    pub(super) fn project(
        &self,
        layer: &Layer,
        x: &DMatrix<f32>,
    ) -> Result<Qkv<f32>, LanguageError> {
        let [query, key, value] = [&layer.query, &layer.key, &layer.value].map(|w| w.forward(x));
        Ok(Qkv::new(query?, key?, value?, self.heads())?)
    }

    /// Queries and keys of every head of every layer over sequences of equal length, with softmax attention.
    ///
    /// # Errors
    /// As [`Encoder::states`]; [`AttentionError::Size`] if the sequences differ in length.
    pub fn head_tokens(
        &self,
        sequences: &[Vec<u32>],
    ) -> Result<Vec<Vec<HeadTokens>>, LanguageError> {
        let all: Vec<Vec<Qkv<f32>>> = sequences
            .par_iter()
            .map(|tokens| self.projected(tokens, &Self::softmax))
            .collect::<Result<_, _>>()?;
        let (d, n) = (self.head_dim(), sequences.first().map_or(0, Vec::len));
        let of_head = |layer: usize, head: usize| {
            let join = |pick: fn(&Qkv<f32>) -> &DMatrix<f32>| {
                let mut joined = DMatrix::zeros(d, all.iter().map(|qkv| qkv[layer].tokens()).sum());
                let mut start = 0;
                for qkv in &all {
                    let rows = pick(&qkv[layer]).rows(head * d, d);
                    let mut place = joined.columns_mut(start, rows.ncols());
                    place.copy_from(&rows.map(f64::from));
                    start += rows.ncols();
                }
                joined
            };
            HeadTokens::new(&join(Qkv::query), &join(Qkv::key), n)
        };
        (0..self.layers())
            .map(|layer| {
                let heads = (0..self.heads()).into_par_iter();
                Ok(heads
                    .map(|head| of_head(layer, head))
                    .collect::<Result<_, _>>()?)
            })
            .collect()
    }

    /// Rewrites the projections of queries and keys such that softmax attention stays what it is and positive features
    /// estimate it best on average over these sequences ([`Qkv::balanced`]).
    ///
    /// # Errors
    /// As [`Encoder::head_tokens`].
    pub fn balance(&mut self, sequences: &[Vec<u32>]) -> Result<(), LanguageError> {
        let d = self.head_dim();
        let tokens = self.head_tokens(sequences)?;
        for (layer, heads) in self.layers.iter_mut().zip(&tokens) {
            for (head, tokens) in heads.iter().enumerate() {
                let [query, key] = tokens.unscaled();
                let kind = FeatureKind::PositiveOrthogonal;
                let Some(balancing) = Balancing::of(kind, &query, &key) else {
                    continue;
                };
                change_basis(&mut layer.query, head * d, &balancing.basis, None);
                let offset = Some(balancing.key_offset.as_slice());
                change_basis(&mut layer.key, head * d, &balancing.inverse, offset);
            }
        }
        Ok(())
    }
}

/// y ← A y + c for the outputs of one head.
fn change_basis(linear: &mut Linear, start: usize, basis: &DMatrix<f64>, offset: Option<&[f64]>) {
    let d = basis.nrows();
    let weight = basis * linear.weight.rows(start, d).map(f64::from);
    linear
        .weight
        .rows_mut(start, d)
        .copy_from(&weight.map(|x| x as f32));
    let old: Vec<f64> = linear.bias[start..][..d]
        .iter()
        .map(|&x| x.into())
        .collect();
    for (i, bias) in linear.bias[start..][..d].iter_mut().enumerate() {
        let new: f64 = old.iter().enumerate().map(|(j, x)| basis[(i, j)] * x).sum();
        *bias = (new + offset.map_or(0.0, |offset| offset[i])) as f32;
    }
}
