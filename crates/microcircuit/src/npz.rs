//! Weights in NumPy's NPZ format.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;

use nalgebra::DMatrix;
use npyz::{NpyFile, WriterBuilder};
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::weights::{Weights, array_name};
use crate::{Params, Real};

/// Why weights could not be loaded or saved.
#[derive(Debug, thiserror::Error)]
pub enum NpzError {
    /// The file cannot be opened, read, created or written, or is not an NPZ archive.
    #[error("{path}: {source}; expected an NPZ archive as numpy.savez writes it")]
    File {
        /// The file.
        path: String,
        /// What the system or the archive says.
        source: io::Error,
    },
    /// An array is not what the network needs.
    #[error("{path}: array `{name}` {problem}")]
    Array {
        /// The file.
        path: String,
        /// The array.
        name: String,
        /// What is wrong with it.
        problem: ArrayProblem,
    },
}

/// What is wrong with an array of weights.
#[derive(Debug, thiserror::Error)]
pub enum ArrayProblem {
    /// It is missing.
    #[error("is missing; the archive holds {found}, the network needs {expected}")]
    Missing {
        /// Names of the arrays in the file.
        found: String,
        /// Names of all arrays the network needs.
        expected: String,
    },
    /// It has the wrong shape.
    #[error("has shape {found:?}; expected {expected:?} [post, pre]")]
    Shape {
        /// Shape it has.
        found: Vec<u64>,
        /// Shape it should have.
        expected: [u64; 2],
    },
    /// It holds something other than floating-point numbers: its dtype, in NumPy's notation.
    #[error("has dtype {0}; expected f4 or f8, little- or big-endian")]
    Dtype(String),
    /// It cannot be read to its end.
    #[error("is truncated or corrupt: {0}")]
    Data(#[from] io::Error),
    /// It holds this number, which no network can start from.
    #[error("holds {0}; weights are finite")]
    NotFinite(f64),
}

impl<T: Real + npyz::AutoSerialize> Weights<T> {
    /// Writes all weights into an NPZ file: arrays `up_1, down_1, pi_1, ip_1, …, up_N`, \[post, pre\], layer 1
    /// being the first hidden one; dtype f4 or f8 as `T`.
    ///
    /// # Errors
    ///
    /// [`NpzError::File`] if the file cannot be created or written.
    pub fn save_npz(&self, path: impl AsRef<Path>) -> Result<(), NpzError> {
        let path = path.as_ref();
        let file = File::create(path).map_err(|source| file_error(path, source))?;
        self.write_npz(BufWriter::new(file))
            .map_err(|source| file_error(path, source))
    }

    /// [`Weights::save_npz`] into anything that takes bytes.
    ///
    /// # Errors
    ///
    /// What the writer says.
    pub fn write_npz(&self, writer: impl Write + Seek) -> io::Result<()> {
        let mut npz = ZipWriter::new(writer);
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        let layers = 1..=self.hidden.len() + 1;
        for (layer, synapse) in layers.flat_map(|l| crate::Synapse::ALL.map(|s| (l, s))) {
            let Some(matrix) = self.get(layer, synapse) else {
                continue;
            };
            npz.start_file(entry(&array_name(layer, synapse)), stored)?;
            let mut array = npyz::WriteOptions::<T>::new()
                .default_dtype()
                .shape(&[matrix.nrows() as u64, matrix.ncols() as u64])
                .writer(&mut npz)
                .begin_nd()?;
            array.extend(matrix.transpose().iter().copied())?;
            array.finish()?;
        }
        npz.finish()?.flush()
    }
}

impl<T: Real> Weights<T> {
    /// Reads all weights of a network from an NPZ file, in the layout of [`Weights::save_npz`]. Arrays of f4 and
    /// f8 are converted to `T`; arrays with other names are left alone.
    ///
    /// # Errors
    ///
    /// [`NpzError`] names the array that is missing, damaged, or of the wrong shape or type.
    pub fn load_npz(path: impl AsRef<Path>, params: &Params) -> Result<Self, NpzError> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|source| file_error(path, source))?;
        let mut archive = ZipArchive::new(BufReader::new(file))
            .map_err(|error| file_error(path, error.into()))?;
        let mut arrays = Vec::new();
        for (layer, synapse) in params.synapses() {
            let name = array_name(layer, synapse);
            let shape = params.shape(layer, synapse).unwrap_or_default();
            let array = read_array(&mut archive, params, &name, shape);
            arrays.push(array.map_err(|problem| NpzError::Array {
                path: path.display().to_string(),
                name,
                problem,
            })?);
        }
        let mut arrays = arrays.into_iter();
        Ok(Self::from_fn(params, |_, _, _| {
            arrays.next().expect("one was read for every synapse")
        }))
    }
}

