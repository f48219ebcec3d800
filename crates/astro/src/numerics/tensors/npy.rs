//! NumPy's array files.

use super::tensor::Tensor;
use half::f16;
use npyz::{DType, NpyFile, Order, TypeChar};
use std::io::{Cursor, Read};
use zip::ZipArchive;

/// Why an array could not be read.
pub(super) enum Fault {
    /// The bytes are not those of an array.
    Format(String),
    /// The numbers are not floating-point.
    Type(String),
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self::Format(error.to_string())
    }
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
pub(super) fn entry(bytes: &[u8], name: &str) -> Result<Tensor, Fault> {
    let zip = |error: zip::result::ZipError| Fault::Format(error.to_string());
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(zip)?;
    let mut content = Vec::new();
    archive
        .by_name(&format!("{name}.npy"))
        .map_err(zip)?
        .read_to_end(&mut content)?;
    array(&content)
}

/// The array of an NPY file.
pub(super) fn array(bytes: &[u8]) -> Result<Tensor, Fault> {
    check_header(bytes)?;
    let file = NpyFile::new(bytes)?;
    let found = file.dtype().descr();
    let width = match file.dtype() {
        DType::Plain(plain) if plain.type_char() == TypeChar::Float => plain.size_field(),
        _ => return Err(Fault::Type(found)),
    };
    let shape: Vec<usize> = file.shape().iter().map(|&extent| extent as usize).collect();
    // A header may claim any size; believe it only if the bytes are there.
    let claimed = shape
        .iter()
        .try_fold(width as usize, |size, &extent| size.checked_mul(extent));
    if claimed.is_none_or(|size| size > bytes.len()) {
        return Err(Fault::Format(format!(
            "shape {shape:?} needs more than the {} bytes there are",
            bytes.len()
        )));
    }
    let order = file.order();
    let data: Vec<f64> = match width {
        2 => file
            .into_vec::<f16>()?
            .into_iter()
            .map(f16::to_f64)
            .collect(),
        4 => file.into_vec::<f32>()?.into_iter().map(f64::from).collect(),
        8 => file.into_vec::<f64>()?,
        _ => return Err(Fault::Type(found)),
    };
    Ok(match order {
        Order::C => Tensor { shape, data },
        Order::Fortran => from_fortran(shape, &data),
    })
}

/// Refuses a header that is not all there, or nested deeper than an array of numbers needs: reading it takes time
/// that doubles with every level.
fn check_header(bytes: &[u8]) -> Result<(), Fault> {
    const MOST: usize = 8;
    let (start, length) = match *bytes {
        [_, _, _, _, _, _, 1, _, a, b, ..] => (10, usize::from(u16::from_le_bytes([a, b]))),
        [_, _, _, _, _, _, _, _, a, b, c, d, ..] => (12, u32::from_le_bytes([a, b, c, d]) as usize),
        _ => return Err(Fault::Format("the header is not all there".into())),
    };
    let Some(header) = bytes[start..].get(..length) else {
        return Err(Fault::Format(format!(
            "the header says that it has {length} bytes, there are {}",
            bytes.len() - start
        )));
    };
    match header.iter().filter(|byte| b"([{".contains(byte)).count() {
        0..=MOST => Ok(()),
        _ => Err(Fault::Format(
            "its header is not that of an array of numbers".into(),
        )),
    }
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
