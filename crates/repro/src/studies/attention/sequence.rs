//! Random sequences and circuits.

use anyhow::{Result, ensure};
use astro::attention::{AttentionError, FeatureKind, FeatureMap, Mask, Qkv, Real};
use astro::numerics::random::Streams;
use nalgebra::DMatrix;
use rand_distr::{Distribution as _, StandardNormal};
use serde::{Deserialize, Serialize};

use super::Idle;
use crate::results::{Column, columns};

/// A sequence of Gaussian queries, keys and values.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sequence {
    /// Number of tokens.
    pub(super) tokens: usize,
    /// Heads.
    pub(super) heads: usize,
    /// Dimension d of a head's queries, keys and values.
    pub(super) head_dim: usize,
    /// Standard deviation s of queries and keys; scores q·k/√d then have deviation s². Values have 1.
    pub(super) scale: f64,
    /// Which tokens a token attends to.
    pub(super) mask: Mask,
}

/// Columns of [`Sequence`].
pub(super) const SEQUENCE: &[Column] = &columns! {
    "sequence.tokens" ["tokens"] "tokens of the sequence",
    "sequence.heads" [""] "heads",
    "sequence.head_dim" [""] "dimension d of the queries, keys and values of a head",
    "sequence.scale" [""] "standard deviation s of queries and keys; scores have deviation s²",
    "sequence.mask" ["word"] "which tokens a token attends to: bidirectional (all) or causal (itself and those before it)",
};

impl Sequence {
    pub(super) fn check(&self) -> Result<()> {
        let Self {
            tokens,
            heads,
            head_dim,
            scale,
            ..
        } = *self;
        ensure!(
            tokens > 0,
            "sequence.tokens = {tokens}: at least 1 is needed"
        );
        ensure!(heads > 0, "sequence.heads = {heads}: at least 1 is needed");
        ensure!(
            head_dim > 0,
            "sequence.head_dim = {head_dim}: at least 1 is needed"
        );
        ensure!(
            scale.is_finite() && scale >= 0.0,
            "sequence.scale = {scale}: must be finite and at least 0"
        );
        Ok(())
    }

    /// The sequence of a seed: the same whatever circuit looks at it.
    pub(super) fn draw(&self, streams: &mut Streams) -> Result<Qkv<f64>, AttentionError> {
        let dim = self.heads * self.head_dim;
        let mut draw = |scale: f64| {
            DMatrix::from_fn(dim, self.tokens, |_, _| {
                let x: f64 = StandardNormal.sample(&mut streams.codes);
                x * scale
            })
        };
        Qkv::new(draw(self.scale), draw(self.scale), draw(1.0), self.heads)
    }
}

/// The hidden neurons of a circuit.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hidden {
    /// Their feature map.
    pub(super) features: FeatureKind,
    /// Their number m in each head; elu-plus-one has as many as the head has dimensions, whatever stands here.
    pub(super) m: usize,
}

/// Columns of [`Hidden`].
pub(super) const CIRCUIT: &[Column] = &columns! {
    "circuit.features" ["word"] "feature map of the hidden neurons",
    "circuit.m" ["neurons"] "hidden neurons per head; elu-plus-one has as many as the head has dimensions",
};

impl Hidden {
    /// Draws the map of a seed.
    pub(super) fn draw<T: Real>(
        &self,
        head_dim: usize,
        streams: &mut Streams,
    ) -> Result<FeatureMap<T>, AttentionError> {
        FeatureMap::draw(
            self.features,
            head_dim,
            self.count(head_dim),
            &mut streams.layers,
        )
    }

    /// What has no effect of them.
    pub(super) fn idle(&self) -> Vec<Idle> {
        match self.features {
            FeatureKind::EluPlusOne => Idle::all(&["circuit.m"], "circuit.features"),
            _ => Vec::new(),
        }
    }

    /// How many there are.
    pub(super) fn count(&self, head_dim: usize) -> usize {
        match self.features {
            FeatureKind::EluPlusOne => head_dim,
            _ => self.m,
        }
    }
}

/// Bytes of a sequence, its attention, and a circuit that reads it.
pub(super) fn memory(sequence: &Sequence, circuit: &Hidden) -> Vec<(&'static str, f64)> {
    let Sequence {
        tokens,
        heads,
        head_dim,
        ..
    } = *sequence;
    let (tokens, heads, dim) = (tokens as f64, heads as f64, head_dim as f64);
    let m = circuit.count(head_dim) as f64;
    vec![
        ("sequence.tokens", tokens * (600.0 + 100.0 * heads * dim)),
        ("sequence.head_dim", 100.0 * dim * dim),
        ("circuit.m", 16.0 * m * (dim + 8.0) * (heads + 2.0)),
        // The trajectory of every token, where it is watched.
        ("sequence.heads", heads * 16.0 * m * (dim + 4.0)),
    ]
}
