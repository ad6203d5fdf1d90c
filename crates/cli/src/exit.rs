//! Exit codes, after sysexits.

use mainspring_client::ClientError;
use mainspring_settings::SettingsError;
use mainspring_worker::HostError;

/// The workflow failed, was cancelled, terminated or timed out; or a check found something.
pub const WORKFLOW_FAILED: u8 = 1;
/// `schedules plan`: an apply would change something.
pub const PENDING: u8 = 2;
/// Wrong arguments or input.
pub const USAGE: u8 = 64;
/// No such workflow.
pub const NOT_FOUND: u8 = 66;
/// Temporal cannot be reached, or nobody polls.
pub const UNAVAILABLE: u8 = 69;
/// Anything else.
pub const OTHER: u8 = 70;
/// A setting is missing or wrong.
pub const CONFIG: u8 = 78;
/// Ctrl-C while waiting; what was started goes on.
pub const INTERRUPTED: u8 = 130;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    NotFound(String),
    #[error("{0}")]
    WorkflowFailed(String),
    /// What a check found.
    #[error("{0}")]
    Broken(String),
    #[error("{0}")]
    Unavailable(String),
    #[error("{0}")]
    Config(String),
    #[error("{0}")]
    Interrupted(String),
    #[error("{0}")]
    Other(String),
    /// Another process has said why, and left with this code.
    #[error("it was said")]
    Said(u8),
    #[error("stdout was closed")]
    ClosedPipe,
    /// By a second signal of this number: what still ran was left to itself.
    #[error("left at once, at the second signal")]
    LeftAtOnce(i32),
    #[error(transparent)]
    Host(#[from] HostError),
}

impl Failure {
    pub(crate) const fn code(&self) -> u8 {
        match self {
            Self::Usage(_) => USAGE,
            Self::NotFound(_) => NOT_FOUND,
            Self::WorkflowFailed(_) | Self::Broken(_) => WORKFLOW_FAILED,
            Self::Unavailable(_) => UNAVAILABLE,
            Self::Config(_) => CONFIG,
            Self::Interrupted(_) => INTERRUPTED,
            Self::Said(code) => *code,
            Self::Other(_) | Self::ClosedPipe => OTHER,
            // 128 and the signal's number, as a shell reports it; signals end far below 127.
            Self::LeftAtOnce(signal) => 128 + (*signal & 0x7f) as u8,
            Self::Host(error) => error.exit_code(),
        }
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::Config(error.to_string())
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error {
            // What this machine holds is wrong, and no server was asked.
            ClientError::BadCertificate { .. } | ClientError::BadApiKey { .. } | ClientError::BadSetting { .. } => {
                Self::Config(error.to_string())
            }
            _ => Self::Unavailable(error.to_string()),
        }
    }
}
