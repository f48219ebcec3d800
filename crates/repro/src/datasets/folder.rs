//! The folder of data sets that runs are handed.

use std::any::Any;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};

use super::contents::{Contents, MNIST};
use super::digits::Digits;
use super::form::Form;
use super::patterns::Patterns;
use super::samples::Sets;

/// A folder of data sets, and what has been read of it: every run of a command is handed the same one.
pub struct DataSets {
    folder: PathBuf,
    contents: Contents,
    /// Where files are kept that take long to make from the data.
    made: Option<PathBuf>,
    read: Mutex<HashMap<String, Slot>>,
}

/// Something read, or being read: whoever else needs it waits.
type Slot = Arc<Mutex<Option<Arc<dyn Any + Send + Sync>>>>;

impl DataSets {
    /// Data sets in this folder.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            contents: Contents::new(folder),
            made: None,
            read: Mutex::default(),
        }
    }

    /// Keeps what takes long to make in this folder.
    pub(crate) fn keeping(self, made: PathBuf) -> Self {
        Self {
            made: Some(made),
            ..self
        }
    }

    /// Where something that takes long to make is kept, and found again.
    pub(crate) fn made(&self, name: &str) -> Option<PathBuf> {
        Some(self.made.as_ref()?.join(name))
    }

    /// A file or folder of this name in the folder, or else where the program runs.
    pub(crate) fn find(&self, name: &str) -> PathBuf {
        self.contents.find(name)
    }

    /// What the files hold.
    pub(crate) fn contents(&self) -> &Contents {
        &self.contents
    }

    /// Images of this name, read once.
    ///
    /// # Errors
    /// A file that is missing or damaged; `mnist` of the folder if it is not MNIST.
    pub(crate) fn images(&self, name: &str) -> Result<Arc<Digits>> {
        let path = self.find(name);
        self.shared(&format!("images {}", path.display()), || {
            let digits = Digits::read(&path)?;
            ensure!(
                digits.is_mnist || path != self.folder.join(MNIST),
                "{}: these files are not MNIST's own; put other images into a folder of another name",
                path.display()
            );
            Ok(digits)
        })
    }

    /// Samples of this name, images or others, read once.
    ///
    /// # Errors
    /// As [`Self::images`].
    pub(crate) fn patterns(&self, name: &str) -> Result<Arc<Patterns>> {
        let path = self.find(name);
        self.shared(&format!("patterns {}", path.display()), || {
            Ok(match Form::of(&path)? {
                Form::Idx => Patterns::Images(self.images(name)?),
                form => Patterns::Samples(Sets::read(&path, form)?),
            })
        })
    }

    /// What `key` names, made once; others that need it wait rather than make it again.
    pub(crate) fn shared<T: Send + Sync + 'static>(
        &self,
        key: &str,
        make: impl FnOnce() -> Result<T>,
    ) -> Result<Arc<T>> {
        let slot = {
            let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(read.entry(key.to_owned()).or_default())
        };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let any = match &*slot {
            Some(any) => Arc::clone(any),
            None => {
                let made: Arc<dyn Any + Send + Sync> = Arc::new(make()?);
                Arc::clone(slot.insert(made))
            }
        };
        any.downcast()
            .ok()
            .with_context(|| format!("{key:?} names two kinds of data"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shared_is_made_once_and_made_again_after_a_failure() {
        let data = DataSets::new(Path::new("nowhere"));
        let fails = data.shared::<usize>("a", || anyhow::bail!("not yet"));
        assert!(fails.is_err());
        let nested = || data.shared("b", || Ok(1_usize)).map(|b| *b + 1);
        assert_eq!(*data.shared("a", nested).unwrap(), 2);
        assert_eq!(*data.shared("a", || Ok(7_usize)).unwrap(), 2);
        assert!(data.shared("a", || Ok(String::new())).is_err());
    }
}
