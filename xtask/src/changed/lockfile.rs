//! What changed between two lockfiles, for the packages of one closure.

use std::collections::{BTreeMap, BTreeSet};

use cargo_lock::{Lockfile, Package};

use crate::failure::Failure;

pub(super) fn parse(text: &str, commit: &str) -> Result<Lockfile, Failure> {
    text.parse()
        .map_err(|error: cargo_lock::Error| Failure::Lockfile { commit: commit.to_owned(), reason: error.to_string() })
}

/// A sentence for each package of the closure that is another one now, as `aws-sdk-s3 1.2.0 -> 1.3.0`.
///
/// `closure` has names and versions. Our own crates, which have no source, are known by their files.
pub(super) fn changes(base: &Lockfile, head: &Lockfile, closure: &BTreeSet<(String, String)>) -> Vec<String> {
    let (before, after) = (versions(base), versions(head));
    let ours: BTreeSet<&str> =
        head.packages.iter().filter(|package| package.source.is_none()).map(|package| package.name.as_str()).collect();
    let names: BTreeSet<&str> =
        closure.iter().map(|(name, _)| name.as_str()).filter(|name| !ours.contains(name)).collect();
    let mut said = BTreeSet::new();
    for name in &names {
        let (before, after) = (before.get(name), after.get(name));
        let gone: Vec<_> =
            before.into_iter().flatten().filter(|old| !after.is_some_and(|all| all.contains(*old))).collect();
        let came = after.into_iter().flatten().filter(|new| !before.is_some_and(|all| all.contains(*new)));
        let came: Vec<_> = came.filter(|new| closure.contains(&((*name).to_owned(), (*new).clone()))).collect();
        match (gone.as_slice(), came.as_slice()) {
            (_, []) => {}
            ([], came) => said.extend(came.iter().map(|new| format!("{name} {new} is new"))),
            (gone, came) => drop(said.insert(format!("{name} {} -> {}", joined(gone), joined(came)))),
        }
    }
    let inside = |package: &&Package| closure.contains(&(package.name.to_string(), package.version.to_string()));
    for package in head.packages.iter().filter(inside) {
        let same = |old: &&Package| old.name == package.name && old.version == package.version;
        let Some(old) = base.packages.iter().find(same) else { continue };
        if old.checksum != package.checksum || old.source != package.source {
            said.insert(format!("{} {} comes from elsewhere, or has other contents", package.name, package.version));
        }
        // Its own version stands, and it is now linked with another one that was in the lockfile before.
        let (before, after) = (dependencies(old), dependencies(package));
        for (name, new) in after.iter().filter(|(name, _)| names.contains(**name)) {
            if let Some(old) = before.get(name).filter(|old| *old != new) {
                let change = format!("{name} {} -> {}", joined(old), joined(new));
                if !said.contains(&change) {
                    said.insert(format!("{change} below {}", package.name));
                }
            }
        }
    }
    said.into_iter().collect()
}

fn versions(lockfile: &Lockfile) -> BTreeMap<&str, BTreeSet<String>> {
    let mut versions: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for package in &lockfile.packages {
        versions.entry(package.name.as_str()).or_default().insert(package.version.to_string());
    }
    versions
}

fn dependencies(package: &Package) -> BTreeMap<&str, BTreeSet<String>> {
    let mut versions: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for dependency in &package.dependencies {
        versions.entry(dependency.name.as_str()).or_default().insert(dependency.version.to_string());
    }
    versions
}

fn joined<S: AsRef<str>>(versions: impl IntoIterator<Item = S>) -> String {
    versions.into_iter().map(|version| version.as_ref().to_owned()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

    /// A lockfile of `worker`, which needs this version of ink; both versions are there, for others.
    fn lockfile(ink: &str, sum: char) -> Lockfile {
        let package = |name: &str, version: &str, sum: char| {
            let sum = sum.to_string().repeat(64);
            format!(
                "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"{REGISTRY}\"\nchecksum = \"{sum}\"\n"
            )
        };
        let text = format!(
            "version = 4\n{}{}[[package]]\nname = \"worker\"\nversion = \"0.1.0\"\ndependencies = [\"ink {ink}\"]\n",
            package("ink", "1.0.0", sum),
            package("ink", "2.0.0", sum),
        );
        parse(&text, "head").unwrap()
    }

    fn closure(ink: &str) -> BTreeSet<(String, String)> {
        [("ink", ink), ("worker", "0.1.0")].map(|(name, version)| (name.to_owned(), version.to_owned())).into()
    }

    #[test]
    fn another_version_that_the_lockfile_had_for_others_is_found() {
        let (base, head) = (lockfile("1.0.0", 'a'), lockfile("2.0.0", 'a'));
        assert_eq!(changes(&base, &head, &closure("2.0.0")), ["ink 1.0.0 -> 2.0.0 below worker"]);
        assert_eq!(changes(&base, &base, &closure("1.0.0")), Vec::<String>::new());
    }

    #[test]
    fn the_same_version_with_other_contents_is_found() {
        let (base, head) = (lockfile("1.0.0", 'a'), lockfile("1.0.0", 'b'));
        assert_eq!(changes(&base, &head, &closure("1.0.0")), ["ink 1.0.0 comes from elsewhere, or has other contents"]);
    }

    #[test]
    fn a_lockfile_that_cannot_be_read_is_named_by_its_commit() {
        let message = parse("version = ", "0123abc").unwrap_err().to_string();
        assert!(message.starts_with("Cargo.lock of 0123abc is not a lockfile that can be read: "), "{message}");
    }
}
