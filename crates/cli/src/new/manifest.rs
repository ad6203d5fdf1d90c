//! Cargo's manifests: the new ones as this workspace needs them, and the new crates in those that are there.

use std::collections::BTreeSet;
use std::path::Path;

use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value, value};

use super::name::Named;
use super::plan::Plan;
use super::sources;
use super::workspace::Workspace;
use crate::exit::Failure;

/// The manifest of the workspace's root.
const ROOT: &str = "Cargo.toml";

/// What a package has by itself, where the workspace has nothing for all.
const OWN: [(&str, Option<&str>); 4] = [
    ("version", Some("0.1.0")),
    ("edition", Some("2024")),
    ("rust-version", option_env!("CARGO_PKG_RUST_VERSION")),
    ("license", None),
];

/// What the new manifests want of the workspace.
pub(super) struct Manifests {
    root: DocumentMut,
    /// Features of `mainspring` that workers have here.
    features: Vec<String>,
    missing: BTreeSet<String>,
}

impl Manifests {
    pub(super) fn read(workspace: &Workspace, plan: &Plan) -> Result<Self, Failure> {
        let root = parse(Path::new(ROOT), &plan.read(Path::new(ROOT))?)?;
        Ok(Self { root, features: workspace.mainspring_features(), missing: BTreeSet::new() })
    }

    /// What all packages of the workspace may share.
    fn shared(&self, what: &str) -> Option<&dyn TableLike> {
        self.root.get("workspace")?.get(what)?.as_table_like()
    }

    /// A manifest of the template, for this workspace.
    pub(super) fn adapted(&mut self, path: &str, text: &str, named: &Named) -> Result<String, Failure> {
        let mut manifest = parse(Path::new(path), text)?;
        let has = |key: &str| self.shared("package").is_some_and(|shared| shared.contains_key(key));
        let package = manifest["package"].as_table_mut();
        if let Some(package) = package {
            for (key, own) in OWN.into_iter().filter(|(key, _)| !has(key)) {
                match own {
                    Some(own) => own_value(package, key, own.into()),
                    None => _ = package.remove(key),
                }
            }
            if !has("publish") {
                own_value(package, "publish", false.into());
            }
        }
        if self.shared("lints").is_none() {
            manifest.remove("lints");
        }
        if path.starts_with("workers/") && !self.features.is_empty() {
            let features: Array = self.features.iter().collect();
            let mut ours = InlineTable::new();
            ours.insert("workspace", true.into());
            ours.insert("features", features.into());
            own_value(table(&mut manifest, "dependencies")?, "mainspring", ours.into());
        }
        let crates = [named.name.clone(), named.contract()];
        for kind in ["dependencies", "dev-dependencies"] {
            let dependencies = manifest.get(kind).and_then(Item::as_table_like);
            let names = dependencies.into_iter().flat_map(|table| table.iter().map(|(name, _)| name.to_owned()));
            let shared = self.shared("dependencies");
            let unknown =
                |name: &String| !shared.is_some_and(|shared| shared.contains_key(name)) && !crates.contains(name);
            let names: Vec<String> = names.filter(unknown).collect();
            self.missing.extend(names);
        }
        Ok(manifest.to_string())
    }

    /// The root's manifest: the new members, and what they share.
    pub(super) fn join(
        &self,
        plan: &mut Plan,
        command: &Path,
        named: &Named,
        with_worker: bool,
    ) -> Result<(), Failure> {
        let text = plan.read(Path::new(ROOT))?;
        let mut root = parse(Path::new(ROOT), &text)?;
        if let Some(taken) = self.taken(named) {
            return Err(Failure::Usage(format!(
                "{taken} is a dependency already, in [workspace.dependencies] of {ROOT}: give the product another name"
            )));
        }
        let command = parse(command, &plan.read(command)?)?;
        let from = sources::Mainspring::found(&self.root, &command);
        let workspace = table(&mut root, "workspace")?;
        add_members(workspace, named, with_worker);
        let shared = workspace.entry("dependencies").or_insert_with(|| Item::Table(Table::new()));
        let shared = shared.as_table_mut().ok_or_else(|| no_table("workspace.dependencies"))?;
        for name in &self.missing {
            let spec = sources::of(name, from.as_ref()).ok_or_else(|| {
                Failure::Usage(format!(
                    "nothing was written, for {ROOT} does not say where {name} is: add it to [workspace.dependencies], beside mainspring"
                ))
            })?;
            shared.insert(name, spec);
        }
        let products = |_: &str, it: &Item| {
            it.get("path").and_then(Item::as_str).is_some_and(|path| path.starts_with("products/"))
        };
        for (name, path) in [
            (named.contract(), format!("products/{}/contract", named.name)),
            (named.name.clone(), format!("products/{}", named.name)),
        ] {
            let mut spec = InlineTable::new();
            spec.insert("path", path.into());
            insert_after(shared, &name, value(spec), products);
        }
        plan.edit(Path::new(ROOT), root.to_string());
        Ok(())
    }

