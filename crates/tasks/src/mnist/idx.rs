//! One IDX file of bytes: a magic number, the dimensions, the data.
//!
//! ```text
//! 0x00 0x00 0x08 n   type (unsigned bytes) and number n of dimensions
//! n × u32            dimensions, big-endian, slowest first
//! bytes              as many as the product of the dimensions
//! ```

use super::error::MnistError;
use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// What a file holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Images,
    Labels,
}

impl Kind {
    fn n_dims(self) -> usize {
        match self {
            Self::Images => 3,
            Self::Labels => 1,
        }
    }

    fn magic(self) -> u32 {
        0x0800 | self.n_dims() as u32
    }

    fn name(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::Labels => "labels",
        }
    }
}

/// Bytes after the data that are counted: they are too many in any case.
const MOST_EXTRA: u64 = 1 << 20;

/// The content of a well-formed file.
pub(super) struct Idx {
    pub(super) path: PathBuf,
    pub(super) dims: Vec<usize>,
    /// As many bytes as the product of `dims`.
    pub(super) data: Vec<u8>,
    header: Vec<u8>,
}

impl Idx {
    pub(super) fn read(path: PathBuf, kind: Kind) -> Result<Self, MnistError> {
        let mut source = Source::open(&path)?;
        let mut header = source.read_up_to(4)?;
        if let Ok(magic) = <[u8; 4]>::try_from(header.as_slice()) {
            check_magic(&path, kind, u32::from_be_bytes(magic))?;
        }
        let header_len = 4 + 4 * kind.n_dims();
        header.extend(source.read_up_to(header_len - header.len())?);
        if header.len() < header_len {
            return Err(MnistError::HeaderTruncated {
                path,
                found: header.len(),
                expected: header_len,
                kind: kind.name(),
            });
        }
        let dims: Vec<u32> = header[4..]
            .as_chunks()
            .0
            .iter()
            .map(|&bytes| u32::from_be_bytes(bytes))
            .collect();
        let expected = check_size(&path, &dims)?;
        let data = source.read_up_to(expected)?;
        if data.len() < expected {
            return Err(MnistError::Truncated {
                path,
                found: data.len(),
                expected,
                dims,
            });
        }
        let extra = source.drain()?;
        if extra > 0 {
            return Err(MnistError::TrailingBytes {
                path,
                extra,
                expected,
                dims,
            });
        }
        Ok(Self {
            path,
            dims: dims.iter().map(|&n| n as usize).collect(),
            data,
            header,
        })
    }

    /// SHA-256 of the uncompressed file, in hexadecimal.
    pub(super) fn sha256(&self) -> String {
        Sha256::new()
            .chain_update(&self.header)
            .chain_update(&self.data)
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

fn check_magic(path: &Path, kind: Kind, found: u32) -> Result<(), MnistError> {
    if found == kind.magic() {
        return Ok(());
    }
    Err(MnistError::Magic {
        path: path.to_owned(),
        found,
        expected: kind.magic(),
        kind: kind.name(),
    })
}

/// Number of bytes that the dimensions announce.
fn check_size(path: &Path, dims: &[u32]) -> Result<usize, MnistError> {
    let (path, announced) = (path.to_owned(), dims.to_vec());
    if dims.contains(&0) {
        return Err(MnistError::EmptyDimension {
            path,
            dims: announced,
        });
    }
    dims.iter()
        .try_fold(1, |size: usize, &n| size.checked_mul(n as usize))
        .filter(|&size| isize::try_from(size).is_ok())
        .ok_or(MnistError::TooLarge {
            path,
            dims: announced,
        })
}

/// The uncompressed bytes of a file. Whether it is compressed shows in its first bytes, not in its
/// name.
struct Source<'a> {
    path: &'a Path,
    reader: Box<dyn Read>,
    compressed: bool,
    /// Bytes delivered so far.
    position: u64,
}

impl<'a> Source<'a> {
    fn open(path: &'a Path) -> Result<Self, MnistError> {
        let read_error = |source| MnistError::Read {
            path: path.to_owned(),
            source,
        };
        let mut file = BufReader::new(File::open(path).map_err(read_error)?);
        let compressed = file
            .fill_buf()
            .map_err(read_error)?
            .starts_with(&[0x1f, 0x8b]);
        let reader: Box<dyn Read> = if compressed {
            Box::new(MultiGzDecoder::new(file))
        } else {
            Box::new(file)
        };
        Ok(Self {
            path,
            reader,
            compressed,
            position: 0,
        })
    }

    /// The next `n` bytes, or fewer where the file ends.
    fn read_up_to(&mut self, n: usize) -> Result<Vec<u8>, MnistError> {
        // A corrupt header may announce anything: reserve no more than MNIST needs.
        let mut bytes = Vec::with_capacity(n.min(64 << 20));
        let result = self.reader.by_ref().take(n as u64).read_to_end(&mut bytes);
        self.position += bytes.len() as u64;
        result.map_err(|error| self.explain(error))?;
        Ok(bytes)
    }

    /// Reads to the end, where gzip keeps its checksum, and says how many bytes there were. What does not end soon is
    /// not inflated to its end.
    fn drain(&mut self) -> Result<u64, MnistError> {
        let mut rest = self.reader.by_ref().take(MOST_EXTRA);
        io::copy(&mut rest, &mut io::sink()).map_err(|error| self.explain(error))
    }

    fn explain(&self, source: io::Error) -> MnistError {
        let (path, uncompressed) = (self.path.to_owned(), self.position);
        match source.kind() {
            io::ErrorKind::UnexpectedEof if self.compressed => {
                MnistError::GzipTruncated { path, uncompressed }
            }
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData if self.compressed => {
                MnistError::GzipCorrupt {
                    path,
                    uncompressed,
                    source,
                }
            }
            _ => MnistError::Read { path, source },
        }
    }
}
