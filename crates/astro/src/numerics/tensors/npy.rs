//! NumPy's array files.

use super::tensor::Tensor;
use half::f16;
use npyz::{DType, NpyFile, NpyHeader, Order, TypeChar};
use std::io::{Cursor, Read};
use zip::ZipArchive;

/// Bytes that the header of an array may have.
const HEADER: usize = 1 << 16;

/// Why an array could not be read.
pub(super) enum Fault {
    /// The bytes are not those of an array.
    Format(String),
    /// The numbers are of a type that does not belong here.
    Type(String),
    /// The shape is not the one that is needed.
    Shape(Vec<usize>),
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self::Format(error.to_string())
    }
}

/// What is asked of an array before its numbers are read.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// Exactly this shape.
    pub(super) shape: Option<&'a [usize]>,
    /// Whether whole numbers will do as well.
    pub(super) whole: bool,
}

/// What the header of an array says.
pub(super) struct Head {
    pub(super) shape: Vec<usize>,
    /// NumPy's name of the type.
    pub(super) dtype: String,
}

/// Names of an NPZ file's arrays.
pub(super) fn names(bytes: &[u8]) -> Result<Vec<String>, String> {
    let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let files = archive.file_names().collect::<Result<Vec<_>, _>>();
    let files = files.map_err(|error| error.to_string())?;
    let arrays = files.iter().filter_map(|file| file.strip_suffix(".npy"));
    Ok(arrays.map(str::to_owned).collect())
}

/// One array of an NPZ file.
pub(super) fn entry(bytes: &[u8], name: &str, wanted: Wanted<'_>) -> Result<Tensor, Fault> {
    in_archive(bytes, name, |file, size| read(file, size, wanted))
}

/// The header of one array of an NPZ file.
pub(super) fn entry_head(bytes: &[u8], name: &str) -> Result<Head, Fault> {
    in_archive(bytes, name, |file, _| Ok(head(&header(file)?)))
}

/// The array of an NPY file.
pub(super) fn array(bytes: &[u8], wanted: Wanted<'_>) -> Result<Tensor, Fault> {
    read(&mut &bytes[..], bytes.len() as u64, wanted)
}

/// The header of an NPY file.
pub(super) fn array_head(bytes: &[u8]) -> Result<Head, Fault> {
    Ok(head(&header(&mut &bytes[..])?))
}

/// Hands on a member of an archive, and its size as announced.
fn in_archive<T>(
    bytes: &[u8],
    name: &str,
    read: impl FnOnce(&mut dyn Read, u64) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let zip = |error: zip::result::ZipError| Fault::Format(error.to_string());
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(zip)?;
    let mut file = archive.by_name(&format!("{name}.npy")).map_err(zip)?;
    let size = file.size();
    read(&mut file, size)
}

fn head(header: &NpyHeader) -> Head {
    Head {
        shape: shape(header),
        dtype: header.dtype().descr(),
    }
}

fn shape(header: &NpyHeader) -> Vec<usize> {
    header
        .shape()
        .iter()
        .map(|&extent| extent as usize)
        .collect()
}

/// The array that `size` bytes announce to be. What inflates to more than its header says is not inflated further.
fn read(source: &mut dyn Read, size: u64, wanted: Wanted<'_>) -> Result<Tensor, Fault> {
    let header = header(source)?;
    let Head { shape, dtype } = head(&header);
    let (kind, width) = match header.dtype() {
        DType::Plain(plain) => (plain.type_char(), plain.size_field()),
        _ => return Err(Fault::Type(dtype)),
    };
    let whole = matches!(kind, TypeChar::Int | TypeChar::Uint | TypeChar::Bool);
    if kind != TypeChar::Float && !(wanted.whole && whole) {
        return Err(Fault::Type(dtype));
    }
    if wanted.shape.is_some_and(|wanted| wanted != shape) {
        return Err(Fault::Shape(shape));
    }
    // A header may claim any size; believe it only if the bytes are there.
    let claimed = shape
        .iter()
        .try_fold(width, |size, &extent| size.checked_mul(extent as u64))
        .filter(|&claimed| claimed <= size);
    let Some(claimed) = claimed else {
        return Err(Fault::Format(format!(
            "shape {shape:?} needs more than the {size} bytes there are"
        )));
    };
    let bytes = up_to(source, claimed)?;
    if (bytes.len() as u64) < claimed {
        return Err(Fault::Format(format!(
            "shape {shape:?} needs {claimed} bytes, there are {}",
            bytes.len()
        )));
    }
    // Also where a checksum is compared.
    if !up_to(source, 1)?.is_empty() {
        return Err(Fault::Format(format!(
            "there are more than the {claimed} bytes that shape {shape:?} needs"
        )));
    }
    let order = header.order();
    let file = NpyFile::with_header(header, &bytes[..]);
    let data: Vec<f64> = match (kind, width) {
        (TypeChar::Float, 2) => numbers(file, f16::to_f64)?,
        (TypeChar::Float, 4) => numbers::<f32>(file, f64::from)?,
        (TypeChar::Float, 8) => file.into_vec()?,
        (TypeChar::Int, 1) => numbers::<i8>(file, f64::from)?,
        (TypeChar::Int, 2) => numbers::<i16>(file, f64::from)?,
        (TypeChar::Int, 4) => numbers::<i32>(file, f64::from)?,
        (TypeChar::Int, 8) => numbers::<i64>(file, |n| n as f64)?,
        (TypeChar::Uint, 1) => numbers::<u8>(file, f64::from)?,
        (TypeChar::Uint, 2) => numbers::<u16>(file, f64::from)?,
        (TypeChar::Uint, 4) => numbers::<u32>(file, f64::from)?,
        (TypeChar::Uint, 8) => numbers::<u64>(file, |n| n as f64)?,
        (TypeChar::Bool, _) => numbers::<bool>(file, |b| f64::from(u8::from(b)))?,
        _ => return Err(Fault::Type(dtype)),
    };
    Ok(match order {
        Order::C => Tensor { shape, data },
        Order::Fortran => from_fortran(shape, &data),
    })
}

