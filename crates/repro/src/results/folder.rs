//! The results of one profile on disk, and the published tables beside them.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use super::frame::Frame;
use super::provenance::Provenance;
use crate::paths::{Output, Repository};
use crate::profile::Profile;

/// What figures, comparisons and pages are made from: files, never memory.
pub struct Results {
    published: PathBuf,
    output: Output,
    profile: Profile,
}

impl Results {
    /// The results in a folder.
    pub fn new(repository: &Repository, output: &Output, profile: Profile) -> Self {
        Self {
            published: repository.published(),
            output: output.clone(),
            profile,
        }
    }

    /// The folder.
    pub fn output(&self) -> &Output {
        &self.output
    }

    /// The profile that the results were made with.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// `<experiment>.csv`: one row per run.
    pub fn runs(&self, experiment: &str) -> Result<Frame> {
        read(&self.output.runs_csv(experiment), experiment)
    }

    /// `<experiment>.<table>.csv`: several rows per run.
    pub fn table(&self, experiment: &str, table: &str) -> Result<Frame> {
        read(&self.output.table_csv(experiment, table), experiment)
    }

    /// A table of published values.
    pub fn published(&self, file: &str) -> Result<Frame> {
        Frame::read(&self.published.join(file))
    }

    /// What is known of the rows of `<experiment>.csv`; `None` where the file is missing.
    pub fn provenance(&self, experiment: &str) -> Result<Option<Provenance>> {
        Provenance::read(&self.output.provenance(experiment))
    }
}

fn read(path: &Path, experiment: &str) -> Result<Frame> {
    ensure!(
        path.exists(),
        "{} is not there: make it with `repro run` of the figure that needs {experiment}",
        path.display()
    );
    Frame::read(path)
}
