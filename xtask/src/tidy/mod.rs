//! `tidy`: our own checks, for what neither rustc nor clippy can know. CONTRIBUTING.md lists the rules.
//!
//! A rule is one file here: a function from what it reads (a file, or cargo's metadata) to findings, with a planted
//! violation for everything it refuses. A finding says where, why, and what to write instead.

mod activities;
mod architecture;
mod arrows;
mod lints;
mod names;
mod places;
mod seen;
mod size;
mod skipped;
mod source;
mod workflows;

use std::fmt;

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
const FILE_RULES: [fn(&Source) -> Vec<Finding>; 8] = [
    source::check,
    size::check,
    names::check,
    activities::check,
    workflows::check,
    lints::check,
    skipped::check,
    places::check,
];

/// Applies every rule and prints the findings.
pub(crate) fn run(repository: &Repository) -> Result<bool, Failure> {
    let mut sources = Vec::new();
    for path in repository.files()? {
        // What is not text (an image, an archive) has nothing that a rule could read.
        if let Ok(text) = String::from_utf8(repository.read(&path)?) {
            sources.push(Source::new(path, text));
        }
    }
    let mut findings: Vec<Finding> =
        sources.iter().flat_map(|source| FILE_RULES.iter().flat_map(|rule| rule(source))).collect();
    findings.extend(size::check_exceptions(&sources));
    findings.extend(architecture::check(&sources));
    findings.extend(arrows::check(&repository.metadata()?)?);
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    println!("tidy: {} findings in {} files", findings.len(), sources.len());
    Ok(findings.is_empty())
}