/// Bytes that the header of an array may have.
const HEADER: usize = 1 << 16;

fn read_array<T: Real>(
    archive: &mut ZipArchive<impl Read + Seek>,
    params: &Params,
    name: &str,
    shape: (usize, usize),
) -> Result<DMatrix<T>, ArrayProblem> {
    let invalid = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why);
    let mut found: Vec<String> = archive
        .file_names()
        .flatten()
        .filter_map(|file| Some(file.strip_suffix(".npy")?.to_owned()))
        .collect();
    found.sort_unstable();
    let mut bytes = Vec::new();
    // Bytes of the largest array that fits.
    let most = 8 * shape.0 * shape.1 + HEADER;
    match archive.by_name(&entry(name)) {
        Ok(file) => file.take(most as u64 + 1).read_to_end(&mut bytes)?,
        Err(ZipError::FileNotFound) => {
            let needed = params.synapses().map(|(l, s)| array_name(l, s));
            return Err(ArrayProblem::Missing {
                found: found.join(", "),
                expected: needed.collect::<Vec<_>>().join(", "),
            });
        }
        Err(error) => return Err(io::Error::from(error).into()),
    };
    // Reading a nested header takes time that doubles with every level.
    let header = &bytes[..bytes.len().min(HEADER)];
    let length = header.iter().position(|&byte| byte == b'\n');
    let header = &header[..length.unwrap_or(header.len())];
    if header.iter().filter(|byte| b"([{".contains(byte)).count() > 16 {
        return Err(invalid("its header is nested").into());
    }
    // And it multiplies all extents.
    let mut extents = header
        .split(|byte| !byte.is_ascii_digit())
        .filter_map(|digits| std::str::from_utf8(digits).ok()?.parse::<u64>().ok());
    if extents.try_fold(1_u64, u64::checked_mul).is_none() {
        return Err(invalid("its header announces more numbers than can be").into());
    }
    let array = NpyFile::new(&bytes[..])?;
    let expected = [shape.0 as u64, shape.1 as u64];
    if array.shape() != expected {
        let found = array.shape().to_vec();
        return Err(ArrayProblem::Shape { found, expected });
    }
    if bytes.len() > most {
        return Err(invalid("it has more than the numbers of its shape").into());
    }
    let column_major = array.order() == npyz::Order::Fortran;
    let dtype = array.dtype();
    let data: Vec<f64> = match array.try_data::<f64>() {
        Ok(doubles) => doubles.collect::<io::Result<_>>()?,
        Err(array) => match array.try_data::<f32>() {
            Ok(floats) => floats
                .map(|w| w.map(f64::from))
                .collect::<io::Result<_>>()?,
            Err(_) => return Err(ArrayProblem::Dtype(dtype.descr())),
        },
    };
    if data.len() != shape.0 * shape.1 {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    if let Some(value) = data.iter().copied().find(|w| !w.is_finite()) {
        return Err(ArrayProblem::NotFinite(value));
    }
    let data = data.into_iter().map(T::from_f64);
    Ok(if column_major {
        DMatrix::from_iterator(shape.0, shape.1, data)
    } else {
        DMatrix::from_row_iterator(shape.0, shape.1, data)
    })
}

/// Name of an array's file in the archive.
fn entry(array: &str) -> String {
    format!("{array}.npy")
}

fn file_error(path: &Path, source: io::Error) -> NpzError {
    NpzError::File {
        path: path.display().to_string(),
        source,
    }
}
