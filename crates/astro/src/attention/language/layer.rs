//! A layer: its weights, and what it does after its attention, forth and back.

use super::layers::{Linear, Norm, Normalised, gelu, gelu_pull_back};
use crate::numerics::NumericsError;
use nalgebra::DMatrix;

/// A layer's weights.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub(super) query: Linear,
    pub(super) key: Linear,
    pub(super) value: Linear,
    pub(super) output: Linear,
    pub(super) norm1: Norm,
    pub(super) up: Linear,
    pub(super) down: Linear,
    pub(super) norm2: Norm,
}

/// Whether the way back will be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Forth,
    ForthAndBack,
}

/// What a layer makes of its attention's output.
pub(super) struct LayerPass {
    /// D × n.
    pub(super) output: DMatrix<f32>,
    kept: Option<Kept>,
}

struct Kept {
    norm1: Normalised,
    /// Inputs of the activation.
    inner: DMatrix<f32>,
    norm2: Normalised,
}

impl LayerPass {
    /// * `x`: tokens before the layer, `attended`: outputs of its heads; D × n
    pub(super) fn forward(
        layer: &Layer,
        x: &DMatrix<f32>,
        attended: &DMatrix<f32>,
        way: Way,
    ) -> Result<Self, NumericsError> {
        let sum = layer.output.forward(attended)? + x;
        let (h, norm1) = layer.norm1.forward(&sum);
        let inner = layer.up.forward(&h)?;
        let sum = layer.down.forward(&gelu(&inner))? + h;
        let (output, norm2) = layer.norm2.forward(&sum);
        let kept = Kept {
            norm1,
            inner,
            norm2,
        };
        Ok(Self {
            output,
            kept: (way == Way::ForthAndBack).then_some(kept),
        })
    }

    /// ∂L/∂attended, and ∂L/∂x past the attention, from ∂L/∂output; none if only the way forth was asked for.
    pub(super) fn pull_back(
        &self,
        layer: &Layer,
        d_output: &DMatrix<f32>,
    ) -> Result<Option<[DMatrix<f32>; 2]>, NumericsError> {
        let Some(kept) = &self.kept else {
            return Ok(None);
        };
        let mut d_h = layer.norm2.pull_back(&kept.norm2, d_output);
        let mut d_inner = DMatrix::zeros(kept.inner.nrows(), kept.inner.ncols());
        layer.down.pull_back(&d_h, &mut d_inner)?;
        gelu_pull_back(&kept.inner, &mut d_inner);
        layer.up.pull_back(&d_inner, &mut d_h)?;
        let d_sum = layer.norm1.pull_back(&kept.norm1, &d_h);
        let mut d_attended = DMatrix::zeros(d_sum.nrows(), d_sum.ncols());
        layer.output.pull_back(&d_sum, &mut d_attended)?;
        Ok(Some([d_attended, d_sum]))
    }
}
