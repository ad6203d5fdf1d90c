//! How far a workflow is.

use std::fmt;

use temporalio_client::WorkflowExecutionStatus;

/// How far a workflow is. Prints as Temporal's CLI names it: `running`, `timed out`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// Started, also if no worker has seen it yet.
    Running,
    /// Somebody paused it.
    Paused,
    /// Ended with a result.
    Completed,
    /// Ended with a failure.
    Failed,
    /// Ended because somebody asked it to.
    Canceled,
    /// Ended by force.
    Terminated,
    /// Went on as another run of the same id.
    ContinuedAsNew,
    /// Took longer than it was allowed to.
    TimedOut,
    /// What this version does not know.
    Unknown,
}

impl Status {
    /// Whether it has ended.
    pub const fn is_closed(self) -> bool {
        !matches!(self, Self::Running | Self::Paused | Self::Unknown)
    }

    pub(crate) const fn of(status: WorkflowExecutionStatus) -> Self {
        match status {
            WorkflowExecutionStatus::Running => Self::Running,
            WorkflowExecutionStatus::Paused => Self::Paused,
            WorkflowExecutionStatus::Completed => Self::Completed,
            WorkflowExecutionStatus::Failed => Self::Failed,
            WorkflowExecutionStatus::Canceled => Self::Canceled,
            WorkflowExecutionStatus::Terminated => Self::Terminated,
            WorkflowExecutionStatus::ContinuedAsNew => Self::ContinuedAsNew,
            WorkflowExecutionStatus::TimedOut => Self::TimedOut,
            _ => Self::Unknown,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Terminated => "terminated",
            Self::ContinuedAsNew => "continued as new",
            Self::TimedOut => "timed out",
            Self::Unknown => "unknown",
        })
    }
}
