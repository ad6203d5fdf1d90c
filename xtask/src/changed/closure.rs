//! The workers of a tree, and what each is built of, by cargo's own resolution.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::Stdio,
};

use cargo_metadata::{Metadata, MetadataCommand, Package};
use mainspring_servers::process::cargo;

use crate::{failure::Failure, repository::output};

/// Packages below this folder that have a binary are workers; the management command is deployed like one.
const WORKERS: &str = "workers/";
/// What images are built for. A dependency of another system is no reason.
const TARGETS: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];

/// The workspace of a tree of files.
pub(super) struct Workspace {
    root: PathBuf,
    metadata: Metadata,
}

/// A worker, and what its binary is built of.
pub(super) struct Built {
    /// The binary, which is the name of its image and of its ref too.
    pub(super) name: String,
    pub(super) package: String,
    /// The crates of this workspace, and their folders.
    pub(super) crates: BTreeMap<String, String>,
    /// All packages, with their versions.
    pub(super) packages: BTreeSet<(String, String)>,
}

impl Workspace {
    pub(super) fn load(root: &Path) -> Result<Self, Failure> {
        // As cargo gives it back: without symbolic links.
        let root = root.canonicalize().map_err(|source| Failure::Read { path: root.to_owned(), source })?;
        let mut command = cargo();
        command.args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(&root).stdin(Stdio::null());
        let metadata = MetadataCommand::parse(output(&mut command)?);
        let metadata = metadata.map_err(|error| Failure::Metadata { reason: error.to_string() })?;
        Ok(Self { root, metadata })
    }

    /// The tree's folder.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of each crate, from the root; the root's own is empty.
    pub(super) fn folders(&self) -> impl Iterator<Item = (String, String)> {
        self.metadata.packages.iter().map(|package| (package.name.to_string(), self.folder(package)))
    }

    /// Every worker, by name.
    pub(super) fn workers(&self) -> Result<Vec<Built>, Failure> {
        let mut workers = Vec::new();
        let mut packages: Vec<_> = self.metadata.packages.iter().collect();
        packages.sort_by_key(|package| &package.name);
        for package in packages.into_iter().filter(|package| self.folder(package).starts_with(WORKERS)) {
            let binaries = package.targets.iter().filter(|target| target.is_bin());
            // Of several binaries the image has the one that `cargo run` means.
            let ours = package.default_run.as_deref();
            for binary in binaries.filter(|target| ours.is_none_or(|ours| ours == target.name)) {
                workers.push(self.built(&binary.name, &package.name)?);
            }
        }
        Ok(workers)
    }

    /// Normal and build dependencies of one package, with the features that it alone asks for, as `cargo build -p` has.
    fn built(&self, name: &str, package: &str) -> Result<Built, Failure> {
        let mut command = cargo();
        command.args(["tree", "--locked", "--package", package, "--edges", "normal,build"]);
        command.args(["--prefix", "none", "--format", "{p}"]).args(TARGETS.iter().flat_map(|name| ["--target", name]));
        let listed = output(command.current_dir(&self.root).stdin(Stdio::null()))?;
        let folders: BTreeMap<_, _> = self.folders().collect();
        let (mut crates, mut packages) = (BTreeMap::new(), BTreeSet::new());
        for line in listed.lines().filter(|line| !line.is_empty()) {
            let mut words = line.split(' ');
            let (Some(name), Some(version)) = (words.next(), words.next().and_then(|word| word.strip_prefix('v')))
            else {
                return Err(Failure::Metadata { reason: format!("`cargo tree` has the line `{line}`") });
            };
            // A crate of ours has its folder at the end of the line; one of the same name may come from a registry.
            let ours = folders.get(name).filter(|folder| {
                let folder = if folder.is_empty() { self.root.clone() } else { self.root.join(folder) };
                line.contains(&format!("({})", folder.display()))
            });
            if let Some(folder) = ours {
                crates.insert(name.to_owned(), folder.clone());
            }
            packages.insert((name.to_owned(), version.to_owned()));
        }
        Ok(Built { name: name.to_owned(), package: package.to_owned(), crates, packages })
    }

    fn folder(&self, package: &Package) -> String {
        let folder = package.manifest_path.as_std_path().parent().unwrap_or(&self.root);
        folder.strip_prefix(&self.root).unwrap_or(folder).to_string_lossy().into_owned()
    }
}
