//! Why a host did not start, or had to give up; and the exit code that says so to a process manager.

use mainspring_client::ClientError;
use mainspring_logs::LogsError;
use mainspring_settings::SettingsError;
use mainspring_traces::TraceError;

use crate::probes::ProbesError;
use crate::registry::{RegistryError, SetupError};

/// A host that cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// A setting is missing or wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The products collide.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A setting that a product declared is missing or wrong.
    #[error("product {product} on {queue} cannot start: {source}")]
    ProductSettings {
        /// The product.
        product: String,
        /// Its task queue.
        queue: String,
        /// What is missing or wrong.
        source: SettingsError,
    },
    /// A product's own code failed to connect its activities.
    #[error("product {product} on {queue} cannot start: its activities could not be connected: {source}")]
    ProductSetup {
        /// The product.
        product: String,
        /// Its task queue.
        queue: String,
        /// What its code returned.
        source: SetupError,
    },
    /// TEMPORAL_TASK_QUEUE names a queue that no product of this binary is on.
    #[error("TEMPORAL_TASK_QUEUE is {queue}, but this binary knows only {known}")]
    UnknownQueue {
        /// The queue as set.
        queue: String,
        /// The queues of the registry.
        known: String,
    },
    /// Attempts are remembered by one process, and a version that takes traffic is not in development.
    #[error(
        "every activity is to run twice (MAINSPRING_EVERY_ACTIVITY_TWICE), and MAINSPRING_VERSIONING is on: that is for \
         development, so turn one of the two off"
    )]
    TwiceVersioned,
    /// The listener of probes and metrics could not be opened.
    #[error(transparent)]
    Probes(#[from] ProbesError),
    /// Spans cannot be sent as the settings say.
    #[error(transparent)]
    Traces(#[from] TraceError),
    /// Temporal could not be reached in time.
    #[error(transparent)]
    Connect(#[from] ClientError),
    /// A worker died more often than the crash budget allows.
    #[error("the {kind} worker of {queue} died {deaths} times within ten minutes, the last time of: {cause}")]
    WorkerDied {
        /// The task queue.
        queue: String,
        /// "workflow" or "activity".
        kind: &'static str,
        /// Deaths within the window.
        deaths: usize,
        /// The last cause.
        cause: String,
    },
    /// Logs could not be set up.
    #[error(transparent)]
    Logs(#[from] LogsError),
    /// The operating system refused a thread or a runtime.
    #[error("the host could not be built: {0}")]
    Build(String),
}

impl HostError {
    /// The exit code for it, after sysexits: 69 Temporal cannot be reached, 70 a worker died too often, 71 the operating
    /// system refused something, 78 a setting or the registry is wrong.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Connect(
                ClientError::BadCertificate { .. } | ClientError::BadApiKey { .. } | ClientError::BadSetting { .. },
            ) => 78,
            Self::Connect(_) => 69,
            Self::WorkerDied { .. } => 70,
            Self::Logs(LogsError::WithoutKafka | LogsError::Kafka { .. }) => 78,
            Self::Probes(_) | Self::Build(_) | Self::Logs(_) => 71,
            Self::Settings(_)
            | Self::Registry(_)
            | Self::ProductSettings { .. }
            | Self::ProductSetup { .. }
            | Self::Traces(_)
            | Self::TwiceVersioned
            | Self::UnknownQueue { .. } => 78,
        }
    }
}
