//! What files of data hold: runs that read other contents are other runs, whatever the files are called.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Result, ensure};
use sha2::{Digest as _, Sha256};

/// The set in the folder that has to be MNIST itself, bit for bit.
pub(crate) const MNIST: &str = "mnist";

/// The trained networks that ship. What reads them needs no hash beside its settings, and committed runs have none.
const SHIPPED: [&str; 2] = [
    "1ac9e17e1c1129cf0e03564b1be5de59fd97946746372e4611051ee351ee683b",
    "9a548fb5844e3f53abc402ad2e20a49a53144ef375cdacb3b938b9e2252aee75",
];

/// Files by name, and what they hold.
#[derive(Debug)]
pub struct Contents {
    folder: PathBuf,
    known: Mutex<HashMap<String, Option<String>>>,
}

impl Contents {
    /// Of files in this folder of data sets, and where the program runs.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            known: Mutex::default(),
        }
    }

    /// A file or folder of this name in the folder, or else where the program runs.
    pub(crate) fn find(&self, name: &str) -> PathBuf {
        let shipped = self.folder.join(name);
        if shipped.exists() {
            shipped
        } else {
            PathBuf::from(name)
        }
    }

    /// SHA-256 of a file, or of all files of a folder with their names, in hexadecimal. `None` if it ships, and if it
    /// cannot be read, which is said when it is.
    pub(crate) fn sha256(&self, name: &str) -> Option<String> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let hash = || self.hash(name).ok().flatten();
        known.entry(name.to_owned()).or_insert_with(hash).clone()
    }

    /// Refuses a file that does not hold what the setting `key` says.
    pub(crate) fn check(&self, key: &str, name: &str, sha256: Option<&str>) -> Result<()> {
        let Some(sha256) = sha256 else {
            return Ok(());
        };
        let found = self.hash(name).ok().flatten();
        ensure!(
            found.as_deref() == Some(sha256),
            "{key} = {sha256:?}: {} holds {}",
            self.find(name).display(),
            found.as_deref().unwrap_or("what ships; leave the key out")
        );
        Ok(())
    }

    fn hash(&self, name: &str) -> io::Result<Option<String>> {
        let path = self.find(name);
        // It is held against MNIST's own checksums whenever it is read.
        if path == self.folder.join(MNIST) {
            return Ok(None);
        }
        let mut digest = Sha256::new();
        if path.is_dir() {
            let files: io::Result<Vec<_>> =
                fs::read_dir(&path)?.map(|file| Ok(file?.path())).collect();
            let mut files: Vec<_> = files?.into_iter().filter(|file| file.is_file()).collect();
            files.sort();
            for file in files {
                let name = file.file_name().unwrap_or_default().to_string_lossy();
                digest.update(format!("{} {name} ", name.len()));
                digest.update(Sha256::digest(fs::read(&file)?));
            }
        } else {
            digest.update(fs::read(&path)?);
        }
        let digest = digest.finalize();
        let hash: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Some(hash).filter(|hash| !SHIPPED.contains(&hash.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_contents_have_another_hash_and_what_ships_has_none() {
        let dir = tempfile::tempdir().unwrap();
        let hash = || Contents::new(dir.path()).sha256("own");
        assert_eq!(hash(), None);
        let file = dir.path().join("own");
        fs::write(&file, "abc").unwrap();
        // As in FIPS 180-2.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash().as_deref(), Some(abc));
        let contents = Contents::new(dir.path());
        assert!(contents.check("own_sha256", "own", Some(abc)).is_ok());
        let error = contents.check("own_sha256", "own", Some("ab")).unwrap_err();
        assert!(error.to_string().contains("own_sha256") && error.to_string().contains(abc));
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        let mut seen = vec![hash()];
        for (name, text) in [("a", "1"), ("b", "1"), ("b", "2"), ("c", "")] {
            fs::write(file.join(name), text).unwrap();
            assert!(!seen.contains(&hash()), "{name} {text}");
            seen.push(hash());
        }
        let datasets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets");
        let ships = Contents::new(&datasets);
        for name in [
            "mnist",
            "encoder/mnist_vae.safetensors",
            "transformer/mnist_transformer.safetensors",
        ] {
            assert!(datasets.join(name).exists());
            assert_eq!(ships.sha256(name), None, "{name}");
        }
    }
}
