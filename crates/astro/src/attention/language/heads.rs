//! Which heads of an encoder are circuits.

use super::{HeadNeurons, LanguageError};
use crate::attention::{AttentionError, Circuit, HeadMaps, Mask, Observer, Qkv, softmax};
use nalgebra::DMatrix;

/// Circuits in place of some heads of some layers; the others attend by softmax.
#[derive(Debug, Clone)]
pub struct Heads {
    layers: Vec<Option<Layer>>,
}

#[derive(Debug, Clone)]
struct Layer {
    /// Numbers of the heads, in their order.
    which: Vec<usize>,
    circuit: Circuit<f32>,
    shared: bool,
}

impl Heads {
    /// * `neurons`: layer by layer, head by head; none where softmax attends
    /// * `value_dim`: dimension of a head's values
    ///
    /// # Errors
    /// [`AttentionError`] if heads of one layer differ in m, or have learnt what is no number.
    pub fn new(
        neurons: &[Vec<Option<HeadNeurons>>],
        value_dim: usize,
    ) -> Result<Self, LanguageError> {
        let layer = |heads: &Vec<Option<HeadNeurons>>| {
            let some = heads.iter().enumerate();
            let some: Vec<_> = some
                .filter_map(|(h, head)| Some((h, head.as_ref()?)))
                .collect();
            if some.is_empty() {
                return Ok(None);
            }
            let maps: Result<Vec<_>, _> = some.iter().map(|(_, head)| head.map()).collect();
            Ok(Some(Layer {
                which: some.iter().map(|&(h, _)| h).collect(),
                circuit: Circuit::new(HeadMaps::each(maps?)?, some.len(), value_dim)?,
                shared: some.iter().all(|(_, head)| head.are_shared()),
            }))
        };
        Ok(Self {
            layers: neurons
                .iter()
                .map(layer)
                .collect::<Result<_, LanguageError>>()?,
        })
    }

    /// Attention of a layer, D × n.
    ///
    /// # Errors
    /// As [`Circuit::attend`].
    pub fn attend(&self, layer: usize, qkv: &Qkv<f32>) -> Result<DMatrix<f32>, AttentionError> {
        self.watch(layer, qkv, &mut ())
    }

    /// Attention of a layer, of whose circuits `observer` sees every moment; it counts them from 0.
    ///
    /// # Errors
    /// As [`Circuit::attend`].
    pub fn watch<O: Observer<f32>>(
        &self,
        layer: usize,
        qkv: &Qkv<f32>,
        observer: &mut O,
    ) -> Result<DMatrix<f32>, AttentionError> {
        let Some(Some(layer)) = self.layers.get(layer) else {
            return Ok(softmax(qkv, Mask::Bidirectional));
        };
        let rows = |matrix: &DMatrix<f32>, place: usize, of: usize, scale: f32| {
            let d = matrix.nrows() / qkv.heads();
            let mut picked = DMatrix::zeros(layer.which.len() * d * of, matrix.ncols());
            for (i, head) in layer.which.iter().enumerate() {
                let from = matrix.rows(head * d, d) * scale;
                picked.rows_mut((i * of + place) * d, d).copy_from(&from);
            }
            picked
        };
        let (query, key) = match layer.shared {
            true => (rows(qkv.query(), 0, 1, 1.0), rows(qkv.key(), 0, 1, 1.0)),
            false => {
                let scale = 2f32.powf(0.25);
                (rows(qkv.query(), 0, 2, scale), rows(qkv.key(), 1, 2, scale))
            }
        };
        let value = rows(qkv.value(), 0, 1, 1.0);
        let chosen = Qkv::new(query, key, value, layer.which.len())?;
        let outputs = layer
            .circuit
            .clone()
            .attend(&chosen, Mask::Bidirectional, observer)?;
        if layer.which.len() == qkv.heads() {
            return Ok(outputs);
        }
        let mut all = softmax(qkv, Mask::Bidirectional);
        let d = qkv.value_dim();
        for (i, head) in layer.which.iter().enumerate() {
            all.rows_mut(head * d, d).copy_from(&outputs.rows(i * d, d));
        }
        Ok(all)
    }

    /// Numbers of the heads of a layer that are circuits, in the order in which observers count them.
    pub fn which(&self, layer: usize) -> &[usize] {
        let layer = self.layers.get(layer).and_then(Option::as_ref);
        layer.map_or(&[], |layer| &layer.which)
    }
}
