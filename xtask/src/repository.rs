//! The checkout: where it is, which files belong to it, and how cargo and git are called in it.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use mainspring_servers::process::cargo;

use crate::failure::Failure;

/// The checkout that the current folder belongs to.
pub(crate) struct Repository {
    root: PathBuf,
}

impl Repository {
    /// Finds the checkout from the current folder upwards.
    pub(crate) fn find() -> Result<Self, Failure> {
        let from = env::current_dir().map_err(|source| Failure::Read { path: ".".into(), source })?;
        from.ancestors()
            .find(|folder| folder.join("xtask/Cargo.toml").is_file())
            .map(|root| Self { root: root.to_owned() })
            .ok_or_else(|| Failure::Outside { from: from.clone() })
    }

    /// The folder of the workspace's Cargo.toml.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// `cargo ARGUMENTS` in the checkout, without stdin.
    pub(crate) fn cargo<I: IntoIterator<Item = impl AsRef<OsStr>>>(&self, arguments: I) -> Command {
        let mut command = cargo();
        command.args(arguments).current_dir(&self.root).stdin(Stdio::null());
        command
    }

    /// The folder that programs are built into, below it by profile.
    pub(crate) fn target(&self) -> Result<PathBuf, Failure> {
        let metadata = self.metadata()?;
        let folder = metadata["target_directory"].as_str();
        folder.map(PathBuf::from).ok_or_else(|| Failure::Metadata { reason: "no target_directory".to_owned() })
    }

    /// The files of the repository, by their path from its root: tracked ones, and new ones that git does not ignore.
    pub(crate) fn files(&self) -> Result<Vec<String>, Failure> {
        let mut git = Command::new("git");
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"]);
        let listed = output(git.current_dir(&self.root))?;
        // A file that was deleted and not yet committed is still listed.
        Ok(listed.split('\0').filter(|path| self.root.join(path).is_file()).map(str::to_owned).collect())
    }

    /// A file's bytes.
    pub(crate) fn read(&self, path: &str) -> Result<Vec<u8>, Failure> {
        let path = self.root.join(path);
        fs::read(&path).map_err(|source| Failure::Read { path, source })
    }

    /// What `cargo metadata --no-deps` says about the workspace.
    pub(crate) fn metadata(&self) -> Result<serde_json::Value, Failure> {
        let text = output(&mut self.cargo(["metadata", "--no-deps", "--format-version", "1"]))?;
        serde_json::from_str(&text).map_err(|error| Failure::Metadata { reason: error.to_string() })
    }
}

/// Runs a command with the terminal as its output. `false`: it ran, and failed.
pub(crate) fn succeeds(command: &mut Command) -> Result<bool, Failure> {
    let status = command.status().map_err(|source| Failure::Start { program: program(command), source })?;
    Ok(status.success())
}

/// Runs a command and gives back its stdout.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let output = command
        .stderr(Stdio::piped())
        .output()
        .map_err(|source| Failure::Start { program: program(command), source })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    Err(Failure::Command {
        command: line(command),
        status: output.status.to_string(),
        stderr: stderr.trim().to_owned(),
    })
}

/// The program of a command, for a message.
pub(crate) fn program(command: &Command) -> String {
    Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// A command as one would type it, for a message.
pub(crate) fn line(command: &Command) -> String {
    command.get_args().fold(program(command), |line, argument| format!("{line} {}", argument.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_fails_is_shown_with_its_words() {
        let mut git = Command::new("git");
        git.arg("no-such-verb");
        let message = output(&mut git).unwrap_err().to_string();
        assert!(message.starts_with("`git no-such-verb` failed (exit status: 1): "), "{message}");
        assert!(message.contains("no-such-verb' is not a git command"), "{message}");
    }

    #[test]
    fn a_program_that_is_missing_is_named() {
        let message = succeeds(&mut Command::new("no-such-program")).unwrap_err().to_string();
        assert!(message.starts_with("`no-such-program` could not be started: "), "{message}");
    }

    #[test]
    fn this_checkout_lists_its_own_sources() {
        let files = Repository::find().unwrap().files().unwrap();
        assert!(files.iter().any(|path| path == "xtask/src/repository.rs"), "{files:?}");
        assert!(!files.iter().any(|path| path.starts_with("target/")));
    }
}
