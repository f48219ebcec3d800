//! The four files of a data set, checked one by one and against each other.

use super::error::MnistError;
use super::idx::{Idx, Kind};
use super::images::{Images, Mnist, N_CLASSES};
use std::path::{Path, PathBuf};

/// A file of the data set, with the SHA-256 of the original's uncompressed bytes.
struct File {
    name: &'static str,
    kind: Kind,
    sha256: &'static str,
}

const TRAIN_IMAGES: File = File {
    name: "train-images-idx3-ubyte",
    kind: Kind::Images,
    sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
};
const TRAIN_LABELS: File = File {
    name: "train-labels-idx1-ubyte",
    kind: Kind::Labels,
    sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
};
const TEST_IMAGES: File = File {
    name: "t10k-images-idx3-ubyte",
    kind: Kind::Images,
    sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
};
const TEST_LABELS: File = File {
    name: "t10k-labels-idx1-ubyte",
    kind: Kind::Labels,
    sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
};

/// Loads any data set in MNIST's form from a directory.
///
/// Where a file is there both plain and compressed, the plain one is read.
///
/// # Errors
/// If a file is missing, unreadable, truncated, too long, not of the right kind, or does not fit the
/// others; or if a label is above 9.
pub fn load(dir: impl AsRef<Path>) -> Result<Mnist, MnistError> {
    assemble(dir.as_ref(), |_, _| Ok(()))
}

/// Loads MNIST itself from a directory, and nothing else.
///
/// # Errors
/// As [`load`], and if the uncompressed bytes of a file are not those of the original.
pub fn load_verified(dir: impl AsRef<Path>) -> Result<Mnist, MnistError> {
    assemble(dir.as_ref(), |file, idx| {
        let found = idx.sha256();
        if found == file.sha256 {
            return Ok(());
        }
        Err(MnistError::Checksum {
            path: idx.path.clone(),
            found,
            expected: file.sha256,
        })
    })
}

fn assemble(
    dir: &Path,
    accept: impl Fn(&File, &Idx) -> Result<(), MnistError>,
) -> Result<Mnist, MnistError> {
    if !dir.is_dir() {
        return Err(MnistError::NotADirectory {
            dir: dir.to_owned(),
        });
    }
    // All four before the first is read: a missing file should not take a second to report.
    let find = |file: &'static File| Ok::<_, MnistError>((file, locate(dir, file.name)?));
    let train = (find(&TRAIN_IMAGES)?, find(&TRAIN_LABELS)?);
    let test = (find(&TEST_IMAGES)?, find(&TEST_LABELS)?);

    let read = |(file, path): (&File, PathBuf)| {
        let idx = Idx::read(path, file.kind)?;
        accept(file, &idx)?;
        Ok::<_, MnistError>(idx)
    };
    let train = pair(read(train.0)?, read(train.1)?)?;
    let test_images = read(test.0)?;
    let expected = [train.n_rows(), train.n_cols()];
    let found = [test_images.dims[1], test_images.dims[2]];
    if found != expected {
        return Err(MnistError::ImageSize {
            path: test_images.path,
            found,
            expected,
        });
    }
    let test = pair(test_images, read(test.1)?)?;
    Ok(Mnist { train, test })
}

fn locate(dir: &Path, name: &'static str) -> Result<PathBuf, MnistError> {
    [dir.join(name), dir.join(format!("{name}.gz"))]
        .into_iter()
        .find(|path| path.is_file())
        .ok_or_else(|| MnistError::Missing {
            dir: dir.to_owned(),
            name,
        })
}

fn pair(images: Idx, labels: Idx) -> Result<Images, MnistError> {
    if images.dims[0] != labels.dims[0] {
        return Err(MnistError::CountMismatch {
            labels_path: labels.path,
            labels: labels.dims[0],
            images_path: images.path,
            images: images.dims[0],
        });
    }
    let is_class = |&label: &u8| usize::from(label) < N_CLASSES;
    if let Some(index) = labels.data.iter().position(|label| !is_class(label)) {
        return Err(MnistError::Label {
            path: labels.path,
            index,
            found: labels.data[index],
        });
    }
    Ok(Images::new(
        images.data,
        labels.data,
        images.dims[1],
        images.dims[2],
    ))
}
