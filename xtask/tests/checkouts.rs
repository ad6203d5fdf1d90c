//! Checkouts of this repository share what cargo has built of their dependencies, and nothing of their own.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use mainspring_servers::process::cargo;

type Outcome = Result<(), Box<dyn Error>>;

const CONFIG: &str = include_str!("../../.cargo/config.toml");

/// A workspace with this repository's configuration of cargo, whose program prints that word.
fn checkout(root: &Path, word: &str) -> Result<PathBuf, Box<dyn Error>> {
    let folder = root.join(word);
    for folder in [folder.join("src"), folder.join(".cargo")] {
        fs::create_dir_all(folder)?;
    }
    fs::write(folder.join(".cargo/config.toml"), CONFIG)?;
    let manifest = "[workspace]\n[package]\nname = \"planted\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::write(folder.join("src/main.rs"), format!("fn main() {{ print!(\"{word}{{}}\", env!(\"A-MARK\")) }}\n"))?;
    Ok(folder)
}

/// What its program prints, built where the other is built too.
fn printed(folder: &Path, built: &Path) -> Result<String, Box<dyn Error>> {
    let mut cargo = cargo();
    // Cargo gives tests the paths of binaries in variables whose names have hyphens.
    cargo.args(["run", "--quiet", "--offline"]).current_dir(folder).env("A-MARK", "!");
    let done = cargo.env("CARGO_BUILD_BUILD_DIR", built).env("CARGO_TARGET_DIR", folder.join("target")).output()?;
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    Ok(String::from_utf8(done.stdout)?)
}

#[test]
fn two_checkouts_on_one_machine_run_their_own_code() -> Outcome {
    let root = tempfile::tempdir()?;
    let built = root.path().join("built");
    // The one that is written first and built last is older than what the other one has built: nothing to do, by its times.
    let (one, other) = (checkout(root.path(), "one")?, checkout(root.path(), "other")?);
    for _ in 0..2 {
        assert_eq!(printed(&other, &built)?, "other!");
        assert_eq!(printed(&one, &built)?, "one!");
    }
    Ok(())
}
