//! `lint`: clippy over workflow code, with the list of what a replay would answer otherwise (invariant 7).
//!
//! Clippy sees what a path resolves to, whatever it is called where it is used. It sees one function at a time: what
//! workflow code calls in other modules, replay and the SDK's detector have to prove.

mod list;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Component, Path, PathBuf};
use std::process::Stdio;

use cargo_metadata::MetadataCommand;
use mainspring_servers::process::cargo;
use serde_json::{Value, json};

use crate::arguments::{LintArguments, Output};
use crate::exit::Failure;
use crate::print;

const LINTS: [&str; 4] = [
    "clippy::disallowed_macros",
    "clippy::disallowed_methods",
    "clippy::disallowed_types",
    "clippy::iter_over_hash_type",
];

/// One use of something on the list.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    file: String,
    line: u64,
    what: String,
    instead: String,
}

pub(crate) fn run(arguments: &LintArguments) -> Result<(), Failure> {
    let (root, packages) = packages(arguments)?;
    if packages.is_empty() {
        return Err(Failure::Usage(
            "no package of this workspace has workflow code: it is looked for in src/workflows.rs and src/workflows/; name \
             other files with --path"
                .into(),
        ));
    }
    let findings = findings(&root, &packages, arguments)?;
    if arguments.output == Output::Json {
        let list = findings.iter().map(|Finding { file, line, what, instead }| {
            json!({ "file": file, "line": line, "what": what, "instead": instead })
        });
        print(&json!({ "packages": packages, "findings": list.collect::<Vec<_>>() }).to_string())?;
    } else {
        for Finding { file, line, what, instead } in &findings {
            print(&format!("{file}:{line}: {what} in workflow code: {instead}"))?;
        }
    }
    match findings.len() {
        0 => Ok(()),
        count => {
            let things = if count == 1 { "1 thing".to_owned() } else { format!("{count} things") };
            Err(Failure::Broken(format!(
                "workflow code uses {things} that a replay would answer otherwise; where that is wanted, say so: #[allow(clippy::disallowed_methods, reason = …)]"
            )))
        }
    }
}

/// The workspace's root, and its packages that have workflow code.
fn packages(arguments: &LintArguments) -> Result<(PathBuf, BTreeSet<String>), Failure> {
    let metadata = MetadataCommand::new().no_deps().exec();
    let metadata =
        metadata.map_err(|error| Failure::Other(format!("cargo does not tell of this workspace: {error}")))?;
    let root = metadata.workspace_root.clone().into_std_path_buf();
    let mut found = BTreeSet::new();
    for package in metadata.workspace_packages() {
        let folder = package.manifest_path.parent().map(|folder| folder.as_std_path().to_owned()).unwrap_or_default();
        let sources = folder.join("src");
        let has_them = sources.join("workflows.rs").is_file() || sources.join("workflows").is_dir();
        let named = arguments.path.iter().any(|path| root.join(path).starts_with(&folder));
        if has_them || named {
            found.insert(package.name.to_string());
        }
    }
    Ok((root, found))
}

fn findings(root: &Path, packages: &BTreeSet<String>, arguments: &LintArguments) -> Result<Vec<Finding>, Failure> {
    let folder =
        tempfile::tempdir().map_err(|error| Failure::Other(format!("no folder for clippy's list: {error}")))?;
    let file = folder.path().join("clippy.toml");
    std::fs::write(&file, list::clippy_toml())
        .map_err(|error| Failure::Other(format!("{} cannot be written: {error}", file.display())))?;
    let mut clippy = cargo();
    clippy.current_dir(root).args(["clippy", "--message-format=json", "--quiet"]);
    clippy.args(packages.iter().flat_map(|package| ["--package", package]));
    clippy.args(["--", "--no-deps"]).args(LINTS.iter().flat_map(|lint| ["--warn", lint]));
    clippy.env("CLIPPY_CONF_DIR", folder.path()).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child =
        clippy.spawn().map_err(|error| Failure::Other(format!("cargo clippy could not be started: {error}")))?;
    let mut findings = BTreeSet::new();
    for line in child.stdout.take().into_iter().flat_map(|stdout| BufReader::new(stdout).lines()) {
        let line = line.map_err(|error| Failure::Other(format!("cargo clippy could not be read: {error}")))?;
        findings.extend(serde_json::from_str(&line).ok().and_then(|message| finding(&message, root, &arguments.path)));
    }
    let status = child.wait().map_err(|error| Failure::Other(format!("cargo clippy could not be awaited: {error}")))?;
    if !status.success() {
        let packages: Vec<&str> = packages.iter().map(String::as_str).collect();
        let packages = packages.join(" -p ");
        return Err(Failure::Other(format!("clippy could not look at the code: see `cargo clippy -p {packages}`")));
    }
    Ok(findings.into_iter().collect())
}

/// What one of cargo's messages finds in workflow code.
fn finding(message: &Value, root: &Path, more: &[PathBuf]) -> Option<Finding> {
    let said = &message["message"];
    let lint = said["code"]["code"].as_str().filter(|lint| LINTS.contains(lint))?;
    // Where it is written. What a macro of another crate does inside is that crate's: the SDK's `join!` is one of futures'.
    let span = said["spans"].as_array()?.iter().find(|span| span["is_primary"] == json!(true))?;
    let file = span["file_name"].as_str()?;
    let path = root.join(file);
    let path = path.strip_prefix(root).ok()?;
    if !is_workflow_code(path) && !more.iter().any(|more| path.starts_with(more)) {
        return None;
    }
    let notes = said["children"].as_array().into_iter().flatten().filter(|child| child["level"] == "note");
    let reason = notes.filter_map(|note| note["message"].as_str()).find(|note| note.contains("; use "));
    let text = said["message"].as_str()?;
    let (what, instead) = if lint == "clippy::iter_over_hash_type" {
        (
            "a loop over a hash map or set".to_owned(),
            "it iterates in an order that differs in each process; use BTreeMap or BTreeSet".to_owned(),
        )
    } else {
        (text.split('`').nth(1).map_or_else(|| text.to_owned(), |name| format!("`{name}`")), format!("it {}", reason?))
    };
    Some(Finding { file: path.display().to_string(), line: span["line_start"].as_u64()?, what, instead })
}

/// In a folder `workflows`, or a file of that name, below `src`.
fn is_workflow_code(path: &Path) -> bool {
    let mut parts = path.components().filter_map(|part| match part {
        Component::Normal(name) => name.to_str(),
        _ => None,
    });
    parts.by_ref().any(|part| part == "src")
        && parts.next().is_some_and(|part| part == "workflows" || part == "workflows.rs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_workflow_code_is_judged() {
        for (path, is) in [
            ("products/x/src/workflows.rs", true),
            ("products/x/src/workflows/a/b.rs", true),
            ("src/workflows/mod.rs", true),
            ("products/x/src/activities/workflows.rs", false),
            ("workflows/src/lib.rs", false),
        ] {
            assert_eq!(is_workflow_code(Path::new(path)), is, "{path}");
        }
    }
}
