//! Programs of this workspace, built as in production.

use std::process::Stdio;

use mainspring_servers::process::cargo;
use mainspring_testing::TestError;

/// Builds an example of this package, and gives its path.
///
/// # Errors
/// It does not build; cargo has said why on stderr.
pub fn example(name: &str) -> Result<String, TestError> {
    built("mainspring-benches", "--example", name)
}

/// Builds a binary of a package of the workspace, and gives its path.
///
/// # Errors
/// As [`example`].
pub fn binary(package: &str, name: &str) -> Result<String, TestError> {
    built(package, "--bin", name)
}

#[allow(clippy::print_stderr)]
fn built(package: &str, kind: &str, name: &str) -> Result<String, TestError> {
    eprintln!("building {name} …");
    let built = cargo()
        .args(["build", "--release", "--quiet", "--package", package, kind, name])
        .args(["--message-format", "json"])
        .stderr(Stdio::inherit())
        .output()?;
    let messages = String::from_utf8(built.stdout)?;
    let found = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let path = found.filter_map(|message| message["executable"].as_str().map(str::to_owned)).next_back();
    path.ok_or_else(|| format!("{name} was not built").into())
}
