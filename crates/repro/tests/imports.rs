//! Files import downwards only: no circles of imports inside a crate.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Crates without circles.
const CRATES: [&str; 5] = ["repro", "tasks", "astro", "microcircuit", "vecmath"];

/// A module's path from the root of its crate.
type Module = Vec<String>;

/// The files of a crate by their modules.
struct Sources(BTreeMap<Module, String>);

impl Sources {
    fn read(src: &Path) -> Self {
        let mut files = BTreeMap::new();
        collect(src, src, &mut files);
        Self(files)
    }

    /// Files that can be reached from themselves, each with where it leads.
    fn circles(&self) -> Vec<String> {
        let edges: BTreeMap<&Module, BTreeSet<Module>> = self
            .0
            .keys()
            .map(|file| (file, self.imports(file)))
            .collect();
        let reached = |from: &Module| {
            let mut seen = BTreeSet::new();
            let mut open = vec![from.clone()];
            while let Some(file) = open.pop() {
                let next = edges[&file].iter().cloned();
                open.extend(next.filter(|next| seen.insert(next.clone())));
            }
            seen
        };
        let back = edges.keys().filter(|file| reached(file).contains(**file));
        back.map(|file| {
            let next = edges[*file]
                .iter()
                .filter(|next| reached(next).contains(*file));
            let names: Vec<String> = next.map(|m| m.join("/")).collect();
            format!("{} → {}", file.join("/"), names.join(", "))
        })
        .collect()
    }

    /// The files whose items a file uses.
    fn imports(&self, file: &Module) -> BTreeSet<Module> {
        let text = &self.0[file];
        let named = uses(text).into_iter().map(|(path, _)| path);
        let all = named
            .chain(inline(text))
            .filter_map(|path| self.resolve(file, &path, 8));
        all.filter(|target| target != file).collect()
    }

    /// The file that defines what a path names, as seen from `file`; re-exports are followed.
    fn resolve(&self, file: &Module, path: &[String], depth: usize) -> Option<Module> {
        let mut at = file.clone();
        let mut rest = path;
        match rest.first().map(String::as_str) {
            Some("crate") => (at, rest) = (Vec::new(), &rest[1..]),
            Some("self") => rest = &rest[1..],
            Some("super") => {
                while rest.first().is_some_and(|part| part == "super") {
                    at.pop();
                    rest = &rest[1..];
                }
            }
            Some(first) => {
                let child = [at.as_slice(), &[first.to_owned()]].concat();
                self.0.get(&child)?;
            }
            None => return None,
        }
        while let Some(part) = rest.first() {
            let child = [at.as_slice(), std::slice::from_ref(part)].concat();
            if !self.0.contains_key(&child) {
                let exported = uses(&self.0[&at])
                    .into_iter()
                    .find(|(_, name)| name == part);
                let followed = exported
                    .filter(|_| depth > 0)
                    .and_then(|(path, _)| self.resolve(&at, &path, depth - 1));
                return Some(followed.unwrap_or(at));
            }
            (at, rest) = (child, &rest[1..]);
        }
        Some(at)
    }
}

fn collect(dir: &Path, src: &Path, files: &mut BTreeMap<Module, String>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, src, files);
        } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("main.rs") {
            let relative = path.strip_prefix(src).unwrap().with_extension("");
            let mut module: Module = relative
                .iter()
                .map(|part| part.to_string_lossy().into_owned())
                .collect();
            if module
                .last()
                .is_some_and(|name| name == "mod" || name == "lib")
            {
                module.pop();
            }
            files.insert(module, code(&fs::read_to_string(&path).unwrap()));
        }
    }
}

/// A file without comments, without its tests, and without the places in `pub(in …)`.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    let text = lines.collect::<Vec<_>>().join("\n");
    let mut parts = text.split("pub(in ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| {
        let rest = part.split_once(')').map_or(part, |(_, rest)| rest);
        format!("{all}pub{rest}")
    })
}

/// Every path in a `use`, with the name that it has afterwards.
fn uses(text: &str) -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    for statement in text.split(';') {
        let word = statement.rfind("use ").filter(|&at| {
            let before = statement[..at].trim_end();
            before.is_empty() || before.ends_with(['}', ']', ')']) || before.ends_with("pub")
        });
        if let Some(at) = word {
            expand("", &statement[at + 4..], &mut found);
        }
    }
    found
}

fn expand(prefix: &str, tree: &str, found: &mut Vec<(Vec<String>, String)>) {
    let tree = tree.trim();
    if let Some((path, rest)) = tree.split_once('{') {
        let inside = rest.rsplit_once('}').map_or(rest, |(inside, _)| inside);
        let prefix = format!("{prefix}{}", path.trim());
        let mut depth = 0;
        let parts = inside.split(|c| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            c == ',' && depth == 0
        });
        for part in parts.filter(|part| !part.trim().is_empty()) {
            expand(&prefix, part, found);
        }
        return;
    }
    let (path, name) = tree.split_once(" as ").unwrap_or((tree, ""));
    let full = format!("{prefix}{}", path.trim());
    let mut parts: Vec<String> = full
        .split("::")
        .map(|part| part.trim().to_owned())
        .collect();
    if parts.len() > 1 {
        parts.retain(|part| part != "self");
    }
    let last = parts.last().cloned().unwrap_or_default();
    let name = if name.is_empty() {
        last
    } else {
        name.trim().to_owned()
    };
    found.push((parts, name));
}

/// Paths of several parts in the code itself.
fn inline(text: &str) -> Vec<Vec<String>> {
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let words = text
        .split(|c| !is_path(c))
        .filter(|word| word.contains("::") && !word.ends_with(':'));
    words
        .map(|word| word.split("::").map(str::to_owned).collect())
        .collect()
}

#[test]
fn no_file_imports_itself_by_way_of_others() {
    for name in CRATES {
        let src = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("..")
            .join(name)
            .join("src");
        let circles = Sources::read(&src).circles();
        assert!(circles.is_empty(), "{name}:\n{}", circles.join("\n"));
    }
}

#[test]
fn circles_are_found_and_re_exports_are_followed() {
    let circles = |files: &[(&str, &str)]| {
        let module = |path: &str| {
            path.split('/')
                .filter(|p| !p.is_empty())
                .map(str::to_owned)
                .collect()
        };
        Sources(
            files
                .iter()
                .map(|(path, text)| (module(path), code(text)))
                .collect(),
        )
        .circles()
    };
    let facade = ("a", "mod b;\nmod c;\npub use c::{C, D as E};");
    let leaf = ("a/c", "pub struct C;\npub struct D;");
    let none = circles(&[("", "mod a;"), facade, leaf, ("a/b", "use super::{C, E};")]);
    assert!(none.is_empty(), "{none:?}");
    let registry = ("a", "mod b;\nconst ALL: [u8; 1] = [b::X];\npub struct T;");
    let found = circles(&[
        ("", "mod a;"),
        registry,
        ("a/b", "use super::T;\npub const X: u8 = 0;"),
    ]);
    assert_eq!(found, ["a → a/b", "a/b → a"]);
}
