//! `msrv`: whether the workspace builds with the oldest Rust that it promises, by that Rust itself.

use std::process::{Command, Stdio};

use mainspring_servers::process::forget_variables;
use serde_json::Value;

use crate::{
    failure::Failure,
    repository::{Repository, line, succeeds},
};

/// Installs that toolchain if it is missing, and checks every library and binary with it.
pub(crate) fn run(repository: &Repository) -> Result<bool, Failure> {
    let version = promised(&repository.metadata()?)?;
    let rustup = |arguments: &[&str]| {
        let mut rustup = Command::new("rustup");
        rustup.args(arguments).current_dir(repository.root()).stdin(Stdio::null());
        // What the surrounding cargo says of itself and of its own toolchain.
        forget_variables(&mut rustup, &["CARGO_PKG_", "CARGO_MANIFEST_", "RUSTUP_TOOLCHAIN"]);
        println!("{}", line(&rustup));
        succeeds(&mut rustup)
    };
    // It does nothing when all is there. Tests may want a newer Rust: nobody but us builds them.
    Ok(rustup(&["toolchain", "install", &version, "--profile", "minimal", "--no-self-update"])?
        && rustup(&["run", &version, "cargo", "check", "--workspace", "--all-features", "--locked"])?)
}

/// The newest of the packages' rust-versions: the workspace's.
fn promised(metadata: &Value) -> Result<String, Failure> {
    let number = |version: &str| version.split('.').map(|part| part.parse().unwrap_or(0)).collect::<Vec<u64>>();
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let versions = packages.filter_map(|package| package["rust_version"].as_str());
    versions
        .max_by_key(|version| number(version))
        .map(str::to_owned)
        .ok_or_else(|| Failure::Metadata { reason: "no package has a rust-version".to_owned() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_newest_promise_of_a_package_is_the_workspaces() {
        let packages = ["1.92", "1.100.1", "1.9"].map(|version| json!({ "rust_version": version }));
        assert_eq!(promised(&json!({ "packages": packages })).unwrap(), "1.100.1");
        let message = promised(&json!({ "packages": [{ "rust_version": null }] })).unwrap_err().to_string();
        assert!(message.contains("no package has a rust-version"), "{message}");
    }

    #[test]
    fn this_workspace_promises_what_its_readers_are_told() {
        let repository = Repository::find().unwrap();
        let version = promised(&repository.metadata().unwrap()).unwrap();
        let told = String::from_utf8(repository.read("CONTRIBUTING.md").unwrap()).unwrap();
        assert!(told.contains(&format!("You need Rust ({version} or newer)")), "not {version}");
    }
}
