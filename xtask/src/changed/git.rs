//! The questions that are put to git.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    failure::Failure,
    repository::{output, succeeds},
};

pub(super) struct Git<'a> {
    root: &'a Path,
}

impl<'a> Git<'a> {
    pub(super) fn new(root: &'a Path) -> Self {
        Self { root }
    }

    fn git<const N: usize>(&self, arguments: [&str; N]) -> Command {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(self.root).stdin(Stdio::null());
        command
    }

    /// The commit that a name stands for; `None` when this repository has none.
    pub(super) fn commit(&self, name: &str) -> Result<Option<String>, Failure> {
        let commit = format!("{name}^{{commit}}");
        let arguments = ["rev-parse", "--verify", "--quiet", "--end-of-options", &commit];
        if !succeeds(self.git(arguments).stdout(Stdio::null()).stderr(Stdio::null()))? {
            return Ok(None);
        }
        Ok(Some(output(&mut self.git(arguments))?.trim().to_owned()))
    }

    pub(super) fn is_shallow(&self) -> Result<bool, Failure> {
        Ok(output(&mut self.git(["rev-parse", "--is-shallow-repository"]))?.trim() == "true")
    }

    /// Whether tracked files have changes that no commit has.
    pub(super) fn is_dirty(&self) -> Result<bool, Failure> {
        Ok(!output(&mut self.git(["status", "--porcelain", "--untracked-files=no"]))?.is_empty())
    }

    /// The files in which two commits differ; of a renamed one, both names.
    pub(super) fn differing(&self, base: &str, head: &str) -> Result<Vec<String>, Failure> {
        let listed = output(&mut self.git(["diff", "--name-only", "-z", "--no-renames", base, head, "--"]))?;
        Ok(listed.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
    }

    /// A file as a commit has it; `None` when it has none.
    pub(super) fn file(&self, commit: &str, path: &str) -> Result<Option<String>, Failure> {
        let listed = output(&mut self.git(["ls-tree", "-z", "--name-only", "--full-tree", commit, "--", path]))?;
        if listed.is_empty() {
            return Ok(None);
        }
        output(&mut self.git(["cat-file", "blob", &format!("{commit}:{path}")])).map(Some)
    }

    /// Writes the files of a commit into a folder, past the index and the checkout.
    pub(super) fn export(&self, commit: &str, folder: &Path) -> Result<(), Failure> {
        let index = folder.join(".exported-index");
        let prefix = format!("--prefix={}/", folder.display());
        output(self.git(["read-tree", commit]).env("GIT_INDEX_FILE", &index))?;
        output(self.git(["checkout-index", "--all", &prefix]).env("GIT_INDEX_FILE", &index))?;
        Ok(())
    }
}
