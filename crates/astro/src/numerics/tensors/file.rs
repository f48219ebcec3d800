//! Reads files of named tensors.

use super::tensor::Tensor;
use super::{TensorError, npy};
use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors};
use std::path::{Path, PathBuf};

/// Name of the only array of an NPY file.
const NPY_NAME: &str = "array";

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
    /// [`TensorError::Extension`], [`TensorError::Read`], or [`TensorError::Format`] if the table of contents is broken.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, TensorError> {
        let path = path.as_ref().to_owned();
        let kind = match path.extension().and_then(|extension| extension.to_str()) {
            Some("safetensors") => Kind::Safetensors,
            Some("npz") => Kind::Npz,
            Some("npy") => Kind::Npy,
            _ => {
                let known = ".safetensors, .npz or .npy";
                return Err(TensorError::Extension { path, known });
            }
        };
        let bytes = std::fs::read(&path).map_err(|source| TensorError::Read {
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
    /// [`TensorError::Format`].
    pub fn names(&self) -> Result<Vec<String>, TensorError> {
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
    /// [`TensorError::Missing`], [`TensorError::Type`], [`TensorError::NotFinite`] or [`TensorError::Format`].
    pub fn tensor(&self, name: &str) -> Result<Tensor, TensorError> {
        self.read(name, None, false)
    }

    /// Reads one array of an NPZ or NPY file, of any real numbers: those of [`TensorFile::tensor`], integers and booleans.
    ///
    /// # Errors
    /// As [`TensorFile::tensor`].
    pub fn numbers(&self, name: &str) -> Result<Tensor, TensorError> {
        self.read(name, None, true)
    }

    /// Shape of a tensor, and the name of its type, such as `<f4` or `|u1` in NumPy's files; its numbers are not read.
    ///
    /// # Errors
    /// [`TensorError::Missing`] or [`TensorError::Format`].
    pub fn layout(&self, name: &str) -> Result<(Vec<usize>, String), TensorError> {
        self.check_name(name)?;
        let head = match self.kind {
            Kind::Safetensors => {
                let view = self.safetensors()?;
                let view = view.tensor(name);
                let view = view.map_err(|error| self.format(error.to_string()))?;
                return Ok((view.shape().to_vec(), format!("{:?}", view.dtype())));
            }
            Kind::Npz => npy::entry_head(&self.bytes, name),
            Kind::Npy => npy::array_head(&self.bytes),
        };
        let head = head.map_err(|fault| self.explain(name, fault, ""))?;
        Ok((head.shape, head.dtype.trim_matches('\'').to_owned()))
    }

    fn check_name(&self, name: &str) -> Result<(), TensorError> {
        let available = self.names()?;
        if available.iter().any(|known| known == name) {
            return Ok(());
        }
        Err(TensorError::Missing {
            path: self.path.clone(),
            tensor: name.to_owned(),
            available,
        })
    }

    /// Reads a tensor, of exactly this shape, which is needed for what is said beside it.
    fn read(
        &self,
        name: &str,
        shape: Option<(&[usize], &str)>,
        whole: bool,
    ) -> Result<Tensor, TensorError> {
        self.check_name(name)?;
        let wanted = npy::Wanted {
            shape: shape.map(|(shape, _)| shape),
            whole,
        };
        let expected = shape.map_or_else(String::new, |(shape, why)| format!("{shape:?}, {why}"));
        let explain = |fault| self.explain(name, fault, &expected);
        let tensor = match self.kind {
            Kind::Safetensors => self.read_safetensors(name)?,
            Kind::Npz => npy::entry(&self.bytes, name, wanted).map_err(explain)?,
            Kind::Npy => npy::array(&self.bytes, wanted).map_err(explain)?,
        };
        if wanted.shape.is_some_and(|wanted| wanted != tensor.shape) {
            return Err(explain(npy::Fault::Shape(tensor.shape)));
        }
        match tensor.data.iter().position(|x| !x.is_finite()) {
            None => Ok(tensor),
            Some(at) => Err(TensorError::NotFinite {
                path: self.path.clone(),
                tensor: name.to_owned(),
                index: unravel(at, &tensor.shape),
                value: tensor.data[at],
                shape: tensor.shape,
            }),
        }
    }

    /// Reads the numbers of a tensor of exactly this shape.
    ///
    /// # Errors
    /// As [`TensorFile::tensor`], and [`TensorError::Shape`] with `why` the shape is needed.
    pub fn of_shape(
        &self,
        name: &str,
        shape: &[usize],
        why: &str,
    ) -> Result<Vec<f64>, TensorError> {
        self.read(name, Some((shape, why)), false)
            .map(|tensor| tensor.data)
    }

    /// [`TensorFile::of_shape`], rounded to single precision.
    ///
    /// # Errors
    /// As [`TensorFile::of_shape`].
    pub fn singles(&self, name: &str, shape: &[usize], why: &str) -> Result<Vec<f32>, TensorError> {
        let data = self.of_shape(name, shape, why)?;
        Ok(data.into_iter().map(|x| x as f32).collect())
    }

    /// The tensor named, or the only one of the file if none is.
    ///
    /// # Errors
    /// As [`TensorFile::tensor`]; [`TensorError::Ambiguous`] if none is named and there are several.
    pub fn tensor_or_only(&self, name: Option<&str>) -> Result<(String, Tensor), TensorError> {
        let name = match (name, self.names()?) {
            (Some(name), _) => name.to_owned(),
            (None, mut names) if names.len() == 1 => names.remove(0),
            (None, available) => {
                return Err(TensorError::Ambiguous {
                    path: self.path.clone(),
                    available,
                });
            }
        };
        self.tensor(&name).map(|tensor| (name, tensor))
    }

    fn read_safetensors(&self, name: &str) -> Result<Tensor, TensorError> {
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

    /// What is wrong with an array; `expected` is the shape it should have.
    fn explain(&self, name: &str, fault: npy::Fault, expected: &str) -> TensorError {
        match fault {
            npy::Fault::Format(reason) => self.format(format!("array `{name}`: {reason}")),
            npy::Fault::Type(found) => self.wrong_type(name, found),
            npy::Fault::Shape(found) => TensorError::Shape {
                path: self.path.clone(),
                tensor: name.to_owned(),
                found,
                expected: expected.to_owned(),
            },
        }
    }

    fn safetensors(&self) -> Result<SafeTensors<'_>, TensorError> {
        SafeTensors::deserialize(&self.bytes).map_err(|error| self.format(error.to_string()))
    }

    fn wrong_type(&self, name: &str, found: String) -> TensorError {
        TensorError::Type {
            path: self.path.clone(),
            tensor: name.to_owned(),
            found,
        }
    }

    fn format(&self, reason: String) -> TensorError {
        TensorError::Format {
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
