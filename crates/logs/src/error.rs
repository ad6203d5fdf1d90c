//! Why logs could not be set up.

use std::io;

/// Logs could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogsError {
    /// A program has one subscriber, and this one came second.
    #[error(
        "another tracing subscriber or logger is installed in this process: install Mainspring's first, or add \
         mainspring_logs::layer to the other one"
    )]
    AlreadyInstalled,
    /// The stream cannot be used.
    #[error("logs cannot be written to {stream}: the operating system refused a second handle to it: {source}")]
    Stream {
        /// stdout or stderr.
        stream: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
    /// There is no thread to write with.
    #[error("logs have no thread to write with: the operating system refused one: {source}")]
    Thread {
        /// What the operating system said.
        source: io::Error,
    },
    /// Brokers are named, and there is no client for them.
    #[error(
        "MAINSPRING_LOG_KAFKA_BROKERS names brokers, but this binary cannot produce to Kafka: build it with the feature \
         `kafka` of mainspring, or unset MAINSPRING_LOG_KAFKA_BROKERS and KAFKA_HOSTS"
    )]
    WithoutKafka,
    /// Kafka's client refuses the settings.
    #[error("log lines cannot be produced: Kafka's client refuses the MAINSPRING_LOG_KAFKA_ settings: {reason}")]
    Kafka {
        /// What it said, by its own names of settings.
        reason: String,
    },
}
