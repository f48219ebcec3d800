//! The forms that a data set of one's own may have.

use std::path::Path;

use anyhow::{Result, bail, ensure};

/// What a folder of samples holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The four files of MNIST, plain or with `.gz` behind their names.
    Idx,
    /// `train.csv` and `test.csv`: a line of names, then one of numbers for each sample; column `label` is its class.
    Csv,
    /// `train.npz` and `test.npz`: arrays `x`, samples × features or samples × rows × columns, and `y`, the classes.
    Npz,
}

impl Form {
    /// The form of the files in a folder.
    ///
    /// # Errors
    /// A folder that is not there, or holds files of several forms or of none.
    pub(crate) fn of(dir: &Path) -> Result<Self> {
        ensure!(
            dir.is_dir(),
            "{}: no such directory; it should hold {}",
            dir.display(),
            Self::files()
        );
        let names: Vec<String> = std::fs::read_dir(dir)?
            .filter_map(|file| Some(file.ok()?.file_name().to_string_lossy().into_owned()))
            .collect();
        let has = |wanted: &[&str]| names.iter().any(|name| wanted.contains(&name.as_str()));
        let idx = names.iter().any(|name| name.contains("-ubyte"));
        let found = [
            (Self::Idx, idx),
            (Self::Csv, has(&["train.csv", "test.csv"])),
            (Self::Npz, has(&["train.npz", "test.npz"])),
        ];
        let mut found = found
            .iter()
            .filter(|(_, there)| *there)
            .map(|(form, _)| *form);
        match (found.next(), found.next()) {
            (Some(form), None) => Ok(form),
            (None, _) => bail!(
                "{}: there is no data set; it should hold {}",
                dir.display(),
                Self::files()
            ),
            (Some(_), Some(_)) => bail!(
                "{}: files of several forms; it should hold {}, and nothing else of the kind",
                dir.display(),
                Self::files()
            ),
        }
    }

    /// What a folder should hold, for people.
    fn files() -> &'static str {
        "the four IDX files of an MNIST-like data set, or train.csv and test.csv, or train.npz and test.npz"
    }
}
