//! What is to be written: all of it, or nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use mainspring_servers::process::cargo;

use crate::exit::Failure;

/// New files and changed ones, by their path below the workspace's root.
#[derive(Debug)]
pub(super) struct Plan {
    root: PathBuf,
    new: BTreeMap<PathBuf, String>,
    changed: BTreeMap<PathBuf, String>,
}

impl Plan {
    pub(super) const fn of(root: PathBuf) -> Self {
        Self { root, new: BTreeMap::new(), changed: BTreeMap::new() }
    }

    /// A file that is not there yet.
    ///
    /// # Errors
    /// It is there.
    pub(super) fn add(&mut self, path: &str, text: String) -> Result<(), Failure> {
        if self.root.join(path).exists() {
            return Err(Failure::Usage(format!(
                "{path} is there already, so nothing was written: give the product another name, or move that file away"
            )));
        }
        self.new.insert(path.into(), text);
        Ok(())
    }

    /// The text of a file as it will be.
    pub(super) fn read(&self, path: &Path) -> Result<String, Failure> {
        if let Some(text) = self.changed.get(path).or_else(|| self.new.get(path)) {
            return Ok(text.clone());
        }
        fs::read_to_string(self.root.join(path)).map_err(|error| fault(path, "cannot be read", &error))
    }

    pub(super) fn has(&self, path: &Path) -> bool {
        self.root.join(path).exists()
    }

    /// A file that is there, with another text.
    pub(super) fn edit(&mut self, path: &Path, text: String) {
        self.changed.insert(path.to_owned(), text);
    }

    pub(super) fn new_files(&self) -> Vec<String> {
        self.new.keys().map(|path| path.display().to_string()).collect()
    }

    pub(super) fn changed_files(&self) -> Vec<String> {
        self.changed.keys().map(|path| path.display().to_string()).collect()
    }

    /// Writes all of it beside the workspace's files, then moves it to its place, what is there already last. Where one step
    /// fails, or cargo does not take the workspace then, the steps before it are undone.
    pub(super) fn write(&self) -> Result<(), Failure> {
        let staged = tempfile::Builder::new().prefix(".new-product-").tempdir_in(&self.root);
        let staged = staged.map_err(|error| fault(&self.root, "takes no new folder", &error))?;
        for (path, text) in self.new.iter().chain(&self.changed) {
            let there = staged.path().join(path);
            make_folder(&there)?;
            fs::write(&there, text).map_err(|error| fault(path, "cannot be written", &error))?;
        }
        let mut done = Done { root: &self.root, folders: Vec::new(), files: Vec::new(), texts: Vec::new() };
        let outcome = self.place(staged.path(), &mut done).and_then(|()| self.loads());
        if outcome.is_err() {
            done.undo();
            return outcome;
        }
        self.lock();
        Ok(())
    }

    fn place(&self, staged: &Path, done: &mut Done<'_>) -> Result<(), Failure> {
        for path in self.new.keys() {
            done.make_folders(path)?;
            let there = self.root.join(path);
            // A hard link is refused where a file is: nothing that came meanwhile is overwritten.
            fs::hard_link(staged.join(path), &there).map_err(|error| fault(path, "cannot be made", &error))?;
            done.files.push(there);
        }
        for path in self.changed.keys() {
            let there = self.root.join(path);
            let before = fs::read(&there).map_err(|error| fault(path, "cannot be read", &error))?;
            let kept = fs::metadata(&there).and_then(|kept| fs::set_permissions(staged.join(path), kept.permissions()));
            kept.and_then(|()| fs::rename(staged.join(path), &there))
                .map_err(|error| fault(path, "cannot be changed", &error))?;
            done.texts.push((there, before));
        }
        Ok(())
    }

    /// Whether cargo takes it; it asks no registry for that.
    fn loads(&self) -> Result<(), Failure> {
        let mut cargo = cargo();
        cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(&self.root);
        let output = cargo.output().map_err(|error| Failure::Other(format!("cargo cannot be run: {error}")))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(Failure::Other(format!(
            "cargo does not take the workspace with it, so nothing was written: {}",
            said.trim()
        )))
    }

