//! Settings that an experiment stands on: `base = "yin_yang"` takes those of `experiments/base/yin_yang.toml`, and
//! the file's own are laid over them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use serde_json::{Map, Value};

use crate::settings::plain;

/// What a base cannot have: it is settings and nothing else.
const NOT_SETTINGS: [&str; 7] = [
    "study", "about", "rank_by", "seeds", "points", "profile", "tune",
];

/// The settings of a file at `path`: its own, over those of the base that it names, if it names one. `bases` is
/// the folder of those that ship.
pub(super) fn over_base(
    mut own: Map<String, Value>,
    path: &Path,
    bases: &Path,
) -> Result<Map<String, Value>> {
    over(&mut own, path, bases, &mut Vec::new())?;
    Ok(own)
}

fn over(
    own: &mut Map<String, Value>,
    path: &Path,
    bases: &Path,
    below: &mut Vec<PathBuf>,
) -> Result<()> {
    let Some(name) = own.remove("base") else {
        return Ok(());
    };
    let base = find(&name, path, bases).context("key base")?;
    ensure!(
        !below.contains(&base),
        "key base: {} stands on itself",
        base.display()
    );
    below.push(base.clone());
    let mut settings = read(&base)?;
    over(&mut settings, &base, bases, below).with_context(|| base.display().to_string())?;
    lay(&mut settings, std::mem::take(own));
    *own = settings;
    Ok(())
}

/// The file of a base: one that ships, by its name, or the path of one's own from the file that names it.
fn find(name: &Value, path: &Path, bases: &Path) -> Result<PathBuf> {
    let Value::String(name) = name else {
        bail!("it is {name}, it must be a string");
    };
    if name.ends_with(".toml") {
        return Ok(path.parent().unwrap_or(Path::new("")).join(name));
    }
    let known = known(bases);
    ensure!(
        known.contains(name),
        "there is no base {name:?}; there are {} in {}, and one of your own is named by its path, \
         with .toml at the end",
        known.join(", "),
        bases.display()
    );
    Ok(bases.join(format!("{name}.toml")))
}

fn known(bases: &Path) -> Vec<String> {
    let files = fs::read_dir(bases).into_iter().flatten().flatten();
    let names = files.filter_map(|file| {
        let name = file.file_name().to_string_lossy().into_owned();
        Some(name.strip_suffix(".toml")?.to_owned())
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

fn read(path: &Path) -> Result<Map<String, Value>> {
    let context = || path.display().to_string();
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", context()))?;
    let table: toml::Table = text.parse().with_context(context)?;
    let settings = plain("", toml::Value::Table(table)).with_context(context)?;
    let Value::Object(settings) = settings else {
        return Err(anyhow!("{}: not a TOML table", context()));
    };
    for key in NOT_SETTINGS {
        ensure!(
            !settings.contains_key(key),
            "{}: key {key}: a base has settings only",
            context()
        );
    }
    Ok(settings)
}

/// Tables are merged; any other value replaces the one below.
fn lay(below: &mut Map<String, Value>, above: Map<String, Value>) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(Value::Object(below)), Value::Object(above)) => lay(below, above),
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn files(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(dir.path().join(name), text).unwrap();
        }
        dir
    }

    fn laid(dir: &Path, own: &str) -> Result<Value> {
        let own = plain("", toml::Value::Table(own.parse().unwrap()))?;
        let own = own.as_object().unwrap().clone();
        Ok(over_base(own, &dir.join("study.toml"), dir)?.into())
    }

    #[test]
    fn settings_are_laid_over_those_of_the_base() {
        let dir = files(&[
            ("a.toml", "[network]\ng = 1\nh = [1, 2]"),
            ("b.toml", "base = 'a'\nx = 3\n[network]\ng = 4"),
        ]);
        let own = "base = 'b'\n[network]\nh = [5]\n[training]\nepochs = 6";
        assert_eq!(
            laid(dir.path(), own).unwrap(),
            json!({"network": {"g": 4, "h": [5]}, "x": 3, "training": {"epochs": 6}})
        );
        let own = "base = 'a.toml'\nnetwork = 1";
        assert_eq!(laid(dir.path(), own).unwrap(), json!({"network": 1}));
    }

    #[test]
    fn mistakes_are_named() {
        let dir = files(&[
            ("yin_yang.toml", "[network]"),
            ("round.toml", "base = 'about.toml'"),
            ("about.toml", "base = 'round'"),
            ("study_in.toml", "study = 'yinyang'"),
            ("bad.toml", "x ="),
        ]);
        for (own, words) in [
            ("base = 'yinyang'", ["yinyang", "yin_yang"]),
            ("base = 3", ["base", "string"]),
            ("base = 'no.toml'", ["cannot read", "no.toml"]),
            ("base = 'round'", ["round.toml", "itself"]),
            ("base = 'study_in'", ["study_in.toml", "study"]),
            ("base = 'bad'", ["bad.toml", "line 1"]),
        ] {
            let message = format!("{:#}", laid(dir.path(), own).unwrap_err());
            for word in words {
                assert!(message.contains(word), "{own}: {word}: {message}");
            }
        }
    }

    #[test]
    fn the_shipped_base_is_the_published_network() {
        let bases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/base");
        let settings = laid(&bases, "base = 'yin_yang'").unwrap();
        let network: microcircuit::NetworkParams =
            serde_json::from_value(settings["network"].clone()).unwrap();
        assert_eq!(network, microcircuit::NetworkParams::yin_yang());
        assert_eq!(settings.as_object().unwrap().len(), 1);
    }
}
