//! What keeps a chore from running at all. A chore that ran and found faults reports them itself and exits with 1.

use std::{io, path::PathBuf};

use mainspring_servers::ServersError;

/// Why a chore could not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Failure {
    /// The current folder is not inside the checkout.
    #[error(
        "{from} is not inside a checkout of Mainspring: no parent folder has an xtask/Cargo.toml; cd into the checkout"
    )]
    Outside {
        /// The current folder.
        from: PathBuf,
    },
    /// A program that a chore needs cannot be started.
    #[error("`{program}` could not be started: {source}; install it, or put it on PATH")]
    Start {
        /// The program, as called.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// A program that a chore needs ran and failed.
    #[error("`{command}` failed ({status}): {stderr}")]
    Command {
        /// The command line.
        command: String,
        /// How it ended.
        status: String,
        /// The end of what it wrote to stderr.
        stderr: String,
    },
    /// A file or folder cannot be read.
    #[error("{path} could not be read: {source}", path = path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file or folder cannot be written.
    #[error("{path} could not be written: {source}", path = path.display())]
    Write {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The kernel does not let a container be made here.
    #[error(
        "the kernel refused {step}: {source}; the check needs root with CAP_SYS_ADMIN, or a kernel that lets everybody make \
         user namespaces (user.max_user_namespaces above 0; on Ubuntu kernel.apparmor_restrict_unprivileged_userns = 0)"
    )]
    Cell {
        /// What was asked of it.
        step: &'static str,
        /// What it said.
        source: io::Error,
    },
    /// An image cannot be assembled from what the Dockerfile says.
    #[error("{what}")]
    Image {
        /// A sentence with what would be right.
        what: String,
    },
    /// A server that the check needs did not start.
    #[error("the check could not start a server: {source}")]
    Server {
        /// What went wrong.
        source: ServersError,
    },
    /// The output of a child process cannot be passed on.
    #[error("the output of `{program}` could not be passed on: {source}")]
    Stream {
        /// The program, as called.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// Cargo described the workspace in a way that this xtask does not understand.
    #[error("`cargo metadata` answered something unexpected: {reason}; was the toolchain changed?")]
    Metadata {
        /// What was unexpected.
        reason: String,
    },
    /// No such step of `lint`.
    #[error("`{given}` is not a step of lint; the steps are {known}")]
    UnknownStep {
        /// What was given.
        given: String,
        /// Every step.
        known: String,
    },
    /// A commit that was asked for is not there.
    #[error("{given} is no commit of this repository; fetch it, or name another with --head")]
    NoCommit {
        /// What was given.
        given: String,
    },
    /// A manifest cannot be read.
    #[error("{path} of {commit} is not TOML: {reason}")]
    Toml {
        /// The file, from the root.
        path: String,
        /// The commit.
        commit: String,
        /// What its reader said.
        reason: String,
    },
    /// A server or tool is missing and could not be installed.
    #[error("setup did not finish: {source}")]
    Setup {
        /// What went wrong.
        source: ServersError,
    },
}
