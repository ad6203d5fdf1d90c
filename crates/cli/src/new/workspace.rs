//! The workspace that this command was built from: where its products are listed, and how it is run.

use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, Target};
use mainspring_worker::Product;

use super::lists::List;
use super::name::Named;
use super::plan::Plan;
use crate::exit::Failure;

pub(super) struct Workspace {
    metadata: Metadata,
    /// The package of this command, and its program there.
    package: Package,
    binary: String,
}

/// A worker binary, with its list of products.
pub(super) struct Worker {
    pub(super) manifest: PathBuf,
    pub(super) list: List,
}

impl Workspace {
    /// Asks cargo, in the folder that `cargo run` names or in the current one.
    ///
    /// # Errors
    /// There is no workspace here, or none with this binary.
    pub(super) fn of_this_command() -> Result<Self, Failure> {
        let program = std::env::current_exe().map_err(|error| Failure::Other(error.to_string()))?;
        let folder = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from("."), PathBuf::from);
        let binary = program.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        Self::with_binary(&folder, binary).map_err(|why| Failure::Usage(format!("nothing was written: {why}")))
    }

    fn with_binary(folder: &Path, binary: String) -> Result<Self, String> {
        let asked = |folder: &Path| {
            let metadata = MetadataCommand::new().no_deps().current_dir(folder).exec();
            metadata.map_err(|error| format!("{} is no cargo workspace ({error})", folder.display()))
        };
        // From its root once more: in the folder of a member, cargo calls that one the default.
        let metadata = asked(asked(folder)?.workspace_root.as_std_path())?;
        let builds = |package: &&Package| package.targets.iter().any(|target| target.is_bin() && target.name == binary);
        let package = metadata.workspace_packages().into_iter().find(builds).cloned();
        let package = package.ok_or_else(|| {
            format!("no package of {} builds a binary {binary}; run it there", metadata.workspace_root)
        })?;
        Ok(Self { metadata, package, binary })
    }

    pub(super) fn root(&self) -> PathBuf {
        self.metadata.workspace_root.clone().into()
    }

    /// The manifest of this command's package, below the root.
    pub(super) fn manifest(&self) -> PathBuf {
        self.below_root(self.package.manifest_path.as_std_path())
    }

    fn below_root(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.metadata.workspace_root).unwrap_or(path).to_owned()
    }

    /// # Errors
    /// A package or a folder has a name that one of the new ones would have.
    pub(super) fn has_no(&self, named: &Named, with_worker: bool) -> Result<(), Failure> {
        let (mut crates, mut folders) =
            (vec![named.name.clone(), named.contract()], vec![format!("products/{}", named.name)]);
        if with_worker {
            crates.push(named.worker());
            folders.push(format!("workers/{}", named.worker_name()));
        }
        let packages = self.metadata.workspace_packages();
        let of_name = |name: &String| packages.iter().find(|package| package.name.as_str() == name);
        if let Some(package) = crates.iter().find_map(of_name) {
            return Err(Failure::Usage(format!(
                "there is a crate {} already, in {}: give the product another name, or another queue",
                package.name,
                self.below_root(package.manifest_path.as_std_path()).display()
            )));
        }
        match folders.iter().find(|folder| self.root().join(folder).exists()) {
            Some(folder) => Err(Failure::Usage(format!(
                "{folder} is there already, so nothing was written: give the product another name, or another queue, or move that folder away"
            ))),
            None => Ok(()),
        }
    }

    /// The features with which this command takes `mainspring`: what its workers can do.
    pub(super) fn mainspring_features(&self) -> Vec<String> {
        let mut dependencies = self.package.dependencies.iter();
        let ours = dependencies.find(|it| it.name == "mainspring" && it.kind == DependencyKind::Normal);
        ours.map(|it| it.features.clone()).unwrap_or_default()
    }

    /// The list of every product that this command knows: in its `main`, else in its package's library.
    ///
    /// # Errors
    /// There is none, or there are several.
    pub(super) fn registry_list(&self, products: usize, plan: &Plan) -> Result<List, Failure> {
        let own = |target: &&Target| target.is_bin() && target.name == self.binary;
        let mut sources: Vec<PathBuf> =
            self.package.targets.iter().filter(own).map(|it| it.src_path.clone().into()).collect();
        let mut lists = self.lists(&sources, products, plan)?;
        if lists.is_empty() {
            sources =
                self.package.targets.iter().filter(|it| it.is_lib()).map(|it| it.src_path.clone().into()).collect();
            lists = self.lists(&sources, products, plan)?;
        }
        if lists.len() == 1 {
            return Ok(lists.remove(0));
        }
        let sources: Vec<String> = sources.iter().map(|path| self.below_root(path).display().to_string()).collect();
        Err(Failure::Usage(format!(
            "nothing was written: the new product has to be added to the {} of this command, and {} has {} lists of them such as [billing::product()]: make it one, or build this command again if it knows an older list",
            if products == 1 { "product".to_owned() } else { format!("{products} products") },
            if sources.is_empty() { self.manifest().display().to_string() } else { sources.join(", ") },
            lists.len()
        )))
    }

    fn lists(&self, sources: &[PathBuf], products: usize, plan: &Plan) -> Result<Vec<List>, Failure> {
        let mut lists = Vec::new();
        for source in sources {
            let file = self.below_root(source);
            lists.extend(List::all(&file, &plan.read(&file)?));
        }
        lists.retain(|list| list.crates.len() == products);
        Ok(lists)
    }

    /// Every binary of the workspace but this command.
    pub(super) fn binaries(&self) -> Vec<String> {
        let packages = self.metadata.workspace_packages().into_iter();
        let binaries = packages.filter(|package| package.id != self.package.id).flat_map(|package| &package.targets);
        binaries.filter(|target| target.is_bin()).map(|target| target.name.clone()).collect()
    }

    /// The binaries that run these products, but for this command.
    pub(super) fn workers_of(&self, products: &[&Product], plan: &Plan) -> Result<Vec<Worker>, Failure> {
        let mut workers = Vec::new();
        for package in self.metadata.workspace_packages() {
            for target in package.targets.iter().filter(|target| target.is_bin()) {
                if package.id == self.package.id && target.name == self.binary {
                    continue;
                }
                let file = self.below_root(target.src_path.as_std_path());
                let lists = List::all(&file, &plan.read(&file)?).into_iter();
                let lists = lists.filter(|list| products.iter().all(|product| is_in(product, list)));
                let manifest = self.below_root(package.manifest_path.as_std_path());
                workers.extend(lists.map(|list| Worker { manifest: manifest.clone(), list }));
            }
        }
        Ok(workers)
    }

    /// How a person runs this command, with more flags for cargo.
    pub(super) fn run_command(&self, flags: &str) -> String {
        let mut command = vec!["cargo run".to_owned()];
        command.extend((!flags.is_empty()).then(|| flags.to_owned()));
        let chosen = self.metadata.workspace_default_packages();
        let default = chosen.iter().any(|package| package.id == self.package.id);
        if !default {
            command.push(format!("--package {}", self.package.name));
        }
        let binaries = self.package.targets.iter().filter(|target| target.is_bin()).count();
        if !(default && chosen.len() == 1) || (binaries > 1 && self.package.default_run.as_ref() != Some(&self.binary))
        {
            command.push(format!("--bin {}", self.binary));
        }
        command.push("--".to_owned());
        command.join(" ")
    }

    /// What one does next: its tests, then it, and the first workflow.
    pub(super) fn next_commands(&self, named: &Named) -> [String; 3] {
        let run = self.run_command("");
        [
            format!("cargo test -p {}", named.name),
            format!("{run} dev"),
            format!("{run} workflow execute {}-greet '{{\"name\": \"Ada\"}}'", named.name),
        ]
    }
}

