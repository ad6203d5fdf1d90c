//! Files that a crate's source takes in by `include_str!` and its like: they count wherever they lie.

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};

use super::places;
use crate::failure::Failure;

const MACROS: [&str; 3] = ["include_str!(", "include_bytes!(", "include!("];

/// The files that the crate in this folder includes, by their path from the root. Read as text, for macros stand in
/// macros; what rustdoc alone reads is left out.
pub(super) fn by(root: &Path, folder: &str) -> Result<BTreeSet<String>, Failure> {
    let mut included = BTreeSet::new();
    visit(root, &root.join(folder), folder, &mut included)?;
    Ok(included)
}

fn visit(root: &Path, folder: &Path, package: &str, included: &mut BTreeSet<String>) -> Result<(), Failure> {
    let failed = |source| Failure::Read { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let from_package = path.strip_prefix(root.join(package)).unwrap_or(&path).to_string_lossy().into_owned();
        if path.is_dir() {
            // Another crate's folder may lie in this one's.
            if !path.join("Cargo.toml").is_file() {
                visit(root, &path, package, included)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") && !places::is_aside(&from_package) {
            let text = fs::read_to_string(&path).map_err(|source| Failure::Read { path: path.clone(), source })?;
            included.extend(arguments(&text).filter_map(|argument| from_root(root, folder, package, argument)));
        }
    }
    Ok(())
}

/// What stands between the brackets of each such macro.
fn arguments(text: &str) -> impl Iterator<Item = &str> {
    MACROS.iter().flat_map(move |name| {
        text.match_indices(name).filter_map(move |(at, _)| {
            let line = text[..at].rsplit('\n').next().unwrap_or_default().trim_start();
            let rest = &text[at + name.len()..];
            // To the first bracket that ends it: of a macro in its argument, or its own.
            let argument = &rest[..rest.find('\n').unwrap_or(rest.len())];
            (!line.starts_with("#[doc") && !line.starts_with("#![doc")).then_some(argument)
        })
    })
}

/// The path of the file that is meant: a literal is relative to the source file, what is put together from
/// CARGO_MANIFEST_DIR to its crate.
fn from_root(root: &Path, folder: &Path, package: &str, argument: &str) -> Option<String> {
    let literal = argument.rsplit('"').nth(1)?;
    let path = if argument.contains("CARGO_MANIFEST_DIR") {
        root.join(package).join(literal.trim_start_matches('/'))
    } else {
        folder.join(literal)
    };
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    Some(plain.strip_prefix(root).ok()?.to_string_lossy().into_owned())
}
