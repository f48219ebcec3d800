//! Files of named tensors.

use super::{WeightsError, npy};
use half::{bf16, f16};
use nalgebra::DMatrix;
use safetensors::{Dtype, SafeTensors};
use std::path::{Path, PathBuf};

/// Name of the only array of an NPY file.
const NPY_NAME: &str = "array";

/// A tensor in double precision, row-major, all numbers finite.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Extent of each axis.
    pub shape: Vec<usize>,
    /// The numbers, last axis fastest.
    pub data: Vec<f64>,
}

impl Tensor {
    /// The tensor as a matrix, if it has two axes, or more whose extents but for the last two are 1.
    pub fn matrix(&self) -> Option<DMatrix<f64>> {
        let [leading @ .., rows, columns] = self.shape.as_slice() else {
            return None;
        };
        leading
            .iter()
            .all(|&extent| extent == 1)
            .then(|| DMatrix::from_row_slice(*rows, *columns, &self.data))
    }
}

/// A file of named tensors: `.safetensors`, `.npz`, or `.npy` (whose only array is called `array`).
#[derive(Debug)]
pub struct TensorFile {
    path: PathBuf,
    bytes: Vec<u8>,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Safetensors,
    Npz,
    Npy,
}

impl TensorFile {
    /// Reads a file; its kind follows from its extension.
    ///
    /// # Errors
    /// [`WeightsError::Extension`], [`WeightsError::Read`], or [`WeightsError::Format`] if the table of contents is broken.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, WeightsError> {
        let path = path.as_ref().to_owned();
        let kind = match path.extension().and_then(|extension| extension.to_str()) {
            Some("safetensors") => Kind::Safetensors,
            Some("npz") => Kind::Npz,
            Some("npy") => Kind::Npy,
            _ => return Err(WeightsError::Extension { path }),
        };
        let bytes = std::fs::read(&path).map_err(|source| WeightsError::Read {
            path: path.clone(),
            source,
        })?;
        let file = Self { path, bytes, kind };
        file.names()?;
        Ok(file)
    }

    /// Where the file lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Names of the tensors, sorted.
    ///
    /// # Errors
    /// [`WeightsError::Format`].
    pub fn names(&self) -> Result<Vec<String>, WeightsError> {
        let mut names: Vec<String> = match self.kind {
            Kind::Safetensors => self
                .safetensors()?
                .names()
                .into_iter()
                .map(str::to_owned)
                .collect(),
            Kind::Npz => npy::names(&self.bytes).map_err(|reason| self.format(reason))?,
            Kind::Npy => vec![NPY_NAME.to_owned()],
        };
        names.sort();
        Ok(names)
    }

    /// Reads one tensor, of type f16, bf16, f32 or f64.
    ///
    /// # Errors
    /// [`WeightsError::Missing`], [`WeightsError::Type`], [`WeightsError::NotFinite`] or [`WeightsError::Format`].
    pub fn tensor(&self, name: &str) -> Result<Tensor, WeightsError> {
        if !self.names()?.iter().any(|known| known == name) {
            return Err(WeightsError::Missing {
                path: self.path.clone(),
                tensor: name.to_owned(),
                available: self.names()?,
            });
        }
        let tensor = match self.kind {
            Kind::Safetensors => self.read_safetensors(name)?,
            Kind::Npz => self.checked_type(name, npy::entry(&self.bytes, name))?,
            Kind::Npy => self.checked_type(name, npy::array(&self.bytes))?,
        };
        match tensor.data.iter().position(|x| !x.is_finite()) {
            None => Ok(tensor),
            Some(at) => Err(WeightsError::NotFinite {
                path: self.path.clone(),
                tensor: name.to_owned(),
                index: unravel(at, &tensor.shape),
                value: tensor.data[at],
                shape: tensor.shape,
            }),
        }
    }

    /// The tensor named, or the only one of the file if none is.
    ///
    /// # Errors
    /// As [`TensorFile::tensor`]; [`WeightsError::Ambiguous`] if none is named and there are several.
    pub fn tensor_or_only(&self, name: Option<&str>) -> Result<(String, Tensor), WeightsError> {
        let name = match (name, self.names()?) {
            (Some(name), _) => name.to_owned(),
            (None, mut names) if names.len() == 1 => names.remove(0),
            (None, available) => {
                return Err(WeightsError::Ambiguous {
                    path: self.path.clone(),
                    available,
                });
            }
        };
        self.tensor(&name).map(|tensor| (name, tensor))
    }

    fn read_safetensors(&self, name: &str) -> Result<Tensor, WeightsError> {
        let file = self.safetensors()?;
        let view = file
            .tensor(name)
            .map_err(|error| self.format(error.to_string()))?;
        let data = view.data();
        let data = match view.dtype() {
            Dtype::F16 => widen(data, |b| f16::from_le_bytes(b).to_f64()),
            Dtype::BF16 => widen(data, |b| bf16::from_le_bytes(b).to_f64()),
            Dtype::F32 => widen(data, |b| f64::from(f32::from_le_bytes(b))),
            Dtype::F64 => widen(data, f64::from_le_bytes),
            other => return Err(self.wrong_type(name, format!("{other:?}"))),
        };
        Ok(Tensor {
            shape: view.shape().to_vec(),
            data,
        })
    }

    fn checked_type(
        &self,
        name: &str,
        read: Result<Tensor, npy::Fault>,
    ) -> Result<Tensor, WeightsError> {
        read.map_err(|fault| match fault {
            npy::Fault::Format(reason) => self.format(format!("array `{name}`: {reason}")),
            npy::Fault::Type(found) => self.wrong_type(name, found),
        })
    }

    fn safetensors(&self) -> Result<SafeTensors<'_>, WeightsError> {
        SafeTensors::deserialize(&self.bytes).map_err(|error| self.format(error.to_string()))
    }

    fn wrong_type(&self, name: &str, found: String) -> WeightsError {
        WeightsError::Type {
            path: self.path.clone(),
            tensor: name.to_owned(),
            found,
        }
    }

    fn format(&self, reason: String) -> WeightsError {
        WeightsError::Format {
            path: self.path.clone(),
            kind: match self.kind {
                Kind::Safetensors => "safetensors",
                Kind::Npz => "NPZ",
                Kind::Npy => "NPY",
            },
            reason,
        }
    }
}

/// Little-endian numbers of N bytes each.
fn widen<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    bytes
        .as_chunks::<N>()
        .0
        .iter()
        .map(|chunk| number(*chunk))
        .collect()
}

/// Index along each axis of the element at `flat`.
fn unravel(mut flat: usize, shape: &[usize]) -> Vec<usize> {
    let mut index: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&extent| {
            let here = flat % extent;
            flat /= extent;
            here
        })
        .collect();
    index.reverse();
    index
}
