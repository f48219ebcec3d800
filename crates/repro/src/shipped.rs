//! Experiments and data sets inside the program, for where there is no checkout.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context as _, Result};
use include_dir::{Dir, DirEntry};
use sha2::{Digest as _, Sha256};

/// Folders of a checkout, by name, as they were when the program was built.
#[derive(Clone, Copy, Debug)]
pub struct Shipped(pub &'static [(&'static str, Dir<'static>)]);

/// What the program that runs has inside; nothing in tests.
static SHIPPED: OnceLock<Shipped> = OnceLock::new();

/// Says what the program has inside. To be called once, before everything else.
pub(crate) fn ship(shipped: Shipped) {
    SHIPPED.get_or_init(|| shipped);
}

/// The folder of what the program has inside: unpacked into the user's cache the first time, and found there afterwards.
///
/// The folder's name is a digest of its contents, so that two versions of the program do not read each other's.
pub(crate) fn unpacked() -> Result<Option<PathBuf>> {
    let Some(shipped) = SHIPPED.get() else {
        return Ok(None);
    };
    let cache = cache();
    let root = cache.join(shipped.digest());
    if !root.is_dir() {
        shipped.unpack(&cache, &root).with_context(|| {
            format!(
                "{}: could not unpack experiments and data sets; set XDG_CACHE_HOME to a folder that can be written to, \
                 or run this inside a checkout of the project",
                root.display()
            )
        })?;
    }
    Ok(Some(root))
}

fn cache() -> PathBuf {
    let of = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let home = || of("HOME").map(|home| Path::new(&home).join(".cache"));
    let base = of("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
    base.unwrap_or_else(std::env::temp_dir).join("repro")
}

impl Shipped {
    /// Of names and contents.
    fn digest(self) -> String {
        fn add(digest: &mut Sha256, dir: &Dir<'_>) {
            for entry in dir.entries() {
                match entry {
                    DirEntry::Dir(dir) => add(digest, dir),
                    DirEntry::File(file) => {
                        digest.update(file.path().to_string_lossy().as_bytes());
                        digest.update(file.contents().len().to_le_bytes());
                        digest.update(file.contents());
                    }
                }
            }
        }
        let mut digest = Sha256::new();
        for (name, dir) in self.0 {
            digest.update(name.as_bytes());
            add(&mut digest, dir);
        }
        let bytes = digest.finalize();
        bytes[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// Under another name first: whoever sees the folder sees all of it.
    fn unpack(self, cache: &Path, root: &Path) -> io::Result<()> {
        let partial = cache.join(format!("{}.partial", std::process::id()));
        for (name, dir) in self.0 {
            let into = partial.join(name);
            std::fs::create_dir_all(&into)?;
            dir.extract(&into)?;
        }
        match std::fs::rename(&partial, root) {
            // Another process was first.
            Err(_) if root.is_dir() => std::fs::remove_dir_all(&partial),
            result => result,
        }
    }
}