    /// The new crates in Cargo.lock, where no registry is needed for that; else the next build does it.
    fn lock(&self) {
        let mut cargo = cargo();
        cargo.args(["metadata", "--offline", "--format-version", "1"]).current_dir(&self.root);
        let _ = cargo.output();
    }
}

/// What was done, to be undone.
struct Done<'a> {
    root: &'a Path,
    folders: Vec<PathBuf>,
    files: Vec<PathBuf>,
    texts: Vec<(PathBuf, Vec<u8>)>,
}

impl Done<'_> {
    fn make_folders(&mut self, path: &Path) -> Result<(), Failure> {
        let mut folder = self.root.to_owned();
        for part in path.parent().into_iter().flat_map(Path::components) {
            folder.push(part);
            if !folder.is_dir() {
                fs::create_dir(&folder).map_err(|error| fault(&folder, "cannot be made", &error))?;
                self.folders.push(folder.clone());
            }
        }
        Ok(())
    }

    /// The error that led here is told; one more would hide it.
    fn undo(self) {
        for (path, text) in self.texts {
            let _ = fs::write(path, text);
        }
        for path in self.files {
            let _ = fs::remove_file(path);
        }
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

fn make_folder(file: &Path) -> Result<(), Failure> {
    let folder = file.parent().unwrap_or(file);
    fs::create_dir_all(folder).map_err(|error| fault(folder, "cannot be made", &error))
}

fn fault(path: &Path, what: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::Other(format!("{} {what}, so nothing was written: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "[package]\nname = \"planted\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";

    /// A workspace of one crate.
    fn planted() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("Cargo.toml"), MANIFEST).unwrap();
        fs::write(folder.path().join("src/lib.rs"), "").unwrap();
        folder
    }

    fn plan(folder: &Path, manifest: &str) -> Plan {
        let mut plan = Plan::of(folder.to_owned());
        plan.add("src/deep/new.rs", "//! New.\n".to_owned()).unwrap();
        plan.edit(Path::new("Cargo.toml"), manifest.to_owned());
        plan
    }

    fn text(folder: &Path, path: &str) -> String {
        fs::read_to_string(folder.join(path)).unwrap()
    }

    #[test]
    fn all_is_written_and_nothing_else_is_left() {
        let folder = planted();
        let manifest = MANIFEST.replace("0.1.0", "0.2.0");
        plan(folder.path(), &manifest).write().unwrap();
        assert_eq!(text(folder.path(), "src/deep/new.rs"), "//! New.\n");
        assert_eq!(text(folder.path(), "Cargo.toml"), manifest);
        let entries = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = entries.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        assert_eq!(names, ["Cargo.lock", "Cargo.toml", "src"]);
    }

    #[test]
    fn what_cargo_does_not_take_is_undone() {
        let folder = planted();
        let error =
            plan(folder.path(), &format!("{MANIFEST}[dependencies]\nx.workspace = true\n")).write().unwrap_err();
        assert!(
            error.to_string().starts_with("cargo does not take the workspace with it, so nothing was written: "),
            "{error}"
        );
        assert_eq!(text(folder.path(), "Cargo.toml"), MANIFEST);
        assert!(!folder.path().join("src/deep").exists());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_is_there_is_refused_and_what_came_meanwhile_is_kept() {
        let folder = planted();
        let mut refused = Plan::of(folder.path().to_owned());
        let error = refused.add("src/lib.rs", String::new()).unwrap_err().to_string();
        assert!(error.starts_with("src/lib.rs is there already, so nothing was written: "), "{error}");

        let plan = plan(folder.path(), MANIFEST);
        fs::create_dir(folder.path().join("src/deep")).unwrap();
        fs::write(folder.path().join("src/deep/new.rs"), "// mine\n").unwrap();
        let error = plan.write().unwrap_err().to_string();
        assert!(error.starts_with("src/deep/new.rs cannot be made, so nothing was written: "), "{error}");
        assert_eq!(text(folder.path(), "src/deep/new.rs"), "// mine\n");
    }
}
