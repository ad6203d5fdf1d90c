//! Why a worker is another one at the head than at its base.

use std::collections::{BTreeMap, BTreeSet};

use toml::Table;

use super::{
    closure::{Built, Workspace},
    git::Git,
    included::Included,
    manifests,
    places::{self, Place},
    report::{Kind, Reason},
};
use crate::failure::Failure;

/// What differs between two commits, before anybody asks whose it is.
pub(super) struct Difference {
    files: Vec<String>,
    /// Manifests in which nothing differs that is built; a source that includes one has another text all the same.
    unbuilt: Vec<String>,
    /// Base and head.
    manifests: Option<(Table, Table)>,
    /// What there was to build of.
    base: Workspace,
    /// Chart values that differ, with their texts at both ends.
    values: BTreeMap<String, String>,
}

impl Difference {
    pub(super) fn between(git: &Git<'_>, base: &str, head: &str) -> Result<Self, Failure> {
        let base_workspace = Workspace::of(git, base)?;
        let mut difference = Self {
            files: Vec::new(),
            unbuilt: Vec::new(),
            manifests: None,
            values: BTreeMap::new(),
            base: base_workspace,
        };
        for path in git.differing(base, head)? {
            let is_built = difference.read(git, &path, (base, head))?;
            if is_built { &mut difference.files } else { &mut difference.unbuilt }.push(path);
        }
        Ok(difference)
    }

    /// Looks into a file whose contents decide; whether anything differs in it that is built.
    fn read(&mut self, git: &Git<'_>, path: &str, (base, head): (&str, &str)) -> Result<bool, Failure> {
        let texts = || Ok((git.file(base, path)?, git.file(head, path)?));
        let tables = || {
            let (before, after) = texts()?;
            let before = before.map(|text| manifests::parse(&text, path, base)).transpose()?;
            Ok((before, after.map(|text| manifests::parse(&text, path, head)).transpose()?))
        };
        match places::outside(path) {
            Place::Manifest => {
                if let (Some(before), Some(after)) = tables()? {
                    self.manifests = Some((before, after));
                }
            }
            Place::Values => {
                let (before, after) = texts()?;
                self.values
                    .insert(path.to_owned(), [before, after].into_iter().flatten().collect::<Vec<_>>().join("\n"));
            }
            Place::Configuration => {
                let (before, after) = tables()?;
                return Ok(manifests::configuration_differs(before.as_ref(), after.as_ref()));
            }
            Place::Other if path.ends_with("/Cargo.toml") => {
                if let (Some(before), Some(after)) = tables()? {
                    return Ok(manifests::crate_differs(&before, &after));
                }
            }
            Place::Other | Place::Toolchain | Place::Image | Place::Chart => {}
        }
        Ok(true)
    }
}

/// The reasons for one worker, the nearest first; none when it is what it was.
pub(super) fn of(built: &Built, workspace: &Workspace, difference: &Difference) -> Result<Vec<Reason>, Failure> {
    let before = difference.base.built_of(&built.package);
    if before.names().is_empty() {
        return Ok(vec![Reason { kind: Kind::Base, what: format!("{} is new", built.package), files: Vec::new() }]);
    }
    let mut reasons = crates(built, workspace, difference)?;
    let mut because = |kind, what: String, files: &[&str]| {
        let files = files.iter().map(|&path| path.to_owned()).collect();
        reasons.push(Reason { kind, what, files });
    };
    let places = difference.files.iter().map(|path| (places::outside(path), path.as_str()));
    let of_place = |wanted: Place| places.clone().filter(move |(place, _)| *place == wanted).map(|(_, path)| path);

    let ours: BTreeSet<String> = workspace.folders().into_keys().collect();
    for change in built.graph.changes_since(&before, &ours) {
        because(Kind::Dependency, change, &[]);
    }
    for path in of_place(Place::Manifest) {
        let Some((base, head)) = &difference.manifests else {
            because(Kind::Workspace, "the workspace's manifest came or went".to_owned(), &[path]);
            continue;
        };
        let differing = manifests::workspace(base, head);
        if let Some((before, after)) = differing.rust {
            because(Kind::Toolchain, format!("rust-version {before} -> {after}"), &[path]);
        }
        for part in differing.parts {
            because(Kind::Workspace, format!("{part} changed"), &[path]);
        }
    }
    for path in of_place(Place::Configuration) {
        because(Kind::Workspace, "cargo's configuration changed".to_owned(), &[path]);
    }
    for path in of_place(Place::Toolchain) {
        because(Kind::Toolchain, "the toolchain changed".to_owned(), &[path]);
    }
    let image: Vec<&str> = of_place(Place::Image).collect();
    if !image.is_empty() {
        because(Kind::Image, "the image's build changed".to_owned(), &image);
    }
    let chart: Vec<&str> = of_place(Place::Chart).collect();
    if !chart.is_empty() {
        because(Kind::Chart, "the chart changed".to_owned(), &chart);
    }
    for (path, _) in difference.values.iter().filter(|(_, text)| names(text, &built.name)) {
        because(Kind::Chart, "its values changed".to_owned(), &[path]);
    }
    Ok(reasons)
}

/// A reason for each crate of the closure with a changed file, or that includes one.
fn crates(built: &Built, workspace: &Workspace, difference: &Difference) -> Result<Vec<Reason>, Failure> {
    let folders = workspace.folders();
    let mut changed: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    // Whose file it is says nothing of who includes it: a template is a product, and a text of the command.
    let mut aside: Vec<&String> = difference.unbuilt.iter().collect();
    for path in &difference.files {
        // The innermost one, for a contract lies in its product's folder.
        let within = |folder: &str| path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
        let owner = folders.iter().filter_map(|(name, folder)| Some((name, folder.len(), within(folder)?)));
        let owner = owner.max_by_key(|(_, length, _)| *length).filter(|(_, _, inside)| !places::is_aside(inside));
        match owner.and_then(|(name, ..)| built.crates.get_key_value(name)) {
            Some((name, _)) => changed.entry(name).or_default().push(path.clone()),
            None => aside.push(path),
        }
    }
    if !aside.is_empty() {
        for (name, folder) in &built.crates {
            let included = Included::by(workspace.root(), folder)?;
            for path in aside.iter().filter(|path| included.has(path)) {
                changed.entry(name).or_default().push((*path).clone());
            }
        }
    }
    let reason =
        |(name, files): (&str, Vec<String>)| Reason { kind: Kind::Crate, what: format!("{name} changed"), files };
    Ok(changed.into_iter().map(reason).collect())
}

/// Whether a text has the name as a word of its own.
fn names(text: &str, name: &str) -> bool {
    let inside = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '_';
    text.match_indices(name)
        .any(|(at, _)| !text[..at].ends_with(inside) && !text[at + name.len()..].starts_with(inside))
}