    /// A dependency that would be hidden by one of the new crates.
    fn taken(&self, named: &Named) -> Option<String> {
        let shared = self.shared("dependencies");
        let ours =
            |name: &String| self.missing.contains(name) || shared.is_some_and(|shared| shared.contains_key(name));
        [named.name.clone(), named.contract()].into_iter().find(ours)
    }
}

/// The new product among the dependencies of a package that lists these, behind the last of them.
pub(super) fn depend(plan: &mut Plan, manifest: &Path, named: &Named, listed: &[String]) -> Result<(), Failure> {
    let mut edited = parse(manifest, &plan.read(manifest)?)?;
    let dependencies = edited.entry("dependencies").or_insert_with(|| Item::Table(Table::new()));
    let dependencies = dependencies.as_table_mut().ok_or_else(|| no_table("dependencies"))?;
    let mut shared = Table::new();
    shared.set_dotted(true);
    shared.insert("workspace", value(true));
    let product = |name: &str, _: &Item| listed.contains(&name.replace('-', "_"));
    insert_after(dependencies, &named.name, Item::Table(shared), product);
    plan.edit(manifest, edited.to_string());
    Ok(())
}

pub(super) fn parse(path: &Path, text: &str) -> Result<DocumentMut, Failure> {
    text.parse().map_err(|error| Failure::Usage(format!("{} cannot be read as TOML: {error}", path.display())))
}

fn table<'a>(document: &'a mut DocumentMut, name: &str) -> Result<&'a mut Table, Failure> {
    let item = document.entry(name).or_insert_with(|| Item::Table(Table::new()));
    item.as_table_mut().ok_or_else(|| no_table(name))
}

fn no_table(name: &str) -> Failure {
    Failure::Usage(format!(
        "nothing was written, for [{name}] of a Cargo.toml is no table with a line for each: make it one"
    ))
}

/// In the place of `key.workspace = true`.
fn own_value(table: &mut Table, key: &str, own: Value) {
    let at = table.iter().position(|(name, _)| name == key).unwrap_or(table.len());
    table.remove(key);
    insert_at(table, at, key, value(own));
}

/// Behind the last entry of that kind; at the end, where there is none.
fn insert_after(table: &mut Table, key: &str, item: Item, kind: impl Fn(&str, &Item) -> bool) {
    let last = table.iter().enumerate().filter(|(_, (name, item))| kind(name, item)).map(|(at, _)| at + 1).last();
    insert_at(table, last.unwrap_or(table.len()), key, item);
}

fn insert_at(table: &mut Table, at: usize, key: &str, item: Item) {
    let behind: Vec<String> = table.iter().skip(at).map(|(name, _)| name.to_owned()).collect();
    let behind: Vec<_> = behind.iter().filter_map(|name| table.remove_entry(name)).collect();
    table.insert(key, item);
    for (key, item) in behind {
        table.insert_formatted(&key, item);
    }
}

/// Every new folder that no member covers yet.
fn add_members(workspace: &mut Table, named: &Named, with_worker: bool) {
    let name = &named.name;
    let folders = [
        ("products/*", format!("products/{name}")),
        ("products/*/contract", format!("products/{name}/contract")),
        ("workers/*", format!("workers/{}", named.worker_name())),
    ];
    let members = workspace.entry("members").or_insert_with(|| value(Array::new()));
    let Some(members) = members.as_array_mut() else { return };
    // Patterns where there is nothing yet that they could take in besides.
    let fresh = members.is_empty();
    for (pattern, folder) in folders.into_iter().take(if with_worker { 3 } else { 2 }) {
        let covered = members.iter().filter_map(Value::as_str).any(|member| covers(member, &folder));
        if !covered {
            members.push(if fresh { pattern.to_owned() } else { folder });
        }
    }
}

/// Whether a member, which may have `*` for a folder, is this folder.
fn covers(member: &str, folder: &str) -> bool {
    let (member, folder): (Vec<&str>, Vec<&str>) =
        (member.trim_end_matches('/').split('/').collect(), folder.split('/').collect());
    member.len() == folder.len() && member.iter().zip(folder).all(|(part, of)| *part == "*" || *part == of)
}

#[cfg(test)]
mod tests;
