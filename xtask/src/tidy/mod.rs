//! `tidy`: our own checks, for what neither rustc nor clippy can know. CONTRIBUTING.md lists the rules.
//!
//! A rule is one file here: a function from what it reads (a file, or cargo's metadata) to findings, with a planted
//! violation for everything it refuses. A finding says where, why, and what to write instead.

mod activities;
mod architecture;
mod arrows;
mod dockerfile;
mod lints;
mod names;
mod places;
mod seen;
mod size;
mod skipped;
mod source;

use std::fmt;

use serde_json::Value;

use self::source::Source;
use crate::{failure::Failure, repository::Repository};

/// One violation of one rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    /// 1 is the first line; 0 stands for the file as a whole.
    line: usize,
    message: String,
}

impl Finding {
    fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.message),
            line => write!(f, "{}:{line}: {}", self.path, self.message),
        }
    }
}

/// The rules that look at one file at a time.
const FILE_RULES: [fn(&Source) -> Vec<Finding>; 7] =
    [source::check, size::check, names::check, activities::check, lints::check, skipped::check, places::check];

/// Applies every rule and prints the findings.
pub(crate) fn run(repository: &Repository) -> Result<bool, Failure> {
    let mut sources = Vec::new();
    for path in repository.files()? {
        // What is not text (an image, an archive) has nothing that a rule could read.
        if let Ok(text) = String::from_utf8(repository.read(&path)?) {
            sources.push(Source::new(path, text));
        }
    }
    let findings = judge(&sources, &repository.metadata()?)?;
    for finding in &findings {
        println!("{finding}");
    }
    println!("tidy: {} findings in {} files", findings.len(), sources.len());
    Ok(findings.is_empty())
}

fn judge(sources: &[Source], metadata: &Value) -> Result<Vec<Finding>, Failure> {
    let by_file = sources.iter().flat_map(|source| FILE_RULES.iter().flat_map(|rule| rule(source)));
    let mut findings: Vec<Finding> = by_file.collect();
    findings.extend(size::check_exceptions(sources));
    findings.extend(architecture::check(sources));
    findings.extend(arrows::check(metadata)?);
    findings.extend(dockerfile::check(sources, metadata)?);
    findings.sort();
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The rules have planted violations of their own; this one proves that each of them is asked.
    #[test]
    fn every_rule_is_applied() {
        let sources = [
            Source::new("a/broken.rs", "fn {"),
            Source::new("a/large.rs", " ".repeat(30_000)),
            Source::new("a/utils.rs", ""),
            Source::new("a/Cargo.toml", "[package]"),
            Source::new("products/x/src/charge.rs", "#[activity] fn charge() {}"),
            Source::new("tests/later.rs", "#[ignore] fn later() {}"),
            Source::new("notes.md", concat!("/ro", "ot/x")),
        ];
        let package = json!({ "name": "new", "manifest_path": "/x/crates/new/Cargo.toml", "dependencies": [] });
        let metadata = json!({ "workspace_root": "/x", "packages": [package] });
        let found: Vec<String> = judge(&sources, &metadata).unwrap().into_iter().map(|finding| finding.path).collect();
        let expected = [
            ".dockerignore",
            "ARCHITECTURE.md",
            "Dockerfile",
            "a/Cargo.toml",
            "a/broken.rs",
            "a/large.rs",
            "a/utils.rs",
            "crates/new/Cargo.toml",
            "notes.md",
            "products/x/src/charge.rs",
            "tests/later.rs",
        ];
        assert_eq!(found, expected);
    }
}