fn numbers<T: npyz::Deserialize>(
    file: NpyFile<&[u8]>,
    number: impl Fn(T) -> f64,
) -> Result<Vec<f64>, Fault> {
    Ok(file.into_vec::<T>()?.into_iter().map(number).collect())
}

/// The next `n` bytes, or fewer where they end.
fn up_to(source: &mut dyn Read, n: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(n).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a header. One that is not all there is refused, and one nested deeper than an array of numbers needs: reading
/// it takes time that doubles with every level.
fn header(source: &mut dyn Read) -> Result<NpyHeader, Fault> {
    const MOST: usize = 8;
    let mut bytes = up_to(source, 10)?;
    let length = match *bytes.as_slice() {
        [_, _, _, _, _, _, 1, _, a, b] => Some(usize::from(u16::from_le_bytes([a, b]))),
        [_, _, _, _, _, _, _, _, a, b] => {
            bytes.extend(up_to(source, 2)?);
            let rest = bytes.get(10..12).map(|rest| [a, b, rest[0], rest[1]]);
            rest.map(|length| u32::from_le_bytes(length) as usize)
        }
        _ => None,
    };
    let Some(length) = length else {
        return Err(Fault::Format("the header is not all there".into()));
    };
    if length > HEADER {
        return Err(Fault::Format(format!(
            "the header says that it has {length} bytes, that of an array of numbers has less than {HEADER}"
        )));
    }
    let header = up_to(source, length as u64)?;
    if header.len() < length {
        return Err(Fault::Format(format!(
            "the header says that it has {length} bytes, there are {}",
            header.len()
        )));
    }
    if header.iter().filter(|byte| b"([{".contains(byte)).count() > MOST {
        return Err(Fault::Format(
            "its header is not that of an array of numbers".into(),
        ));
    }
    if !countable(&header) {
        let text: String = String::from_utf8_lossy(&header)
            .trim()
            .chars()
            .take(200)
            .collect();
        return Err(Fault::Format(format!(
            "its header announces more numbers than there can be: {text:?}"
        )));
    }
    bytes.extend(header);
    Ok(NpyHeader::from_reader(&bytes[..])?)
}

/// Whether the extents in a header can be multiplied, as whoever reads it does at once.
fn countable(header: &[u8]) -> bool {
    header
        .split(|byte| !byte.is_ascii_digit())
        .filter_map(|digits| std::str::from_utf8(digits).ok()?.parse::<u64>().ok())
        .try_fold(1_u64, u64::checked_mul)
        .is_some()
}

/// First axis fastest to last axis fastest.
fn from_fortran(shape: Vec<usize>, data: &[f64]) -> Tensor {
    let strides: Vec<usize> = shape
        .iter()
        .scan(1, |stride, &extent| {
            let here = *stride;
            *stride *= extent;
            Some(here)
        })
        .collect();
    let mut index = vec![0; shape.len()];
    let mut ordered = Vec::with_capacity(data.len());
    for _ in 0..data.len() {
        ordered.push(
            data[index
                .iter()
                .zip(&strides)
                .map(|(i, s)| i * s)
                .sum::<usize>()],
        );
        for (i, &extent) in index.iter_mut().zip(&shape).rev() {
            *i += 1;
            if *i < extent {
                break;
            }
            *i = 0;
        }
    }
    Tensor {
        shape,
        data: ordered,
    }
}
