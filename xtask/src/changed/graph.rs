//! What is built of what, by `cargo tree`: packages, their features, their dependencies.

use std::collections::{BTreeMap, BTreeSet};

use crate::failure::Failure;

/// A package by name, version and origin; the origin of crates in the tree is empty, and so is the registry's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id {
    pub(super) name: String,
    pub(super) version: String,
    origin: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Node {
    /// In whichever way it is built: for the machine that builds, and for the one that runs.
    features: BTreeSet<String>,
    dependencies: BTreeSet<Id>,
}

/// Packages that are built together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Graph(BTreeMap<Id, Node>);

impl Graph {
    /// Reads what `cargo tree --prefix depth --format '{p}|{f}'` prints. `root` is the folder of the tree.
    pub(super) fn read(listed: &str, root: &str) -> Result<Self, Failure> {
        let mut graph = Self::default();
        let mut above: Vec<Id> = Vec::new();
        for line in listed.lines().filter(|line| !line.is_empty()) {
            let unexpected = || Failure::Metadata { reason: format!("`cargo tree` has the line `{line}`") };
            let name = line.find(|letter: char| !letter.is_ascii_digit()).ok_or_else(unexpected)?;
            let depth: usize = line[..name].parse().map_err(|_| unexpected())?;
            let (package, features) = line[name..].split_once('|').ok_or_else(unexpected)?;
            let features = features.strip_suffix("(*)").unwrap_or(features).trim().split(',');
            let id = Id::read(package, root).ok_or_else(unexpected)?;
            let node = graph.0.entry(id.clone()).or_default();
            node.features.extend(features.filter(|name| !name.is_empty()).map(str::to_owned));
            above.truncate(depth);
            if let Some(parent) = above.last().and_then(|parent| graph.0.get_mut(parent)) {
                parent.dependencies.insert(id.clone());
            }
            above.push(id);
        }
        Ok(graph)
    }

    /// The part of it that a package is built of.
    pub(super) fn below(&self, package: &str) -> Self {
        let mut part = Self::default();
        let mut open: Vec<&Id> = self.0.keys().filter(|id| id.name == package).collect();
        while let Some(id) = open.pop() {
            if let Some(node) = self.0.get(id).filter(|_| !part.0.contains_key(id)) {
                open.extend(&node.dependencies);
                part.0.insert(id.clone(), node.clone());
            }
        }
        part
    }

    pub(super) fn names(&self) -> BTreeSet<&str> {
        self.0.keys().map(|id| id.name.as_str()).collect()
    }

    /// A sentence for each package that is another one than it was, as `aws-sdk-s3 1.2.0 -> 1.3.0`. `ours` are known by
    /// their files: of them only the features are looked at.
    pub(super) fn changes_since(&self, base: &Self, ours: &BTreeSet<String>) -> Vec<String> {
        let mut said = BTreeSet::new();
        let (before, after) = (base.versions(), self.versions());
        let names: BTreeSet<&str> =
            before.keys().chain(after.keys()).copied().filter(|name| !ours.contains(*name)).collect();
        for name in names {
            let none = BTreeSet::new();
            let (before, after) = (before.get(name).unwrap_or(&none), after.get(name).unwrap_or(&none));
            let text = |versions: &[&&str]| versions.iter().map(|version| **version).collect::<Vec<_>>().join(", ");
            let (gone, came) =
                (before.difference(after).collect::<Vec<_>>(), after.difference(before).collect::<Vec<_>>());
            match (gone.is_empty(), came.is_empty()) {
                (true, true) => {}
                (true, false) => drop(said.insert(format!("{name} {} came", text(&came)))),
                (false, true) => drop(said.insert(format!("{name} {} went", text(&gone)))),
                (false, false) => drop(said.insert(format!("{name} {} -> {}", text(&gone), text(&came)))),
            }
        }
        for (id, after) in &self.0 {
            let Some(before) = base.0.get(id) else {
                let elsewhere = base.0.keys().any(|old| (&old.name, &old.version) == (&id.name, &id.version));
                if elsewhere && !ours.contains(&id.name) {
                    said.insert(format!("{} {} comes from elsewhere", id.name, id.version));
                }
                continue;
            };
            let came = after.features.difference(&before.features).map(|name| format!("{name} came"));
            let went = before.features.difference(&after.features).map(|name| format!("{name} went"));
            let features: Vec<_> = came.chain(went).collect();
            if !features.is_empty() {
                said.insert(format!(
                    "{} {} is built with other features: {}",
                    id.name,
                    id.version,
                    features.join(", ")
                ));
            } else if !ours.contains(&id.name) && after.dependencies != before.dependencies {
                // Both versions were there before, and now it is linked with the other one.
                let new = after.dependencies.difference(&before.dependencies);
                let new = new.filter(|new| base.0.contains_key(new)).map(|new| format!("{} {}", new.name, new.version));
                said.extend(new.map(|new| format!("{} {} is built with {new}", id.name, id.version)));
            }
        }
        said.into_iter().collect()
    }

