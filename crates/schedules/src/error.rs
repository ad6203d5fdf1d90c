//! What can be wrong with a schedule, and what can go wrong with many.

use std::fmt;

use mainspring_client::ClientError;

use crate::calls::CallError;

/// One thing that is wrong with a schedule as it is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The field, by the name that it has in a plan: `cron`, `time_zone`.
    pub field: String,
    /// What is wrong, and what would be right.
    pub text: String,
}

impl Fault {
    pub(crate) fn new(field: impl Into<String>, text: impl Into<String>) -> Self {
        Self { field: field.into(), text: text.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.field, self.text)
    }
}

/// Why schedules could not be read, planned or applied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// A schedule that no server would take, or that would never do what it says.
    #[error("schedule {id} is wrong: {}", faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("; "))]
    Wrong {
        /// Its id.
        id: String,
        /// Everything that is wrong with it.
        faults: Vec<Fault>,
    },
    /// Two schedules of one id.
    #[error("schedule {id} is given twice: give one of them another id")]
    Twice {
        /// The id.
        id: String,
    },
    /// A line that is no schedule.
    #[error("line {line} is no schedule: {reason}; a line is like {example}")]
    BadLine {
        /// Its number, from 1.
        line: usize,
        /// What the reader says.
        reason: String,
        /// What would be right.
        example: &'static str,
    },
    /// An owner that is no name.
    #[error("{owner:?} is no owner: use letters, digits, '-', '_', '.' or ':', and no name that begins with {prefix}")]
    BadOwner {
        /// As given.
        owner: String,
        /// What only products have.
        prefix: &'static str,
    },
    /// A payload could not be encoded or decoded.
    #[error("schedule {id}: {source}")]
    Payload {
        /// The schedule.
        id: String,
        /// What the converter or codec says.
        source: ClientError,
    },
    /// Nobody says whose it is.
    #[error("schedule {id} has no owner: a registry gives it one, or Schedule::owner")]
    Unowned {
        /// Its id.
        id: String,
    },
    /// It is not to be touched.
    #[error("{reason}")]
    Refused {
        /// Why, and what would be right.
        reason: String,
    },
    /// Nobody answered the call before it, or gave us leave.
    #[error("schedule {id} was not tried, for Temporal did not take the one before: apply again when it does")]
    NotTried {
        /// The schedule.
        id: String,
    },
    /// The server refused, or nobody answered.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Somebody changed the schedule each time that we were about to.
    #[error(
        "schedule {id} was changed by others {times} times while it was being updated: apply again when they are done"
    )]
    Contended {
        /// The schedule.
        id: String,
        /// How often it was tried.
        times: u32,
    },
}

impl ScheduleError {
    /// Whether nobody answered, or gives us leave: then other schedules would fare no better.
    pub const fn is_silence(&self) -> bool {
        matches!(self, Self::Call(CallError::Unanswered { .. } | CallError::Denied { .. }))
    }
}
