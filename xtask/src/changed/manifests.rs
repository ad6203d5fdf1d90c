//! What of a manifest reaches a binary. Dependencies and features do by what cargo resolves them to, which is compared
//! elsewhere; lints, tests and descriptions do not.

use std::collections::BTreeSet;

use toml::{Table, Value};

use crate::failure::Failure;

/// What images are built with; what it inherits from counts too.
const PROFILE: &str = "image";

/// Parts of a crate's manifest that are not compared.
const NOT_BUILT: [&str; 12] = [
    "badges",
    "bench",
    "build-dependencies",
    "build_dependencies",
    "dependencies",
    "dev-dependencies",
    "dev_dependencies",
    "example",
    "features",
    "lints",
    "target",
    "test",
];
/// The same of `[package]` and `[workspace.package]`.
const NOT_IN_A_PACKAGE: [&str; 17] = [
    "authors",
    "autobenches",
    "autoexamples",
    "autotests",
    "categories",
    "description",
    "documentation",
    "exclude",
    "homepage",
    "include",
    "keywords",
    "license",
    "license-file",
    "metadata",
    "publish",
    "readme",
    "repository",
];

pub(super) fn parse(text: &str, path: &str, commit: &str) -> Result<Table, Failure> {
    text.parse().map_err(|error: toml::de::Error| Failure::Toml {
        path: path.to_owned(),
        commit: commit.to_owned(),
        reason: error.message().to_owned(),
    })
}

/// Whether two manifests of a crate build different things. A `[package]` in the workspace's own manifest included.
pub(super) fn crate_differs(base: &Table, head: &Table) -> bool {
    built(base) != built(head)
}

fn built(manifest: &Table) -> Table {
    let mut manifest = manifest.clone();
    for key in NOT_BUILT {
        manifest.remove(key);
    }
    if let Some(Value::Table(package)) = manifest.get_mut("package") {
        package.retain(|key, _| !NOT_IN_A_PACKAGE.contains(&key));
    }
    manifest
}

/// What differs in the workspace's manifest.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Workspace {
    /// The versions of Rust, before and after.
    pub(super) rust: Option<(String, String)>,
    /// The parts, as `[profile.image]`.
    pub(super) parts: Vec<String>,
}

pub(super) fn workspace(base: &Table, head: &Table) -> Workspace {
    let mut differing = Workspace::default();
    let at = |manifest: &'_ Table, path: &[&str]| {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(manifest.get(*first)?, |value, key| value.get(*key)).cloned()
    };
    let differs = |path: &[&str]| at(base, path) != at(head, path);

    let package = |manifest| at(manifest, &["workspace", "package"]).and_then(|value| value.as_table().cloned());
    let (before, after) = (package(base).unwrap_or_default(), package(head).unwrap_or_default());
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for key in keys.into_iter().filter(|key| before.get(*key) != after.get(*key)) {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or("none").to_owned();
        if key == "rust-version" {
            differing.rust = Some((text(before.get(key)), text(after.get(key))));
        } else if !NOT_IN_A_PACKAGE.contains(&key.as_str()) {
            differing.parts.push(format!("`{key}` of [workspace.package]"));
        }
    }
    for profile in profiles(|path| at(head, path)) {
        if differs(&["profile", &profile]) {
            differing.parts.push(format!("[profile.{profile}]"));
        }
    }
    // What it patches and how it resolves show in what is resolved.
    if differs(&["cargo-features"]) {
        differing.parts.push("`cargo-features`".to_owned());
    }
    differing
}

/// The profile of images and those that it inherits from; `release` where there is none of its own.
fn profiles(at: impl Fn(&[&str]) -> Option<Value>) -> Vec<String> {
    let own = at(&["profile", PROFILE]).is_some();
    let mut profiles = vec![if own { PROFILE.to_owned() } else { "release".to_owned() }];
    while let Some(Value::String(parent)) = at(&["profile", profiles[profiles.len() - 1].as_str(), "inherits"]) {
        if profiles.contains(&parent) {
            break;
        }
        profiles.push(parent);
    }
    profiles
}

/// Whether two configurations of cargo build differently: an alias does not.
pub(super) fn configuration_differs(base: Option<&Table>, head: Option<&Table>) -> bool {
    let built = |table: Option<&Table>| {
        let mut table = table.cloned().unwrap_or_default();
        table.remove("alias");
        table
    };
    built(base) != built(head)
}
