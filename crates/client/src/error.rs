//! Why Temporal could not be reached. Each says what was tried, and what to look at.

use std::path::PathBuf;
use std::time::Duration;

/// A connection that was not made. `target` is the address, the namespace and the TLS state; never a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// Nobody answered in time.
    #[error(
        "could not reach Temporal at {target}: {attempts} attempts in {:.1} s, the last: {cause}. \
         Is the server up? TEMPORAL_ADDRESS says where it is", .waited.as_secs_f64()
    )]
    Unreachable {
        /// What was tried.
        target: String,
        /// How often.
        attempts: usize,
        /// For how long.
        waited: Duration,
        /// The last cause.
        cause: String,
    },
    /// The two sides could not agree on a secure connection.
    #[error(
        "Temporal at {target} was reached, but TLS failed: {cause}. TEMPORAL_TLS_SERVER_CA_CERT_PATH holds the roots \
         that are trusted, TEMPORAL_TLS_SERVER_NAME the name that is expected"
    )]
    Tls {
        /// What was tried.
        target: String,
        /// What the TLS library said.
        cause: String,
    },
    /// The server does not know this caller.
    #[error("Temporal at {target} refused the credentials: {cause}. Has the API key or the certificate expired?")]
    Unauthenticated {
        /// What was tried.
        target: String,
        /// The server's words.
        cause: String,
    },
    /// The server knows this caller, who may not do this.
    #[error("Temporal at {target} denied access: {cause}. Does the key's account have a role in the namespace?")]
    Denied {
        /// What was tried.
        target: String,
        /// The server's words.
        cause: String,
    },
    /// The namespace is not there.
    #[error("Temporal at {target} has no such namespace: {cause}. TEMPORAL_NAMESPACE says which one is meant")]
    NamespaceNotFound {
        /// What was tried.
        target: String,
        /// The server's words.
        cause: String,
    },
    /// A certificate, key or API key file cannot be used.
    #[error("{setting} cannot be used: {}{cause}", .path.as_ref().map_or_else(String::new, |path| format!("{}: ", path.display())))]
    Credential {
        /// The setting that names it.
        setting: &'static str,
        /// The file, when it is one.
        path: Option<PathBuf>,
        /// What is wrong with it.
        cause: String,
    },
    /// The settings make no address that the SDK accepts.
    #[error("Temporal at {target} cannot be connected to: {cause}")]
    Invalid {
        /// What was tried.
        target: String,
        /// What is wrong.
        cause: String,
    },
}

impl ClientError {
    /// Whether the same call may succeed later: only when nobody answered.
    pub(crate) const fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}
