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

/// Why weights could not be loaded or saved. Every message names the array it is about.
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
    /// An array is missing.
    #[error("{path}: no array `{name}`; the archive holds {found}, the network needs {expected}")]
    Missing {
        /// The file.
        path: String,
        /// The array.
        name: String,
        /// Names of the arrays in the file.
        found: String,
        /// Names of all arrays the network needs.
        expected: String,
    },
    /// An array has the wrong shape.
    #[error("{path}: array `{name}` has shape {found:?}; expected {expected:?} [post, pre]")]
    Shape {
        /// The file.
        path: String,
        /// The array.
        name: String,
        /// Shape it has.
        found: Vec<u64>,
        /// Shape it should have.
        expected: [u64; 2],
    },
    /// An array holds something other than floating-point numbers.
    #[error("{path}: array `{name}` has dtype {found}; expected f4 or f8, little- or big-endian")]
    Dtype {
        /// The file.
        path: String,
        /// The array.
        name: String,
        /// Its dtype, in NumPy's notation.
        found: String,
    },
    /// An array cannot be read to its end.
    #[error("{path}: array `{name}` is truncated or corrupt: {source}")]
    Data {
        /// The file.
        path: String,
        /// The array.
        name: String,
        /// What went wrong.
        source: io::Error,
    },
    /// An array holds a number that no network can start from.
    #[error("{path}: array `{name}` holds {value}; weights are finite")]
    NotFinite {
        /// The file.
        path: String,
        /// The array.
        name: String,
        /// The number.
        value: f64,
    },
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
    /// [`NpzError`], naming the array that is missing, misshapen, of the wrong type, or damaged.
    pub fn load_npz(path: impl AsRef<Path>, params: &Params) -> Result<Self, NpzError> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|source| file_error(path, source))?;
        let mut archive = ZipArchive::new(BufReader::new(file))
            .map_err(|error| file_error(path, error.into()))?;
        let mut weights = Self::zeros(params);
        for (layer, synapse) in params.synapses() {
            let name = array_name(layer, synapse);
            let shape = params.shape(layer, synapse).unwrap_or_default();
            let matrix = read_array(&mut archive, path, params, &name, shape)?;
            match weights.hidden.get_mut(layer - 1) {
                None => weights.output = matrix,
                Some(hidden) => match synapse {
                    crate::Synapse::Up => hidden.up = matrix,
                    crate::Synapse::Down => hidden.down = matrix,
                    crate::Synapse::Pi => hidden.pi = matrix,
                    crate::Synapse::Ip => hidden.ip = matrix,
                },
            }
        }
        Ok(weights)
    }
}

/// Bytes that the header of an array may have.
const HEADER: usize = 1 << 16;

fn read_array<T: Real>(
    archive: &mut ZipArchive<impl Read + Seek>,
    path: &Path,
    params: &Params,
    name: &str,
    shape: (usize, usize),
) -> Result<DMatrix<T>, NpzError> {
    let display = || path.display().to_string();
    let damaged = |source| NpzError::Data {
        path: display(),
        name: name.into(),
        source,
    };
    let mut found: Vec<String> = archive
        .file_names()
        .flatten()
        .filter_map(|file| Some(file.strip_suffix(".npy")?.to_owned()))
        .collect();
    found.sort_unstable();
    let mut bytes = Vec::new();
    // An array that fits has no more than these.
    let most = 8 * shape.0 * shape.1 + HEADER;
    match archive.by_name(&entry(name)) {
        Ok(file) => file
            .take(most as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(damaged)?,
        Err(ZipError::FileNotFound) => {
            return Err(NpzError::Missing {
                path: display(),
                name: name.into(),
                found: found.join(", "),
                expected: params
                    .synapses()
                    .map(|(l, s)| array_name(l, s))
                    .collect::<Vec<_>>()
                    .join(", "),
            });
        }
        Err(error) => return Err(damaged(error.into())),
    };
    // Reading a nested header takes time that doubles with every level.
    let header = &bytes[..bytes.len().min(HEADER)];
    let length = header.iter().position(|&byte| byte == b'\n');
    let header = &header[..length.unwrap_or(header.len())];
    if header.iter().filter(|byte| b"([{".contains(byte)).count() > 16 {
        return Err(damaged(io::ErrorKind::InvalidData.into()));
    }
    // And it multiplies all extents.
    let mut extents = header
        .split(|byte| !byte.is_ascii_digit())
        .filter_map(|digits| std::str::from_utf8(digits).ok()?.parse::<u64>().ok());
    if extents.try_fold(1_u64, u64::checked_mul).is_none() {
        return Err(damaged(io::ErrorKind::InvalidData.into()));
    }
    let array = NpyFile::new(&bytes[..]).map_err(damaged)?;
    let expected = [shape.0 as u64, shape.1 as u64];
    if array.shape() != expected {
        let found = array.shape().to_vec();
        return Err(NpzError::Shape {
            path: display(),
            name: name.into(),
            found,
            expected,
        });
    }
    if bytes.len() > most {
        let reason = format!("it has more than the numbers of shape {expected:?}");
        return Err(damaged(io::Error::new(io::ErrorKind::InvalidData, reason)));
    }
    let column_major = array.order() == npyz::Order::Fortran;
    let dtype = array.dtype();
    let data: Vec<f64> = match array.try_data::<f64>() {
        Ok(doubles) => doubles.collect::<io::Result<_>>().map_err(damaged)?,
        Err(array) => match array.try_data::<f32>() {
            Ok(floats) => floats
                .map(|w| w.map(f64::from))
                .collect::<io::Result<_>>()
                .map_err(damaged)?,
            Err(_) => {
                let found = dtype.descr();
                return Err(NpzError::Dtype {
                    path: display(),
                    name: name.into(),
                    found,
                });
            }
        },
    };
    if data.len() != shape.0 * shape.1 {
        return Err(damaged(io::ErrorKind::UnexpectedEof.into()));
    }
    if let Some(value) = data.iter().copied().find(|w| !w.is_finite()) {
        return Err(NpzError::NotFinite {
            path: display(),
            name: name.into(),
            value,
        });
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
