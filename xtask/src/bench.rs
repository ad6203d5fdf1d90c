//! `bench`: one benchmark of benches/src/bin, built as in production.

use std::{ffi::OsString, fs};

use crate::{
    failure::Failure,
    repository::{Repository, succeeds},
};

const FOLDER: &str = "benches/src/bin";

/// Runs a benchmark. Without a name, or with an unknown one, lists those there are.
pub(crate) fn run(repository: &Repository, name: Option<&str>, arguments: &[OsString]) -> Result<bool, Failure> {
    let names = names(repository)?;
    let Some(name) = name else {
        println!("{}", listing(&names));
        return Ok(true);
    };
    if !names.iter().any(|known| known == name) {
        eprintln!("error: there is no benchmark `{name}`\n{}", listing(&names));
        return Ok(false);
    }
    let mut command = repository.cargo(["run", "--release", "--package", "mainspring-benches", "--bin", name, "--"]);
    succeeds(command.args(arguments))
}

fn names(repository: &Repository) -> Result<Vec<String>, Failure> {
    let path = repository.root().join(FOLDER);
    if !path.is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(&path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = entries.map_err(|source| Failure::Read { path, source })?;
    let mut names: Vec<String> = entries
        .iter()
        .map(fs::DirEntry::path)
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs") || path.join("main.rs").is_file())
        .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    Ok(names)
}

fn listing(names: &[String]) -> String {
    if names.is_empty() {
        return format!("There are no benchmarks: {FOLDER} is empty.");
    }
    format!("The benchmarks, each for `cargo xtask bench NAME`:\n  {}", names.join("\n  "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_listing_names_every_benchmark_or_says_that_there_is_none() {
        let names = ["heartbeat".to_owned(), "worker".to_owned()];
        assert_eq!(listing(&names), "The benchmarks, each for `cargo xtask bench NAME`:\n  heartbeat\n  worker");
        assert_eq!(listing(&[]), "There are no benchmarks: benches/src/bin is empty.");
    }
}
