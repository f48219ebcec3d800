//! Writes safetensors files.

use std::collections::HashMap;
use std::path::Path;

use safetensors::{Dtype, SafeTensorError, serialize, tensor::TensorView};

use super::TensorError;

/// A tensor in single precision, with the name it has in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Extent of each axis.
    pub shape: Vec<usize>,
    /// The numbers, last axis fastest.
    pub data: Vec<f32>,
}

/// Writes a safetensors file of these tensors, with `notes` (name, text) as its metadata.
///
/// # Errors
///
/// [`TensorError::Extension`] unless the file's name ends in `.safetensors`, [`TensorError::Write`] if it cannot be written.
pub fn write(path: &Path, tensors: &[Named], notes: &[(&str, &str)]) -> Result<(), TensorError> {
    if path.extension().is_none_or(|end| end != "safetensors") {
        return Err(TensorError::Extension {
            path: path.to_owned(),
            known: ".safetensors",
        });
    }
    let failed = |reason: String| TensorError::Write {
        path: path.to_owned(),
        reason,
    };
    let bytes: Vec<Vec<u8>> = tensors
        .iter()
        .map(|tensor| tensor.data.iter().flat_map(|x| x.to_le_bytes()).collect())
        .collect();
    let views = tensors.iter().zip(&bytes).map(|(tensor, bytes)| {
        TensorView::new(Dtype::F32, tensor.shape.clone(), bytes).map(|view| (&tensor.name, view))
    });
    let notes: HashMap<String, String> = notes
        .iter()
        .map(|&(name, text)| (name.to_owned(), text.to_owned()))
        .collect();
    let content = views
        .collect::<Result<Vec<_>, SafeTensorError>>()
        .and_then(|views| serialize(views, (!notes.is_empty()).then_some(notes)))
        .map_err(|error| failed(error.to_string()))?;
    std::fs::write(path, content).map_err(|error| failed(error.to_string()))
}
