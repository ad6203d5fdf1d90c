//! What can go wrong around the chart's tests.

use std::io;
use std::path::{Path, PathBuf};

use mainspring_servers::ServersError;
use thiserror::Error;

use crate::Refusal;

/// A test of the chart could not do its work.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ChartError {
    /// A tool or schema could not be provided.
    #[error(transparent)]
    Servers(#[from] ServersError),
    /// A file could not be read or written.
    #[error("cannot {step} {}: {source}", path.display())]
    File {
        /// What was being done.
        step: &'static str,
        /// To which file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A program could not be run.
    #[error("`{program}` cannot be run: {source}")]
    Program {
        /// The program.
        program: String,
        /// The cause.
        source: io::Error,
    },
    /// Text is no YAML.
    #[error("this is no YAML: {0}")]
    Yaml(String),
    /// A schema is not as it is expected to be.
    #[error("the schema of {what} cannot be used: {reason}")]
    Schema {
        /// Of what.
        what: String,
        /// Why.
        reason: String,
    },
    /// Helm refused values that were to be fine.
    #[error("Helm refused: {0}")]
    Refused(#[from] Refusal),
    /// The API server refused a call, or did not answer it.
    #[error("{call}: the API server answered {answer}")]
    Api {
        /// Method and path.
        call: String,
        /// The status and the message, or why there is none.
        answer: String,
    },
    /// The cluster, or what runs in it, is not as a test needs it.
    #[error("{0}")]
    Cluster(String),
    /// Objects are not as their schemas want them.
    #[error("kubeconform found:\n{0}")]
    Invalid(String),
}

impl ChartError {
    pub(crate) fn file<'a>(step: &'static str, path: &'a Path) -> impl Fn(io::Error) -> Self + 'a {
        move |source| Self::File { step, path: path.to_owned(), source }
    }

    pub(crate) fn schema(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Schema { what: what.into(), reason: reason.into() }
    }
}
