//! Where everything lies. No other module spells out a path of the repository.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, bail};
use sha2::{Digest as _, Sha256};

use crate::datasets::Contents;
use crate::profile::Profile;
use crate::shipped::unpacked;

/// The checkout that the program works on, or the like of it that the program has inside: experiments, data sets and
/// published values are read from it.
#[derive(Clone, Debug)]
pub struct Repository {
    root: PathBuf,
    /// Where output goes that nothing else is said of: inside the checkout, or where one stands outside of it.
    output: PathBuf,
    contents: Arc<Contents>,
}

impl Repository {
    /// Finds the checkout: the nearest folder at or above the current one that holds `experiments/` and `datasets/`, else
    /// what the program has [inside](crate::shipped).
    pub fn find() -> Result<Self> {
        let here = std::env::current_dir()?;
        let is_root = |p: &&Path| p.join("experiments").is_dir() && p.join("datasets").is_dir();
        if let Some(root) = here.ancestors().find(is_root) {
            return Ok(Self::with(root.canonicalize()?, root.join("figures")));
        }
        match unpacked()? {
            Some(root) => Ok(Self::with(root, here.join("figures"))),
            None => bail!(
                "found no folder with experiments/ and datasets/ at or above {}: \
                 run this inside a checkout of the project",
                here.display()
            ),
        }
    }

    fn with(root: PathBuf, output: PathBuf) -> Self {
        Self {
            contents: Arc::new(Contents::new(&root.join("datasets"))),
            root,
            output,
        }
    }

    /// A checkout at this place, whatever is there.
    #[cfg(test)]
    pub(crate) fn at(root: &Path) -> Self {
        Self::with(root.to_owned(), root.join("figures"))
    }

    /// The top of the checkout.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `experiments/<name>.toml`.
    pub fn experiment(&self, name: &str) -> PathBuf {
        self.root.join("experiments").join(format!("{name}.toml"))
    }

    /// All of `experiments/*.toml`, in the order of their names.
    pub(crate) fn experiments(&self) -> Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(self.root.join("experiments"))? {
            let path = entry?.path();
            if path.extension().is_some_and(|end| end == "toml") {
                files.push(path);
            }
        }
        files.sort();
        Ok(files)
    }

    /// `experiments/base/`: settings that experiments stand on.
    pub fn bases(&self) -> PathBuf {
        self.root.join("experiments").join("base")
    }

    /// `datasets/`: what ships.
    pub fn datasets(&self) -> PathBuf {
        self.root.join("datasets")
    }

    /// What the files of data hold.
    pub fn contents(&self) -> &Arc<Contents> {
        &self.contents
    }

    /// `datasets/<name>`: a data set that ships.
    pub fn dataset(&self, name: &str) -> PathBuf {
        self.datasets().join(name)
    }

    /// `datasets/published/`: tables of published values.
    pub fn published(&self) -> PathBuf {
        self.dataset("published")
    }

    /// The default place of all output: `figures/` of the checkout that one stands in, or else of the folder.
    pub fn figures(&self) -> &Path {
        &self.output
    }
}

/// Where one profile's results go.
#[derive(Clone, Debug)]
pub struct Output {
    dir: PathBuf,
}

impl Output {
    /// `<base>/<profile>`.
    pub fn new(base: &Path, profile: Profile) -> Self {
        Self {
            dir: base.join(profile.name()),
        }
    }

    /// A folder beside this one, whose name says in which settings its results differ; this one if in none.
    pub(crate) fn changed(&self, changes: &[impl ToString]) -> Self {
        let mut name = self.dir.file_name().unwrap_or_default().to_os_string();
        for change in changes.iter().map(ToString::to_string) {
            let plain = |c: char| c.is_alphanumeric() || "._=-".contains(c);
            let mut said: String = change.chars().filter(|c| plain(*c)).take(60).collect();
            if said != change {
                let digest = Sha256::digest(change.as_bytes());
                said += &format!("~{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2]);
            }
            name.push(format!("+{said}"));
        }
        Self {
            dir: self.dir.with_file_name(name),
        }
    }

    /// Exactly this folder.
    pub fn at(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
        }
    }

    /// The folder itself.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// `<id>.svg` or `<id>.png`.
    pub fn figure(&self, id: &str, extension: &str) -> PathBuf {
        self.dir.join(format!("{id}.{extension}"))
    }

    /// The folder of the CSV files.
    pub fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// `data/<experiment>.csv`, one row per run.
    pub fn runs_csv(&self, experiment: &str) -> PathBuf {
        self.data().join(format!("{experiment}.csv"))
    }

    /// `data/<experiment>.<table>.csv`, several rows per run.
    pub fn table_csv(&self, experiment: &str, table: &str) -> PathBuf {
        self.data().join(format!("{experiment}.{table}.csv"))
    }

    /// File names of the CSV files of an experiment.
    pub(crate) fn tables(&self, experiment: &str) -> std::io::Result<Vec<String>> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(self.data())? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let rest = name.strip_prefix(experiment);
            if rest.is_some_and(|rest| rest.starts_with('.') && rest.ends_with(".csv")) {
                files.push(name);
            }
        }
        files.sort();
        Ok(files)
    }

    /// `<experiment>.summary.csv`, one row per point of a sweep.
    pub fn summary(&self, experiment: &str) -> PathBuf {
        self.dir.join(format!("{experiment}.summary.csv"))
    }

    /// `<experiment>.trials.csv`, one row per trial and rung of a search.
    pub fn trials(&self, experiment: &str) -> PathBuf {
        self.dir.join(format!("{experiment}.trials.csv"))
    }

    /// `<experiment>-best.toml`, a study of the best point of a search.
    pub fn best(&self, experiment: &str) -> PathBuf {
        self.dir.join(format!("{experiment}-best.toml"))
    }

    /// `data/<experiment>.provenance.toml`.
    pub fn provenance(&self, experiment: &str) -> PathBuf {
        self.data().join(format!("{experiment}.provenance.toml"))
    }

    /// The journal of an experiment, or of a share of its runs.
    pub(crate) fn journal(&self, experiment: &str, shard: Option<(usize, usize)>) -> PathBuf {
        self.journals().join(share(experiment, shard) + ".jsonl")
    }

    /// The lock beside it.
    pub(crate) fn lock(&self, experiment: &str, shard: Option<(usize, usize)>) -> PathBuf {
        self.journals().join(share(experiment, shard) + ".lock")
    }

    /// The lock of a share of what a search does next.
    pub(crate) fn share_lock(&self, experiment: &str, of: (usize, usize)) -> PathBuf {
        self.journals()
            .join(share(experiment, Some(of)) + ".next.lock")
    }

    /// The folder of the states of paused runs of an experiment.
    pub(crate) fn paused(&self, experiment: &str) -> PathBuf {
        self.journals().join("paused").join(experiment)
    }

    /// The folder of files that runs made and will need again, as trained autoencoders.
    pub(crate) fn made(&self) -> PathBuf {
        self.journals().join("made")
    }

    /// The folder of the journals that make a run resumable.
    pub fn journals(&self) -> PathBuf {
        self.dir.join("runs")
    }
}

fn share(experiment: &str, shard: Option<(usize, usize)>) -> String {
    match shard {
        Some((index, count)) => format!("{experiment}.{index}of{count}"),
        None => experiment.to_owned(),
    }
}
