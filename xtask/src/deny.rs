//! `deny`: bans, licences and sources of every dependency, by cargo-deny and deny.toml.
//!
//! Advisories are left out: their database is another repository to fetch, and a check that goes red by itself
//! overnight belongs to a timer and not to a change.

use std::{env, path::PathBuf, process::Command, time::Instant};

use mainspring_servers::{process::cargo, tools::Toolbox};

use crate::{
    failure::Failure,
    repository::{Repository, succeeds},
};

/// Pinned: a newer one may judge otherwise.
const VERSION: &str = "0.20.2";

/// Checks, after installing cargo-deny if it is missing.
pub(crate) fn run(repository: &Repository) -> Result<bool, Failure> {
    let toolbox = Toolbox::from_env().map_err(|source| Failure::Setup { source })?;
    let folder = place(&toolbox);
    let program = folder.join("bin").join(format!("cargo-deny{}", env::consts::EXE_SUFFIX));
    if !program.is_file() {
        println!("cargo-deny {VERSION} is built once, into {}; six minutes on two cores", folder.display());
        let start = Instant::now();
        let mut install = cargo();
        install.args(["install", "cargo-deny", "--locked", "--quiet", "--version", VERSION, "--root"]).arg(&folder);
        if !succeeds(&mut install)? {
            return Ok(false);
        }
        println!("cargo-deny {VERSION} is there, after {:.0} s", start.elapsed().as_secs_f64());
    }
    let mut check = Command::new(program);
    // Its warnings, of versions that are there twice, are ten thousand lines: `cargo deny check bans` shows them.
    check.args(["--log-level", "error", "check", "bans", "licenses", "sources"]).current_dir(repository.root());
    succeeds(&mut check)
}

/// Where this version of cargo-deny lives: beside the other tools, outside of the checkout. A cache may be shared by
/// machines of several platforms.
fn place(toolbox: &Toolbox) -> PathBuf {
    let name = format!("cargo-deny-{VERSION}-{}_{}", env::consts::OS, env::consts::ARCH);
    toolbox.cache().join("tools").join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_lives_in_a_folder_of_its_own_in_the_cache() {
        let place = place(&Toolbox::new("/cache"));
        assert!(place.starts_with("/cache/tools"), "{}", place.display());
        assert!(place.to_string_lossy().contains(VERSION), "{}", place.display());
    }
}
