//! Queries, keys and values that heads of an encoder had, from a file.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use astro::attention::{AttentionError, HeadTokens, Mask, Qkv, softmax};
use astro::numerics::tensors::TensorFile;
use nalgebra::DMatrix;

/// An attention: Q, K and V to outputs.
pub(crate) type Attention<'a> = dyn Fn(&Qkv<f32>) -> Result<DMatrix<f32>, AttentionError> + 'a;

/// Some heads of every layer.
#[derive(Debug)]
pub(crate) struct Captured {
    /// Layer by layer, sequence by sequence.
    pub(crate) layers: Vec<Vec<Qkv<f32>>>,
}

impl Captured {
    /// Reads `layer.1.query`, `layer.1.key`, `layer.1.value`, `layer.2.query`, …, each [heads, sequences, tokens, d].
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let file = TensorFile::open(path)?;
        let names = file.names()?;
        let mut layers = Vec::new();
        loop {
            let name = |what: &str| format!("layer.{}.{what}", layers.len() + 1);
            if !names.contains(&name("query")) {
                break;
            }
            let (shape, _) = file.layout(&name("query"))?;
            let [heads, sequences, tokens, d] = shape[..] else {
                anyhow::bail!(
                    "{}: tensor `{}` has shape {shape:?}; expected [heads, sequences, tokens, d]",
                    path.display(),
                    name("query")
                );
            };
            let read = |what: &str| file.singles(&name(what), &shape, "as layer's queries");
            let all = [read("query")?, read("key")?, read("value")?];
            let of = |s: usize| {
                let matrix = |numbers: &Vec<f32>| {
                    DMatrix::from_fn(heads * d, tokens, |i, t| {
                        numbers[((i / d * sequences + s) * tokens + t) * d + i % d]
                    })
                };
                let [query, key, value] = &all;
                Qkv::new(matrix(query), matrix(key), matrix(value), heads)
            };
            let qkv: Result<Vec<_>, AttentionError> = (0..sequences).map(of).collect();
            layers.push(qkv.with_context(|| path.display().to_string())?);
        }
        let sequences = layers.first().map_or(0, Vec::len);
        ensure!(
            sequences > 1 && layers.iter().all(|layer| layer.len() == sequences),
            "{}: it must hold `layer.1.query` and so on, with equally many sequences in each layer, at least 2",
            path.display()
        );
        Ok(Self { layers })
    }

    /// How many sequences there are.
    pub(crate) fn sequences(&self) -> usize {
        self.layers[0].len()
    }

    /// Queries and keys of each head of a layer over the first sequences.
    pub(crate) fn head_tokens(&self, layer: usize, count: usize) -> Result<Vec<HeadTokens>> {
        let qkv = &self.layers[layer][..count];
        let (d, n) = (qkv[0].head_dim(), qkv[0].tokens());
        let of = |head: usize| {
            let join = |pick: fn(&Qkv<f32>) -> &DMatrix<f32>| {
                DMatrix::from_fn(d, n * count, |i, t| {
                    f64::from(pick(&qkv[t / n])[(head * d + i, t % n)])
                })
            };
            Ok(HeadTokens::new(&join(Qkv::query), &join(Qkv::key), n)?)
        };
        (0..qkv[0].heads()).map(of).collect()
    }

    /// Relative error of an attention over some sequences of a layer.
    pub(crate) fn error(&self, sequences: &[Qkv<f32>], attend: &Attention<'_>) -> Result<f64> {
        let (mut off, mut all) = (0.0, 0.0);
        for qkv in sequences {
            let target = softmax(qkv, Mask::Bidirectional);
            off += f64::from((attend(qkv)? - &target).norm_squared());
            all += f64::from(target.norm_squared());
        }
        Ok((off / all).sqrt())
    }
}
