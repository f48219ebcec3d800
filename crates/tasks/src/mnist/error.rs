//! What can be wrong with a directory of IDX files.

use std::io;
use std::path::PathBuf;

/// Why a data set could not be loaded: which file, what was found, what would be right.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MnistError {
    /// The path given is no directory.
    #[error(
        "{dir}: no such directory; it should hold the four IDX files of an MNIST-like data set"
    )]
    NotADirectory {
        /// The path given.
        dir: PathBuf,
    },
    /// One of the four files is missing.
    #[error("{dir}: neither {name} nor {name}.gz is there")]
    Missing {
        /// The directory.
        dir: PathBuf,
        /// Name of the file without `.gz`.
        name: &'static str,
    },
    /// The operating system could not read the file.
    #[error("{path}: cannot be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The gzip data stop early.
    #[error(
        "{path}: truncated gzip data, end of file after {uncompressed} uncompressed bytes; copy or download the file again"
    )]
    GzipTruncated {
        /// The file.
        path: PathBuf,
        /// How many bytes could be uncompressed.
        uncompressed: u64,
    },
    /// The gzip data are damaged.
    #[error(
        "{path}: corrupt gzip data after {uncompressed} uncompressed bytes; copy or download the file again"
    )]
    GzipCorrupt {
        /// The file.
        path: PathBuf,
        /// How many bytes could be uncompressed.
        uncompressed: u64,
        /// The decoder's reason.
        source: io::Error,
    },
    /// The file ends within its header.
    #[error("{path}: {found} bytes, less than the {expected} bytes of the header of {kind}")]
    HeaderTruncated {
        /// The file.
        path: PathBuf,
        /// Bytes in the file.
        found: usize,
        /// Bytes in the header.
        expected: usize,
        /// What the file should hold.
        kind: &'static str,
    },
    /// The file does not start with the right magic number.
    #[error("{path}: magic number {found:#010x}{}, must be {expected:#010x} for {kind}", meaning(*found))]
    Magic {
        /// The file.
        path: PathBuf,
        /// Its first four bytes, big-endian.
        found: u32,
        /// What they should be.
        expected: u32,
        /// What the file should hold.
        kind: &'static str,
    },
    /// The header announces no items, or images without pixels.
    #[error("{path}: header announces dimensions {dims:?}: each must be at least 1")]
    EmptyDimension {
        /// The file.
        path: PathBuf,
        /// The dimensions in its header.
        dims: Vec<u32>,
    },
    /// The header announces more than this machine can address.
    #[error(
        "{path}: header announces dimensions {dims:?}: more than can be addressed, so the header must be corrupt"
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The dimensions in its header.
        dims: Vec<u32>,
    },
    /// Fewer bytes than the header announces.
    #[error(
        "{path}: {found} bytes of data, must be {expected} for dimensions {dims:?} in the header: the file is truncated"
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Bytes after the header.
        found: usize,
        /// Bytes announced by the header.
        expected: usize,
        /// The dimensions in the header.
        dims: Vec<u32>,
    },
    /// More bytes than the header announces.
    #[error(
        "{path}: {extra} bytes too many, after the {expected} bytes of data for dimensions {dims:?} in the header"
    )]
    TrailingBytes {
        /// The file.
        path: PathBuf,
        /// Bytes after the end of the data, counted up to a MiB.
        extra: u64,
        /// Bytes announced by the header.
        expected: usize,
        /// The dimensions in the header.
        dims: Vec<u32>,
    },
    /// A label that is none of the classes.
    #[error("{path}: label {index} is {found}, must be 0 to 9")]
    Label {
        /// The file.
        path: PathBuf,
        /// Which label, from 0.
        index: usize,
        /// Its value.
        found: u8,
    },
    /// Images and labels differ in number.
    #[error(
        "{labels_path}: number of labels is {labels}, must be {images}, one for each image of {images_path}"
    )]
    CountMismatch {
        /// The file of labels.
        labels_path: PathBuf,
        /// Labels in it.
        labels: usize,
        /// The file of images.
        images_path: PathBuf,
        /// Images in it.
        images: usize,
    },
    /// Training and test images differ in size.
    #[error("{path}: images of {found:?} pixels, must be {expected:?} as in the training set")]
    ImageSize {
        /// The file of test images.
        path: PathBuf,
        /// Rows and columns of its images.
        found: [usize; 2],
        /// Rows and columns of the training images.
        expected: [usize; 2],
    },
    /// The file is not the one that ships with the repository.
    #[error(
        "{path}: SHA-256 of the uncompressed bytes is {found}, must be {expected} for MNIST; load it without verification if another data set is meant"
    )]
    Checksum {
        /// The file.
        path: PathBuf,
        /// Hash of its uncompressed bytes.
        found: String,
        /// Hash of the original's.
        expected: &'static str,
    },
}

/// A guess at why a magic number is wrong.
fn meaning(magic: u32) -> &'static str {
    match magic {
        0x0801 => " (a file of labels: are labels and images exchanged?)",
        0x0803 => " (a file of images: are labels and images exchanged?)",
        _ => " (no IDX file of bytes)",
    }
}
