//! Places that output is told to go to: files that are whole at any moment, and whatever else takes bytes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// Somewhere to write to. A file appears under its name when it is finished, and not at all if it never is; a link
/// is followed, and stays. What is no file (a pipe, a device) is written straight into; `-` is standard output.
pub(crate) struct Sink {
    told: PathBuf,
    writer: BufWriter<Box<dyn Write>>,
    /// The neighbour that holds the bytes until they are whole, and the file that it becomes.
    partial: Option<(PathBuf, PathBuf)>,
}

impl Sink {
    /// Begins to write, so that a place that cannot be written is known at once.
    pub(crate) fn create(told: &Path) -> Result<Self> {
        Self::begin(told).with_context(|| format!("cannot write {}", told.display()))
    }

    fn begin(told: &Path) -> io::Result<Self> {
        let into = |writer: Box<dyn Write>, partial| Self {
            told: told.to_owned(),
            writer: BufWriter::new(writer),
            partial,
        };
        if is_stdout(told) {
            return Ok(into(Box::new(io::stdout()), None));
        }
        let is_special = match fs::metadata(told) {
            Ok(found) if found.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(found) => !found.is_file(),
            Err(_) => false,
        };
        // Names of open files look like links.
        if is_special || told.starts_with("/dev") || told.starts_with("/proc") {
            let place = OpenOptions::new().append(true).open(told)?;
            return Ok(into(Box::new(place), None));
        }
        let target = followed(told)?;
        if let Some(dir) = target.parent() {
            fs::create_dir_all(dir)?;
        }
        let (partial, file) = neighbour(&target)?;
        Ok(into(Box::new(file), Some((partial, target))))
    }

    /// Completes what was written.
    pub(crate) fn finish(mut self) -> Result<()> {
        let told = self.told.clone();
        self.complete()
            .with_context(|| format!("cannot write {}", told.display()))
    }

    fn complete(&mut self) -> io::Result<()> {
        self.writer.flush()?;
        if let Some((partial, target)) = &self.partial {
            File::open(partial)?.sync_all()?;
            fs::rename(partial, target)?;
            self.partial = None;
        }
        Ok(())
    }
}

/// A new file beside another one. A process on another machine may have the same number.
fn neighbour(target: &Path) -> io::Result<(PathBuf, File)> {
    for n in 0.. {
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.{n}.partial", std::process::id()));
        let path = target.with_file_name(name);
        match File::create_new(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            file => return Ok((path, file?)),
        }
    }
    unreachable!("there are more numbers than files")
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        if let Some((partial, _)) = &self.partial {
            // There is nobody left to tell.
            let _ = fs::remove_file(partial);
        }
    }
}

/// Whether this path is standard output. A file that it is redirected to must not be opened once more.
pub(crate) fn is_stdout(path: &Path) -> bool {
    ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"]
        .map(Path::new)
        .contains(&path)
}

/// Where links lead, whether or not anything is there.
fn followed(path: &Path) -> io::Result<PathBuf> {
    const MOST: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..MOST {
        match fs::read_link(&path) {
            Ok(target) => path = path.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("the links lead round in a circle"))
}

/// Writes a file at once, unless it holds these very bytes.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let is_file = fs::metadata(path).is_ok_and(|found| found.is_file());
    if is_file && fs::read(path).is_ok_and(|found| found == bytes) {
        return Ok(());
    }
    let mut sink = Sink::create(path)?;
    let written = sink.write_all(bytes);
    written.with_context(|| format!("cannot write {}", path.display()))?;
    sink.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn who_reads_a_file_while_it_is_written_sees_the_old_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/table.csv");
        write_atomically(&path, b"old, and longer").unwrap();
        let mut open = fs::File::open(&path).unwrap();
        write_atomically(&path, b"new").unwrap();
        let mut seen = String::new();
        open.read_to_string(&mut seen).unwrap();
        assert_eq!(seen, "old, and longer");
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn links_are_followed_and_stay() {
        let dir = tempfile::tempdir().unwrap();
        let [link, second, target] = ["link", "second", "deep/target"].map(|n| dir.path().join(n));
        std::os::unix::fs::symlink("second", &link).unwrap();
        std::os::unix::fs::symlink("deep/target", &second).unwrap();
        for text in ["one", "two"] {
            write_atomically(&link, text.as_bytes()).unwrap();
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            assert_eq!(fs::read_to_string(&target).unwrap(), text);
        }
        std::os::unix::fs::symlink("round", dir.path().join("round")).unwrap();
        let error = write_atomically(&dir.path().join("round"), b"x").unwrap_err();
        assert!(format!("{error:#}").contains("circle"), "{error:#}");
    }

    #[test]
    fn what_is_never_finished_never_was() {
        let dir = tempfile::tempdir().unwrap();
        let mut sink = Sink::create(&dir.path().join("table.csv")).unwrap();
        sink.write_all(b"half a").unwrap();
        drop(sink);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
