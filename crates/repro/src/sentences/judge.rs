//! An encoder with another attention, beside itself with softmax attention.

use anyhow::Result;
use astro::attention::language::{Attend, Encoder, LanguageError};
use nalgebra::DMatrix;
use rayon::prelude::*;

/// How far it is from the softmax model.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    /// Cosine of the two embeddings, mean over sequences.
    pub(crate) cosine: f64,
    /// The smallest.
    pub(crate) worst: f64,
    /// Correlation of the cosines of all pairs of sequences.
    pub(crate) correlation: f64,
    /// Fraction of sequences whose nearest other sequence is the same.
    pub(crate) neighbours: f64,
    /// A layer each.
    pub(crate) layers: Vec<LayerError>,
}

/// What one layer is off by.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LayerError {
    /// Of the output of its attention, on the queries, keys and values of the softmax model; relative.
    pub(crate) attention: f64,
    /// Of the tokens after it, all layers below having the other attention as well; relative.
    pub(crate) state: f64,
}

/// Squares of a difference and of what it is a difference from.
#[derive(Clone, Copy, Default)]
struct Squares {
    off: f64,
    all: f64,
}

impl Squares {
    fn of(a: &DMatrix<f32>, b: &DMatrix<f32>) -> Self {
        let square = |x: f32| f64::from(x) * f64::from(x);
        Self {
            off: a.iter().zip(b.iter()).map(|(a, b)| square(a - b)).sum(),
            all: b.iter().copied().map(square).sum(),
        }
    }

    fn add(&mut self, other: Self) {
        self.off += other.off;
        self.all += other.all;
    }

    fn relative(self) -> f64 {
        match self.off {
            0.0 => 0.0,
            off => (off / self.all).sqrt(),
        }
    }
}

/// One sequence with both attentions.
struct Pair {
    embeddings: [Vec<f32>; 2],
    layers: Vec<[Squares; 2]>,
}

/// What the softmax model makes of some sequences.
#[derive(Debug)]
pub(crate) struct Targets {
    sequences: Vec<Vec<u32>>,
    /// Of each, before the first layer and after each.
    states: Vec<Vec<DMatrix<f32>>>,
}

impl Targets {
    /// Presents the sequences to an encoder.
    pub(crate) fn new(encoder: &Encoder, sequences: &[Vec<u32>]) -> Result<Self, LanguageError> {
        let states = sequences.par_iter();
        let states = states.map(|tokens| encoder.states(tokens, &Encoder::softmax));
        Ok(Self {
            states: states.collect::<Result<_, _>>()?,
            sequences: sequences.to_vec(),
        })
    }

    /// How many sequences there are.
    pub(crate) fn len(&self) -> usize {
        self.sequences.len()
    }
}

/// Compares an attention with softmax.
///
/// * `encoder`: the softmax model, its queries and keys balanced or not
pub(crate) fn judge(encoder: &Encoder, attend: &Attend<'_>, targets: &Targets) -> Result<Judged> {
    let pair = |(tokens, target): (&Vec<u32>, &Vec<DMatrix<f32>>)| -> Result<Pair, LanguageError> {
        let states = encoder.states(tokens, attend)?;
        let mut layers = Vec::new();
        for layer in 0..encoder.layers() {
            let qkv = encoder.qkv(layer, &target[layer])?;
            let attended = attend(layer, &qkv)?;
            layers.push([
                Squares::of(&attended, &Encoder::softmax(layer, &qkv)?),
                Squares::of(&states[layer + 1], &target[layer + 1]),
            ]);
        }
        let last = encoder.layers();
        let embeddings = [&states, target].map(|states| encoder.embedding(&states[last]));
        Ok(Pair { embeddings, layers })
    };
    let pairs = targets.sequences.par_iter().zip(&targets.states).map(pair);
    let pairs: Vec<Pair> = pairs.collect::<Result<_, LanguageError>>()?;
    let mut sums = vec![[Squares::default(); 2]; encoder.layers()];
    for pair in &pairs {
        for (sums, layer) in sums.iter_mut().zip(&pair.layers) {
            for (sum, squares) in sums.iter_mut().zip(layer) {
                sum.add(*squares);
            }
        }
    }
    let cosines = pairs
        .iter()
        .map(|pair| cosine(&pair.embeddings[0], &pair.embeddings[1]));
    let cosines: Vec<f64> = cosines.collect();
    let similarities = [0, 1].map(|which| Similarities::of(&pairs, which));
    let [a, b] = &similarities;
    Ok(Judged {
        cosine: cosines.iter().sum::<f64>() / cosines.len() as f64,
        worst: cosines.iter().copied().fold(1.0, f64::min),
        correlation: correlation(&a.pairs, &b.pairs),
        neighbours: {
            let same = a.nearest.iter().zip(&b.nearest).filter(|(a, b)| a == b);
            same.count() as f64 / pairs.len() as f64
        },
        layers: sums
            .into_iter()
            .map(|[attention, state]| LayerError {
                attention: attention.relative(),
                state: state.relative(),
            })
            .collect(),
    })
}

/// Cosines of all pairs of sequences, and which is nearest to each.
struct Similarities {
    pairs: Vec<f64>,
    nearest: Vec<usize>,
}

impl Similarities {
    fn of(all: &[Pair], which: usize) -> Self {
        let of = |i: usize, j: usize| cosine(&all[i].embeddings[which], &all[j].embeddings[which]);
        let others = |i: usize| (0..all.len()).filter(move |&j| j != i);
        let nearest = |i: usize| {
            let far = |a: &usize, b: &usize| of(i, *a).total_cmp(&of(i, *b));
            others(i).max_by(far).unwrap_or(i)
        };
        let all_pairs = (0..all.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
        Self {
            pairs: all_pairs.map(|(i, j)| of(i, j)).collect(),
            nearest: (0..all.len()).map(nearest).collect(),
        }
    }
}

/// Of vectors of length 1.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(&a, &b)| f64::from(a) * f64::from(b))
        .sum()
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (a - mean_a, b - mean_b);
        ab += a * b;
        aa += a * a;
        bb += b * b;
    }
    ab / (aa * bb).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similar_sequences_are_told_from_others() {
        let pair = |a: [f32; 2], b: [f32; 2]| Pair {
            embeddings: [a.to_vec(), b.to_vec()],
            layers: Vec::new(),
        };
        let all = [
            pair([1.0, 0.0], [1.0, 0.0]),
            pair([0.8, 0.6], [0.6, 0.8]),
            pair([0.0, 1.0], [0.0, 1.0]),
        ];
        let [a, b] = [0, 1].map(|which| Similarities::of(&all, which));
        assert_eq!((a.nearest, b.nearest), (vec![1, 0, 1], vec![1, 2, 1]));
        assert_eq!(a.pairs.len(), 3);
        assert!((a.pairs[0] - 0.8).abs() < 1e-6);
        // Pairs .8, 0, .6 and .6, 0, .8.
        let expected = 0.306_667 / 0.346_667;
        assert!((correlation(&a.pairs, &b.pairs) - expected).abs() < 1e-3);
    }
}