    fn versions(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for id in self.0.keys() {
            versions.entry(&id.name).or_default().insert(&id.version);
        }
        versions
    }
}

impl Id {
    /// Of `name v1.2.3 (proc-macro) (ORIGIN)`.
    fn read(text: &str, root: &str) -> Option<Self> {
        let (name, rest) = text.split_once(" v")?;
        let (version, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let origin = rest.replace("(proc-macro)", "").trim().to_owned();
        let ours = origin.starts_with(&format!("({root}"));
        let (name, version) = (name.to_owned(), version.to_owned());
        let origin = if ours { String::new() } else { origin };
        Some(Self { name, version, origin })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(base: &str, head: &str) -> Vec<String> {
        let part = |listed| Graph::read(listed, "/x").unwrap().below("worker");
        part(head).changes_since(&part(base), &["worker", "house"].map(str::to_owned).into())
    }

    const BASE: &str = "0worker v0.1.0 (/x/workers/w)|\n1ink v1.0.0|\n2water v1.0.0|default\n1pen v1.0.0|\n2ink v2.0.0|\n\n\
                        0other v0.1.0 (/x/other)|\n1house v0.1.0 (proc-macro) (/x/house)|a,b (*)\n";

    #[test]
    fn what_a_package_is_built_of_is_what_stands_below_it() {
        let graph = Graph::read(BASE, "/x").unwrap();
        assert_eq!(graph.below("worker").names(), ["ink", "pen", "water", "worker"].into());
        assert_eq!(graph.below("other").names(), ["house", "other"].into());
    }

    #[test]
    fn versions_features_origins_and_links_are_compared() {
        let none = Vec::<String>::new();
        assert_eq!(changes(BASE, BASE), none);
        assert_eq!(changes(BASE, &BASE.replace("water v1.0.0", "water v1.1.0")), ["water 1.0.0 -> 1.1.0"]);
        assert_eq!(changes(BASE, &BASE.replace("2water v1.0.0|default\n", "")), ["water 1.0.0 went"]);
        assert_eq!(changes(&BASE.replace("2water v1.0.0|default\n", ""), BASE), ["water 1.0.0 came"]);
        assert_eq!(
            changes(BASE, &BASE.replace("|default", "|salt")),
            ["water 1.0.0 is built with other features: salt came, default went"]
        );
        assert_eq!(
            changes(BASE, &BASE.replace("water v1.0.0", "water v1.0.0 (https://example.com/water#0123)")),
            ["water 1.0.0 comes from elsewhere"]
        );
        let swapped = BASE.replace("2ink v2.0.0|\n", "2ink v1.0.0| (*)\n1ink v2.0.0|\n");
        assert_eq!(changes(BASE, &swapped), ["pen 1.0.0 is built with ink 1.0.0"]);
        assert_eq!(changes(BASE, &BASE.replace("a,b", "a")), none, "another's");
    }

    #[test]
    fn a_line_that_means_nothing_is_shown() {
        let message = Graph::read("0worker\n", "/x").unwrap_err().to_string();
        assert_eq!(
            message,
            "`cargo metadata` answered something unexpected: `cargo tree` has the line `0worker`; was the toolchain changed?"
        );
    }
}
