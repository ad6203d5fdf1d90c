//! Which task queues a change of the sources touches: by cargo's own graph of packages.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, MetadataCommand, PackageId};
use mainspring_worker::{Product, Registry};

use crate::exit::Failure;

/// The workspace that this command was built from.
pub(super) struct Workspace {
    metadata: Metadata,
    program: PathBuf,
    package: String,
    binary: String,
}

/// What a change needs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Touched {
    /// The packages that changed, by name.
    pub(super) packages: BTreeSet<String>,
    /// The task queues whose code depends on them.
    pub(super) queues: BTreeSet<String>,
}

impl Workspace {
    /// Asks cargo, in the folder that `cargo run` names or in the current one.
    ///
    /// # Errors
    /// There is no workspace here, or none with this binary.
    pub(super) fn of_this_command() -> Result<Self, Failure> {
        let cannot = |why: String| Failure::Usage(format!("--watch needs the sources: {why}"));
        let program = std::env::current_exe().map_err(|error| cannot(error.to_string()))?;
        let folder = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from("."), PathBuf::from);
        Self::with_binary(&folder, program).map_err(cannot)
    }

    fn with_binary(folder: &Path, program: PathBuf) -> Result<Self, String> {
        let metadata = MetadataCommand::new().current_dir(folder).exec();
        let metadata = metadata.map_err(|error| format!("{} is no cargo workspace ({error})", folder.display()))?;
        let binary = program.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let built = |package: &&cargo_metadata::Package| {
            package.targets.iter().any(|target| target.is_bin() && target.name == binary)
        };
        let package = metadata.workspace_packages().into_iter().find(built).map(|package| package.name.to_string());
        let package = package.ok_or_else(|| {
            format!("no package of {} builds a binary {binary}; run it there", metadata.workspace_root)
        })?;
        Ok(Self { metadata, program, package, binary })
    }

    /// The program that runs the workers.
    pub(super) fn program(&self) -> &Path {
        &self.program
    }

    /// Cargo's arguments to build it anew, as it was built.
    pub(super) fn build(&self) -> Vec<String> {
        let mut arguments = vec!["build".to_owned(), "--package".to_owned(), self.package.clone()];
        arguments.extend(["--bin".to_owned(), self.binary.clone()]);
        // Cargo's folder bears the profile's name, but for `dev`.
        let profile = self.program.parent().and_then(Path::file_name).map(|name| name.to_string_lossy());
        let profile = profile.filter(|profile| profile != "debug");
        arguments.extend(["--profile".to_owned(), profile.map_or_else(|| "dev".to_owned(), String::from)]);
        arguments
    }

    /// Folders to watch: the workspace's packages, and its root's manifest.
    pub(super) fn root(&self) -> &Path {
        self.metadata.workspace_root.as_std_path()
    }

    /// Whether a path is a source: no build output, no hidden folder.
    pub(super) fn is_source(&self, path: &Path) -> bool {
        let target = self.metadata.target_directory.as_std_path();
        let Ok(inside) = path.strip_prefix(self.root()) else { return false };
        let hidden = |part: std::path::Component<'_>| part.as_os_str().to_string_lossy().starts_with('.');
        let kind = path.extension().is_some_and(|extension| extension == "rs" || extension == "toml");
        // Somebody may keep the workspace itself below the folder that all builds share.
        let built = target.starts_with(self.root()) && path.starts_with(target);
        kind && !built && !inside.components().any(hidden)
    }

    /// What these changed files touch. A manifest of the root touches everything.
    pub(super) fn touched(&self, paths: &BTreeSet<PathBuf>, registry: &Registry) -> Touched {
        let changed: Vec<&cargo_metadata::Package> = paths.iter().filter_map(|path| self.package_of(path)).collect();
        let root = self.root().join("Cargo.toml");
        let whole = paths.contains(&root) && self.package_of(&root).is_none();
        let depends = |queue: &[&Product]| {
            let below = self.below(queue.iter().flat_map(|product| product.crates()));
            whole || changed.iter().any(|package| below.contains(&package.id))
        };
        let queues = registry.queues().into_iter().filter(|(_, products)| depends(products));
        Touched {
            packages: changed.iter().map(|package| package.name.to_string()).collect(),
            queues: queues.map(|(queue, _)| queue.to_owned()).collect(),
        }
    }

    /// The package of the workspace whose folder is the innermost around a path.
    fn package_of(&self, path: &Path) -> Option<&cargo_metadata::Package> {
        let folder = |package: &cargo_metadata::Package| package.manifest_path.parent().map(|folder| folder.to_owned());
        let around =
            self.metadata.workspace_packages().into_iter().filter_map(|package| Some((folder(package)?, package)));
        let around = around.filter(|(folder, _)| path.starts_with(folder));
        around.max_by_key(|(folder, _)| folder.components().count()).map(|(_, package)| package)
    }

    /// Every package that these crates are made of.
    fn below(&self, crates: impl Iterator<Item = &'static str>) -> BTreeSet<PackageId> {
        let crates: BTreeSet<&str> = crates.collect();
        let of_crate = |package: &&cargo_metadata::Package| {
            package.targets.iter().any(|target| crates.contains(target.name.replace('-', "_").as_str()))
        };
        let mut open: Vec<&PackageId> =
            self.metadata.workspace_packages().into_iter().filter(of_crate).map(|package| &package.id).collect();
        let nodes = self.metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
        let edges: BTreeMap<&PackageId, &[PackageId]> =
            nodes.map(|node| (&node.id, node.dependencies.as_slice())).collect();
        let mut seen = BTreeSet::new();
        while let Some(id) = open.pop() {
            if seen.insert(id.clone()) {
                open.extend(edges.get(id).copied().unwrap_or_default());
            }
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace() -> Workspace {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        Workspace::with_binary(here, PathBuf::from("target/release/mainspring")).unwrap()
    }

    #[test]
    fn a_binary_that_no_package_builds_is_named() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let error = Workspace::with_binary(here, PathBuf::from("elsewhere/unknown")).err().unwrap();
        assert!(error.contains("builds a binary unknown"), "{error}");
        let error = Workspace::with_binary(Path::new("/"), PathBuf::from("x")).err().unwrap();
        assert!(error.starts_with("/ is no cargo workspace"), "{error}");
    }

    #[test]
    fn it_is_built_again_as_it_was_built() {
        assert_eq!(
            workspace().build(),
            ["build", "--package", "mainspring-command", "--bin", "mainspring", "--profile", "release"]
        );
    }

    #[test]
    fn what_a_crate_is_made_of_reaches_down_and_not_up() {
        let workspace = workspace();
        let package = |folder: &str| workspace.package_of(&workspace.root().join(folder)).unwrap().id.clone();
        let below = workspace.below(["mainspring_client"].into_iter());
        assert!(below.contains(&package("crates/client/src/lib.rs")));
        assert!(below.contains(&package("crates/settings/src/lib.rs")));
        assert!(!below.contains(&package("crates/worker/src/lib.rs")));
    }

    #[test]
    fn only_sources_are_watched() {
        let workspace = workspace();
        let is = |path: &str| workspace.is_source(&workspace.root().join(path));
        assert!(is("crates/cli/src/lib.rs") && is("Cargo.toml"));
        assert!(!is(".git/config.toml") && !is("README.md") && !workspace.is_source(Path::new("/etc/x.toml")));
    }
}