fn is_in(product: &Product, list: &List) -> bool {
    product.crates().any(|name| list.crates.iter().any(|listed| listed == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace(binary: &str) -> Result<Workspace, String> {
        Workspace::with_binary(Path::new(env!("CARGO_MANIFEST_DIR")), binary.to_owned())
    }

    #[test]
    fn a_command_that_no_package_builds_is_named() {
        let error = workspace("unknown").err().unwrap();
        assert!(error.contains("builds a binary unknown; run it there"), "{error}");
        let error = Workspace::with_binary(Path::new("/"), "x".to_owned()).err().unwrap();
        assert!(error.starts_with("/ is no cargo workspace"), "{error}");
    }

    #[test]
    fn what_has_the_name_of_a_new_crate_or_folder_is_named() {
        let refused = |name: &str, queue: Option<&str>| {
            let named = Named::new(name, queue).unwrap();
            workspace("mainspring").unwrap().has_no(&named, queue.is_none()).map_err(|error| error.to_string())
        };
        let said = refused("onboarding", None).unwrap_err();
        assert!(
            said.starts_with("there is a crate onboarding")
                && said.ends_with("give the product another name, or another queue"),
            "{said}"
        );
        let said = refused("mainspring", None).unwrap_err();
        assert!(said.contains("there is a crate mainspring already, in crates/mainspring/Cargo.toml: "), "{said}");
        // Its worker is there, and takes it.
        assert_eq!(refused("refunds", Some("onboarding")), Ok(()));
    }

    #[test]
    fn it_says_how_a_command_is_run() {
        assert_eq!(workspace("mainspring").unwrap().run_command("--quiet"), "cargo run --quiet --");
        assert_eq!(workspace("temporal-mainspring").unwrap().run_command(""), "cargo run --bin temporal-mainspring --");
        let run = "cargo run --package onboarding-worker --bin onboarding-worker --";
        assert_eq!(workspace("onboarding-worker").unwrap().run_command(""), run);
    }

    #[test]
    fn its_products_are_listed_in_its_main_or_in_its_library() {
        let of = |binary: &str, products| {
            let workspace = workspace(binary).unwrap();
            workspace.registry_list(products, &Plan::of(workspace.root()))
        };
        let ours = (1..100).find_map(|products| of("mainspring", products).ok()).unwrap();
        assert_eq!(ours.file, Path::new("workers/mainspring/src/lib.rs"));
        assert_eq!(of("onboarding-worker", 1).unwrap().file, Path::new("workers/onboarding/src/main.rs"));
        let error = of("onboarding-worker", 2).unwrap_err().to_string();
        assert!(
            error.starts_with("nothing was written: the new product has to be added to the 2 products of this command"),
            "{error}"
        );
    }
}
