//! The answer, for people and for the workflow that builds images.

use serde::Serialize;

/// The JSON of `-o json`. Fields are added, and neither renamed nor removed.
#[derive(Serialize)]
pub(super) struct Report {
    /// The commit that would be deployed.
    pub(super) head: String,
    /// The workers that changed, by name: what a matrix of jobs is made of.
    pub(super) changed: Vec<String>,
    /// Every worker.
    pub(super) workers: Vec<Worker>,
    /// What makes the answer coarser than it could be.
    pub(super) warnings: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct Worker {
    /// Its binary.
    pub(super) worker: String,
    pub(super) package: String,
    /// The commit that it was compared with.
    pub(super) base: Option<String>,
    pub(super) changed: bool,
    pub(super) reasons: Vec<Reason>,
}

#[derive(Serialize)]
pub(super) struct Reason {
    pub(super) kind: Kind,
    /// A sentence, as `mainspring-logs changed`.
    pub(super) what: String,
    /// From the repository's root.
    pub(super) files: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// There is nothing to compare with.
    Base,
    /// A crate of this workspace.
    Crate,
    /// A crate of another origin, by the lockfile.
    Dependency,
    /// The workspace's Cargo.toml, or cargo's configuration.
    Workspace,
    Toolchain,
    /// What the image is built by.
    Image,
    Chart,
}

/// So many files are named in a line of text; JSON has them all.
const NAMED: usize = 2;

impl Report {
    pub(super) fn json(&self) -> String {
        // Texts and lists only: there is nothing in it that could not be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for worker in &self.workers {
            let since = worker.base.as_deref().map_or_else(String::new, |base| format!(" since {}", short(base)));
            let verdict = if worker.changed { "changed" } else { "unchanged" };
            text += &format!("{}: {verdict}{since}\n", worker.worker);
            for reason in &worker.reasons {
                text += &format!("  {}{}\n", reason.what, in_files(&reason.files));
            }
        }
        text + &format!(
            "{} of {} workers would be deployed from {}\n",
            self.changed.len(),
            self.workers.len(),
            short(&self.head)
        )
    }
}

fn in_files(files: &[String]) -> String {
    match files {
        [] => String::new(),
        files if files.len() <= NAMED + 1 => format!(" ({})", files.join(", ")),
        files => format!(" ({}, and {} more files)", files[..NAMED].join(", "), files.len() - NAMED),
    }
}

fn short(commit: &str) -> &str {
    &commit[..commit.len().min(12)]
}
