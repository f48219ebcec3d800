//! Trained transformers in safetensors files, named and laid out as PyTorch would.

use super::architecture::Layout;
use super::{Architecture, Transformer, TransformerError};
use crate::numerics::tensors::{Named, TensorFile, write};
use std::path::Path;

impl Transformer<f32> {
    /// Writes all parameters, with `notes` (name, text) in the file's metadata.
    ///
    /// # Errors
    /// [`TransformerError::File`].
    pub fn save(&self, path: &Path, notes: &[(&str, &str)]) -> Result<(), TransformerError> {
        let tensors: Vec<_> = self
            .layout
            .entries
            .iter()
            .map(|entry| Named {
                name: entry.name.clone(),
                shape: entry.shape.clone(),
                data: self.parameters[entry.range.clone()].to_vec(),
            })
            .collect();
        Ok(write(path, &tensors, notes)?)
    }

    /// Reads a transformer of these sizes.
    ///
    /// # Errors
    /// [`TransformerError::File`] names the tensor and the shape expected; [`TransformerError::Setting`] as
    /// [`Architecture::check`].
    pub fn load(path: &Path, sizes: Architecture) -> Result<Self, TransformerError> {
        sizes.check()?;
        let file = TensorFile::open(path)?;
        let layout = Layout::new(&sizes);
        let mut parameters = Vec::with_capacity(layout.len());
        for entry in &layout.entries {
            parameters.extend(file.singles(
                &entry.name,
                &entry.shape,
                "as the transformer's sizes say",
            )?);
        }
        Ok(Self {
            sizes,
            layout,
            parameters,
        })
    }
}
