//! Trained transformers in safetensors files, named and laid out as PyTorch would.

use super::architecture::Layout;
use super::{Architecture, Transformer, TransformerError};
use crate::attention::weights::{TensorFile, WeightsError};
use safetensors::{Dtype, tensor::TensorView};
use std::collections::HashMap;
use std::path::Path;

impl Transformer<f32> {
    /// Writes all parameters, with `notes` (name, text) in the file's metadata.
    ///
    /// # Errors
    /// [`TransformerError::Write`].
    pub fn save(&self, path: &Path, notes: &[(&str, &str)]) -> Result<(), TransformerError> {
        let failed = |reason: String| TransformerError::Write {
            path: path.to_owned(),
            reason,
        };
        let bytes: Vec<u8> = self
            .parameters
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect();
        let views = self
            .layout
            .entries
            .iter()
            .map(|entry| {
                let data = &bytes[entry.range.start * 4..entry.range.end * 4];
                Ok((
                    entry.name.as_str(),
                    TensorView::new(Dtype::F32, entry.shape.clone(), data)?,
                ))
            })
            .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()
            .map_err(|error| failed(error.to_string()))?;
        let notes: HashMap<String, String> = notes
            .iter()
            .map(|&(name, text)| (name.to_owned(), text.to_owned()))
            .collect();
        let notes = (!notes.is_empty()).then_some(notes);
        let content =
            safetensors::serialize(views, notes).map_err(|error| failed(error.to_string()))?;
        std::fs::write(path, content).map_err(|error| failed(error.to_string()))
    }

    /// Reads a transformer of these sizes.
    ///
    /// # Errors
    /// [`TransformerError::Weights`] names the tensor and the shape expected; [`TransformerError::Setting`] as
    /// [`Architecture::check`].
    pub fn load(path: &Path, sizes: Architecture) -> Result<Self, TransformerError> {
        sizes.check()?;
        let file = TensorFile::open(path)?;
        let layout = Layout::new(&sizes);
        let mut parameters = vec![0.0; layout.len()];
        for entry in &layout.entries {
            let tensor = file.tensor(&entry.name)?;
            if tensor.shape != entry.shape {
                return Err(TransformerError::Weights(WeightsError::Shape {
                    path: path.to_owned(),
                    tensor: entry.name.clone(),
                    found: tensor.shape,
                    expected: format!("{:?}", entry.shape),
                }));
            }
            for (parameter, x) in parameters[entry.range.clone()].iter_mut().zip(tensor.data) {
                *parameter = x as f32;
            }
        }
        Ok(Self {
            sizes,
            layout,
            parameters,
        })
    }
}
