//! What callers of `analytics` need: its workflow, its types and the definition of its activity. No worker code.

mod definitions;

pub use definitions::{Activities, ReportDayActivity};
use mainspring_vocabulary::{Contract, Failure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use temporalio_common::{HasWorkflowDefinition, WorkflowDefinition};

/// The task queue that its workers poll.
pub const TASK_QUEUE: &str = "analytics";

/// The workflow `RevenueReportWorkflow`: reports the days before its scheduled time. On a Monday these are Friday,
/// Saturday and Sunday, for the schedule rests on weekends; else it is the day before. Started without a schedule it goes by
/// its own start. A day that was reported before is summed anew, and stays one row.
#[derive(Clone, Copy, Debug, Default)]
pub struct RevenueReport;

impl WorkflowDefinition for RevenueReport {
    type Input = Period;
    type Output = Vec<DayReport>;

    fn name(&self) -> &'static str {
        "RevenueReportWorkflow"
    }
}

impl HasWorkflowDefinition for RevenueReport {
    type Run = Self;
}

impl Contract for RevenueReport {
    const TASK_QUEUE: &'static str = TASK_QUEUE;
}

/// How much of time a row sums up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Period {
    /// A day, by UTC.
    Daily,
}

/// A day, by UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Day {
    /// As `2026-11-20`.
    #[schemars(regex(pattern = r"^\d{4}-\d{2}-\d{2}$"))]
    pub day: String,
}

/// What a day's row says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DayReport {
    /// The day, by UTC, as `2026-11-20`.
    pub day: String,
    /// How many payments there were.
    pub payments: u64,
    /// Their sum in cents; less than nothing when more was paid back.
    pub cents: i64,
}

/// A day could not be reported.
#[derive(Debug, Failure)]
#[non_exhaustive]
pub enum ReportError {
    /// The database does not answer, or has no time.
    #[failure(retryable, message = "the database does not take the report of {day}: {told}")]
    Unavailable {
        /// The day.
        day: String,
        /// What was told.
        told: String,
    },
    /// It would say the same again.
    #[failure(
        terminal,
        message = "the database refuses the report of {day}: {told}; products/analytics/schema says which tables it needs"
    )]
    Refused {
        /// The day.
        day: String,
        /// What was told.
        told: String,
    },
    /// The input is no day.
    #[failure(terminal, message = "{day:?} is no day: write it as 2026-11-20")]
    NoDay {
        /// What was given.
        day: String,
    },
}
