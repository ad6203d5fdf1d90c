//! The workers of a tree of files, and what each is built of, by cargo's own resolution.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use cargo_metadata::{Metadata, MetadataCommand, Package};
use mainspring_servers::process::cargo;
use tempfile::TempDir;

use super::{git::Git, graph::Graph};
use crate::{failure::Failure, repository::output, shipped};

/// What images are built for. A dependency of another system is no reason.
const TARGETS: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];

/// What cargo says of manifests and lockfiles that do not fit together, wherever it is asked.
const UNRESOLVED: [&str; 10] = [
    "cannot update the lock file",
    "could not find `Cargo.toml`",
    "cyclic package dependency",
    "failed to load manifest",
    "failed to parse lock file",
    "failed to parse manifest",
    "failed to read",
    "failed to select a version",
    "no matching package",
    "no matching versions",
];

/// Whether the commit's own files are at fault, and will be the next time. A download that failed is another matter.
pub(super) fn is_of_the_commit(failure: &Failure) -> bool {
    match failure {
        Failure::Toml { .. } => true,
        Failure::Command { command, stderr, .. } => {
            command.starts_with("cargo ") && UNRESOLVED.iter().any(|words| stderr.contains(words))
        }
        _ => false,
    }
}

/// The workspace as a commit has it.
pub(super) struct Workspace {
    root: PathBuf,
    metadata: Metadata,
    graph: Graph,
    _tree: TempDir,
}

/// A worker, and what its binary is built of.
pub(super) struct Built {
    /// The binary, which is the name of its image and of its ref too.
    pub(super) name: String,
    pub(super) package: String,
    /// The crates of this workspace, and their folders.
    pub(super) crates: BTreeMap<String, String>,
    pub(super) graph: Graph,
}

impl Workspace {
    /// Cargo is asked about the commit's files, which need not be those that are checked out.
    pub(super) fn of(git: &Git<'_>, commit: &str) -> Result<Self, Failure> {
        let failed = |path: &Path, source| Failure::Read { path: path.to_owned(), source };
        let tree = tempfile::tempdir().map_err(|source| failed(&std::env::temp_dir(), source))?;
        git.export(commit, tree.path())?;
        // As cargo names it: without symbolic links.
        let root = tree.path().canonicalize().map_err(|source| failed(tree.path(), source))?;
        let cargo = |arguments: &[&str]| -> Command {
            let mut command = cargo();
            command.args(arguments).current_dir(&root).stdin(Stdio::null());
            command
        };
        let metadata = output(&mut cargo(&["metadata", "--no-deps", "--format-version", "1"]))?;
        let metadata = MetadataCommand::parse(metadata);
        let metadata = metadata.map_err(|error| Failure::Metadata { reason: error.to_string() })?;
        // Of the whole workspace at once, for that is how images are built: a feature that any member asks for is in all.
        let mut command = cargo(&["tree", "--locked", "--workspace", "--edges", "normal,build"]);
        command.args(["--prefix", "depth", "--format", "{p}|{f}"]);
        command.args(TARGETS.iter().flat_map(|name| ["--target", name]));
        let graph = Graph::read(&output(&mut command)?, &root.to_string_lossy())?;
        Ok(Self { root, metadata, graph, _tree: tree })
    }

    /// The tree's folder.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of each crate, from the root.
    pub(super) fn folders(&self) -> BTreeMap<String, String> {
        self.metadata.packages.iter().map(|package| (package.name.to_string(), self.folder(package))).collect()
    }

    /// Every worker, by name.
    pub(super) fn workers(&self) -> Vec<Built> {
        let mut packages: Vec<_> = self.metadata.packages.iter().collect();
        packages.sort_by_key(|package| &package.name);
        let mut workers = Vec::new();
        for package in packages {
            let binaries = package.targets.iter().filter(|target| target.is_bin()).map(|target| target.name.as_str());
            let Some(name) = shipped::binary(&self.folder(package), package.default_run.as_deref(), binaries) else {
                continue;
            };
            let graph = self.built_of(&package.name);
            let mut crates = self.folders();
            crates.retain(|name, _| graph.names().contains(name.as_str()));
            workers.push(Built { name: name.to_owned(), package: package.name.to_string(), crates, graph });
        }
        workers
    }

    /// Normal and build dependencies of a package, and theirs.
    pub(super) fn built_of(&self, package: &str) -> Graph {
        self.graph.below(package)
    }

    fn folder(&self, package: &Package) -> String {
        let folder = package.manifest_path.as_std_path().parent().unwrap_or(&self.root);
        folder.strip_prefix(&self.root).unwrap_or(folder).to_string_lossy().into_owned()
    }
}
