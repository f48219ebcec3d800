//! Sizes of the transformer, and where each parameter lies.

use super::TransformerError;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Sizes. Square images of `image_side` pixels are cut into patches of `patch_side`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Architecture {
    /// Pixels along an image's side.
    pub image_side: usize,
    /// Pixels along a patch's side; divides `image_side`.
    pub patch_side: usize,
    /// Dimension D of a token.
    pub dim: usize,
    /// Heads H; divides D.
    pub heads: usize,
    /// Blocks of attention and perceptron.
    pub blocks: usize,
    /// Hidden units of the perceptrons.
    pub mlp: usize,
    /// Classes.
    pub classes: usize,
}

impl Architecture {
    /// MNIST as 49 patches of 4 × 4: D = 32, four heads of 8, two blocks, perceptrons of 64.
    pub const MNIST: Self = Self {
        image_side: 28,
        patch_side: 4,
        dim: 32,
        heads: 4,
        blocks: 2,
        mlp: 64,
        classes: 10,
    };

    /// Checks the sizes.
    ///
    /// # Errors
    /// [`TransformerError::Setting`] names the first that does not fit.
    pub fn check(&self) -> Result<(), TransformerError> {
        for (key, value) in [
            ("image_side", self.image_side),
            ("patch_side", self.patch_side),
            ("dim", self.dim),
            ("heads", self.heads),
            ("blocks", self.blocks),
            ("mlp", self.mlp),
            ("classes", self.classes),
        ] {
            if value == 0 {
                return Err(TransformerError::setting(key, value, "must be at least 1"));
            }
        }
        if !self.image_side.is_multiple_of(self.patch_side) {
            return Err(TransformerError::setting(
                "patch_side",
                self.patch_side,
                format!("must divide the image side {}", self.image_side),
            ));
        }
        if !self.dim.is_multiple_of(self.heads) {
            return Err(TransformerError::setting(
                "heads",
                self.heads,
                format!("must divide the token dimension {}", self.dim),
            ));
        }
        Ok(())
    }

    /// Number n of tokens.
    pub fn tokens(&self) -> usize {
        (self.image_side / self.patch_side).pow(2)
    }

    /// Pixels of a patch.
    pub fn patch_pixels(&self) -> usize {
        self.patch_side * self.patch_side
    }

    /// Dimension d of a head.
    pub fn head_dim(&self) -> usize {
        self.dim / self.heads
    }
}

/// Where an affine layer's weight [out, in] and bias lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct AffineAt {
    pub(super) weight: usize,
    pub(super) bias: usize,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
}

/// Where a normalisation's gain and offset lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct NormAt {
    pub(super) gain: usize,
    pub(super) offset: usize,
    pub(super) dim: usize,
}

#[derive(Debug, Clone)]
pub(super) struct BlockAt {
    pub(super) norm1: NormAt,
    pub(super) query: AffineAt,
    pub(super) key: AffineAt,
    pub(super) value: AffineAt,
    pub(super) output: AffineAt,
    pub(super) norm2: NormAt,
    pub(super) up: AffineAt,
    pub(super) down: AffineAt,
}

/// A tensor by its name in files.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    pub(super) range: Range<usize>,
    /// Whether weight decay acts on it: on the weights of affine maps only.
    pub(super) decays: bool,
}

/// All parameters in one flat vector, each tensor row-major.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) entries: Vec<Entry>,
    pub(super) embed: AffineAt,
    pub(super) position: Range<usize>,
    pub(super) blocks: Vec<BlockAt>,
    pub(super) norm: NormAt,
    pub(super) head: AffineAt,
}

impl Layout {
    pub(super) fn new(sizes: &Architecture) -> Self {
        let dim = sizes.dim;
        let mut place = Placement(Vec::new());
        let embed = place.affine("embed", sizes.patch_pixels(), dim);
        let position = place.tensor("position".to_owned(), vec![sizes.tokens(), dim], false);
        let position = position..position + sizes.tokens() * dim;
        let blocks = (0..sizes.blocks)
            .map(|index| {
                let name = |part: &str| format!("blocks.{index}.{part}");
                BlockAt {
                    norm1: place.norm(&name("norm1"), dim),
                    query: place.affine(&name("attention.query"), dim, dim),
                    key: place.affine(&name("attention.key"), dim, dim),
                    value: place.affine(&name("attention.value"), dim, dim),
                    output: place.affine(&name("attention.output"), dim, dim),
                    norm2: place.norm(&name("norm2"), dim),
                    up: place.affine(&name("mlp.up"), dim, sizes.mlp),
                    down: place.affine(&name("mlp.down"), sizes.mlp, dim),
                }
            })
            .collect();
        let norm = place.norm("norm", dim);
        let head = place.affine("head", dim, sizes.classes);
        Self {
            entries: place.0,
            embed,
            position,
            blocks,
            norm,
            head,
        }
    }

    /// Number of parameters.
    pub(super) fn len(&self) -> usize {
        self.entries.last().map_or(0, |entry| entry.range.end)
    }
}

struct Placement(Vec<Entry>);

impl Placement {
    fn tensor(&mut self, name: String, shape: Vec<usize>, decays: bool) -> usize {
        let start = self.0.last().map_or(0, |entry| entry.range.end);
        let range = start..start + shape.iter().product::<usize>();
        self.0.push(Entry {
            name,
            shape,
            range,
            decays,
        });
        start
    }

    fn affine(&mut self, name: &str, inputs: usize, outputs: usize) -> AffineAt {
        AffineAt {
            weight: self.tensor(format!("{name}.weight"), vec![outputs, inputs], true),
            bias: self.tensor(format!("{name}.bias"), vec![outputs], false),
            inputs,
            outputs,
        }
    }

    fn norm(&mut self, name: &str, dim: usize) -> NormAt {
        NormAt {
            gain: self.tensor(format!("{name}.weight"), vec![dim], false),
            offset: self.tensor(format!("{name}.bias"), vec![dim], false),
            dim,
        }
    }
}
