//! What can go wrong with the wire proxy itself. What goes wrong on the wire on purpose is no error: see `fault`.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use thiserror::Error;

/// A wire proxy could not start, could not make a certificate, or did not see what it was told to wait for.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// No port, thread or runtime for the proxy.
    #[error("the wire proxy to {upstream} could not {step}: {source}")]
    Start {
        /// The server behind the proxy.
        upstream: SocketAddr,
        /// What was being done.
        step: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// A certificate, key or authority that TLS cannot be served with.
    #[error("the wire proxy cannot serve TLS: the {part} is not usable: {source}; give PEM text")]
    Tls {
        /// Which of the PEM texts.
        part: &'static str,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The test authority could not make a certificate.
    #[error("the test authority could not make {what}: {source}")]
    Certificate {
        /// What was being made.
        what: String,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
    /// What was waited for did not pass the proxy in time.
    #[error("the wire proxy did not see {awaited} within {limit:?}; it saw {seen}")]
    Timeout {
        /// What was waited for.
        awaited: String,
        /// How long.
        limit: Duration,
        /// What it saw instead.
        seen: String,
    },
}
