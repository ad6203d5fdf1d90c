//! `deny`: bans, licences and sources of every dependency, by cargo-deny and deny.toml.
//!
//! Advisories are left out: their database is another repository to fetch, and a check that goes red by itself
//! overnight belongs to a timer and not to a change.

use std::{env, path::PathBuf, process::Command, time::Instant};

use crate::{
    failure::Failure,
    repository::{Repository, cargo, succeeds},
};

/// Pinned: a newer one may judge otherwise.
const VERSION: &str = "0.20.2";

/// Checks, after installing cargo-deny if it is missing.
pub(crate) fn run(repository: &Repository) -> Result<bool, Failure> {
    let Some(folder) = cache(env::var_os("XDG_CACHE_HOME"), env::home_dir()) else {
        eprintln!("error: neither XDG_CACHE_HOME nor HOME says where cargo-deny could be installed; set one");
        return Ok(false);
    };
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
    check.args(["check", "bans", "licenses", "sources"]).current_dir(repository.root());
    succeeds(&mut check)
}

/// Where this version of cargo-deny lives: outside of the checkout, and one folder a version.
fn cache(xdg: Option<std::ffi::OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    let base = xdg.filter(|path| !path.is_empty()).map(PathBuf::from).or_else(|| Some(home?.join(".cache")))?;
    Some(base.join("mainspring").join("tools").join(format!("cargo-deny-{VERSION}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tool_lives_in_the_cache_under_its_version() {
        let tool = |base: &str| Some(PathBuf::from(format!("{base}/mainspring/tools/cargo-deny-{VERSION}")));
        assert_eq!(cache(Some("/c".into()), Some("/h".into())), tool("/c"));
        assert_eq!(cache(Some("".into()), Some("/h".into())), tool("/h/.cache"));
        assert_eq!(cache(None, None), None);
    }
}
